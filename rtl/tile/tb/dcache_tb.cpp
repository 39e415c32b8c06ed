// Data cache against flat memory: random loads and stores in few sets of pages whose tags differ in one bit, with kills,
// uncached accesses, bus errors, maintenance and resets in between. Write-backs are compared with what the program
// wrote, main memory after maintenance with all of it, and what was used last must be a hit.
// Argument: the number of ways of the model.
#include <algorithm>
#include <memory>

#include "Vcovert_dcache.h"
#include "cache_bus.hpp"

namespace {

using bench::kLineBytes;
using bench::kLineWords;
using bench::kSets;

enum Tag : unsigned { kWriteBack, kFill, kUncached };

struct Access {
    uint32_t addr = 0;
    bool we = false;
    uint32_t wdata = 0;
    uint32_t wstrb = 0;
    uint32_t align = 8;  // funct3 and the byte in the word: 8 is lw
    bool cached = true;
    bool kill = false;
    uint32_t priv = 0;
};

// What a load of this kind makes of its word.
uint32_t loaded(uint32_t word, uint32_t align) {
    const uint32_t shifted = word >> (8 * (align & 3));
    switch (align >> 2) {
        case 0: return static_cast<uint32_t>(static_cast<int8_t>(shifted));
        case 1: return static_cast<uint32_t>(static_cast<int16_t>(shifted));
        case 4: return shifted & 0xFF;
        case 5: return shifted & 0xFFFF;
        default: return shifted;
    }
}

struct Counts {
    uint64_t hits = 0, misses = 0, write_backs = 0, uncached = 0, kills = 0, voids = 0, errors = 0, behind_store = 0, maintenance = 0;
};

struct Bench {
    Vcovert_dcache top;
    bench::Random random;
    bench::Bus bus;
    bench::Pages memory;     // main memory
    bench::Pages reference;  // what the program sees
    unsigned ways;
    Counts counts;
    std::string wrong;
    uint64_t now = 0;
    unsigned error_rate = 0;  // one in so many; 0: none

    // The access under way. `second`: this is its cycle t+1.
    Access access;
    bool under_way = false, second = false;
    bool want = false;  // raise `next`
    Access next;
    bool answered = false;
    uint32_t answer = 0;
    bool answer_err = false;
    uint64_t started = 0;
    // Its requests on the bus and their answers.
    unsigned sent = 0;
    bool err_first = false, err_any = false;
    uint32_t uncached_data = 0;
    unsigned come = 0;  // words of its fill

    std::map<uint32_t, bool> dirty;  // lines that main memory does not have
    std::vector<std::vector<uint32_t>> used = std::vector<std::vector<uint32_t>>(kSets);  // lines, last used first
    unsigned wb_sent = 0;
    uint64_t writes = 0;  // write requests of write-backs
    unsigned maint = 0;
    bool maint_done = false;
    Access last;  // the last access that was answered

    Bench(uint64_t seed, unsigned ways_of_model, unsigned latency, bool steady = false)
        : random(seed), bus(random, latency, steady), memory(random), reference(memory), ways(ways_of_model) {
        last.addr = memory.number(0) << 12;
        reset();
    }

    void fail(const std::string& what) {
        if (wrong.empty()) wrong = what + ", cycle " + std::to_string(now);
    }
    // So many lines of a set, last used first, are there for certain: all, but of four ways three.
    size_t sure() const { return ways == 4 ? 3 : ways; }
    bool is_sure(uint32_t line) const {
        const auto& list = used[(line / kLineBytes) % kSets];
        return std::find(list.begin(), list.end(), line) != list.end();
    }
    // The line was used, or, if its fill met an error, the oldest one lost.
    void use(uint32_t line, bool kept) {
        auto& list = used[(line / kLineBytes) % kSets];
        list.erase(std::remove(list.begin(), list.end(), line), list.end());
        if (kept) list.insert(list.begin(), line);
        const size_t room = kept ? sure() : sure() - 1;
        if (list.size() > room) list.resize(room);
    }

