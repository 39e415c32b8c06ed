// The top of the ULX3S as a whole: SDRAM chip with its rules, SD card with an image, a terminal on the serial line.
// Usage: bench MHZ BIT CARD SCRIPT. MHZ: the board's clock, which divides 1000. BIT: cycles of a bit on the serial line. CARD: the
// card's image, written back at the end if the board wrote to it; - for no card.
// Lines of the script, carried out in turn; TEXT goes to the end of the line, with \n, \r and \\:
//   limit MS        simulated milliseconds that a line below may take
//   expect TEXT     what the terminal shows behind what was expected last
//   absent TEXT     the terminal has not shown it
//   send TEXT
//   inject TRBB     an order to the fault injector: tile, register, bit
//   load FILE       send a file
//   press N MS      button N (1 to 6) for that time
//   hold N, release N
//   reset           the power button
//   led N VALUE     a light, now
//   wait MS
// `#` begins a comment. The terminal's text goes to stdout.
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "Vulx3s.h"
#include "bench.hpp"
#include "sd_card.hpp"
#include "sdram_chip.hpp"

namespace {

constexpr size_t kSector = 512;

std::string unescape(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
    return out;
}

class Board {
  public:
    Board(unsigned mhz, unsigned bit, const std::string& card_file)
        : bit_(bit), period_ns_(1000 / mhz), sdram_(sdram::Times(), period_ns_ * sdram::kNs, 9, 13, 1), card_(kind(), 7),
          card_file_(card_file) {
        top_ = std::make_unique<Vulx3s>();
        top_->btn_pwr_ni = 1;
        if (card_file != "-") {
            std::ifstream file(card_file, std::ios::binary);
            if (!file) {
                std::fprintf(stderr, "cannot read %s\n", card_file.c_str());
                std::exit(2);
            }
            std::vector<char> sector(kSector);
            for (uint64_t number = 0;; number++) {
                std::fill(sector.begin(), sector.end(), 0);
                file.read(sector.data(), kSector);
                if (file.gcount() == 0) break;
                card_.written[number].assign(sector.begin(), sector.end());
                sectors_ = number + 1;
            }
            // 14 ns from the clock's edge at the pads.
            card_.insert(false);
        }
    }
    ~Board() { top_->final(); }

    void cycle() {
        now_++;
        const uint64_t ns = now_ * period_ns_;
        const sdram::Ps ps = ns * sdram::kNs;
        top_->sdram_dq_io = sdram_.bus(ps);
        top_->sd_dat0_i = card_.miso(ns);
        top_->ftdi_txd_i = serial_in();
        top_->clk_25mhz_i = 0;
        top_->eval();
        top_->clk_25mhz_i = 1;
        top_->eval();
        const bool drives = top_->sdram_dq_io__en != 0;
        if (drives && top_->sdram_dq_io__en != 0xFFFF) wrong("half of the bus is driven");
        if (drives) sdram_.controller_drives(ps, ps + period_ns_ * sdram::kNs);
        sdram_.edge(ps + period_ns_ * sdram::kNs / 2,
                    {top_->sdram_cke_o != 0, top_->sdram_cs_no != 0, top_->sdram_ras_no != 0, top_->sdram_cas_no != 0,
                     top_->sdram_we_no != 0, top_->sdram_ba_o, top_->sdram_a_o, top_->sdram_dqm_o, drives,
                     top_->sdram_dq_io__out});
        card_.pins(ns, top_->sd_dat3_o, top_->sd_clk_o, top_->sd_cmd_o);
        serial_out();
    }

    void run(uint64_t cycles) {
        while (cycles-- > 0) cycle();
    }

    // Whether the terminal shows a text behind the last one found, within so many cycles.
    bool expect(const std::string& text, uint64_t cycles) {
        for (const uint64_t until = now_ + cycles;; cycle()) {
            if (const size_t at = terminal_.find(text, seen_); at != std::string::npos) {
                seen_ = at + text.size();
                return true;
            }
            if (now_ >= until) return false;
        }
    }

    void send(const std::string& bytes) { sending_ += bytes; }
    bool sent(uint64_t cycles) {
        for (const uint64_t until = now_ + cycles; !sending_.empty() && now_ < until;) cycle();
        return sending_.empty();
    }
    void button(unsigned number, bool down) {
        const unsigned bit = 1u << (number - 1);
        top_->btn_i = static_cast<uint8_t>(down ? top_->btn_i | bit : top_->btn_i & ~bit);
    }
    // The SDRAM keeps its power: what the controller does then is a second initialisation, which the chip's model takes as
    // a power cycle.
    void reset() {
        top_->btn_pwr_ni = 0;
        run(1000);
        top_->btn_pwr_ni = 1;
        sdram_.power_cycle(now_ * period_ns_ * sdram::kNs);
        card_.stray();
        seen_ = terminal_.size();
    }
    unsigned led(unsigned number) const { return top_->led_o >> number & 1; }
    const std::string& terminal() const { return terminal_; }
    uint64_t now() const { return now_; }

    void verdict(bench::Verdict& verdict) const {
        for (const std::string& rule : sdram_.broken_rules()) verdict.check(false, "SDRAM: " + rule);
        for (const std::string& what : card_.violations) verdict.check(false, "card: " + what);
        for (const std::string& what : wrong_) verdict.check(false, what);
        verdict.check(sdram_.refreshes() > 0, "the SDRAM is refreshed");
    }

