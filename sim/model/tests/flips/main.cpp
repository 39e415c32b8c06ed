// Flips random bits of the Verilated module and of a reference written by hand, at the same cycles, and
// compares every register, every word and the outputs, right after the flip and after each clock edge.
#include <cstdio>
#include <map>
#include <random>
#include <string>

#include "Vflips.h"
#include "state.h"
#include "verilated.h"

class Vflips___024root;
void Vflips___024root___eval_settle(Vflips___024root*);

namespace {

struct Leaf {
    uint8_t count = 0, next = 0, gated = 0, held = 0;
    bool alive = false;
    uint32_t words[4] = {};
    uint8_t wide[13] = {};  // 100 bits, least significant byte first

    uint8_t top() const { return static_cast<uint8_t>(wide[11] >> 4 | wide[12] << 4); }
    uint8_t mixed(uint8_t a) const { return static_cast<uint8_t>((count ^ 0x5a) + a + top()); }
    uint32_t word() const { return words[count & 3]; }
    uint8_t output() const { return static_cast<uint8_t>(gated + next + (word() >> 8) + held); }

    void clock(bool enable, uint8_t a) {
        Leaf old = *this;
        const uint8_t mix = old.mixed(a);
        if (enable && !(old.count >> 3 & 1)) gated = static_cast<uint8_t>(mix ^ old.word());
        words[old.count & 3] = old.word() + mix;
        count = static_cast<uint8_t>(old.count + 1);
        next = mix;
        alive = true;
        held = old.alive ? static_cast<uint8_t>(old.held + mix) : 0;
        for (int i = 12; i > 0; --i) wide[i] = old.wide[i - 1];
        wide[0] = old.next;
        wide[12] &= 0xf;
    }
    void flip(const std::string& name, uint32_t word, uint32_t bit) {
        const auto mask = static_cast<uint8_t>(1U << (bit % 8));
        if (name == "count_q") count ^= mask;
        if (name == "next_q") next ^= mask;
        if (name == "gated_q") gated ^= mask;
        if (name == "held_q") held ^= mask;
        if (name == "wide_q") wide[bit / 8] ^= mask;
        if (name == "words_q") words[word] ^= 1U << bit;
        if (name == "alive_q") {
            // An asynchronous reset: held is cleared at once.
            alive = !alive;
            if (!alive) held = 0;
        }
    }
    bool same(const covert::StateVariable& variable, const std::string& name) const {
        const void* mine = nullptr;
        std::size_t bytes = 1;
        if (name == "count_q") mine = &count;
        if (name == "next_q") mine = &next;
        if (name == "gated_q") mine = &gated;
        if (name == "held_q") mine = &held;
        if (name == "alive_q") mine = &alive;
        if (name == "wide_q") mine = wide, bytes = 13;
        if (name == "words_q") mine = words, bytes = 16;
        return mine != nullptr && std::memcmp(mine, variable.data, bytes) == 0;
    }
};

}  // namespace

int main() {
    VerilatedContext context;
    Vflips model{&context, "TOP"};
    Leaf reference[2];
    std::mt19937 random{7};

    model.en_i = 0;
    model.a_i = 0;
    for (int i = 0; i < 4; ++i) {
        model.rst_ni = 0;
        model.clk_i = 0;
        model.eval();
        model.clk_i = 1;
        model.eval();
    }
    model.rst_ni = 1;
    covert::State state{context};
    if (state.variables().size() != 14) {
        std::printf("found %zu registers and memories, expected 14\n", state.variables().size());
        return 1;
    }
    const auto compare = [&](const char* when, int cycle) {
        for (const covert::StateVariable& variable : state.variables()) {
            const int leaf = variable.path.find("[1]") != std::string::npos;
            const std::string name = variable.path.substr(variable.path.rfind('.') + 1);
            if (!reference[leaf].same(variable, name)) {
                std::printf("cycle %d, %s: %s differs\n", cycle, when, variable.path.c_str());
                return false;
            }
        }
        const unsigned expected = reference[0].output() | reference[1].output() << 8;
        if (model.y_o != expected) std::printf("cycle %d, %s: outputs %x, expected %x\n", cycle, when, model.y_o, expected);
        return model.y_o == expected;
    };
    for (int cycle = 0; cycle < 50000; ++cycle) {
        model.clk_i = 0;
        model.en_i = random() & 1;
        model.a_i = static_cast<uint8_t>(random());
        model.eval();
        for (unsigned i = 0; i < 2; ++i) reference[i].clock(model.en_i, static_cast<uint8_t>(model.a_i + i));
        model.clk_i = 1;
        model.eval();
        if (!compare("after the clock edge", cycle)) return 1;
        if (random() % 4 == 0) {
            const auto variable = static_cast<uint32_t>(random() % state.variables().size());
            const covert::StateVariable& hit = state.variables()[variable];
            const auto word = static_cast<uint32_t>(random() % hit.words);
            const auto bit = static_cast<uint32_t>(random() % hit.width);
            state.flip(variable, word, bit);
            Vflips___024root___eval_settle(model.rootp);
            model.eval();
            const int leaf = hit.path.find("[1]") != std::string::npos;
            reference[leaf].flip(hit.path.substr(hit.path.rfind('.') + 1), word, bit);
            if (!compare(("after the flip of " + hit.path).c_str(), cycle)) return 1;
        }
    }
    model.final();
    return 0;
}
