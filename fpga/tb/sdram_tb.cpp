// SDRAM controller against a model of the chip that checks every rule of its data sheet, and a reference memory: random
// and hostile traffic on all channels, answers in order, turns, refresh; measures latency and throughput.
// Arguments: channels, clock in kHz, phase of the SDRAM's clock in percent of a cycle (100: the same clock), scale of
// the run, and `long` for 8192 refreshes and more.
#include <algorithm>
#include <memory>

#include "Vcovert_sdram.h"
#include "bench.hpp"
#include "sdram_chip.hpp"

namespace {

using sdram::kNs;
using sdram::Ps;

constexpr unsigned kColumnBits = 9, kRowBits = 13;
constexpr uint32_t kBytes = 32u << 20;
constexpr uint32_t kRowBytes = 2u << kColumnBits;
constexpr size_t kMaxOutstanding = 16;

struct Op {
    uint32_t addr;
    bool we;
    uint32_t wdata;
    uint32_t wstrb;
    bool more;
    unsigned gap;  // cycles before it is offered
};

struct Expected {
    uint32_t data;
    uint32_t mask;  // bits that were ever written; 0 for a write
    uint64_t accepted;
};

struct Channel {
    std::deque<Op> todo;
    std::deque<Expected> owed;
    uint64_t offered = 0;  // since when the first of todo stands, 0: not yet
    uint64_t longest = 0;  // wait for an acceptance
    uint64_t words = 0;    // answered
    uint64_t first = 0, last = 0;  // cycles of answers
    uint32_t run = 0;      // where a DMA engine is
};

enum class Traffic { None, Lines, Mixed, Hostile, Liars, Reads, Writes, Both, Scattered };

class Bench {
  public:
    Bench(unsigned channels, unsigned khz, unsigned phase, uint64_t seed)
        : period_(1000000000 / khz), phase_(period_ * phase / 100), random_(seed), channels_(channels),
          chip_(sdram::Times(), period_, kColumnBits, kRowBits, seed), words_(kBytes / 4), written_(kBytes / 4) {
        top_ = std::make_unique<Vcovert_sdram>();
        for (unsigned i = 0; i < channels; i++) channels_[i].run = kBytes / channels / kRowBytes * kRowBytes * i;
    }
    ~Bench() { top_->final(); }

    // What was under way is forgotten, and so is what memory holds.
    void reset(unsigned cycles) {
        in_reset_ = true;
        for (Channel& c : channels_) {
            c.todo.clear();
            c.owed.clear();
            c.offered = 0;
        }
        std::fill(written_.begin(), written_.end(), 0);
        for (unsigned i = 0; i < cycles; i++) {
            cycle();
            if (!top_->sdram_cs_no || top_->sdram_dq_oe_o || top_->mem_rsp_valid_o) fail("not still in reset");
        }
        in_reset_ = false;
        chip_.power_cycle(now_ * period_);
    }
    // In the middle of traffic.
    void reset_under_way() {
        traffic_ = Traffic::Mixed;
        for (unsigned i = 0; i < 1000 && ok(); i++) cycle();
        reset(8);
    }

    // Runs traffic for some cycles, then until all is answered.
    void run(Traffic traffic, uint64_t cycles) {
        traffic_ = traffic;
        for (Channel& c : channels_) c.longest = c.words = c.first = c.last = 0;
        const uint64_t end = now_ + cycles;
        while (now_ < end && ok()) cycle();
        traffic_ = Traffic::None;
        drain();
    }
    void drain() {
        for (unsigned i = 0; i < 20000 && ok(); i++) {
            const auto done = [](const Channel& c) { return c.todo.empty() && c.owed.empty(); };
            if (std::all_of(channels_.begin(), channels_.end(), done)) return;
            cycle();
        }
        if (ok()) wrong_ = "requests that are never answered";
    }
    // One channel by itself: cycles from the first offer to the first answer and to the last.
    std::pair<uint64_t, uint64_t> measure(std::deque<Op> ops) {
        Channel& c = channels_[0];
        c.words = c.first = 0;
        c.todo = std::move(ops);
        const uint64_t begin = now_ + 1;
        drain();
        return {c.first - begin, c.last - begin};
    }
    void idle(uint64_t cycles) {
        for (uint64_t i = 0; i < cycles && ok(); i++) cycle();
    }
    // Until shortly behind a refresh: rows are closed, the next one is far.
    void behind_refresh() {
        const uint64_t before = chip_.refreshes();
        while (chip_.refreshes() == before && ok()) cycle();
        idle(20);
    }