    void reset() {
        top.rst_ni = 0;
        under_way = second = want = false;
        maint = 0;
        bus.drop();
        for (int i = 0; i < 3; i++) cycle();
        bus.drop();
        // What was only in the cache is gone.
        reference = memory;
        dirty.clear();
        for (auto& list : used) list.clear();
        wb_sent = 0;
        sent = come = 0;
        top.rst_ni = 1;
        unsigned waited = 0;
        for (; !top.req_ready_o && waited < 1000; waited++) cycle();
        if (waited != kSets) fail("not ready for another time than 128 cycles after reset");
    }

    void begin(const Access& a) {
        next = a;
        want = true;
    }

    // The answer to the access under way.
    void take_answer(const bench::BusAnswer* response) {
        const uint32_t line = access.addr & ~(kLineBytes - 1);
        const bool at_once = second;
        if (access.cached) {
            (at_once ? counts.hits : counts.misses)++;
            if (is_sure(line) && !at_once) fail("the line was just used and is not there");
            if (at_once && sent != 0) fail("a hit with a request");
            if (!at_once) {
                const bool err = access.we ? err_any : err_first;
                if (top.rsp_err_o != err) fail("wrong rsp_err");
                if (response == nullptr || response->tag != kFill || come != (access.we ? kLineWords - 1 : 0))
                    fail("answered with another word than the critical one, of a store the last one");
            } else if (top.rsp_err_o) {
                fail("an error on a hit");
            }
            if (!top.rsp_err_o) {
                uint32_t& word = reference.at(access.addr);
                if (access.we) {
                    word = bench::merge(word, access.wdata, access.wstrb);
                    dirty[line] = true;
                } else if (top.rsp_data_o != loaded(word, access.align)) {
                    fail("wrong data");
                }
            }
            if (at_once) use(line, true);
            if (at_once && last.we && last.addr == access.addr && started == now - 1) counts.behind_store++;
        } else {
            counts.uncached++;
            if (at_once || sent != 1 || response == nullptr || response->tag != kUncached)
                fail("not the answer to an uncached access");
            if (top.rsp_err_o != err_any) fail("wrong rsp_err of an uncached access");
            if (!access.we && !err_any && top.rsp_data_o != loaded(uncached_data, access.align)) fail("wrong data of an uncached access");
        }
        counts.errors += top.rsp_err_o;
        answered = true;
        answer = top.rsp_data_o;
        answer_err = top.rsp_err_o;
        last = access;
        under_way = false;
    }

    // A request accepted on the bus: which one it is, and what memory says to it.
    void take_request(const bench::BusRequest& r) {
        const uint32_t line = r.addr & ~(kLineBytes - 1);
        const bool is_uncached = under_way && !access.cached && !second && r.addr == access.addr;
        if (r.we && !is_uncached) {
            writes++;
            if (r.wstrb != 15 || r.priv != 3) fail("strobes or privilege of a write-back");
            if (r.more != (wb_sent != kLineWords - 1)) fail("mem_more of a write-back");
            if (!dirty[line]) fail("write-back of a clean line");
            if (r.wdata != reference.at(r.addr)) fail("a write-back loses what was written");
            memory.at(r.addr) = r.wdata;
            if (++wb_sent == kLineWords) {
                wb_sent = 0;
                dirty[line] = false;
                counts.write_backs++;
            }
            bus.accept(now, random.bits(), random.one_in(5), kWriteBack);
            return;
        }
        const bool err = error_rate != 0 && random.one_in(error_rate);
        if (wb_sent != 0) fail("something between the words of a write-back");
        if ((!under_way && sent == 0) || second) fail("a request nobody asked for");
        if (r.priv != access.priv) fail("wrong privilege");
        if (access.cached) {
            const uint32_t wanted = (access.addr & ~(kLineBytes - 1)) | ((access.addr + 4 * sent) & (kLineBytes - 1));
            if (sent >= kLineWords || r.addr != wanted) fail("wrong word of a fill");
            if (r.wstrb != 15 || r.more != (sent != kLineWords - 1)) fail("strobes or mem_more of a fill");
            if (dirty[line]) fail("fill of a line that is dirty in the cache");
            if (sent == 0) err_first = err;
        } else {
            if (sent != 0 || r.addr != access.addr || r.we != access.we || r.wstrb != access.wstrb || r.more ||
                (r.we && r.wdata != access.wdata))
                fail("wrong request of an uncached access");
            uint32_t& word = memory.at(r.addr);
            uncached_data = word;
            if (r.we && !err) {
                word = bench::merge(word, r.wdata, r.wstrb);
                reference.at(r.addr) = word;
            }
        }
        err_any = err_any || err;
        sent++;
        bus.accept(now, err ? random.bits() : memory.at(r.addr), err, access.cached ? kFill : kUncached);
    }

