// The registers and memories of a Verilated model, found at run time in Verilator's own table of
// public variables, so that no accessor is generated per register.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "memory.h"

class VerilatedContext;

namespace covert {

/// A register (one word) or a memory.
struct StateVariable {
    std::string path;      // as Verilator names it, without "TOP."
    uint32_t width;        // bits of a word
    uint32_t words;
    uint32_t stride;       // bytes from one word to the next
    uint8_t* data;
};

class State {
public:
    /// Lists the public variables of the one model in `context`, sorted by path.
    explicit State(VerilatedContext& context);

    const std::vector<StateVariable>& variables() const { return variables_; }
    /// Where the variable of that path is.
    const uint8_t* data(const std::string& path) const;
    bool bit(uint32_t variable, uint32_t word, uint32_t bit) const;
    std::array<uint32_t, 4> word(uint32_t variable, uint32_t word) const;
    void flip(uint32_t variable, uint32_t word, uint32_t bit);
    /// Holds a bit at a value; `apply_forces` brings it back to it.
    void force(uint32_t variable, uint32_t word, uint32_t bit, bool value);
    bool forced() const { return !forces_.empty(); }
    /// True if a bit had to be changed.
    bool apply_forces();
    /// Numbers of the variables whose contents are others than in `other`, the state of a model of the same kind.
    std::vector<uint32_t> differing(const State& other) const;
    void digest(Digest& into) const;
    /// All but the clocks: registers that count on while nothing happens.
    void digest_still(Digest& into) const;
    /// Values of the clocks that are counters of the tiles' own (`mcycle`), and setting them `times` such steps on.
    std::vector<uint64_t> counters() const;
    void advance_counters(const std::vector<uint64_t>& before, uint64_t times);

private:
    struct Force {
        uint8_t* byte;
        uint8_t mask;
        uint8_t value;
    };
    enum class Clock : uint8_t { None, Time, Counter };
    static Clock clock_of(const std::string& path);
    static void digest_of(const StateVariable& variable, Digest& into);
    uint8_t* byte_of(uint32_t variable, uint32_t word, uint32_t bit) const;

    std::vector<StateVariable> variables_;
    std::vector<Clock> clocks_;  // of each variable
    std::vector<Force> forces_;
};

}  // namespace covert
