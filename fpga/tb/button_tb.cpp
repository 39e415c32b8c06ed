// A button's filter against a model: presses that bounce, shorter and longer than 10 ms; one pulse for each press.
// Usage: bench CLOCKS, those of 10 ms.
#include "Vcovert_button.h"
#include "bench.hpp"

namespace {

constexpr unsigned kSynchroniser = 3;  // clocks from the pad until its level counts, and to the output, at most

class Bench {
  public:
    Bench(unsigned clocks, uint64_t seed) : random_(seed), clocks_(clocks) {
        reset(1);
    }
    ~Bench() { top_.final(); }

    void reset(unsigned cycles) {
        top_.rst_ni = 0;
        for (unsigned i = 0; i < cycles; i++) cycle();
        top_.rst_ni = 1;
        if (top_.level_o || top_.pressed_o) complain("not at rest behind a reset");
        level_ = false;
        since_ = now_;
    }
    // The pad stays so long.
    void hold(bool pad, unsigned cycles) {
        if (pad != pad_) since_ = now_;
        pad_ = pad;
        for (unsigned i = 0; i < cycles; i++) cycle();
    }
    // Changes faster than 10 ms, which end at a level.
    void bounce(bool end) {
        for (unsigned i = random_.below(20); i > 0; i--) {
            hold(!end, 1 + random_.below(random_.one_in(4) ? clocks_ - kSynchroniser - 1 : 20));
            hold(end, 1 + random_.below(random_.one_in(4) ? clocks_ - kSynchroniser - 1 : 20));
        }
    }
    void press() {
        const unsigned before = presses_;
        bounce(true);
        const bool early = presses_ != before;
        hold(true, clocks_ + kSynchroniser + random_.below(3 * clocks_));
        if (early || presses_ != before + 1) complain("not one pulse for a press");
        bounce(false);
        hold(false, clocks_ + kSynchroniser + random_.below(3 * clocks_));
        if (presses_ != before + 1) complain("a pulse when it was let go");
        if (top_.level_o) complain("still pressed");
    }
    // Pulses of a length.
    void pulse(unsigned length, bool counts) {
        const unsigned before = presses_;
        hold(true, length);
        hold(false, 2 * clocks_);
        if (presses_ != before + counts) complain(counts ? "a press was not seen" : "a short pulse is a press");
    }
    // A short gap in a press.
    void gap(unsigned length) {
        const unsigned before = presses_;
        hold(true, 2 * clocks_);
        hold(false, length);
        hold(true, 2 * clocks_);
        hold(false, 2 * clocks_);
        if (presses_ != before + 1) complain("a short gap ends a press");
    }
    const std::string& wrong() const { return wrong_; }
    unsigned presses() const { return presses_; }

  private:
    void complain(const char* what) {
        if (wrong_.empty()) wrong_ = std::string(what) + " (cycle " + std::to_string(now_) + ")";
    }
    void cycle() {
        top_.pad_i = pad_;
        top_.clk_i = 0;
        top_.eval();
        top_.clk_i = 1;
        top_.eval();
        now_++;
        if (!top_.rst_ni) return;
        const bool level = top_.level_o != 0;
        if (level != level_) {
            if (level != pad_) complain("changed against the pad");
            if (now_ - since_ < clocks_) complain("changed before 10 ms");
        } else if (level != pad_ && now_ - since_ > clocks_ + kSynchroniser) {
            complain("did not change after 10 ms");
        }
        if ((top_.pressed_o != 0) != (level && !level_)) complain("the pulse is not where the level rises");
        level_ = level;
        if (top_.pressed_o) presses_++;
    }

    Vcovert_button top_;
    bench::Random random_;
    unsigned clocks_;
    uint64_t now_ = 0, since_ = 0;  // since when the pad is as it is
    bool pad_ = false, level_ = false;
    unsigned presses_ = 0;
    std::string wrong_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const unsigned clocks = static_cast<unsigned>(std::atoi(argv[1]));
    Verilated::randReset(2);
    bench::Verdict verdict;
    for (int seed = 1; seed <= 4; seed++) {
        Verilated::randSeed(seed);
        Bench b(clocks, static_cast<uint64_t>(seed));
        b.hold(false, 3 * clocks);
        verdict.check(b.presses() == 0, "no press without one");
        for (unsigned i = 0; i < 40; i++) b.press();
        for (const unsigned length : {1u, 2u, clocks / 2, clocks - kSynchroniser, clocks - 1}) {
            b.pulse(length, false);
            b.gap(length);
        }
        b.pulse(clocks + kSynchroniser, true);
        // A button that is held at power-on counts as a press, 10 ms later; one in the midst of its time does not.
        b.hold(true, clocks / 2);
        b.reset(5);
        b.hold(true, 2 * clocks);
        b.hold(false, 2 * clocks);
        b.hold(true, clocks / 2);
        b.reset(1);
        b.hold(false, 2 * clocks);
        verdict.check(b.wrong().empty(), "button, seed " + std::to_string(seed) + ": " + b.wrong());
    }
    return verdict.report();
}
