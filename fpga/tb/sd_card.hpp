// An SD card in SPI mode at the level of its pins, after the SD Physical Layer specification: what it takes, refuses
// and answers, with random latencies, and faults that a test asks for.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace sd {

inline uint8_t crc7(const uint8_t* data, size_t bytes) {
    uint8_t crc = 0;
    for (size_t i = 0; i < 8 * bytes; i++) {
        const unsigned bit = ((data[i / 8] >> (7 - i % 8)) & 1) ^ ((crc >> 6) & 1);
        crc = static_cast<uint8_t>(((crc << 1) & 0x7F) ^ (bit ? 0x09 : 0));
    }
    return crc;
}
inline uint16_t crc16(const uint8_t* data, size_t bytes) {
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes; i++) {
        crc = static_cast<uint16_t>(crc ^ (data[i] << 8));
        for (int k = 0; k < 8; k++) crc = static_cast<uint16_t>((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0));
    }
    return crc;
}

// What a card is. A card of version 1 does not know CMD8.
struct Kind {
    bool v1 = false;
    bool high_capacity = true;
    uint32_t c_size = 0;        // of the CSD
    unsigned c_size_mult = 0;   // CSD 1.0
    unsigned read_bl_len = 9;   // CSD 1.0
    bool tmp_write_protect = false;
    bool perm_write_protect = false;
    bool good_csd_crc16 = true;
    unsigned csd_structure = 0xFF;  // other than the kind's

    uint64_t sectors() const {
        if (high_capacity) return (uint64_t{c_size} + 1) << 10;
        return ((uint64_t{c_size} + 1) << (c_size_mult + 2 + read_bl_len)) / 512;
    }
    std::vector<uint8_t> csd() const {
        std::vector<uint8_t> r(16);
        const unsigned structure = csd_structure != 0xFF ? csd_structure : high_capacity ? 1u : 0u;
        r[0] = static_cast<uint8_t>(structure << 6);
        r[1] = high_capacity ? 0x0E : 0x2F;
        r[3] = 0x32;
        r[4] = 0x5B;
        r[5] = static_cast<uint8_t>(0x50 | (high_capacity ? 9 : read_bl_len));
        if (high_capacity) {
            r[7] = static_cast<uint8_t>((c_size >> 16) & 0x3F);
            r[8] = static_cast<uint8_t>(c_size >> 8);
            r[9] = static_cast<uint8_t>(c_size);
            r[10] = 0x7F;
        } else {
            r[6] = static_cast<uint8_t>(0x80 | ((c_size >> 10) & 3));
            r[7] = static_cast<uint8_t>(c_size >> 2);
            r[8] = static_cast<uint8_t>(((c_size & 3) << 6) | 0x2D);
            r[9] = static_cast<uint8_t>(0xB4 | (c_size_mult >> 1));
            r[10] = static_cast<uint8_t>(((c_size_mult & 1) << 7) | 0x7F);
        }
        r[11] = 0x80;
        r[12] = 0x0A;
        r[13] = 0x40;
        r[14] = static_cast<uint8_t>((perm_write_protect << 5) | (tmp_write_protect << 4));
        r[15] = static_cast<uint8_t>((crc7(r.data(), 15) << 1) | 1);
        return r;
    }
};

// Counted faults go down by one each time; -1 is for ever.
struct Faults {
    int corrupt_read = 0;     // a bit of a data block or its CRC
    int corrupt_csd = 0;      // a bit of the CSD itself
    int corrupt_command = 0;  // a bit of a command on its way in, CMD0 excepted
    int corrupt_write = 0;    // a bit of a data block on its way in
    int error_token = 0;      // instead of a data block
    int wrong_token = 0;      // a start token with a bit too few
    int refuse_write = 0;     // data response: write error
    int program_error = 0;    // accepted, and CMD13 says later that it went wrong
    bool mute = false;        // no answer to a command
    bool no_data = false;     // never a start token
    bool busy_forever = false;
    bool never_ready = false; // ACMD41
    unsigned skip = 0;        // data blocks before the counted ones among these come
    int64_t remove_after = -1;  // bytes until the card is out
};

