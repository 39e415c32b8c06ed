// SD card block against a model of a card, a reference of its sectors and of the I/O region: commands of every kind and size,
// cards of every kind, every fault of the model.
// Usage: bench CLOCK_HZ FAST_HALF PARTS SCALE, parts of: q a few random commands, r many, f faults, k kinds of card, t throughput;
// ! before them: until the first failure.
#include <functional>
#include <memory>

#include "Vcovert_sdcard.h"
#include "bench.hpp"
#include "sd_card.hpp"

namespace {

constexpr uint64_t kIo = uint64_t{5} * RegionStride;  // the block's default
constexpr uint32_t kWindow = 4u << 20;                // of the I/O region: what is used
enum Op { kRead = 1, kWrite = 2, kFlush = 3 };
static_assert(kRead == IoBlkRead && kWrite == IoBlkWrite && kFlush == IoBlkFlush);

uint64_t clock_hz = 50000000;
bool hasty = false;  // the first failure ends it: for mutants

class Checks {
  public:
    void check(bool ok, const std::string& what) {
        verdict_.check(ok, what);
        if (!ok && hasty) std::exit(verdict_.report());
    }
    int report() const { return verdict_.report(); }

  private:
    bench::Verdict verdict_;
};
Checks verdict;

sd::Kind sdhc(uint32_t c_size = 7) {
    sd::Kind kind;
    kind.c_size = c_size;
    return kind;
}
sd::Kind sdsc(bool v1, uint32_t c_size = 127, unsigned mult = 4, unsigned bl = 9) {
    sd::Kind kind;
    kind.v1 = v1;
    kind.high_capacity = false;
    kind.c_size = c_size;
    kind.c_size_mult = mult;
    kind.read_bl_len = bl;
    return kind;
}

struct Result {
    bool done = false, failed = false;
    uint64_t ns = 0;
    bool good() const { return done && !failed; }
    bool bad() const { return done && failed; }
};

struct Bench {
    Vcovert_sdcard top;
    bench::Memory memory;
    bench::Random random;
    sd::Card card;
    bool has_switch = true;
    uint64_t now = 0;
    const uint64_t period = 1000000000 / clock_hz;
    std::map<uint64_t, std::vector<uint8_t>> disk;  // what must be there, of the sectors written
    std::vector<uint32_t> io;
    std::string wrong;
    bool waiting = false, hinted = false, more = false;
    bench::Request held{};
    uint32_t hinted_addr = 0;
    bool hinted_we = false;

    Bench(const sd::Kind& kind, uint64_t seed, unsigned latency)
        : memory(1, kIo + RegionStride, seed, latency), random(seed), card(kind, seed + 77), io(kWindow / 4) {
        for (uint32_t i = 0; i < kWindow / 4; i++) io[i] = memory.at(kIo + 4 * i) = random.bits();
        card.latency.output_ns = seed % 2 ? 14 : 25;
        if (clock_hz < 10000000) {
            // Bytes take longer.
            card.latency.access_ns = 1000000;
            card.latency.busy_ns = 2000000;
        }
        card.insert();
        top.blk_start_i = 0;
        reset();
    }
    ~Bench() { top.final(); }

