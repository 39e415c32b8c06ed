// Lines about detections between a guest's bytes: random bytes and events, a terminal that takes what it likes.
// Every byte of the guest's arrives in order and outside of lines, each line is whole and says what happened last.
// Usage: bench SCALE
#include "Vcovert_notes.h"
#include "bench.hpp"

namespace {

constexpr unsigned kTiles = 4;
constexpr uint64_t kPadding = 12;  // cycles from the moment in which a short line is chosen to its first byte, at most
enum Kind { kDetection, kRecovered, kUnrecoverable, kKinds };

struct Event {
    uint64_t at;       // cycle in which the port says it
    std::string line;  // how it has to be written
    bool may = false;  // it may be in the line before, but need not
};

class Bench {
  public:
    explicit Bench(uint64_t seed) : random_(seed) { reset(1); }
    ~Bench() { top_.final(); }

    // An event of each kind in `rare` cycles; in `guest` of 16 a byte is offered, in `ready` of 16 one is taken.
    void run(unsigned cycles, unsigned rare, unsigned guest, unsigned ready) {
        for (unsigned i = 0; i < cycles && wrong_.empty(); i++) cycle(rare, guest, ready);
    }
    // All is written before long, also with a guest that never pauses.
    void settle(unsigned guest, unsigned ready) {
        if (due_) lower_due_ = true;
        run(3000, 0, guest, ready);
        lower_due_ = false;
        if (!line_.empty()) complain("a line without an end");
        for (const auto& events : events_) {
            for (const Event& event : events) {
                if (!event.may) complain("an event was never written");
            }
        }
    }
    void reset(unsigned cycles) {
        top_.rst_ni = 0;
        for (unsigned i = 0; i < cycles; i++) cycle(4, 8, 8);
        top_.rst_ni = 1;
        for (auto& events : events_) events.clear();
        line_.clear();
        held_ = due_ = false;
        begun_ = 0;
    }
    const std::string& wrong() const { return wrong_; }
    uint64_t guest_bytes() const { return guest_bytes_; }
    uint64_t lines(unsigned kind) const { return lines_[kind]; }
    uint64_t merged() const { return merged_; }

  private:
    static std::string line(const std::string& text) { return "\r\n[covert: " + text + "]\r\n"; }
    void complain(const std::string& what) {
        if (wrong_.empty()) wrong_ = what + " (cycle " + std::to_string(now_) + ")";
    }

    void cycle(unsigned rare, unsigned guest, unsigned ready) {
        const auto happens = [&] { return rare != 0 && random_.one_in(rare); };
        char text[60];
        top_.det_valid_i = happens();
        top_.det_kind_i = random_.below(16);
        top_.det_tile_i = random_.below(1u << kTiles);
        top_.resume_i = happens();
        const bool due = lower_due_ ? false : random_.one_in(8) && rare != 0 ? !due_ : due_;
        top_.due_i = due;
        if (!offered_ && random_.below(16) < guest) {
            offered_ = true;
            guest_ = static_cast<uint8_t>(random_.one_in(2) ? random_.bits() : "#@[]\r\n\0c"[random_.below(8)]);
        }
        top_.guest_valid_i = offered_;
        top_.guest_data_i = offered_ ? guest_ : static_cast<uint8_t>(random_.bits());
        // Whose byte is offered: the guest's if it were taken with it.
        top_.clk_i = 0;
        top_.tx_ready_i = 1;
        top_.eval();
        of_guest_ = top_.guest_valid_i && top_.guest_ready_o;
        top_.tx_ready_i = random_.below(16) < ready;
        top_.eval();
        if (top_.rst_ni) {
            std::snprintf(text, sizeof text, "detection %X, tiles %X", top_.det_kind_i, top_.det_tile_i);
            output();
            if (top_.det_valid_i) events_[kDetection].push_back({now_, line(text)});
            if (top_.resume_i) events_[kRecovered].push_back({now_, line("recovered")});
            if (due && !due_) events_[kUnrecoverable].push_back({now_, line("unrecoverable")});
        }
        due_ = top_.rst_ni && due;
        top_.clk_i = 1;
        top_.eval();
        now_++;
    }

    void output() {
        const bool valid = top_.tx_valid_o, taken = valid && top_.tx_ready_i;
        if (held_ && (!valid || top_.tx_data_o != held_data_)) complain("a byte changed before it was taken");
        held_ = valid && !taken;
        held_data_ = top_.tx_data_o;
        const bool guest = top_.guest_valid_i && top_.guest_ready_o;
        if (guest) {
            offered_ = false;
            guest_bytes_++;
            if (!taken || top_.tx_data_o != guest_) complain("a byte of the guest is lost");
            if (!line_.empty()) complain("a byte of the guest in a line");
        }
        if (valid && !of_guest_ && begun_ == 0) begun_ = now_;
        if (taken && !guest) {
            line_ += static_cast<char>(top_.tx_data_o);
            if (line_.size() > 2 && line_.substr(line_.size() - 3) == "]\r\n") whole_line();
            if (line_.size() > 40) complain("a line without an end");
        }
    }
    // The last event of its kind before the line began, and no line twice.
    void whole_line() {
        const unsigned kind = line_.find("detection") != std::string::npos   ? kDetection
                              : line_.find("recovered") != std::string::npos ? kRecovered
                                                                             : kUnrecoverable;
        std::deque<Event>& events = events_[kind];
        size_t before = 0;
        while (before < events.size() && events[before].at + 1 < begun_) before++;
        if (before == 0) {
            complain("a line about nothing: " + line_);
        } else {
            if (events[before - 1].line != line_) complain("a line says something else: " + line_);
            merged_ += before - 1;
            // A short line is chosen some time before its first byte: what came since then may be written again.
            size_t surely = before;
            while (kind != kDetection && surely > 1 && events[surely - 1].at + kPadding + 1 >= begun_) surely--;
            for (size_t i = surely; i < before; i++) events[i].may = true;
            events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(surely));
        }
        lines_[kind]++;
        line_.clear();
        begun_ = 0;
    }

    Vcovert_notes top_;
    bench::Random random_;
    uint64_t now_ = 0;
    std::deque<Event> events_[kKinds];  // not yet written
    std::string line_;                  // what came of it
    uint64_t begun_ = 0;                // when it was offered, 0: not yet
    bool offered_ = false, of_guest_ = false, held_ = false, due_ = false, lower_due_ = false;
    uint8_t guest_ = 0, held_data_ = 0;
    uint64_t guest_bytes_ = 0, lines_[kKinds] = {}, merged_ = 0;
    std::string wrong_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const unsigned scale = static_cast<unsigned>(std::atoi(argv[1]));
    Verilated::randReset(2);
    bench::Verdict verdict;
    for (unsigned seed = 1; seed <= 4 * scale; seed++) {
        Verilated::randSeed(static_cast<int>(seed));
        Bench b(seed);
        for (const unsigned rare : {10u, 60u, 400u}) {
            for (const unsigned guest : {0u, 4u, 16u}) {
                for (const unsigned ready : {1u, 8u, 16u}) {
                    b.run(4000, rare, guest, ready);
                    b.settle(guest, 8);
                }
            }
            b.run(100, rare, 8, 8);
            b.reset(1 + seed % 2);
        }
        verdict.check(b.wrong().empty(), "lines, seed " + std::to_string(seed) + ": " + b.wrong());
        verdict.check(b.guest_bytes() > 10000 && b.lines(kDetection) > 200 && b.lines(kRecovered) > 200 &&
                          b.lines(kUnrecoverable) > 200 && b.merged() > 500,
                      "all of it happens");
    }
    return verdict.report();
}