struct Latency {
    unsigned ncr = 8;             // bytes before an answer, at most
    uint64_t access_ns = 20000;   // before data, at most
    uint64_t busy_ns = 30000;     // after a block written, at most
    uint64_t init_ns = 3000000;   // until ACMD41 says ready, at most
    uint64_t output_ns = 14;      // from the falling edge, with the board
};

class Card {
  public:
    Card(const Kind& kind, uint64_t seed) : kind(kind), random_(seed) {}

    Kind kind;
    Faults faults;
    Latency latency;
    std::vector<std::string> violations;   // of the host
    std::map<uint64_t, std::vector<uint8_t>> written;  // blocks as they were accepted
    unsigned commands[64] = {};
    uint64_t blocks_out = 0, blocks_in = 0, clocks = 0;
    uint64_t fastest_init_ns = ~0ull, fastest_ns = ~0ull;
    bool inserted() const { return inserted_; }
    bool ready() const { return state_ != State::Off && !idle_; }

    // What a sector that was never written holds.
    static uint8_t pristine(uint64_t sector, unsigned k) {
        return static_cast<uint8_t>((sector * 0x9E3779B97F4A7C15ull >> (8 * (k % 5))) + 37 * k + (k >> 5) * sector);
    }
    uint8_t byte(uint64_t sector, unsigned k) const {
        const auto it = written.find(sector);
        return it == written.end() ? pristine(sector, k) : it->second[k];
    }

    // `told`: the host knows from the switch, and must give the card its time.
    void insert(bool told = true) {
        inserted_ = true;
        fresh_ = true;
        told_ = told;
        power_off();
    }
    void remove() {
        inserted_ = false;
        power_off();
    }

    // The host was reset, or gave up in the middle: until CMD0 what it sends may mean nothing.
    void stray() { strayed_ = true; }

    // The pins from time `t` on.
    void pins(uint64_t t, bool cs_n, bool clk, bool mosi) {
        now_ = t;
        if (!inserted_) return;
        if (fresh_) {
            // What it finds in the socket.
            fresh_ = false;
            cs_n_ = cs_n;
            clk_ = clk;
        }
        if (cs_n != cs_n_) {
            if ((clk || clk_) && !strayed_) violate("chip select changes with the clock high");
            cs_n_ = cs_n;
            bits_ = 0;
            length_ = 0;
            drive(true);
            if (cs_n) out_.clear();
        }
        if (clk && !clk_) rise(t, mosi);
        if (!clk && clk_ && !cs_n_) fall();
        clk_ = clk;
    }
    bool miso(uint64_t t) const {
        if (!inserted_ || cs_n_) return true;
        return t >= changed_ + latency.output_ns ? level_ : was_;
    }

  private:
    enum class State { Off, Command, Sending, SendingMany, Token, Receiving };

    std::mt19937_64 random_;
    bool inserted_ = false, fresh_ = true, told_ = true;
    bool cs_n_ = true, clk_ = false, level_ = true, was_ = true;
    uint64_t now_ = 0, changed_ = 0, last_rise_ = 0;
    unsigned bits_ = 0;
    uint8_t in_ = 0, current_ = 0xFF;
    std::deque<uint8_t> out_;
    State state_ = State::Off;
    unsigned wake_clocks_ = 0;
    bool idle_ = true, crc_on_ = false, app_ = false, knows_v2_ = false, out_of_range_ = false;
    uint8_t status_ = 0;  // second byte of R2
    uint32_t block_len_ = 0;
    uint64_t ready_at_ = 0, busy_until_ = 0, data_at_ = 0;
    bool busy_ = false;
    unsigned length_ = 0;
    uint8_t command_[6] = {};
    uint64_t sector_ = 0;
    bool many_ = false;
    unsigned since_ready_ = 0;  // bytes before a token
    std::vector<uint8_t> block_;
    bool between_ = false;   // two blocks of CMD18
    bool strayed_ = false;
    uint64_t power_at_ = 0;

