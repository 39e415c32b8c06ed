// Serial line against a sender and a receiver of the bench's own, whose time is not the block's: all values of a byte,
// rates that are off, gaps, glitches, wrong stop bits, resets.
// Usage: bench CLOCK_HZ BAUD
#include <cmath>

#include "Vcovert_serial.h"
#include "bench.hpp"

namespace {

class Bench {
  public:
    Bench(double bit, uint64_t seed) : random_(seed), bit_(bit) { reset(1); }
    ~Bench() { top_.final(); }

    void reset(unsigned cycles) {
        top_.rst_ni = 0;
        for (unsigned i = 0; i < cycles; i++) cycle();
        top_.rst_ni = 1;
        if (!top_.txd_o || top_.rx_valid_o) complain("not at rest behind a reset");
        edges_.clear();
        sent_.clear();
        to_send_.clear();
        tx_expected_.clear();
        frame_ = -1;
        line_ = last_txd_ = true;
        bits_ = seen_ = 0;
        end_ = static_cast<double>(now_);
        offered_ = false;
    }

    // --- to the block. A bit takes `bit` clocks, and the line may change between two of them.
    void level(bool high, double clocks) {
        edges_.push_back({end_, high});
        end_ += clocks;
    }
    void gap(double bits) { level(true, bits * bit_); }
    void byte(uint8_t value, double bit, bool stop = true) {
        level(false, bit);
        for (unsigned k = 0; k < 8; k++) level(value >> k & 1, bit);
        level(stop, bit);
        if (stop) sent_.push_back(value);
    }
    // All values once, in any order, at a rate that is off.
    void all_values(double off, bool gaps) {
        begin();
        for (const uint8_t value : shuffled()) {
            byte(value, bit_ * (1 + off));
            if (gaps && random_.one_in(2)) gap(random_.below(3000) / 1000.0);
        }
        finish();
    }
    // What is no byte, between bytes.
    void disturbed() {
        begin();
        for (unsigned i = 0; i < 60; i++) {
            const unsigned what = random_.below(3);
            if (what == 0) {
                // At most 0.45 bits, then at rest for one at least.
                level(false, bit_ * (1 + random_.below(450)) / 1000.0);
                gap(1 + random_.below(1000) / 1000.0);
            } else if (what == 1) {
                byte(static_cast<uint8_t>(random_.bits()), bit_, false);
                if (random_.one_in(3)) level(false, bit_ * random_.below(30));  // a break
                gap(1 + random_.below(1000) / 1000.0);
            } else {
                for (unsigned k = random_.below(4); k > 0; k--) byte(static_cast<uint8_t>(random_.bits()), bit_);
            }
        }
        finish();
    }

    // --- from the block
    void send_all(unsigned most_gap) {
        begin();
        for (const uint8_t value : shuffled()) to_send_.push_back({value, most_gap == 0 ? 0 : random_.below(most_gap)});
        const uint64_t limit = now_ + 256 * (static_cast<uint64_t>(11 * bit_) + most_gap) + 1000;
        while ((!to_send_.empty() || !tx_expected_.empty()) && now_ < limit && wrong_.empty()) cycle();
        if (!to_send_.empty() || !tx_expected_.empty()) complain("bytes are missing on the line");
        if (most_gap == 0 && static_cast<double>(now_ - began_) > 256 * (10 * bit_ + 8)) complain("not back to back");
        for (unsigned i = 0; i < 3 * bit_; i++) cycle();
    }
    // Both ways at once, and a reset in the midst of it.
    void both_and_reset() {
        for (unsigned i = 0; i < 6; i++) {
            to_send_.push_back({static_cast<uint8_t>(random_.bits()), 0});
            byte(static_cast<uint8_t>(random_.bits()), bit_);
        }
        for (unsigned i = random_.below(static_cast<uint32_t>(50 * bit_)); i > 0; i--) cycle();
        reset(1 + random_.below(3));
    }
    void both() {
        begin();
        for (const uint8_t value : shuffled()) {
            to_send_.push_back({value, random_.below(3)});
            byte(static_cast<uint8_t>(value ^ 0x5A), bit_ * 1.005);
        }
        finish();
        while (!tx_expected_.empty() && wrong_.empty()) cycle();
    }
    std::string verdict() const { return wrong_; }
    uint64_t received() const { return received_; }
    uint64_t transmitted() const { return transmitted_; }

  private:
    struct Edge {
        double at;
        bool high;
    };
    struct Byte {
        uint8_t value;
        unsigned gap;
    };

    void complain(const char* what) {
        if (wrong_.empty()) wrong_ = std::string(what) + " (cycle " + std::to_string(now_) + ")";
    }
    std::vector<uint8_t> shuffled() {
        std::vector<uint8_t> values(256);
        for (unsigned i = 0; i < 256; i++) values[i] = static_cast<uint8_t>(i);
        for (unsigned i = 255; i > 0; i--) std::swap(values[i], values[random_.below(i + 1)]);
        return values;
    }
    void begin() {
        began_ = now_;
        end_ = static_cast<double>(now_) + random_.below(1000) / 1000.0 + 2;
    }
    void finish() {
        gap(2);
        const uint64_t until = static_cast<uint64_t>(end_) + 4;
        while (now_ < until && wrong_.empty()) cycle();
        if (!sent_.empty()) complain("a byte was not received");
    }

