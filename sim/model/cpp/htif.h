// Host-target interface of bare programs: `tohost` and `fromhost` as riscv-tests and Spike's programs
// use them. A write to tohost is looked at a little later, when both of its halves are there.
#pragma once

#include <cstdint>
#include <string>

#include "memory.h"

namespace covert {

class Htif {
public:
    void configure(uint32_t tohost, uint32_t fromhost) {
        tohost_ = tohost;
        fromhost_ = fromhost;
    }
    /// Tells of a write to memory.
    void wrote(uint32_t address, uint64_t now) {
        if ((address & ~7U) == tohost_ && due_ == Never) due_ = now + Settle;
    }
    bool due(uint64_t now) const { return now >= due_; }
    /// Serves what stands in tohost; appends console output. True if the program has ended.
    bool serve(Memory& memory, std::string& console);
    uint32_t exit_code() const { return exit_code_; }
    /// Adds all that decides what it does from here on.
    void digest(Digest& into) const { into.add(due_); }

private:
    static constexpr uint64_t Never = ~0ULL;
    // An RV32 program writes 64 bits as two words, in either order.
    static constexpr uint64_t Settle = 100;

    uint64_t system_call(Memory& memory, uint32_t block, std::string& console, bool& ended);

    uint32_t tohost_ = 1;  // no aligned address: off
    uint32_t fromhost_ = 0;
    uint64_t due_ = Never;
    uint32_t exit_code_ = 0;
};

}  // namespace covert