    uint32_t below(uint64_t limit) { return limit == 0 ? 0 : static_cast<uint32_t>(random_() % limit); }
    void violate(const std::string& what) {
        if (violations.size() < 20) violations.push_back(what);
    }
    static bool count(int& fault) {
        if (fault == 0) return false;
        if (fault > 0) fault--;
        return true;
    }
    // Of faults in data blocks.
    bool count_block(int& fault) {
        if (fault == 0) return false;
        if (faults.skip > 0) {
            faults.skip--;
            return false;
        }
        return count(fault);
    }
    void power_off() {
        state_ = State::Off;
        idle_ = true;
        cs_n_ = true;
        clk_ = false;
        level_ = was_ = true;
        wake_clocks_ = bits_ = length_ = 0;
        out_.clear();
        busy_ = false;
        last_rise_ = 0;
        status_ = 0;
        ready_at_ = 0;
        power_at_ = now_;
        strayed_ = between_ = false;
        crc_on_ = app_ = knows_v2_ = false;
    }
    void drive(bool level) {
        was_ = miso(now_);
        level_ = level;
        changed_ = now_;
    }

    void rise(uint64_t t, bool mosi) {
        clocks++;
        if (told_ && t < power_at_ + 1000000) violate("a clock in the first millisecond");
        if (last_rise_ != 0) {
            const uint64_t period = t - last_rise_;
            if (idle_) {
                if (period < fastest_init_ns) fastest_init_ns = period;
                if (period < 2500) violate("above 400 kHz before initialisation is over");
            } else {
                if (period < fastest_ns) fastest_ns = period;
                if (period < 40) violate("above 25 MHz");
            }
        }
        last_rise_ = t;
        if (cs_n_) {
            if (mosi) wake_clocks_++;
            return;
        }
        in_ = static_cast<uint8_t>((in_ << 1) | mosi);
        if (++bits_ == 8) {
            bits_ = 0;
            byte_in(in_);
            if (faults.remove_after > 0 && --faults.remove_after == 0) remove();
        }
    }
    void fall() {
        if (bits_ == 0) current_ = next_out();
        drive((current_ >> (7 - bits_)) & 1);
    }
    // The byte that goes out while the next comes in.
    uint8_t next_out() {
        if (out_.empty()) {
            if (busy_) {
                if (now_ < busy_until_ || faults.busy_forever) return 0x00;
                busy_ = false;
                since_ready_ = 0;
                return static_cast<uint8_t>((1u << below(8)) - 1);  // it ends anywhere in a byte
            }
            if (between_) {
                between_ = false;
                data_at_ = now_ + below(latency.access_ns / 4 + 1);
            }
            if ((state_ == State::Sending || state_ == State::SendingMany) && now_ >= data_at_ && !faults.no_data) send();
        }
        if (out_.empty()) return 0xFF;
        const uint8_t b = out_.front();
        out_.pop_front();
        return b;
    }
    void send_block(const std::vector<uint8_t>& data, int& fault, bool good_crc = true) {
        out_.push_back(0xFE);
        std::vector<uint8_t> wire = data;
        const uint16_t crc = static_cast<uint16_t>(crc16(data.data(), data.size()) ^ (good_crc ? 0 : 0x5A5A));
        wire.push_back(static_cast<uint8_t>(crc >> 8));
        wire.push_back(static_cast<uint8_t>(crc));
        if (count_block(fault)) {
            const uint32_t bit = below(8 * (data.size() == 512 ? wire.size() : data.size()));
            wire[bit / 8] = static_cast<uint8_t>(wire[bit / 8] ^ (1u << (bit % 8)));
        }
        out_.insert(out_.end(), wire.begin(), wire.end());
    }
    // After an error token: CMD12 is still to come if CMD18 was.
    void end_of_data() {
        if (state_ == State::Sending) state_ = State::Command;
        data_at_ = ~0ull;
    }
    void send() {
        if (sector_ >= kind.sectors()) {
            out_of_range_ = true;
            status_ |= 0x80;
            out_.push_back(0x08);
            end_of_data();
            return;
        }
        if (count_block(faults.error_token)) {
            out_.push_back(static_cast<uint8_t>(1u << below(4)));
            end_of_data();
            return;
        }
        std::vector<uint8_t> data(512);
        for (unsigned k = 0; k < 512; k++) data[k] = byte(sector_, k);
        if (count_block(faults.wrong_token)) {
            out_.push_back(0xFC);
            out_.insert(out_.end(), 40, 0xFF);
        } else {
            send_block(data, faults.corrupt_read);
        }
        blocks_out++;
        sector_++;
        if (state_ == State::Sending) state_ = State::Command;
        between_ = true;
    }

