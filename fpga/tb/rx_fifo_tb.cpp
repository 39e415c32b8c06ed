// The queue of received bytes against one of the standard library's: empty, full and all between, in every mixture of
// pushes and pops. Usage: bench SCALE
#include "Vcovert_rx_fifo.h"
#include "bench.hpp"

namespace {

constexpr size_t kRoom = 511;
constexpr unsigned kLatest = 3;  // cycles from a push into the empty queue until the byte is at the port, at most

class Bench {
  public:
    explicit Bench(uint64_t seed) : random_(seed) { reset(1); }
    ~Bench() { top_.final(); }

    void reset(unsigned cycles) {
        top_.rst_ni = 0;
        for (unsigned i = 0; i < cycles; i++) cycle(random_.one_in(2), random_.one_in(2));
        top_.rst_ni = 1;
        queue_.clear();
        offered_ = false;
        waits_ = 0;
    }
    // Pushes and pops in so many of 16 cycles.
    void run(unsigned cycles, unsigned push, unsigned pop) {
        for (unsigned i = 0; i < cycles && wrong_.empty(); i++) {
            cycle(random_.below(16) < push, random_.below(16) < pop);
        }
    }
    const std::string& wrong() const { return wrong_; }
    uint64_t popped() const { return popped_; }
    uint64_t dropped() const { return dropped_; }
    size_t level() const { return queue_.size(); }

  private:
    void complain(const char* what) {
        if (wrong_.empty()) wrong_ = std::string(what) + " (cycle " + std::to_string(now_) + ")";
    }
    void cycle(bool push, bool pop) {
        top_.push_i = push;
        top_.data_i = static_cast<uint8_t>(random_.bits());
        top_.ready_i = pop;
        top_.clk_i = 0;
        top_.eval();
        if (top_.rst_ni) {
            if (top_.valid_o) {
                if (queue_.empty()) complain("a byte that nobody sent");
                else if (top_.data_o != queue_.front()) complain("another byte");
            } else if (offered_) {
                complain("a byte was withdrawn");
            }
            waits_ = queue_.empty() || top_.valid_o ? 0 : waits_ + 1;
            if (waits_ > kLatest) complain("a byte does not come");
            offered_ = top_.valid_o && !pop;
            const bool full = queue_.size() == kRoom;
            if (top_.valid_o && pop && !queue_.empty()) {
                queue_.pop_front();
                popped_++;
            }
            if (push && !full) queue_.push_back(top_.data_i);
            else if (push) dropped_++;
        }
        top_.clk_i = 1;
        top_.eval();
        now_++;
    }

    Vcovert_rx_fifo top_;
    bench::Random random_;
    std::deque<uint8_t> queue_;
    uint64_t now_ = 0, popped_ = 0, dropped_ = 0;
    bool offered_ = false;
    unsigned waits_ = 0;
    std::string wrong_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const unsigned scale = static_cast<unsigned>(std::atoi(argv[1]));
    Verilated::randReset(2);
    bench::Verdict verdict;
    for (unsigned seed = 1; seed <= 3 * scale; seed++) {
        Verilated::randSeed(static_cast<int>(seed));
        Bench b(seed);
        b.run(20000, 4, 16);  // hardly ever a byte in it
        b.run(20000, 15, 16);
        b.run(3000, 16, 16);
        b.run(600, 16, 0);  // full
        const bool full = b.level() == kRoom && b.dropped() > 0;
        b.run(5000, 16, 15);
        b.run(5000, 16, 16);
        b.run(5000, 16, 1);
        b.run(20000, 8, 8);
        b.reset(1);
        b.run(5000, 8, 9);
        b.run(600, 0, 16);
        verdict.check(b.wrong().empty(), "queue, seed " + std::to_string(seed) + ": " + b.wrong());
        verdict.check(full && b.level() == 0 && b.popped() > 40000, "full, and emptied at the end");
    }
    return verdict.report();
}
