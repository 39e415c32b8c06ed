// Dirty bits against a plain array: writes of the tile in every pattern, operations of the walker in between.
#include <memory>

#include "Vcovert_dirty.h"
#include "bench.hpp"

int main() {
    bench::Verdict verdict;
    for (unsigned seed = 0; seed < 6; seed++) {
        auto top = std::make_unique<Vcovert_dirty>();
        bench::Random random(seed);
        std::vector<uint32_t> bits(RegionBlocks / 32);
        const unsigned span = seed % 2 ? 4 : RegionBlocks / 32;  // few words: forwarding; all: addressing
        bool busy = false, ok = true;
        unsigned done = 0;
        uint32_t word = 0, keep = 0, value = 0;
        auto cycle = [&](bool set, uint32_t block, bool op) {
            top->set_i = set;
            top->set_block_i = block;
            top->op_i = op;
            top->op_keep_i = keep;
            top->op_or_i = value;
            top->op_word_i = word;
            top->clk_i = 0;
            top->eval();
            // The order: a write or operation takes effect when it enters the pipeline; a set goes first.
            if (top->op_done_o) {
                ok = ok && busy && top->op_old_o == bits[word];
                bits[word] = (bits[word] & (keep ? ~0u : 0)) | value;
                busy = false;
                done++;
            }
            if (op) busy = true;
            top->clk_i = 1;
            top->eval();
        };
        top->rst_ni = 0;
        for (int i = 0; i < 4; i++) cycle(false, 0, false);
        top->rst_ni = 1;
        keep = 0;
        value = 0;
        for (word = 0; word < bits.size(); word++) {
            cycle(false, 0, true);
            // The first contents are undefined: only the clearing counts.
            ok = true;
            while (busy) { cycle(false, 0, false); ok = true; }
            bits[word] = 0;
        }
        word = 0;
        ok = true;
        // A set counts for the model in the cycle it enters; an operation entering one cycle later sees it.
        std::deque<uint32_t> entering;
        for (unsigned now = 0; now < 40000 && ok; now++) {
            const bool set = random.one_in(2 + seed);
            const uint32_t block = 32 * random.below(span) + random.below(32);
            bool op = false;
            if (!busy && random.one_in(3)) {
                op = true;
                word = random.below(span);
                keep = random.one_in(2);
                value = random.one_in(2) ? 0 : random.bits() & random.bits();
            }
            cycle(set, block, op);
            // An operation that ended in this cycle had entered before this set.
            if (set) bits[block / 32] |= 1u << block % 32;
        }
        char text[100];
        std::snprintf(text, sizeof text, "seed %u after %u operations", seed, done);
        verdict.check(ok && done > 300, text);
        top->final();
    }
    return verdict.report();
}