    std::deque<Op> line(uint32_t addr, bool we, unsigned words = 8) {
        std::deque<Op> ops;
        for (unsigned k = 0; k < words; k++)
            ops.push_back({next(addr, k, words), we, random_.bits(), 15, k + 1 != words, 0});
        return ops;
    }

    bool ok() const { return wrong_.empty() && chip_.broken_rules().empty(); }
    std::string verdict() const {
        std::string text = wrong_;
        for (const std::string& rule : chip_.broken_rules()) text += (text.empty() ? "" : "; ") + rule;
        return text.empty() ? text : text + " (cycle " + std::to_string(now_) + ")";
    }
    uint64_t now() const { return now_; }
    const sdram::Chip& chip() const { return chip_; }
    const std::vector<Channel>& channels() const { return channels_; }
    Ps period() const { return period_; }
    uint64_t most_outstanding() const { return most_; }

  private:
    // Word k of a line from addr on; longer runs do not wrap.
    static uint32_t next(uint32_t addr, unsigned k, unsigned words) {
        return words > 8 ? addr + 4 * k : (addr & ~31u) | ((addr + 4 * k) & 31);
    }

    uint32_t random_address() {
        // Few places, so that reads meet writes; or anywhere, the ends of rows and of the memory among them.
        switch (random_.below(4)) {
            case 0: return random_.below(kBytes) & ~3u;
            case 1: return (random_.below(kBytes) | (kRowBytes - 32)) & ~3u;
            case 2: return (kBytes - 1 - random_.below(4096)) & ~3u;
            default: return (random_.below(4) * 4 * kRowBytes + random_.below(4) * kRowBytes + random_.below(64)) & ~3u;
        }
    }

    void refill(unsigned index) {
        Channel& c = channels_[index];
        std::deque<Op>& todo = c.todo;
        const bool we = random_.one_in(2);
        Traffic traffic = traffic_;
        if (traffic == Traffic::Both) traffic = we ? Traffic::Writes : Traffic::Reads;
        switch (traffic) {
            case Traffic::None: return;
            case Traffic::Reads:
            case Traffic::Writes:
                todo = line(c.run, traffic == Traffic::Writes);
                c.run = (c.run + 32) % kBytes;
                return;
            case Traffic::Scattered: todo = line(random_.below(kBytes) & ~3u, we); return;
            case Traffic::Lines: todo = line(random_address(), we); break;
            case Traffic::Hostile: {
                // Another row of the same bank each time, all channels in that bank.
                const uint32_t bank = random_.one_in(8) ? random_.below(4) : static_cast<uint32_t>(now_ >> 12) % 4;
                const uint32_t addr = random_.below(8) * 4 * kRowBytes + bank * kRowBytes + 4 * random_.below(16);
                if (random_.one_in(3)) todo = line(addr, we);
                else todo.push_back({addr, we, random_.bits(), random_.below(16), false, 0});
                break;
            }
            case Traffic::Liars:
                todo.push_back({random_address(), we, random_.bits(), random_.below(16), !random_.one_in(4),
                                random_.one_in(4) ? random_.below(5) : 0});
                break;
            default:
                switch (random_.below(4)) {
                    case 0: todo = line(random_address(), we); break;
                    case 1: todo = line(std::min(random_address(), kBytes - 512), we, 9 + random_.below(120)); break;
                    default: todo.push_back({random_address(), we, random_.bits(), random_.below(16), false, 0}); break;
                }
                if (random_.one_in(3)) {
                    for (Op& op : todo) op.gap = random_.one_in(4) ? random_.below(6) : 0;
                }
                if (we && random_.one_in(2)) {
                    for (Op& op : todo) op.wstrb = random_.below(16);
                }
                break;
        }
        if (random_.one_in(3)) todo.front().gap = random_.below(random_.one_in(8) ? 200 : 12);
    }

