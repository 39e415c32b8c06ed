// Input log against a vector: record, rewind at random moments, replay to the end, go on recording, fill up.
#include <memory>

#include "Vcovert_log.h"
#include "bench.hpp"

int main() {
    bench::Verdict verdict;
    unsigned rewinds = 0, fulls = 0;
    for (unsigned seed = 0; seed < 4; seed++) {
        auto top = std::make_unique<Vcovert_log>();
        bench::Random random(seed);
        std::vector<uint64_t> log;
        size_t position = 0;
        const unsigned depth = 2048;
        std::string wrong;
        auto clock = [&] {
            top->clk_i = 1;
            top->eval();
        };
        for (uint64_t now = 0; now < 60000 && wrong.empty(); now++) {
            top->rst_ni = now >= 4;
            top->clear_i = 0;
            top->rewind_i = 0;
            top->push_i = 0;
            top->pop_i = 0;
            const uint64_t entry = (uint64_t{random.bits()} << 20) ^ random.bits();
            top->entry_i = entry & ((uint64_t{1} << 55) - 1);
            top->clk_i = 0;
            top->eval();
            if (now < 8) {
                clock();
                continue;
            }
            if (top->replay_o != (position < log.size())) wrong = "replay flag";
            if (top->full_o != (log.size() == depth)) wrong = "full flag";
            if (top->position_o != position) wrong = "position";
            if (top->replay_o && top->entry_o != log[position]) wrong = "entry";
            fulls += top->full_o;
            const uint32_t what = random.below(seed == 0 ? 20000 : 1500);
            if (what == 0) {
                top->clear_i = 1;
                log.clear();
                position = 0;
            } else if (what <= 2) {
                top->rewind_i = 1;
                position = 0;
                rewinds++;
            } else if (!random.one_in(3)) {
                if (top->replay_o) {
                    top->pop_i = 1;
                    position++;
                } else if (!top->full_o) {
                    top->push_i = 1;
                    log.push_back(top->entry_i);
                    position++;
                }
            }
            top->eval();
            clock();
        }
        verdict.check(wrong.empty(), "seed " + std::to_string(seed) + ": " + wrong);
        top->final();
    }
    verdict.check(rewinds > 50 && fulls > 50, "rewinds and a full log were seen");
    return verdict.report();
}
