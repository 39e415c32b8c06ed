// Model of a 16-bit SDR SDRAM with four banks, as its data sheet describes it: looks at the pins at each rising edge of
// its clock, drives the data bus, and reports every rule that the controller breaks. Times are in ps.
// Not modelled, and reported where they are used: auto precharge, power down and self refresh (CKE), full-page bursts.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

namespace sdram {

using Ps = uint64_t;
constexpr Ps kNs = 1000;

// The slowest of AS4C16M16SA-7, MT48LC16M16A2-75 and IS42S16160G-7 in each place.
struct Times {
    Ps rc = 66 * kNs;
    Ps ras = 44 * kNs;
    Ps ras_max = 100000 * kNs;
    Ps rcd = 21 * kNs;
    Ps rp = 21 * kNs;
    Ps rrd = 15 * kNs;
    Ps wr = 15 * kNs;
    Ps rfc = 66 * kNs;
    Ps mrd = 15 * kNs;
    unsigned mrd_clocks = 2;
    Ps refresh = 64000000 * kNs;  // in which each row is refreshed
    unsigned rows = 8192;
    unsigned postponed = 8;       // refreshes, at most, behind an even distribution
    Ps power_up = 200000 * kNs;
    unsigned init_refreshes = 2;
    // The data bus, CAS latency 2.
    Ps clock_min = 10 * kNs;
    Ps access = 6 * kNs;          // tAC: from the edge before
    Ps hold = 2500;               // tOH: behind the edge
    Ps release = 5400;            // tHZ: behind the edge
};

// As sampled at a rising edge.
struct Pins {
    bool cke, cs_n, ras_n, cas_n, we_n;
    unsigned ba, a, dqm;
    bool driven;  // the controller drives dq
    uint16_t dq;
};

class Chip {
  public:
    Chip(const Times& times, Ps period, unsigned column_bits, unsigned row_bits, uint64_t seed)
        : t_(times), period_(period), column_bits_(column_bits), row_bits_(row_bits), seed_(seed),
          cells_(static_cast<uint16_t*>(std::calloc(size_t{4} << (column_bits + row_bits), 2))) {
        if (cells_ == nullptr) std::abort();
        if (period < t_.clock_min) broken("tCK", 0);
    }
    ~Chip() { std::free(cells_); }
    Chip(const Chip&) = delete;
    Chip& operator=(const Chip&) = delete;

    // A rising edge of its clock.
    void edge(Ps now, const Pins& pins) {
        now_ = now;
        edge_++;
        Beat& later = beat(edge_ + 2);
        later.masked = pins.dqm;  // DQM latency 2 for reads
        clear(edge_ + kBeats / 2);
        watch(pins);
        if (pins.cke && !pins.cs_n) command(pins);
        // The burst under way: one column an edge, from that of the command on.
        if (burst_left_ != 0) {
            const unsigned mask = burst_length_ - 1;
            const unsigned column = (burst_column_ & ~mask) | ((burst_column_ + burst_done_) & mask);
            uint16_t& cell = cells_[index(burst_bank_, burst_row_, column)];
            const uint16_t noise = noise_of(static_cast<uint64_t>(&cell - cells_));
            if (burst_write_) {
                if (pins.dqm != 3 && !pins.driven) broken("data of a write missing", now_);
                uint16_t value = cell ^ noise;
                if (!(pins.dqm & 1)) value = static_cast<uint16_t>((value & 0xFF00) | (pins.dq & 0x00FF));
                if (!(pins.dqm & 2)) value = static_cast<uint16_t>((value & 0x00FF) | (pins.dq & 0xFF00));
                cell = value ^ noise;
                banks_[burst_bank_].written = now_;
                banks_[burst_bank_].was_written = true;
            } else {
                Beat& out = beat(edge_ + latency_);
                out.data = cell ^ noise;
                out.valid = true;
            }
            burst_done_++;
            burst_left_--;
        }
    }

    // The controller has the bus from `from` to `to`.
    void controller_drives(Ps from, Ps to) {
        for (uint64_t e = edge_; e < edge_ + kBeats / 2; e++) {
            const Beat& out = beat(e);
            if (!out.valid || out.masked == 3) continue;
            if (edge_time(e) - period_ < to && from < edge_time(e) + t_.release) broken("bus contention", from);
        }
    }