    void offer(unsigned index) {
        Channel& c = channels_[index];
        if (c.todo.empty()) refill(index);
        bool valid = !in_reset_ && !c.todo.empty() && c.owed.size() < kMaxOutstanding;
        if (valid && c.offered == 0 && c.todo.front().gap != 0) {
            c.todo.front().gap--;
            valid = false;
        }
        // A gate in quarantine takes a request back.
        if (valid && c.offered != 0 && traffic_ == Traffic::Liars && random_.one_in(16)) {
            c.offered = 0;
            c.todo.pop_front();
            valid = false;
        }
        if (valid && c.offered == 0) c.offered = now_;
        const Op noise{random_.bits() % kBytes, random_.one_in(2), 0, random_.below(16), random_.one_in(2), 0};
        const Op op = valid ? c.todo.front() : noise;
        const uint32_t bit = 1u << index;
        top_->mem_req_valid_i = static_cast<uint8_t>((top_->mem_req_valid_i & ~bit) | (valid ? bit : 0));
        top_->mem_req_we_i = static_cast<uint8_t>((top_->mem_req_we_i & ~bit) | (op.we ? bit : 0));
        top_->mem_req_more_i = static_cast<uint8_t>((top_->mem_req_more_i & ~bit) | (op.more ? bit : 0));
        // Bits above the memory's size are somebody else's.
        bench::set_word(top_->mem_req_addr_i, index, op.addr | (random_.below(128) << 25));
        bench::set_word(top_->mem_req_wdata_i, index, op.wdata);
        top_->mem_req_wstrb_i = (top_->mem_req_wstrb_i & ~(15u << (4 * index))) | (op.wstrb << (4 * index));
    }

    void accept(unsigned index) {
        Channel& c = channels_[index];
        const Op op = c.todo.front();
        uint32_t& word = words_[op.addr / 4];
        uint32_t& written = written_[op.addr / 4];
        Expected expected{word, written, now_};
        if (op.we) {
            uint32_t mask = 0;
            for (unsigned k = 0; k < 4; k++) {
                if (op.wstrb >> k & 1) mask |= 0xFFu << (8 * k);
            }
            word = (word & ~mask) | (op.wdata & mask);
            written |= mask;
            expected.mask = 0;
        }
        c.owed.push_back(expected);
        c.longest = std::max(c.longest, now_ - c.offered);
        c.offered = 0;
        c.todo.pop_front();
        most_ = std::max<uint64_t>(most_, c.owed.size());
    }

    void answer(unsigned index) {
        Channel& c = channels_[index];
        if (c.owed.empty()) {
            fail("answer to nothing");
            return;
        }
        const Expected expected = c.owed.front();
        c.owed.pop_front();
        if ((bench::word(top_->mem_rsp_data_o, index) ^ expected.data) & expected.mask) fail("wrong data");
        if (c.words++ == 0) c.first = now_;
        c.last = now_;
    }

    void fail(const char* what) {
        if (wrong_.empty()) wrong_ = what;
    }