    void cycle() {
        top.mem_ready_i = bus.ready();
        const bench::BusAnswer* response = top.rst_ni ? bus.answer(now) : nullptr;
        top.mem_rsp_valid_i = response != nullptr;
        top.mem_rsp_data_i = response != nullptr ? response->data : random.bits();
        top.mem_rsp_err_i = response != nullptr ? response->err : random.one_in(2);
        // The second half of the request; in other cycles anything.
        top.s1_ppn_i = second ? access.addr >> 12 : random.one_in(2) ? memory.number(0) : random.bits() >> 12;
        top.s1_cached_i = second ? access.cached : random.one_in(2);
        top.s1_kill_i = second ? access.kill : random.one_in(2);
        top.s1_priv_i = second ? access.priv : random.below(4);
        top.maint_i = maint;
        top.req_valid_i = 0;
        top.req_offset_i = random.below(1024);
        top.req_we_i = random.one_in(2);
        top.req_wdata_i = random.bits();
        top.req_wstrb_i = random.below(16);
        top.req_align_i = random.below(32);
        top.clk_i = 0;
        top.eval();

        answered = false;
        maint_done = false;
        if (top.rst_ni) {
            if (top.rsp_err_o && !top.rsp_valid_o) fail("an error without an answer");
            if (top.rsp_valid_o) {
                if (!under_way) fail("an answer to nothing");
                else if (second && access.kill) fail("an answer to a killed access");
                else take_answer(response);
            } else if (second && access.kill) {
                counts.kills++;
                under_way = false;
            }
            if (under_way && now - started > 3000) fail("never answered");
            if (response != nullptr) {
                if (response->tag == kFill && ++come == kLineWords) use(access.addr & ~(kLineBytes - 1), !err_any);
                bus.answered();
            }
            maint_done = top.maint_done_o;
            if (maint_done && maint == 0) fail("maintenance done that nobody asked for");
        }
        // Behind an access that was not answered at once a request is void, be it the next one or any.
        const bool is_void = second && !answered;
        second = false;
        if (is_void) {
            top.req_valid_i = random.one_in(2);
            if (top.req_valid_i) counts.voids++;
        } else if (want && !under_way) {
            top.req_valid_i = 1;
            top.req_offset_i = (next.addr >> 2) & 1023;
            top.req_we_i = next.we;
            top.req_wdata_i = next.wdata;
            top.req_wstrb_i = next.wstrb;
            top.req_align_i = next.align;
            top.eval();
            if (top.req_ready_o) {
                if (access.cached && sent != come) fail("ready during a fill");
                access = next;
                want = false;
                under_way = second = true;
                started = now;
                sent = come = 0;
                err_first = err_any = false;
            }
        }
        const bench::BusRequest request{top.mem_addr_o,  static_cast<bool>(top.mem_we_o), top.mem_wdata_o, top.mem_wstrb_o,
                                        top.mem_priv_o, static_cast<bool>(top.mem_more_o)};
        if (top.rst_ni) {
            const std::string broken = bus.look(top.mem_valid_o, top.mem_ready_i, request);
            if (!broken.empty()) fail(broken);
            if (top.mem_valid_o && top.mem_ready_i) take_request(request);
        }
        top.clk_i = 1;
        top.eval();
        now++;
    }

    // One access to its end; true if it was answered in the cycle after it was taken.
    bool run(const Access& a) {
        begin(a);
        const uint64_t from = now;
        do cycle();
        while ((want || under_way) && now - from < 5000);
        return now - started == 2;
    }