    void answer(uint8_t r1, std::initializer_list<uint8_t> more = {}) {
        for (uint32_t i = below(latency.ncr + 1); i > 0; i--) out_.push_back(0xFF);
        out_.push_back(r1);
        out_.insert(out_.end(), more);
    }
    void set_busy() {
        busy_ = true;
        busy_until_ = now_ + below(latency.busy_ns + 1);
    }

    void byte_in(uint8_t b) {
        if (state_ == State::Token) {
            if (!busy_) token(b);
            return;
        }
        if (state_ == State::Receiving) {
            block_.push_back(b);
            if (block_.size() == 514) received();
            return;
        }
        if (length_ == 0 && (b & 0xC0) != 0x40) {
            if (b != 0xFF && b != 0xFD && !strayed_ && state_ != State::Off) violate("neither command nor data");
            return;
        }
        command_[length_++] = b;
        if (length_ == 6) {
            length_ = 0;
            command();
        }
    }
    void token(uint8_t b) {
        since_ready_++;
        if (many_ && b == 0xFD) {
            state_ = State::Command;
            out_.push_back(0xFF);
            set_busy();
        } else if (b == (many_ ? 0xFC : 0xFE)) {
            if (since_ready_ < 2) violate("no byte before a data block");
            state_ = State::Receiving;
            block_.clear();
        } else if (b != 0xFF && !strayed_) {
            violate("no token");
        }
    }
    void received() {
        const bool flip = count_block(faults.corrupt_write);
        if (flip) {
            const uint32_t bit = below(8 * 514);
            block_[bit / 8] = static_cast<uint8_t>(block_[bit / 8] ^ (1u << (bit % 8)));
        }
        state_ = many_ ? State::Token : State::Command;
        const uint8_t high = static_cast<uint8_t>(below(8) << 5);
        if (crc16(block_.data(), 512) != ((block_[512] << 8) | block_[513])) {
            if (!flip && !strayed_) violate("wrong CRC of a data block");
            if (crc_on_) {
                out_.push_back(high | 0x0B);
                set_busy();
                return;
            }
        }
        if (kind.tmp_write_protect || kind.perm_write_protect || sector_ >= kind.sectors() ||
            count_block(faults.refuse_write)) {
            status_ |= kind.tmp_write_protect || kind.perm_write_protect ? 0x20 : 0x04;
            out_.push_back(high | 0x0D);
            set_busy();
            return;
        }
        out_.push_back(high | 0x05);
        if (count_block(faults.program_error)) {
            status_ |= 0x04;
        } else {
            block_.resize(512);
            written[sector_] = block_;
        }
        blocks_in++;
        sector_++;
        set_busy();
    }