    void cycle() {
        const double t = static_cast<double>(now_);
        while (!edges_.empty() && edges_.front().at <= t) {
            line_ = edges_.front().high;
            edges_.pop_front();
        }
        top_.rxd_i = line_;
        const bool offer = !to_send_.empty() && (offered_ || to_send_.front().gap == 0);
        if (!to_send_.empty() && !offer) to_send_.front().gap--;
        top_.tx_valid_i = offer;
        top_.tx_data_i = offer ? to_send_.front().value : static_cast<uint8_t>(random_.bits());
        top_.clk_i = 0;
        top_.eval();
        offered_ = offer && !top_.tx_ready_o;
        if (offer && top_.tx_ready_o && top_.rst_ni) {
            tx_expected_.push_back(to_send_.front().value);
            to_send_.pop_front();
        }
        top_.clk_i = 1;
        top_.eval();
        now_++;
        if (!top_.rst_ni) return;
        if (top_.rx_valid_o) {
            if (sent_.empty()) complain("received what nobody sent");
            else if (top_.rx_data_o != sent_.front()) complain("received something else");
            if (!sent_.empty()) sent_.pop_front();
            received_++;
        }
        receive();
    }
    // A receiver that takes each bit from a tenth to nine tenths of its time: it must not change there.
    void receive() {
        const bool txd = top_.txd_o != 0;
        if (frame_ < 0) {
            if (last_txd_ && !txd) {
                frame_ = static_cast<double>(now_);
                bits_ = seen_ = 0;
            }
        }
        if (frame_ >= 0) {
            const double at = (static_cast<double>(now_) - frame_) / bit_;  // in bits
            const unsigned k = static_cast<unsigned>(at);
            const double part = at - k;
            if (k < 10 && part >= 0.1 && part <= 0.9) {
                const unsigned mask = 1u << k;
                if (!(seen_ & mask)) {
                    seen_ |= mask;
                    if (txd) bits_ |= mask;
                } else if (((bits_ & mask) != 0) != txd) {
                    complain("a bit changes in its midst");
                }
            }
            // The next start bit may come as soon as the stop bit has had its time.
            if (at >= 9.9) {
                if (seen_ != 0x3FF) complain("a bit was not seen");
                if (bits_ & 1 || !(bits_ & 0x200)) complain("no start or stop bit");
                if (tx_expected_.empty()) complain("sent what nobody wanted");
                else if (tx_expected_.front() != (bits_ >> 1 & 0xFF)) complain("sent something else");
                if (!tx_expected_.empty()) tx_expected_.pop_front();
                transmitted_++;
                frame_ = txd ? -1 : static_cast<double>(now_);
                bits_ = seen_ = 0;
                if (!txd && at < 9.95) complain("a stop bit is short");
            }
        } else if (!txd && !last_txd_) {
            complain("the line is not at rest");
        }
        last_txd_ = txd;
    }

    Vcovert_serial top_;
    bench::Random random_;
    double bit_;
    uint64_t now_ = 0, began_ = 0;
    std::deque<Edge> edges_;
    double end_ = 0;         // when what is to be sent ends
    bool line_ = true;
    std::deque<uint8_t> sent_;  // to the block, not yet received
    std::deque<Byte> to_send_;
    std::deque<uint8_t> tx_expected_;  // taken by the block, not yet seen on the line
    bool offered_ = false, last_txd_ = true;
    double frame_ = -1;
    unsigned bits_ = 0, seen_ = 0;
    uint64_t received_ = 0, transmitted_ = 0;
    std::string wrong_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const double bit = std::atof(argv[1]) / std::atof(argv[2]);
    Verilated::randReset(2);
    Verilated::randSeed(7);
    bench::Verdict verdict;
    Bench b(bit, 1);
    const auto check = [&](const std::string& what) {
        verdict.check(b.verdict().empty(), what + ": " + b.verdict());
        return b.verdict().empty();
    };
    for (const double off : {0.0, -0.03, 0.03, -0.015, 0.015}) {
        for (const bool gaps : {false, true}) {
            b.all_values(off, gaps);
            const std::string how = std::to_string(off) + (gaps ? ", with gaps" : ", back to back");
            if (!check("rate off by " + how)) return verdict.report();
        }
    }
    b.disturbed();
    if (!check("glitches and wrong stop bits")) return verdict.report();
    for (const unsigned gap : {0u, 3u, static_cast<unsigned>(3 * bit)}) {
        b.send_all(gap);
        if (!check("sent with gaps up to " + std::to_string(gap))) return verdict.report();
    }
    for (unsigned i = 0; i < 10; i++) b.both_and_reset();
    b.both();
    check("both ways, behind resets");
    verdict.check(b.received() > 11 * 256 && b.transmitted() >= 4 * 256, "bytes were sent and received");
    return verdict.report();
}