    // What stands on the bus at `when`, noise where the chip does not hold it.
    uint16_t bus(Ps when) {
        noise_ = noise_ * 6364136223846793005ull + 1442695040888963407ull;
        auto value = static_cast<uint16_t>(noise_ >> 40);
        for (uint64_t e = edge_ - 2; e < edge_ + kBeats / 2; e++) {
            const Beat& out = beat(e);
            if (!out.valid || when < edge_time(e) - period_ + t_.access || when > edge_time(e) + t_.hold) continue;
            if (!(out.masked & 1)) value = static_cast<uint16_t>((value & 0xFF00) | (out.data & 0x00FF));
            if (!(out.masked & 2)) value = static_cast<uint16_t>((value & 0x00FF) | (out.data & 0xFF00));
        }
        return value;
    }

    const std::vector<std::string>& broken_rules() const { return broken_; }
    uint64_t refreshes() const { return refreshes_; }
    uint64_t activates() const { return activates_; }
    bool ready() const { return mode_set_ && precharged_ && init_refreshes_ >= t_.init_refreshes; }

    // Power fails and comes back, as far as the rules go; what is stored stays.
    void power_cycle(Ps now) {
        power_on_ = now;
        mode_set_ = precharged_ = settled_ = false;
        init_refreshes_ = 0;
        burst_left_ = 0;
        for (Bank& bank : banks_) bank = Bank();
        for (Beat& out : beats_) out = Beat();
        refreshed_ever_ = false;
        history_.clear();
    }

  private:
    static constexpr unsigned kBeats = 16;

    struct Bank {
        bool open = false;
        unsigned row = 0;
        bool was_active = false, was_precharged = false, was_written = false;
        Ps active = 0, precharged = 0, written = 0;
    };
    struct Beat {
        bool valid = false;
        unsigned masked = 0;
        uint16_t data = 0;
    };

    Beat& beat(uint64_t e) { return beats_[e % kBeats]; }
    void clear(uint64_t e) { beat(e) = Beat(); }
    Ps edge_time(uint64_t e) const { return now_ + e * period_ - edge_ * period_; }
    size_t index(unsigned bank, unsigned row, unsigned column) const {
        return ((size_t{row} << 2 | bank) << column_bits_) | column;
    }
    // Unwritten cells hold this: cells are stored as the difference from it.
    uint16_t noise_of(uint64_t cell) const {
        uint64_t x = (cell + seed_) * 0x9E3779B97F4A7C15ull;
        x ^= x >> 29;
        x *= 0xBF58476D1CE4E5B9ull;
        return static_cast<uint16_t>(x >> 40);
    }
    void broken(const char* rule, Ps when) {
        char text[160];
        std::snprintf(text, sizeof text, "SDRAM: %s at %.3f ns", rule, static_cast<double>(when) / kNs);
        if (broken_.size() < 8) broken_.push_back(text);
    }
    void at_least(const char* rule, Ps since, Ps least) {
        if (now_ - since < least) broken(rule, now_);
    }

    // What must hold at every edge.
    void watch(const Pins& pins) {
        if (!ready()) {
            if (pins.dqm != 3) broken("DQM low in the initialisation", now_);
            if (pins.driven) broken("dq driven in the initialisation", now_);
            if (!pins.cke && precharged_) broken("CKE low in the initialisation", now_);
            return;
        }
        if (!pins.cke) broken("CKE low", now_);
        if (!settled_) {
            settled_ = true;
            start_ = refreshed_ = now_;
            refreshes_ = 0;
        }
        for (const Bank& bank : banks_) {
            if (bank.open && now_ - bank.active > t_.ras_max) broken("tRAS(max)", now_);
        }
        const Ps interval = t_.refresh / t_.rows;
        if ((now_ - start_) / interval > refreshes_ + t_.postponed) broken("refresh: too few", now_);
        if (now_ - refreshed_ > (t_.postponed + 1) * interval) broken("refresh: too long without", now_);
    }

    void idle_since(const char* command) {
        for (const Bank& bank : banks_) {
            if (bank.open) broken(command, now_);
            if (bank.was_precharged) at_least("tRP", bank.precharged, t_.rp);
            if (bank.was_active) at_least("tRC", bank.active, t_.rc);
        }
    }