    void cycle() {
        now_++;
        const Ps time = now_ * period_;
        top_->rst_ni = !in_reset_;
        top_->sdram_dq_i = chip_.bus(time);
        const unsigned count = static_cast<unsigned>(channels_.size());
        for (unsigned i = 0; i < count; i++) offer(i);
        top_->clk_i = 0;
        top_->eval();
        if (!in_reset_) {
            for (unsigned i = 0; i < count; i++) {
                if (top_->mem_req_valid_i & top_->mem_req_ready_o & (1u << i)) accept(i);
            }
            for (unsigned i = 0; i < count; i++) {
                if (top_->mem_rsp_valid_o >> i & 1) answer(i);
            }
        }
        top_->clk_i = 1;
        top_->eval();
        if (in_reset_) return;
        if (top_->sdram_dq_oe_o) chip_.controller_drives(time, time + period_);
        chip_.edge(time + phase_,
                   {top_->sdram_cke_o != 0, top_->sdram_cs_no != 0, top_->sdram_ras_no != 0, top_->sdram_cas_no != 0,
                    top_->sdram_we_no != 0, top_->sdram_ba_o, top_->sdram_a_o, top_->sdram_dqm_o,
                    top_->sdram_dq_oe_o != 0, top_->sdram_dq_o});
    }

    const Ps period_, phase_;
    bench::Random random_;
    std::vector<Channel> channels_;
    sdram::Chip chip_;
    std::vector<uint32_t> words_, written_;
    std::unique_ptr<Vcovert_sdram> top_;
    std::string wrong_;
    uint64_t now_ = 0, most_ = 0;
    bool in_reset_ = false;
    Traffic traffic_ = Traffic::None;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    const auto channels = static_cast<unsigned>(std::atoi(argv[1]));
    const auto khz = static_cast<unsigned>(std::atoi(argv[2]));
    const auto phase = static_cast<unsigned>(std::atoi(argv[3]));
    const auto scale = static_cast<unsigned>(std::atoi(argv[4]));
    const bool all_rows = argc > 5 && std::string(argv[5]) == "long";

    bench::Verdict verdict;
    Bench b(channels, khz, phase, khz + channels);
    const auto clocks = [&](Ps ps) { return (ps + b.period() - 1) / b.period(); };
    const sdram::Times t;
    // A word with a row conflict behind a write, at worst; what a refresh takes; a turn of a line, gaps in it included.
    const uint64_t row = 2 + clocks(t.wr) + std::max(clocks(t.rc), clocks(t.ras) + clocks(t.rp)) + clocks(t.rcd) + 5;
    const uint64_t refresh = row + clocks(t.rfc);
    const uint64_t turn = row + 8 * 4;
    const auto bound = [&](uint64_t one) { return (channels - 1) * one + 4 * row + 2 * refresh; };
    const auto longest = [&]() {
        uint64_t most = 0;
        for (const Channel& c : b.channels()) most = std::max(most, c.longest);
        return most;
    };
    const auto stretch = [&](const char* name, Traffic traffic, uint64_t cycles, uint64_t limit) {
        if (!b.ok()) return;
        b.run(traffic, cycles);
        verdict.check(b.ok(), std::string(name) + ": " + b.verdict());
        if (limit == 0 || !b.ok()) return;
        std::printf("  %s: longest wait for an acceptance %llu cycles, bound %llu\n", name,
                    static_cast<unsigned long long>(longest()), static_cast<unsigned long long>(limit));
        verdict.check(longest() <= limit, std::string(name) + ": a channel waits too long");
    };
    const auto rate = [&](const char* name, Traffic traffic, double wanted) {
        if (!b.ok()) return;
        const uint64_t begin = b.now();
        b.run(traffic, 20000);
        uint64_t words = 0, least = ~uint64_t{0};
        for (const Channel& c : b.channels()) words += c.words, least = std::min(least, c.words);
        const double value = static_cast<double>(words) / static_cast<double>(b.now() - begin);
        std::printf("  %s: %.3f words a cycle\n", name, value);
        verdict.check(b.ok(), std::string(name) + ": " + b.verdict());
        verdict.check(value > wanted, std::string(name) + ": throughput");
        // Turns of the same length: nobody gets much less than its share.
        verdict.check(least * channels * 10 >= words * 9, std::string(name) + ": shares");
    };