    void maintain(unsigned what) {
        maint = what;
        const uint64_t from = now;
        do cycle();
        while (!maint_done && now - from < 200000);
        if (!maint_done) fail("maintenance never done");
        maint = 0;
        counts.maintenance++;
        if (bus.outstanding() != 0 || wb_sent != 0) fail("maintenance done before its writes were answered");
        if (!(memory == reference)) fail("main memory is not what was written after maintenance");
        for (const auto& line : dirty) {
            if (line.second) fail("a line is dirty after maintenance");
        }
        if (what == 2) {
            for (auto& list : used) list.clear();
        }
    }

    Access any(unsigned sets) {
        Access a;
        if (random.one_in(4)) {
            a = last;  // the same word, line or set again
            if (random.one_in(3)) a.addr ^= 4 << random.below(3);
            if (random.one_in(3)) a.addr = (a.addr & 0xFFF) | (memory.number(random.below(memory.count())) << 12);
        } else {
            // Few pages in use at a time.
            const unsigned page = (static_cast<unsigned>(now >> 12) * 5 + random.below(random.one_in(8) ? 21 : ways + 2)) % 21;
            const uint32_t set = sets >= kSets ? random.below(kSets) : (random.below(sets) * 37) % kSets;
            a.addr = (memory.number(page) << 12) | (set * kLineBytes) | (4 * random.below(kLineWords));
        }
        a.we = random.one_in(2);
        a.wdata = random.bits();
        a.wstrb = random.one_in(2) ? 15 : random.below(16);
        constexpr uint32_t kAligns[] = {0, 1, 2, 3, 4, 6, 8, 16, 17, 18, 19, 20, 22};
        a.align = random.one_in(2) ? 8 : kAligns[random.below(13)];
        // The last two pages are not cached.
        const uint32_t page = a.addr >> 12;
        a.cached = page != memory.number(19) && page != memory.number(20);
        a.kill = random.one_in(12);
        a.priv = random.below(4);
        return a;
    }
};

void random_traffic(Bench& b, unsigned seed) {
    const unsigned sets = seed % 3 == 0 ? kSets : 1 + seed % 5;
    for (unsigned i = 0; i < 20000 && b.wrong.empty(); i++) {
        if (!b.want && (seed % 2 == 0 || b.random.one_in(3))) b.begin(b.any(sets));
        b.cycle();
        if (b.random.one_in(2000)) {
            while ((b.want || b.under_way || !b.top.req_ready_o) && b.wrong.empty()) b.cycle();
            const unsigned what = 1 + b.random.below(2);
            // Sometimes in the cycle in which the last access hits or is killed.
            Access a = b.any(sets);
            if (a.cached && (a.kill || b.is_sure(a.addr & ~(kLineBytes - 1)))) {
                b.begin(a);
                while (b.want && b.wrong.empty()) b.cycle();
            }
            b.maintain(what);
            if (what == 2) {
                // Somebody else writes main memory.
                for (unsigned k = 0; k < 2000; k++) {
                    const uint32_t addr = (b.memory.number(b.random.below(21)) << 12) | (4 * b.random.below(1024));
                    b.memory.at(addr) = b.reference.at(addr) = b.random.bits();
                }
            }
        }
        if (b.random.one_in(9000)) b.reset();
    }
    while ((b.want || b.under_way) && b.wrong.empty()) b.cycle();
    b.maintain(1);
}

Access load(uint32_t addr) {
    Access a;
    a.addr = addr;
    a.wstrb = 15;
    return a;
}

Access store(uint32_t addr, uint32_t data) {
    Access a = load(addr);
    a.we = true;
    a.wdata = data;
    return a;
}

// Timing and what must not happen, without randomness on the bus.
void directed(bench::Verdict& verdict, unsigned ways, Counts& counts) {
    Bench b(99, ways, 1);
    const auto addr = [&](unsigned page, unsigned set, unsigned word) {
        return (b.memory.number(page) << 12) | (set * kLineBytes) | (4 * word);
    };
    verdict.check(!b.run(load(addr(0, 5, 3))), "the first access misses");
    verdict.check(b.now - b.started == 4, "a miss is answered two cycles after a hit if memory answers at once");
    for (unsigned word = 0; word < kLineWords; word++) b.run(load(addr(0, 5, word)));
    uint64_t from = b.now;
    for (unsigned i = 0; i < 64; i++) {
        b.begin(i % 3 == 0 ? store(addr(0, 5, (i / 2) % 8), b.random.bits()) : load(addr(0, 5, (i / 2) % 8)));
        b.cycle();
    }
    b.cycle();
    verdict.check(b.now - from == 65 && !b.want && !b.under_way, "hits one a cycle");

    for (unsigned page = 0; page < ways; page++) b.run(store(addr(page, 9, 1), page));
    uint64_t writes = b.writes;
    bool all = true;
    for (unsigned page = 0; page < ways; page++) all = b.run(load(addr(page, 9, 1))) && all;
    verdict.check(all && b.writes == writes, "as many lines of a set as there are ways");
    verdict.check(!b.run(load(addr(ways, 9, 2))), "and no more");
    for (int i = 0; i < 30; i++) b.cycle();
    verdict.check(b.writes == writes + kLineWords, "a dirty victim is written back once");

    b.run(store(addr(0, 100, 7), 1));
    b.maintain(1);
    writes = b.writes;
    verdict.check(b.run(load(addr(0, 100, 7))), "lines stay when they are written back");
    from = b.now;
    b.maintain(1);
    verdict.check(b.writes == writes && b.now - from < kSets + 8, "a clean cache: one set a cycle and no writes");
    b.maintain(2);
    verdict.check(!b.run(load(addr(0, 100, 7))), "lines go when the cache is emptied");
    b.error_rate = 1;
    b.run(load(addr(1, 50, 0)));
    verdict.check(b.answer_err, "an error is answered");
    b.run(store(addr(1, 51, 0), 5));
    verdict.check(b.answer_err, "an error of a store is answered");
    b.error_rate = 0;
    verdict.check(!b.run(load(addr(1, 50, 0))) && !b.answer_err, "a line with an error is not kept");
    b.maintain(1);
    verdict.check(b.wrong.empty(), "directed: " + b.wrong);
    counts = b.counts;
    b.top.final();
}

}  // namespace