    // The card as it is now.
    void keep() const {
        if (card_file_ == "-" || card_.blocks_in == 0) return;
        std::fstream file(card_file_, std::ios::binary | std::ios::in | std::ios::out);
        for (const auto& [sector, bytes] : card_.written) {
            if (sector >= sectors_) continue;
            file.seekp(static_cast<std::streamoff>(sector * kSector));
            file.write(reinterpret_cast<const char*>(bytes.data()), kSector);
        }
    }

  private:
    static sd::Kind kind() {
        sd::Kind kind;
        kind.c_size = 255;  // 128 MiB
        return kind;
    }

    void wrong(const std::string& what) {
        if (wrong_.size() < 5) wrong_.push_back(what);
    }

    bool serial_in() {
        if (in_left_ == 0 && !sending_.empty()) {
            in_bits_ = 0x200u | static_cast<unsigned>(static_cast<uint8_t>(sending_[0])) << 1;
            in_left_ = 10 * bit_;
            sending_.erase(0, 1);
        }
        if (in_left_ == 0) return true;
        const unsigned bit = (10 * bit_ - in_left_) / bit_;
        in_left_--;
        return in_bits_ >> bit & 1;
    }

    void serial_out() {
        const bool level = top_->ftdi_rxd_o;
        if (out_left_ == 0) {
            if (was_ && !level) out_left_ = 10 * bit_;
        } else {
            out_left_--;
            const unsigned done = 10 * bit_ - out_left_;
            if (done % bit_ == bit_ / 2) {
                const unsigned bit = done / bit_;
                if (bit == 0 && level) wrong("the start bit is short");
                if (bit >= 1 && bit <= 8) out_bits_ = out_bits_ >> 1 | (level ? 0x80u : 0u);
                if (bit == 9) {
                    if (!level) wrong("no stop bit");
                    show(static_cast<char>(out_bits_));
                    out_left_ = 0;
                }
            }
        }
        was_ = level;
    }

    void show(char c) {
        terminal_ += c;
        if (c != '\r') std::fputc(c, stdout);
        if (c == '\n') std::fflush(stdout);
    }

    const unsigned bit_;
    const uint64_t period_ns_;
    std::unique_ptr<Vulx3s> top_;
    sdram::Chip sdram_;
    sd::Card card_;
    std::string card_file_;
    uint64_t sectors_ = 0;
    uint64_t now_ = 0;
    std::string terminal_, sending_;
    size_t seen_ = 0;
    unsigned in_bits_ = 0, in_left_ = 0;
    unsigned out_bits_ = 0, out_left_ = 0;
    bool was_ = true;
    std::vector<std::string> wrong_;
};

}  // namespace

int main(int argc, char** argv) {
    const unsigned mhz = argc == 5 ? static_cast<unsigned>(std::atoi(argv[1])) : 0;
    const unsigned bit = argc == 5 ? static_cast<unsigned>(std::atoi(argv[2])) : 0;
    if (bit == 0 || mhz == 0 || 1000 % mhz != 0) {
        std::fprintf(stderr, "usage: bench MHZ BIT CARD|- SCRIPT\n");
        return 2;
    }
    std::ifstream script(argv[4]);
    if (!script) {
        std::fprintf(stderr, "cannot read %s\n", argv[4]);
        return 2;
    }
    Board board(mhz, bit, argv[3]);
    bench::Verdict verdict;
    const uint64_t cycles_of_ms = 1000 * mhz;
    uint64_t limit = 1000 * cycles_of_ms;
    const auto start = std::chrono::steady_clock::now();
    std::string line;
    bool going = true;
    while (going && std::getline(script, line)) {
        std::istringstream words(line);
        std::string what, text;
        if (!(words >> what) || what[0] == '#') continue;
        std::getline(words >> std::ws, text);
        const std::string escaped = text;
        text = unescape(text);
        std::istringstream numbers(text);
        uint64_t first = 0, second = 0;
        numbers >> first >> second;
        if (what == "limit") {
            limit = first * cycles_of_ms;
        } else if (what == "expect") {
            going = board.expect(text, limit);
            verdict.check(going, "expected: " + escaped);
        } else if (what == "absent") {
            verdict.check(board.terminal().find(text) == std::string::npos, "not expected: " + escaped);
        } else if (what == "send") {
            board.send(text);
        } else if (what == "inject") {
            board.send("\x1D" + text);
            going = board.sent(limit);
        } else if (what == "load") {
            std::ifstream file(text, std::ios::binary);
            std::ostringstream bytes;
            bytes << file.rdbuf();
            verdict.check(!bytes.str().empty(), "a file to send: " + text);
            board.send(bytes.str());
            going = board.sent(limit);
            verdict.check(going, "sent: " + text);
        } else if (what == "press") {
            board.button(static_cast<unsigned>(first), true);
            board.run(second * cycles_of_ms);
            board.button(static_cast<unsigned>(first), false);
        } else if (what == "hold" || what == "release") {
            board.button(static_cast<unsigned>(first), what == "hold");
        } else if (what == "reset") {
            board.reset();
        } else if (what == "led") {
            verdict.check(board.led(static_cast<unsigned>(first)) == second, "led " + text);
        } else if (what == "wait") {
            board.run(first * cycles_of_ms);
        } else {
            std::fprintf(stderr, "what is `%s`?\n", line.c_str());
            return 2;
        }
    }
    board.verdict(verdict);
    board.keep();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("\n  %.1f million cycles, %.2f million a second\n", static_cast<double>(board.now()) / 1e6,
                static_cast<double>(board.now()) / 1e6 / seconds);
    return verdict.report();
}