    void reset() {
        top.rst_ni = 0;
        for (int i = 0; i < 4; i++) cycle();
        top.rst_ni = 1;
        // Memory has forgotten the block too.
        while (memory.outstanding(0) > 0) cycle();
        hinted = waiting = false;
    }
    void complain(const char* what) {
        if (wrong.empty()) wrong = what;
    }
    void cycle() {
        const uint64_t t = now * period;
        top.mem_req_ready_i = memory.ready();
        top.sd_miso_i = card.miso(t);
        top.sd_present_i = has_switch ? card.inserted() : 1;
        top.clk_i = 0;
        top.eval();
        if (top.rst_ni) {
            const bench::Request request{top.mem_req_addr_o, static_cast<bool>(top.mem_req_we_o), top.mem_req_wdata_o,
                                         top.mem_req_wstrb_o};
            if (waiting && (!top.mem_req_valid_o || request.addr != held.addr || request.we != held.we ||
                            (request.we && request.wdata != held.wdata) || more != top.mem_req_more_o))
                complain("a request was not held");
            waiting = top.mem_req_valid_o && !top.mem_req_ready_i;
            held = request;
            more = top.mem_req_more_o;
            if (top.mem_req_valid_o && top.mem_req_ready_i) {
                if (hinted && (request.addr != hinted_addr || request.we != hinted_we)) complain("a false hint");
                hinted = top.mem_req_more_o;
                hinted_addr = request.addr + 4;
                hinted_we = request.we;
                if (request.addr < kIo || request.addr >= kIo + RegionStride) complain("outside the I/O region");
                if (request.we && request.wstrb != 0xF) complain("strobes");
                memory.accept(0, now, request);
            }
        }
        uint32_t data = random.bits();
        top.mem_rsp_valid_i = memory.response(0, now, data);
        top.mem_rsp_data_i = data;
        top.clk_i = 1;
        top.eval();
        card.pins(t, top.sd_cs_no, top.sd_clk_o, top.sd_mosi_o);
        now++;
    }
    void pass_ms(uint64_t ms) {
        for (uint64_t i = ms * clock_hz / 1000; i > 0; i--) cycle();
    }
    // Until there is a card that is ready, or not; false if that takes too long.
    bool await(bool ready, uint64_t limit_ms = 2500) {
        for (uint64_t i = limit_ms * clock_hz / 1000; i > 0; i--) {
            if ((top.blk_capacity_o != 0) == ready && top.settled_o) return true;
            cycle();
        }
        return false;
    }
    void start(Op op, uint64_t sector, uint32_t count, uint32_t addr) {
        top.blk_op_i = op;
        top.blk_sector_i = sector;
        top.blk_count_i = count;
        top.blk_addr_i = addr;
        top.blk_start_i = 1;
        cycle();
        top.blk_start_i = 0;
    }
    Result finish(uint64_t limit_ms = 6000) {
        Result result;
        const uint64_t from = now;
        for (uint64_t i = limit_ms * clock_hz / 1000 + 40000000; i > 0 && !result.done; i--) {
            if (top.blk_done_o) {
                result.done = true;
                result.failed = top.blk_failed_o;
                if (memory.outstanding(0) != 0 || waiting) complain("done with requests under way");
            }
            cycle();
        }
        if (result.done && top.blk_done_o) complain("done for more than a cycle");
        result.ns = (now - from) * period;
        return result;
    }
    uint32_t disk_word(uint64_t sector, unsigned i) const {
        const auto it = disk.find(sector);
        uint32_t word = 0;
        for (unsigned k = 0; k < 4; k++) {
            const uint8_t b = it == disk.end() ? sd::Card::pristine(sector, 4 * i + k) : it->second[4 * i + k];
            word |= uint32_t{b} << (8 * k);
        }
        return word;
    }
    // A command, and that everything is as it must be behind it: all done, or, if it failed, sectors that are wholly done or not at all.
    Result command(Op op, uint64_t sector, uint32_t count, uint32_t addr) {
        start(op, sector, count, addr);
        const Result result = finish();
        check(op, sector, count, addr, result);
        return result;
    }
    void check(Op op, uint64_t sector, uint32_t count, uint32_t addr, const Result& result) {
        if (!result.done) complain("a command never ended");
        for (uint32_t s = 0; s < count && op != kFlush && addr + 512 * (s + 1) <= kWindow; s++) {
            bool as_before = true, as_done = true;
            std::vector<uint8_t> bytes(512);
            for (unsigned i = 0; i < 128; i++) {
                const uint32_t at = addr / 4 + 128 * s + i;
                if (op == kRead) {
                    const uint32_t word = memory.at(kIo + 4 * at), disk_is = disk_word(sector + s, i);
                    as_before = as_before && word == io[at];
                    as_done = as_done && word == disk_is;
                    io[at] = word;
                } else {
                    for (unsigned k = 0; k < 4; k++) {
                        const uint8_t b = static_cast<uint8_t>(io[at] >> (8 * k));
                        const uint8_t is = card.byte(sector + s, 4 * i + k);
                        as_done = as_done && is == b;
                        as_before = as_before && is == static_cast<uint8_t>(disk_word(sector + s, i) >> (8 * k));
                        bytes[4 * i + k] = is;
                    }
                }
            }
            if (op == kWrite) disk[sector + s] = bytes;
            if (!as_done && !result.failed) complain(op == kRead ? "read something else" : "wrote something else");
            if (!as_done && !as_before) complain("half a sector, or a wrong one");
        }
        // The neighbours.
        for (uint32_t at = addr / 4 - (addr >= 64 ? 16 : addr / 4); at < addr / 4; at++) io_is(at);
        for (uint32_t at = addr / 4 + 128 * count; at < addr / 4 + 128 * count + 16 && at < kWindow / 4; at++) io_is(at);
    }
    void io_is(uint32_t at) {
        if (memory.at(kIo + 4 * at) != io[at]) complain("memory changed beside the data");
    }
    void new_data(uint32_t addr, uint32_t count) {
        for (uint32_t i = 0; i < 128 * count; i++) io[addr / 4 + i] = memory.at(kIo + addr + 4 * i) = random.bits();
    }
    // Everything at the end.
    void end(const std::string& what) {
        for (uint32_t at = 0; at < kWindow / 4; at++) io_is(at);
        for (const auto& [sector, bytes] : card.written) {
            const auto it = disk.find(sector);
            if (it == disk.end() || it->second != bytes) complain("a sector was written that should not be");
        }
        if (memory.out_of_range() != 0) complain("outside main memory");
        for (const std::string& violation : card.violations) complain(violation.c_str());
        verdict.check(wrong.empty(), what + ": " + wrong);
    }
    // It works: a write, and a read of the same and of something else.
    bool works() {
        if (!await(true)) return false;
        const uint64_t sector = random.below(static_cast<uint32_t>(card.kind.sectors() - 8));
        const uint32_t count = 1 + random.below(3);
        new_data(0, count);
        bool good = card.kind.tmp_write_protect || card.kind.perm_write_protect || command(kWrite, sector, count, 0).good();
        good = good && command(kRead, sector, count + 1, 0x4000).good();
        return good && command(kFlush, 0, 0, 0).good();
    }
};

uint32_t few(bench::Random& random) { return 1 + random.below(random.one_in(4) ? 12 : 3); }

void random_commands(unsigned seed, unsigned rounds, uint32_t most) {
    sd::Kind kind = seed % 3 == 0 ? sdhc() : sdsc(seed % 3 == 1);
    // A memory that answers at once, one that takes its time, one that others keep busy.
    Bench b(kind, seed, seed % 2 == 0 ? 0 : seed % 4 == 1 ? 100 : 1 + seed % 9);
    bench::Random& random = b.random;
    bool good = b.await(true);
    const uint64_t sectors = b.card.kind.sectors();
    good = good && b.top.blk_capacity_o == sectors && !b.top.blk_read_only_o;
    std::string what = "random commands, seed " + std::to_string(seed);
    for (unsigned round = 0; round < rounds && good; round++) {
        const Op op = random.one_in(8) ? kFlush : random.one_in(2) ? kRead : kWrite;
        const uint32_t count = round == 3 ? most : few(random);
        uint64_t sector = random.one_in(3) ? random.below(40) : random.below(static_cast<uint32_t>(sectors - count + 1));
        if (random.one_in(4)) sector = sectors - count;  // the last ones
        const uint32_t addr = 4 * random.below(kWindow / 4 - 128 * count + 1);
        if (op == kWrite) b.new_data(addr, count);
        good = b.command(op, sector, count, addr).good();
        what += good ? "" : " failed in round " + std::to_string(round);
        for (uint32_t i = random.below(300); i > 0; i--) b.cycle();
    }
    verdict.check(good, what);
    b.end(what);
}

using Setup = std::function<void(Bench&)>;

// A fault in a command on a card that works, and what comes of it.
Result fault(const std::string& what, const sd::Kind& kind, unsigned seed, Op op, uint32_t count, const Setup& set,
             bool recovers, bool stray = false, const Setup& clear = nullptr) {
    Bench b(kind, seed, seed % 5);
    bool ready = b.await(true);
    const std::string text = what + (op == kRead ? ", read of " : ", write of ") + std::to_string(count) + " seed " + std::to_string(seed);
    ready = ready && b.works();
    const uint64_t sector = 100 + b.random.below(50);
    b.new_data(0x1000, count);
    set(b);
    if (stray) b.card.stray();
    const Result result = b.command(op, sector, count, 0x1000);
    verdict.check(ready && (recovers ? result.good() : result.bad()), text + (recovers ? " recovers" : " fails"));
    b.card.faults = {};
    if (clear) clear(b);
    verdict.check(b.works(), text + ", and works again");
    b.end(text);
    return result;
}

void all_faults(unsigned seed) {
    bench::Random random(seed);
    const sd::Kind kind = seed % 2 ? sdhc() : sdsc(seed % 4 == 0);
    for (const uint32_t count : {1u, 2u + random.below(4)}) {
        const unsigned skip = random.below(count);
        const auto in_block = [&](int sd::Faults::*which, int times) {
            return [=](Bench& b) {
                b.card.faults.*which = times;
                b.card.faults.skip = skip;
            };
        };
        for (int times = 1; times <= 3; times++) {
            fault("CRC errors " + std::to_string(times), kind, seed, kRead, count, in_block(&sd::Faults::corrupt_read, times), true);
            fault("CRC errors " + std::to_string(times), kind, seed, kWrite, count, in_block(&sd::Faults::corrupt_write, times), true);
        }
        // For ever, not 4 times: a block that the card has read ahead and nobody takes may have one of them.
        for (const Op op : {kRead, kWrite}) {
            unsigned before = 0, tried = 0;
            const unsigned single = op == kRead ? 17 : 24;
            fault("CRC errors for ever", kind, seed, op, count,
                  [&](Bench& b) {
                      (op == kRead ? b.card.faults.corrupt_read : b.card.faults.corrupt_write) = -1;
                      b.card.faults.skip = skip;
                      before = b.card.commands[single];
                  },
                  false, false, [&](Bench& b) { tried = b.card.commands[single] - before; });
            verdict.check(count > 1 || tried == 4, "tried 4 times");
        }
        fault("error token", kind, seed, kRead, count, in_block(&sd::Faults::error_token, 1), false);
        fault("wrong token", kind, seed, kRead, count, in_block(&sd::Faults::wrong_token, 1), true);
        fault("write error", kind, seed, kWrite, count, in_block(&sd::Faults::refuse_write, 1), false);
        fault("error in programming", kind, seed, kWrite, count, in_block(&sd::Faults::program_error, 1), false);
        for (const Op op : {kRead, kWrite}) {
            for (int times = 1; times <= 3; times++) {
                fault("errors in commands " + std::to_string(times), kind, seed, op, count,
                      [=](Bench& b) { b.card.faults.corrupt_command = times; }, true);
            }
            const Result r = fault("no answer", kind, seed, op, count, [](Bench& b) { b.card.faults.mute = true; }, false);
            verdict.check(r.ns < 50000000, "no answer is soon seen");
        }
        Result r = fault("no data", kind, seed, kRead, count, [](Bench& b) { b.card.faults.no_data = true; }, false);
        verdict.check(r.ns >= 100000000 && r.ns < 110000000, "a read has 100 ms");
        r = fault("busy for ever", kind, seed, kWrite, count, [](Bench& b) { b.card.faults.busy_forever = true; }, false, true);
        verdict.check(r.ns >= 250000000 && r.ns < 260000000, "a write has 250 ms");
        if (count > 1) continue;
        r = fault("busy for ever, SDXC", sdhc(0xFFFF), seed, kWrite, count, [](Bench& b) { b.card.faults.busy_forever = true; }, false, true);
        verdict.check(r.ns >= 500000000 && r.ns < 510000000, "a write to SDXC has 500 ms");
    }
    // Retries are counted for each block.
    fault("CRC errors in two blocks", kind, seed, kRead, 4, [](Bench& b) { b.card.faults.corrupt_read = 3; }, true);

    // Taken out at any byte, with a switch that says so and without; another card comes.
    for (unsigned i = 0; i < 12; i++) {
        Bench b(kind, seed + i, i % 4);
        b.has_switch = i % 2;
        bool ready = b.await(true) && b.works();
        const Op op = i % 4 < 2 ? kRead : kWrite;
        const uint32_t count = i % 3 == 0 ? 1 : 4;
        b.new_data(0x1000, count);
        // Behind the last data of a write the card is asked for its status still.
        const int64_t bytes = 20 + random.below(count * 512);
        b.card.faults.remove_after = bytes;
        const Result r = b.command(op, 200, count, 0x1000);
        std::string text = "taken out after " + std::to_string(bytes) + " bytes of " + std::to_string(count) + " sectors" +
                           (op == kRead ? " read" : " written") + (b.has_switch ? ", switch" : "");
        verdict.check(ready && r.bad(), text + ": fails");
        verdict.check(b.await(false, 2200), text + ": capacity 0");
        verdict.check(b.command(kRead, 0, 1, 0).bad(), text + ": no read without a card");
        b.pass_ms(random.below(30));
        b.card.faults = {};
        b.card.kind = i % 2 ? sdsc(false, 255, 3) : sdhc(11);
        b.card.insert(b.has_switch);
        verdict.check(b.works() && b.top.blk_capacity_o == b.card.kind.sectors(), text + ": another card works");
        b.end(text);
    }

    // The block is reset in the middle of a command; the card is not.
    for (unsigned i = 0; i < 8; i++) {
        Bench b(kind, seed + i, i % 4);
        bool ready = b.await(true) && b.works();
        const Op op = i % 2 ? kRead : kWrite;
        const uint32_t count = 1 + i / 2;
        b.new_data(0x1000, count);
        b.start(op, 200, count, 0x1000);
        for (uint32_t cycles = 200 + random.below(count * 8000); cycles > 0; cycles--) b.cycle();
        b.card.stray();
        b.reset();
        Result r;
        r.failed = true;
        ready = ready && b.await(true);
        r.done = true;
        b.check(op, 200, count, 0x1000, r);
        verdict.check(ready && b.works(), "works after a reset in the middle");
        b.end("reset in the middle");
    }

    // No answer for long: the card is given up, and found again.
    {
        Bench b(kind, seed, 2);
        bool good = b.await(true);
        b.card.faults.mute = true;
        good = good && b.command(kRead, 0, 2, 0).bad() && b.top.blk_capacity_o == kind.sectors();
        // The next command waits for the new initialisation, which takes its second.
        const Result r = b.command(kRead, 0, 2, 0);
        good = good && r.bad() && r.ns >= 900000000 && r.ns < 1100000000 && b.top.blk_capacity_o == 0;
        b.card.faults.mute = false;
        verdict.check(good && b.works(), "a card that is silent for long");
        b.end("silent for long");
    }
    // A command that comes while the card is initialised anew.
    {
        Bench b(kind, seed, 2);
        bool good = b.await(true);
        b.card.faults.error_token = 1;
        good = good && b.command(kRead, 0, 2, 0).bad() && b.top.blk_capacity_o == kind.sectors();
        const unsigned resets = b.card.commands[0];
        verdict.check(good && b.command(kRead, 3, 2, 0).good() && b.card.commands[0] == resets + 1, "a command during initialisation");
        b.end("a command during initialisation");
    }
    // Faults while the card is initialised.
    const auto init = [&](const std::string& what, const sd::Kind& card, const Setup& set, bool comes) {
        Bench b(card, seed, 1);
        set(b);
        const bool as_expected = b.await(comes, comes ? 2500 : 500);
        if (!comes) b.pass_ms(2200);
        verdict.check(as_expected && (b.top.blk_capacity_o != 0) == comes && b.top.settled_o, what);
        if (!comes) verdict.check(b.command(kRead, 0, 1, 0).bad(), what + ": no read");
        b.card.faults = {};
        b.card.kind = kind;
        b.card.violations.clear();
        if (!comes) b.card.insert(false);
        verdict.check(b.works(), what + ": works");
        b.end(what);
    };
    for (int times = 1; times <= 3; times++) {
        init("errors in the CSD", kind, [=](Bench& b) { b.card.faults.corrupt_csd = times; }, true);
        init("errors in commands of the initialisation", kind, [=](Bench& b) { b.card.faults.corrupt_command = times; }, true);
    }
    // Without a card that answers the search is over after its time, and goes on.
    init("no CSD", kind, [](Bench& b) { b.card.faults.corrupt_csd = -1; }, false);
    sd::Kind sduc = sdhc();
    sduc.csd_structure = 2;
    init("an unknown CSD", sduc, [](Bench&) {}, false);
    for (const bool mute : {false, true}) {
        Bench b(kind, seed, 1);
        (mute ? b.card.faults.mute : b.card.faults.never_ready) = true;
        b.pass_ms(900);
        const bool early = b.top.settled_o;
        b.pass_ms(300);
        verdict.check(!early && b.top.settled_o && b.top.blk_capacity_o == 0, "initialisation has a second");
        b.card.faults = {};
        verdict.check(b.works(), "found later");
        b.end("found later");
    }
    {
        Bench b(kind, seed, 1);
        b.card.remove();
        b.pass_ms(20);
        verdict.check(b.top.settled_o && b.top.blk_capacity_o == 0, "an empty socket is soon seen");
        verdict.check(b.command(kRead, 0, 1, 0).bad() && b.command(kFlush, 0, 0, 0).bad(), "no command without a card");
        b.end("an empty socket");
    }
}

void kinds() {
    std::vector<sd::Kind> all = {sdhc(0), sdhc(7), sdhc(15159), sdhc(0xFFFF), sdhc(0x3FFFFF)};
    for (const bool v1 : {false, true}) {
        for (const unsigned bl : {9u, 10u, 11u}) {
            for (const unsigned mult : {0u, 3u, 7u}) {
                for (const uint32_t c_size : {15u, 1000u, 2709u, 4095u}) all.push_back(sdsc(v1, c_size, mult, bl));
            }
        }
    }
    unsigned seed = 0;
    for (sd::Kind kind : all) {
        kind.tmp_write_protect = seed % 5 == 3;
        kind.perm_write_protect = seed % 7 == 3;
        kind.good_csd_crc16 = seed % 3 != 1;
        Bench b(kind, seed, seed % 4);
        const bool ready = b.await(true);
        const uint64_t sectors = kind.sectors();
        char text[120];
        std::snprintf(text, sizeof text, "C_SIZE %u, C_SIZE_MULT %u, READ_BL_LEN %u: %llu sectors, is %llu", kind.c_size, kind.c_size_mult,
                      kind.read_bl_len, static_cast<unsigned long long>(sectors), static_cast<unsigned long long>(b.top.blk_capacity_o));
        verdict.check(ready && b.top.blk_capacity_o == sectors, text);
        const bool read_only = kind.tmp_write_protect || kind.perm_write_protect;
        verdict.check(b.top.blk_read_only_o == read_only, "write protection");
        b.new_data(0, 2);
        verdict.check(read_only ? b.command(kWrite, 3, 2, 0).bad() : b.command(kWrite, 3, 2, 0).good(), "a write, if it may");
        // The ends, and what lies beyond, which the card is not asked for.
        verdict.check(b.command(kRead, sectors - 1, 1, 512).good() && b.command(kRead, sectors - 2, 2, 1024).good(), "the last sectors");
        const uint64_t clocks = b.card.clocks;
        verdict.check(b.command(kRead, sectors, 1, 0).bad() && b.command(kRead, sectors - 1, 2, 0).bad() &&
                          b.command(kRead, (uint64_t{1} << 32) + 1, 1, 0).bad() && b.command(kRead, 0, 0, 0).bad(),
                      "no sectors beyond the end");
        verdict.check(b.card.clocks == clocks, "the card is not asked for them");
        verdict.check(b.command(kRead, 0, 1, 0).good(), "and nothing is lost");
        b.end(text);
        seed++;
    }
}

void throughput(uint32_t count, unsigned half) {
    // A card without latency, to see what the block costs; then one as cards are.
    for (const bool fast : {true, false}) {
        Bench b(sdhc(), 5, 8);
        if (fast) {
            b.card.latency.ncr = 1;
            b.card.latency.access_ns = b.card.latency.busy_ns = 0;
        } else {
            b.card.latency.access_ns = 200000;
            b.card.latency.busy_ns = 100000;
        }
        bool good = b.await(true);
        b.new_data(0, count);
        const Result write = b.command(kWrite, 64, count, 0);
        const Result read = b.command(kRead, 64, count, 4);
        good = good && write.good() && read.good();
        const double kb = 0.5 * count;
        const double reads = kb / (static_cast<double>(read.ns) * 1e-9), writes = kb / (static_cast<double>(write.ns) * 1e-9);
        std::printf("  clock of the card %.1f MHz, %s: read %.0f KiB/s, write %.0f KiB/s (%u sectors)\n",
                    1e-6 * static_cast<double>(clock_hz) / (2 * half), fast ? "no latency" : "access <= 0.2 ms, busy <= 0.1 ms a block", reads,
                    writes, count);
        const double wire = static_cast<double>(clock_hz) / (2 * half) / 8 / 1024;
        if (fast) verdict.check(good && reads > 0.9 * wire && writes > 0.9 * wire, "near the speed of the wire");
        verdict.check(b.card.fastest_init_ns >= 2500 && b.card.fastest_init_ns < 2600 &&
                          b.card.fastest_ns == 2 * half * 1000000000 / clock_hz,
                      "clock of the card");
        b.end("throughput");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    clock_hz = std::strtoull(argv[1], nullptr, 10);
    const unsigned half = static_cast<unsigned>(std::atoi(argv[2]));
    const std::string parts = argv[3];
    const unsigned scale = static_cast<unsigned>(std::atoi(argv[4]));
    for (const char part : parts) {
        if (part == '!') {
            hasty = true;
        } else if (part == 'q') {
            for (unsigned seed = 0; seed < 3; seed++) random_commands(seed, 16, 20);
        } else if (part == 'r') {
            for (unsigned seed = 0; seed < 6 * scale; seed++) random_commands(seed, 12, seed % 6 == 0 ? 2048 : 40);
        } else if (part == 'f') {
            for (unsigned seed = 1; seed <= scale; seed++) all_faults(seed);
        } else if (part == 'k') {
            kinds();
        } else if (part == 't') {
            throughput(scale > 1 ? 2048 : 256, half);
        }
    }
    return verdict.report();
}