    std::printf("  %u channels, %u kHz, phase %u %%\n", channels, khz, phase);
    b.reset(8);
    // Requests wait for it.
    stretch("initialisation", Traffic::Lines, clocks(t.power_up) + 1000, 0);
    stretch("lines", Traffic::Lines, 40000 * scale, bound(row + 8 * 2));
    stretch("mixed", Traffic::Mixed, 80000 * scale, bound(turn));
    stretch("row conflicts", Traffic::Hostile, 40000 * scale, bound(turn));
    stretch("false hints, withdrawals", Traffic::Liars, 40000 * scale, bound(8 * row + 16) + refresh);

    if (b.ok()) {
        // The turn was this channel's last: otherwise each takes a cycle more.
        b.measure(b.line(0, false));
        b.behind_refresh();
        const auto closed = b.measure(b.line(0x123400, false));
        const auto open = b.measure(b.line(0x123440, false));
        const auto conflict = b.measure(b.line(0x133400, false));
        const auto write = b.measure(b.line(0x133440, true));
        const auto single = b.measure(b.line(0x133480, false, 1));
        using Long = unsigned long long;
        std::printf("  line read from idle, cycles to the first and last answer: row closed %llu %llu, open %llu %llu, "
                    "other row open %llu %llu; line written %llu; word read, row open %llu\n",
                    Long{closed.first}, Long{closed.second}, Long{open.first}, Long{open.second}, Long{conflict.first},
                    Long{conflict.second}, Long{write.second}, Long{single.first});
        verdict.check(b.ok(), "latency: " + b.verdict());
        verdict.check(open.second - open.first == 14 && closed.second - closed.first == 14,
                      "a line is a word each two cycles");
        b.behind_refresh();
        const auto stream = b.measure(b.line(0, false, 256));
        b.behind_refresh();
        const auto streamed = b.measure(b.line(0, true, 256));
        std::printf("  256 words in a row: read in %llu cycles, written in %llu\n", Long{stream.second},
                    Long{streamed.second});
        verdict.check(b.ok() && stream.second < 550 && streamed.second < 550,
                      "a stream is a word each two cycles: " + b.verdict());
    }
    // Lines in a row on each channel.
    rate("all channels read lines", Traffic::Reads, 0.35);
    rate("all channels write lines", Traffic::Writes, 0.35);
    rate("all channels read and write lines", Traffic::Both, 0.35);
    rate("the same, each line anywhere", Traffic::Scattered, 0.35);
    verdict.check(!b.ok() || b.most_outstanding() > 2, "several requests were outstanding on a channel");

    // Refreshes over a long idle and a long busy stretch: as many as the data sheet wants, and hardly more.
    for (const Traffic traffic : {Traffic::None, Traffic::Hostile}) {
        if (!b.ok()) break;
        const uint64_t rows = all_rows ? t.rows + 100 : 400;
        const Ps interval = t.refresh / t.rows;
        const uint64_t cycles = clocks(rows * interval), before = b.chip().refreshes(), begin = b.now();
        b.run(traffic, cycles);
        const uint64_t count = b.chip().refreshes() - before;
        const uint64_t least = (b.now() - begin) * b.period() / interval;
        const char* name = traffic == Traffic::None ? "idle" : "busy";
        std::printf("  %s: %llu refreshes, %llu wanted\n", name, (unsigned long long)count, (unsigned long long)least);
        verdict.check(b.ok(), std::string(name) + ": " + b.verdict());
        verdict.check(count + 1 >= least && count <= least + least / 100 + 1,
                      std::string(name) + ": number of refreshes");
    }
    verdict.check(!b.ok() || b.chip().activates() > 5000, "rows were opened");

    if (b.ok()) {
        b.reset_under_way();
        stretch("reset in the middle of traffic", Traffic::Mixed, clocks(t.power_up) + 10000, 0);
    }
    return verdict.report();
}
