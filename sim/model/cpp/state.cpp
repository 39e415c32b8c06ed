#include "state.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "verilated.h"
#include "verilated_syms.h"

namespace covert {

State::State(VerilatedContext& context) {
    const VerilatedScopeNameMap* scopes = context.scopeNameMap();
    if (scopes == nullptr) return;
    for (const auto& [name, scope] : *scopes) {
        const VerilatedVarNameMap* variables = scope->varsp();
        if (variables == nullptr) continue;
        std::string prefix{name};
        if (prefix.rfind("TOP.", 0) == 0) prefix.erase(0, 4);
        for (const auto& [leaf, variable] : *variables) {
            if (variable.isParam()) continue;
            uint32_t words = 1;
            for (const VerilatedRange& range : variable.unpackedRanges()) words *= range.elements();
            variables_.push_back({prefix + "." + variable.name(), variable.entBits(), words, variable.entSize(),
                                  static_cast<uint8_t*>(variable.datap())});
        }
    }
    std::sort(variables_.begin(), variables_.end(),
              [](const StateVariable& a, const StateVariable& b) { return a.path < b.path; });
    for (const StateVariable& variable : variables_) clocks_.push_back(clock_of(variable.path));
}

uint8_t* State::byte_of(uint32_t variable, uint32_t word, uint32_t bit) const {
    const StateVariable& found = variables_.at(variable);
    if (word >= found.words || bit >= found.width) throw std::out_of_range{"no such bit in " + found.path};
    // Verilator keeps a word in the host's byte order, least significant byte first on every host we build for.
    return found.data + static_cast<std::size_t>(word) * found.stride + bit / 8;
}

const uint8_t* State::data(const std::string& path) const {
    for (const StateVariable& variable : variables_) {
        if (variable.path == path) return variable.data;
    }
    throw std::logic_error{"no variable " + path};
}

bool State::bit(uint32_t variable, uint32_t word, uint32_t bit) const {
    return (*byte_of(variable, word, bit) >> (bit % 8) & 1) != 0;
}

std::array<uint32_t, 4> State::word(uint32_t variable, uint32_t word) const {
    const StateVariable& found = variables_.at(variable);
    std::array<uint32_t, 4> value{};
    if (word >= found.words || found.width > 8 * sizeof value) throw std::out_of_range{"no such word in " + found.path};
    std::memcpy(value.data(), byte_of(variable, word, 0), (found.width + 7) / 8);
    return value;
}

void State::flip(uint32_t variable, uint32_t word, uint32_t bit) {
    *byte_of(variable, word, bit) ^= static_cast<uint8_t>(1U << (bit % 8));
}

void State::force(uint32_t variable, uint32_t word, uint32_t bit, bool value) {
    const auto mask = static_cast<uint8_t>(1U << (bit % 8));
    forces_.push_back({byte_of(variable, word, bit), mask, value ? mask : static_cast<uint8_t>(0)});
}

bool State::apply_forces() {
    bool changed = false;
    for (const Force& force : forces_) {
        const auto fresh = static_cast<uint8_t>((*force.byte & ~force.mask) | force.value);
        changed |= fresh != *force.byte;
        *force.byte = fresh;
    }
    return changed;
}

std::vector<uint32_t> State::differing(const State& other) const {
    if (other.variables_.size() != variables_.size()) throw std::logic_error{"chips of two kinds"};
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < variables_.size(); ++i) {
        const StateVariable& ours = variables_[i];
        const std::size_t bytes = static_cast<std::size_t>(ours.stride) * ours.words;
        if (std::memcmp(ours.data, other.variables_[i].data, bytes) != 0) found.push_back(i);
    }
    return found;
}

State::Clock State::clock_of(const std::string& path) {
    const auto ends = [&](const char* suffix) {
        const std::size_t length = std::strlen(suffix);
        return path.size() >= length && path.compare(path.size() - length, length, suffix) == 0;
    };
    if (ends("u_clint.mtime_q") || ends("u_clint.divider_q")) return Clock::Time;
    return ends("u_csr.mcycle_q") ? Clock::Counter : Clock::None;
}

void State::digest_of(const StateVariable& variable, Digest& into) {
    const std::size_t bytes = static_cast<std::size_t>(variable.stride) * variable.words;
    std::size_t at = 0;
    for (; at + 8 <= bytes; at += 8) {
        uint64_t word;
        std::memcpy(&word, variable.data + at, 8);
        into.add(word);
    }
    uint64_t rest = 0;
    std::memcpy(&rest, variable.data + at, bytes - at);
    into.add(rest);
}

void State::digest(Digest& into) const {
    for (const StateVariable& variable : variables_) digest_of(variable, into);
}

void State::digest_still(Digest& into) const {
    for (std::size_t i = 0; i < variables_.size(); ++i) {
        if (clocks_[i] == Clock::None) digest_of(variables_[i], into);
    }
}

std::vector<uint64_t> State::counters() const {
    std::vector<uint64_t> values;
    for (std::size_t i = 0; i < variables_.size(); ++i) {
        if (clocks_[i] != Clock::Counter) continue;
        uint64_t value;
        std::memcpy(&value, variables_[i].data, sizeof value);
        values.push_back(value);
    }
    return values;
}

void State::advance_counters(const std::vector<uint64_t>& before, uint64_t times) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < variables_.size(); ++i) {
        if (clocks_[i] != Clock::Counter) continue;
        uint64_t value;
        std::memcpy(&value, variables_[i].data, sizeof value);
        value += (value - before[next++]) * times;
        std::memcpy(variables_[i].data, &value, sizeof value);
    }
}

}  // namespace covert