    void command() {
        const unsigned index = command_[0] & 0x3F;
        const bool flip = index != 0 && count(faults.corrupt_command);
        if (flip) command_[1 + below(5)] ^= static_cast<uint8_t>(2u << below(7));
        const uint32_t arg = (uint32_t{command_[1]} << 24) | (command_[2] << 16) | (command_[3] << 8) | command_[4];
        const bool good = command_[5] == ((crc7(command_, 5) << 1) | 1);
        if (!good && !flip && !strayed_ && state_ != State::Off) violate("wrong CRC of a command");
        if (state_ == State::Off) {
            // In SD mode until a CMD0 with chip select low.
            if (index == 0 && good && wake_clocks_ < 74 && told_) violate("CMD0 before 74 clocks");
            if (index != 0 || !good || wake_clocks_ < 74 || faults.mute) return;
        }
        if (busy_ && index != 0) {
            violate("command while busy");
            return;
        }
        if (faults.mute) return;
        commands[index]++;
        const bool sending = state_ == State::Sending || state_ == State::SendingMany || !out_.empty();
        if (sending && index != 0 && index != 12) {
            violate("command while data comes");
            return;
        }
        const bool app = app_;
        app_ = false;
        const uint8_t base = idle_ ? 0x01 : 0x00;
        if (!good && (crc_on_ || index == 0 || index == 8)) {
            if (index == 12) {
                // Data goes on.
                out_.clear();
                out_.push_back(0xFF);
            }
            answer(base | 0x08);
            return;
        }
        if (index == 0) {
            state_ = State::Command;
            out_.clear();
            busy_ = false;
            idle_ = true;
            crc_on_ = knows_v2_ = false;
            ready_at_ = 0;
            status_ = 0;
            strayed_ = false;
            last_rise_ = 0;
            block_len_ = kind.high_capacity ? 512 : 1u << kind.read_bl_len;
            answer(0x01);
            return;
        }
        const bool early = index == 8 || index == 41 || index == 55 || index == 58 || index == 59;
        bool legal = idle_ ? early : true;
        if (index == 8 && kind.v1) legal = false;
        if (index == 41 && !app) legal = false;
        if (index == 12 && state_ != State::SendingMany) legal = false;
        if (!legal) {
            answer(base | 0x04);
            return;
        }
        const bool transfer = index == 17 || index == 18 || index == 24 || index == 25;
        if (transfer) {
            sector_ = kind.high_capacity ? arg : arg / 512;
            uint8_t error = 0;
            if (!kind.high_capacity && arg % 512 != 0) error = 0x20;
            else if (sector_ >= kind.sectors()) error = 0x40;
            if (block_len_ != 512) violate("transfer without CMD16");
            if (!crc_on_) violate("transfer without CMD59");
            if (error != 0) {
                violate("transfer to no address");
                answer(error);
                return;
            }
        }
        switch (index) {
            case 8:
                knows_v2_ = true;
                answer(0x01, {0, 0, static_cast<uint8_t>((arg >> 8) & 0xF), static_cast<uint8_t>(arg)});
                break;
            case 9:
                if (idle_) violate("CMD9 in idle state");
                answer(0);
                for (uint32_t i = below(20); i > 0; i--) out_.push_back(0xFF);
                send_block(kind.csd(), faults.corrupt_csd, kind.good_csd_crc16);
                break;
            case 12:
                state_ = State::Command;
                out_.clear();
                out_.push_back(static_cast<uint8_t>(random_()));  // means nothing
                answer(out_of_range_ ? 0x40 : 0x00);
                out_of_range_ = false;
                set_busy();
                break;
            case 13:
                answer(0, {status_});
                status_ = 0;
                break;
            case 16:
                block_len_ = arg;
                answer(arg == 512 ? 0x00 : 0x40);
                break;
            case 17:
            case 18:
                answer(0);
                state_ = index == 17 ? State::Sending : State::SendingMany;
                between_ = false;
                data_at_ = now_ + below(latency.access_ns + 1);
                break;
            case 24:
            case 25:
                answer(0);
                many_ = index == 25;
                since_ready_ = 0;
                state_ = State::Token;
                break;
            case 41: {
                // A card of high capacity is ready only for a host that knows such.
                const bool suits = !kind.high_capacity || (knows_v2_ && ((arg >> 30) & 1));
                if (ready_at_ == 0) ready_at_ = now_ + 1 + below(latency.init_ns);
                if (idle_ && suits && !faults.never_ready && now_ >= ready_at_) {
                    idle_ = false;
                    last_rise_ = 0;
                }
                answer(idle_ ? 0x01 : 0x00);
                break;
            }
            case 55:
                app_ = true;
                answer(base);
                break;
            case 58:
                answer(base, {static_cast<uint8_t>(idle_ ? 0x00 : kind.high_capacity ? 0xC0 : 0x80), 0xFF, 0x80, 0x00});
                break;
            case 59:
                crc_on_ = arg & 1;
                answer(base);
                break;
            default: answer(base | 0x04); break;
        }
    }
};

}  // namespace sd
