#include "state.h"

#include <algorithm>
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
}

uint8_t* State::byte_of(uint32_t variable, uint32_t word, uint32_t bit) const {
    const StateVariable& found = variables_.at(variable);
    if (word >= found.words || bit >= found.width) throw std::out_of_range{"no such bit in " + found.path};
    // Verilator keeps a word in the host's byte order, least significant byte first on every host we build for.
    return found.data + static_cast<std::size_t>(word) * found.stride + bit / 8;
}

bool State::bit(uint32_t variable, uint32_t word, uint32_t bit) const {
    return (*byte_of(variable, word, bit) >> (bit % 8) & 1) != 0;
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

void State::digest(Digest& into) const {
    for (const StateVariable& variable : variables_) {
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
}

}  // namespace covert
