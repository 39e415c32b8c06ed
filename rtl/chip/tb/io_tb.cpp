// I/O controller: registers as they are described, commands and frames with device models that answer after any time,
// commands that cannot be done, done and length flags against a model, a receive buffer that moves while a frame arrives.
#include <map>
#include <memory>

#include "Vcovert_io.h"
#include "bench.hpp"

namespace {

struct Bench {
    Vcovert_io top;
    bench::Random random;
    uint64_t now = 0;
    // The disk's side: a command under way, and when it ends.
    bool running = false;
    uint64_t ends = 0;
    bool fails = false;
    unsigned commands = 0;
    uint32_t op = 0, count = 0, addr = 0;
    uint64_t sector = 0;
    // The network's.
    bool sending = false;
    uint64_t taken = 0;
    std::vector<std::pair<uint32_t, uint32_t>> frames;  // offset and length of those sent
    std::vector<std::pair<uint32_t, bool>> posts;       // offset and tag
    bool deliver = false;                               // put a frame into the last posted buffer
    bool deliver_tag = false;
    uint32_t deliver_len = 0;
    std::deque<uint32_t> given;                         // random words handed over
    std::string wrong;
    unsigned quick = 1;                                 // devices answer after this many cycles at most

    explicit Bench(uint64_t seed) : random(seed) {
        top.rst_ni = 0;
        top.valid_i = top.we_i = 0;
        top.blk_capacity_i = 0;
        top.blk_read_only_i = top.net_present_i = 0;
        top.net_mac_i = 0;
        for (int i = 0; i < 4; i++) cycle();
        top.rst_ni = 1;
        cycle();
    }
    void cycle() {
        const bool live = top.rst_ni;
        top.blk_done_i = live && running && now >= ends;
        top.blk_failed_i = top.blk_done_i ? fails : random.one_in(2);
        if (top.blk_done_i) running = false;
        top.net_tx_taken_i = live && sending && now >= taken;
        if (top.net_tx_taken_i) sending = false;
        top.net_rx_done_i = live && deliver;
        top.net_rx_tag_i = deliver ? deliver_tag : random.one_in(2);
        top.net_rx_len_i = deliver ? deliver_len : random.bits();
        deliver = false;
        top.random_valid_i = live && random.one_in(3);
        top.random_data_i = random.bits();
        top.clk_i = 0;
        top.eval();
        if (live && top.random_valid_i && top.random_ready_o) given.push_back(top.random_data_i);
        top.clk_i = 1;
        top.eval();
        now++;
        if (!live) return;
        if (top.blk_start_o) {
            if (running) wrong = "a command while one runs";
            running = true;
            ends = now + random.below(quick);
            fails = random.one_in(4);
            commands++;
            op = top.blk_op_o;
            sector = top.blk_sector_o;
            count = top.blk_count_o;
            addr = top.blk_addr_o;
        } else if (running && (op != top.blk_op_o || sector != top.blk_sector_o || count != top.blk_count_o || addr != top.blk_addr_o)) {
            wrong = "the command's fields changed";
        }
        if (top.net_tx_start_o) {
            if (sending) wrong = "a frame while one is sent";
            sending = true;
            taken = now + random.below(quick);
            frames.push_back({top.net_tx_addr_o, top.net_tx_len_o});
        } else if (sending && frames.back() != std::pair<uint32_t, uint32_t>{top.net_tx_addr_o, top.net_tx_len_o}) {
            wrong = "the frame's fields changed";
        }
        if (top.net_rx_post_o) posts.push_back({top.net_rx_addr_o, static_cast<bool>(top.net_rx_tag_o)});
    }
    // The answer; -1 if there is none after 1000 cycles.
    int64_t access(bool we, uint32_t reg, uint32_t data) {
        top.valid_i = 1;
        top.we_i = we;
        top.addr_i = reg;
        top.wdata_i = we ? data : 0;
        for (int i = 0; i < 1000; i++) {
            top.clk_i = 0;
            top.eval();
            const bool ready = top.ready_o;
            const uint32_t data_out = top.rdata_o;
            cycle();
            if (ready) {
                top.valid_i = 0;
                return data_out;
            }
        }
        top.valid_i = 0;
        return -1;
    }
    void write(uint32_t reg, uint32_t data) {
        if (access(true, reg, data) < 0) wrong = "a write without an answer";
    }
    uint32_t read(uint32_t reg) {
        const int64_t data = access(false, reg, 0);
        if (data < 0) wrong = "a read without an answer";
        return static_cast<uint32_t>(data);
    }
    void idle(unsigned cycles) {
        for (unsigned i = 0; i < cycles; i++) cycle();
    }
    void disk(uint64_t sectors, bool read_only) {
        top.blk_capacity_i = sectors;
        top.blk_read_only_i = read_only;
        idle(2);
    }
    void command(uint64_t at, uint32_t sectors, uint32_t offset, uint32_t what) {
        write(IoRegBlkSectorLo, static_cast<uint32_t>(at));
        write(IoRegBlkSectorHi, static_cast<uint32_t>(at >> 32));
        write(IoRegBlkCount, sectors);
        write(IoRegBlkAddr, offset);
        write(IoRegBlkCmd, what);
    }
};

constexpr uint32_t kLast = RegionStride - IoSectorSize;  // offset of the last sector in the I/O region

void straps(bench::Verdict& verdict) {
    Bench b(1);
    verdict.check(b.read(IoRegBlkCapacityLo) == 0 && b.read(IoRegBlkCapacityHi) == 0 && b.read(IoRegBlkStatus) == 0 &&
                      b.read(IoRegNetMacHi) == 0 && b.read(IoRegNetRxLen) == 0, "nothing there, nothing done");
    b.disk(0x1234567890, true);
    b.top.net_present_i = 1;
    b.top.net_mac_i = 0x665544332211;
    b.idle(2);
    verdict.check(b.read(IoRegBlkCapacityLo) == 0x34567890 && b.read(IoRegBlkCapacityHi) == 0x12, "capacity");
    verdict.check(b.read(IoRegBlkStatus) == IoBlkReadOnly, "read-only");
    verdict.check(b.read(IoRegNetMacLo) == 0x44332211 && b.read(IoRegNetMacHi) == (IoNetPresent | 0x6655), "MAC address");
    for (const uint32_t reg : {IoRegBlkSectorLo, IoRegBlkSectorHi, IoRegBlkCount, IoRegBlkAddr, IoRegNetTxAddr}) {
        const uint32_t value = b.random.bits();
        b.write(reg, value);
        verdict.check(b.read(reg) == value, "register reads back");
    }
    verdict.check(b.read(0x24) == 0 && b.read(0x800) == 0 && b.wrong.empty(), "no register there");
}

// What can be done is done, with these fields; what cannot has failed and reached nothing.
void limits(bench::Verdict& verdict) {
    struct Case {
        const char* what;
        uint64_t sectors;
        bool read_only;
        uint64_t sector;
        uint32_t count, addr, cmd;
        bool good;
    };
    const uint64_t huge = ~uint64_t{0};
    const Case cases[] = {
        {"read", 100, false, 0, 1, 0, IoBlkRead, true},
        {"read, read-only", 100, true, 99, 1, kLast, IoBlkRead, true},
        {"write", 100, false, 0, 100, 4, IoBlkWrite, true},
        {"most sectors", huge, false, huge - 2048, 2048, 0, IoBlkWrite, true},
        {"flush", 100, false, 1000, 0, 3, IoBlkFlush, true},
        {"no disk", 0, false, 0, 1, 0, IoBlkRead, false},
        {"flush of no disk", 0, false, 0, 1, 0, IoBlkFlush, false},
        {"write, read-only", 100, true, 0, 1, 0, IoBlkWrite, false},
        {"behind the end", 100, false, 100, 1, 0, IoBlkRead, false},
        {"across the end", 100, false, 99, 2, 0, IoBlkRead, false},
        {"around 2^64", 100, false, huge, 2, 0, IoBlkRead, false},
        {"no sectors", 100, false, 0, 0, 0, IoBlkRead, false},
        {"too many sectors", huge, false, 0, 2049, 0, IoBlkRead, false},
        {"far too many sectors", huge, false, 0, 0x10000001, 0, IoBlkRead, false},
        {"not aligned", 100, false, 0, 1, 2, IoBlkRead, false},
        {"outside the region", 100, false, 0, 1, kLast + 4, IoBlkRead, false},
        {"address around 2^32", 100, false, 0, 1, 0xFFFFFFFC, IoBlkRead, false},
        {"command 0", 100, false, 0, 1, 0, 0, false},
        {"command 4", 100, false, 0, 1, 0, 4, false},
        {"command 0x101", 100, false, 0, 1, 0, 0x101, false},
    };
    for (const Case& c : cases) {
        Bench b(2);
        b.disk(c.sectors, c.read_only);
        b.command(c.sector, c.count, c.addr, c.cmd);
        b.idle(8);
        bool ok = b.commands == c.good;
        if (c.good) ok = ok && b.op == c.cmd && b.sector == c.sector && b.count == (c.count & 0xFFF) && b.addr == c.addr;
        const uint32_t status = b.read(IoRegBlkStatus) & ~IoBlkReadOnly;
        ok = ok && status == (IoBlkDone | (!c.good || b.fails ? IoBlkFailed : 0)) && b.wrong.empty();
        verdict.check(ok, c.what);
    }
}

void commands(bench::Verdict& verdict) {
    for (unsigned seed = 0; seed < 20; seed++) {
        Bench b(seed);
        b.quick = 1 + b.random.below(200);
        b.disk(1000, false);
        bool ok = true;
        unsigned given = 0, ignored = 0;
        for (unsigned i = 0; i < 40; i++) {
            const uint64_t sector = b.random.below(900);
            const uint32_t count = 1 + b.random.below(100), addr = 4 * b.random.below(1000);
            b.command(sector, count, addr, IoBlkRead);
            given++;
            ok = ok && b.commands == given && b.sector == sector && b.count == count && b.addr == addr;
            // The next command's fields may be written meanwhile; a command while busy is ignored.
            if (b.running && b.random.one_in(2)) {
                b.write(IoRegBlkSectorLo, 7);
                if (b.running && b.now + 3 < b.ends) {
                    b.write(IoRegBlkCmd, IoBlkWrite);
                    ignored++;
                }
            }
            uint32_t status = 0, polls = 0;
            while (!((status = b.read(IoRegBlkStatus)) & IoBlkDone) && polls++ < 1000) {
                ok = ok && status == IoBlkBusy;
            }
            // Seen once: reading clears done, and leaves failed.
            ok = ok && status == (IoBlkDone | (b.fails ? IoBlkFailed : 0)) && !b.top.blk_done_o;
            ok = ok && b.read(IoRegBlkStatus) == (b.fails ? IoBlkFailed : 0) && b.commands == given;
        }
        verdict.check(ok && b.wrong.empty() && (ignored > 0 || b.quick < 50), "seed " + std::to_string(seed) + ": commands " + b.wrong);
    }
    // An end in the cycle in which the status is read is not lost.
    for (unsigned delay = 0; delay < 12; delay++) {
        Bench b(delay);
        b.disk(10, false);
        b.quick = 1;
        b.command(0, 1, 0, IoBlkRead);
        b.ends = b.now + delay;
        unsigned done = 0;
        for (unsigned i = 0; i < 30; i++) done += (b.read(IoRegBlkStatus) & IoBlkDone) != 0;
        verdict.check(done == 1, "an end is told once");
    }
}

void network(bench::Verdict& verdict) {
    Bench b(5);
    b.quick = 60;
    b.write(IoRegNetTxAddr, 64);
    b.write(IoRegNetTx, 60);
    verdict.check(b.frames.empty() && b.wrong.empty(), "no network: answered, not sent");
    b.top.net_present_i = 1;
    b.idle(2);
    bool ok = true;
    for (unsigned i = 0; i < 50; i++) {
        const uint32_t addr = 4 * b.random.below(100000), len = IoNetFrameMin + b.random.below(IoNetFrameMax - IoNetFrameMin + 1);
        b.write(IoRegNetTxAddr, addr);
        b.write(IoRegNetTx, len);
        // Answered when it was taken, not before.
        ok = ok && b.frames.size() == i + 1 && b.frames.back() == std::pair<uint32_t, uint32_t>{addr, len} && !b.sending;
    }
    verdict.check(ok && b.wrong.empty(), "frames sent " + b.wrong);
    const uint32_t bad[][2] = {{0, 13}, {0, 1515}, {0, 0}, {0, 0x10000 + 60}, {2, 60}, {RegionStride - 56, 60}, {0xFFFFFFF0, 60}};
    const size_t before = b.frames.size();
    for (const auto& frame : bad) {
        b.write(IoRegNetTxAddr, frame[0]);
        b.write(IoRegNetTx, frame[1]);
    }
    b.write(IoRegNetTxAddr, RegionStride - 60);
    b.write(IoRegNetTx, 60);
    verdict.check(b.frames.size() == before + 1 && b.wrong.empty(), "what is no frame is not sent");

    ok = true;
    for (unsigned i = 0; i < 200; i++) {
        const uint32_t addr = 4 * b.random.below(100000), len = 14 + b.random.below(1501);
        const size_t count = b.posts.size();
        b.write(IoRegNetRxAddr, addr);
        ok = ok && b.posts.size() == count + 1 && b.posts.back().first == addr && b.read(IoRegNetRxLen) == 0 && !b.top.net_rx_o;
        ok = ok && (count == 0 || b.posts[count].second != b.posts[count - 1].second);
        if (b.random.one_in(3)) {
            // The buffer moves; the frame for the old one comes around then: before, at the same time, or after.
            const unsigned when = b.random.below(6);
            const bool old = b.posts.back().second;
            auto frame = [&] {
                b.deliver = true;
                b.deliver_tag = old;
                b.deliver_len = len;
            };
            if (when == 0) frame();
            if (when < 2) b.idle(1);
            if (when == 1) frame();
            if (when == 2) frame();
            b.write(IoRegNetRxAddr, addr + 4096);
            if (when >= 3) {
                b.idle(when - 3);
                frame();
            }
            b.idle(5);
            ok = ok && b.read(IoRegNetRxLen) == 0 && !b.top.net_rx_o;
        }
        b.deliver = true;
        b.deliver_tag = b.posts.back().second;
        b.deliver_len = len;
        b.idle(4);
        ok = ok && b.top.net_rx_o && b.read(IoRegNetRxLen) == len && b.read(IoRegNetRxLen) == len;
        // A second frame has no buffer to go to.
        b.deliver = true;
        b.deliver_len = len ^ 1;
        b.idle(4);
        ok = ok && b.read(IoRegNetRxLen) == len;
    }
    verdict.check(ok && b.wrong.empty(), "frames received " + b.wrong);
    const size_t count = b.posts.size();
    b.write(IoRegNetRxAddr, RegionStride - 2044);
    b.write(IoRegNetRxAddr, 2);
    verdict.check(b.posts.size() == count && b.read(IoRegNetRxLen) == 0, "no buffer outside the region");
    b.write(IoRegNetRxAddr, RegionStride - 2048);
    verdict.check(b.posts.size() == count + 1, "the last buffer in the region");
}

void random_words(bench::Verdict& verdict) {
    Bench b(6);
    bool ok = true;
    for (unsigned i = 0; i < 500; i++) {
        if (b.random.one_in(4)) b.idle(b.random.below(6));
        const uint32_t word = b.read(IoRegRandom);
        ok = ok && !b.given.empty() && b.given.front() == word;
        if (!b.given.empty()) b.given.pop_front();
    }
    verdict.check(ok && b.wrong.empty() && b.given.size() <= 1, "each random word is read once, in order");
}

}  // namespace

int main() {
    bench::Verdict verdict;
    straps(verdict);
    limits(verdict);
    commands(verdict);
    network(verdict);
    random_words(verdict);
    return verdict.report();
}