int main(int argc, char** argv) {
    const unsigned ways = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 2;
    const unsigned scale = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
    bench::Verdict verdict;
    Counts sum;
    directed(verdict, ways, sum);
    for (unsigned seed = 0; seed < 36 * scale; seed++) {
        // A steady bus that is slow has two write-backs outstanding.
        static const unsigned latencies[] = {1, 2, 5, 20, 40, 9};
        auto b = std::make_unique<Bench>(seed, ways, latencies[seed % 6], seed % 6 == 4);
        b->error_rate = seed % 4 == 1 ? 30 : 0;
        random_traffic(*b, seed);
        verdict.check(b->wrong.empty(), "seed " + std::to_string(seed) + ": " + b->wrong);
        sum.hits += b->counts.hits;
        sum.misses += b->counts.misses;
        sum.write_backs += b->counts.write_backs;
        sum.uncached += b->counts.uncached;
        sum.kills += b->counts.kills;
        sum.voids += b->counts.voids;
        sum.errors += b->counts.errors;
        sum.behind_store += b->counts.behind_store;
        sum.maintenance += b->counts.maintenance;
        b->top.final();
    }
    std::printf("  %u ways: hits %llu (%llu right behind a store to the word), misses %llu, write-backs %llu, uncached %llu, "
                "killed %llu, errors %llu, maintenance %llu\n",
                ways, (unsigned long long)sum.hits, (unsigned long long)sum.behind_store, (unsigned long long)sum.misses,
                (unsigned long long)sum.write_backs, (unsigned long long)sum.uncached, (unsigned long long)sum.kills,
                (unsigned long long)sum.errors, (unsigned long long)sum.maintenance);
    for (uint64_t count : {sum.hits, sum.behind_store, sum.misses, sum.write_backs, sum.uncached, sum.kills, sum.voids, sum.errors})
        verdict.check(count > 300, "everything was seen often");
    verdict.check(sum.maintenance > 50, "maintenance was seen often");
    return verdict.report();
}