    void command(const Pins& pins) {
        const unsigned code = (pins.ras_n << 2) | (pins.cas_n << 1) | static_cast<unsigned>(pins.we_n);
        if (code == 7) return;
        if (now_ - power_on_ < t_.power_up) broken("command before the power-up time is over", now_);
        if (refreshed_ever_) at_least("tRFC", refreshed_last_, t_.rfc);
        if (mode_set_) {
            at_least("tMRD", mode_at_, t_.mrd);
            if (edge_ - mode_edge_ < t_.mrd_clocks) broken("tMRD", now_);
        }
        if (!precharged_ && !(code == 2 && (pins.a >> 10 & 1)))
            broken("initialisation: PRECHARGE ALL comes first", now_);
        Bank& bank = banks_[pins.ba];
        switch (code) {
            case 0:  // LOAD MODE REGISTER
                idle_since("mode set with a row open");
                burst_length_ = 1u << (pins.a & 7);
                latency_ = pins.a >> 4 & 7;
                if ((pins.a & 7) > 3 || (pins.a & 8) || (pins.a >> 7) || pins.ba || (latency_ != 2 && latency_ != 3))
                    broken("mode that the model does not have", now_);
                mode_set_ = true;
                mode_at_ = now_;
                mode_edge_ = edge_;
                break;
            case 1:  // AUTO REFRESH
                idle_since("refresh with a row open");
                if (burst_left_ != 0) broken("refresh in a burst", now_);
                if (!ready()) init_refreshes_++;
                refreshes_++;
                refreshed_ = refreshed_last_ = now_;
                refreshed_ever_ = true;
                // Every row within 64 ms: as many refreshes as rows, counted from each that has been.
                history_.push_back(now_);
                if (history_.size() > t_.rows) {
                    if (now_ - history_.front() > t_.refresh) broken("refresh: 8192 in 64 ms", now_);
                    history_.pop_front();
                }
                break;
            case 2:  // PRECHARGE
                for (unsigned b = 0; b < 4; b++) {
                    if (!(pins.a >> 10 & 1) && b != pins.ba) continue;
                    precharge(b);
                }
                if (pins.a >> 10 & 1) precharged_ = true;
                break;
            case 3:  // ACTIVE
                need_ready();
                if (bank.open) broken("ACTIVE of an open bank", now_);
                if (pins.a >> row_bits_) broken("no such row", now_);
                if (bank.was_precharged) at_least("tRP", bank.precharged, t_.rp);
                if (bank.was_active) at_least("tRC", bank.active, t_.rc);
                for (unsigned b = 0; b < 4; b++) {
                    if (b != pins.ba && banks_[b].was_active) at_least("tRRD", banks_[b].active, t_.rrd);
                }
                bank.open = bank.was_active = true;
                bank.was_written = false;
                bank.active = now_;
                bank.row = pins.a;
                activates_++;
                break;
            case 4:  // WRITE
            case 5:  // READ
                need_ready();
                if (!bank.open) broken("access to a closed bank", now_);
                at_least("tRCD", bank.active, t_.rcd);
                if (pins.a >> 10 & 1) broken("auto precharge", now_);
                burst_write_ = code == 4;
                // What an older READ has still to give comes out all the same: the controller must keep off the bus.
                burst_bank_ = pins.ba;
                burst_row_ = bank.row;
                burst_column_ = pins.a & ((1u << column_bits_) - 1);
                burst_left_ = burst_length_;
                burst_done_ = 0;
                break;
            default:  // BURST TERMINATE
                burst_left_ = 0;
                break;
        }
    }

    void precharge(unsigned b) {
        Bank& bank = banks_[b];
        if (burst_left_ != 0 && burst_bank_ == b) {
            if (burst_write_) broken("PRECHARGE in a write burst", now_);
            burst_left_ = 0;
        }
        if (!bank.open) return;
        at_least("tRAS", bank.active, t_.ras);
        if (bank.was_written) at_least("tWR", bank.written, t_.wr);
        bank.open = false;
        bank.was_precharged = true;
        bank.precharged = now_;
    }

    void need_ready() {
        if (!ready()) broken("access before the initialisation", now_);
    }

    const Times t_;
    const Ps period_;
    const unsigned column_bits_, row_bits_;
    const uint64_t seed_;
    uint16_t* const cells_;
    uint64_t noise_ = 1;
    std::vector<std::string> broken_;

    Ps now_ = 0;
    uint64_t edge_ = kBeats;
    Ps power_on_ = 0;
    bool precharged_ = false, mode_set_ = false;
    unsigned init_refreshes_ = 0;
    Ps mode_at_ = 0;
    uint64_t mode_edge_ = 0;
    unsigned burst_length_ = 1, latency_ = 2;

    Bank banks_[4];
    Beat beats_[kBeats];
    unsigned burst_left_ = 0, burst_done_ = 0;
    bool burst_write_ = false;
    unsigned burst_bank_ = 0, burst_row_ = 0, burst_column_ = 0;

    bool settled_ = false, refreshed_ever_ = false;
    Ps start_ = 0, refreshed_ = 0, refreshed_last_ = 0;
    uint64_t refreshes_ = 0, activates_ = 0;
    std::deque<Ps> history_;
};

}  // namespace sdram
