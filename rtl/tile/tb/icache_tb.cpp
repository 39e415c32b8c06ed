// Instruction cache against memory that changes: a requester that asks for a word until it has it, changes its mind, asks
// ahead and kills, in few sets of pages whose tags differ in one bit, with uncached pages, bus errors, fence.i and resets
// in between. A word must have been in memory at some time since the last fence.i; what has arrived or was used last must
// be a hit; every refill must be one that a lookup asked for. Argument: the number of ways of the model.
#include <algorithm>
#include <memory>
#include <set>

#include "Vcovert_icache.h"
#include "cache_bus.hpp"

namespace {

using bench::kLineBytes;
using bench::kLineWords;
using bench::kSets;

constexpr unsigned kHeld = 15;  // cycles that an error or an uncached word waits for its lookup

struct Lookup {
    uint32_t addr = 0;
    uint32_t priv = 0;
    bool cached = true;
    bool kill = false;
};

struct Counts {
    uint64_t hits = 0, misses = 0, refills = 0, early = 0, under_miss = 0, uncached = 0, errors = 0, kills = 0, empties = 0,
             empties_in_refill = 0;
};

struct Bench {
    Vcovert_icache top;
    bench::Random random;
    bench::Bus bus;
    bench::Pages memory;
    unsigned ways;
    Counts counts;
    std::string wrong;
    uint64_t now = 0;
    unsigned error_rate = 0;  // one in so many; 0: none

    Lookup next, s1;
    bool want = false;  // raise `next` in this cycle
    bool taken = false, second = false;
    bool hit = false, err = false;  // what s1 gave
    uint32_t data = 0;
    bool empty = false, empty_done = false;
    uint64_t empty_since = 0;

    // The last refill.
    struct {
        uint32_t addr = 0;  // the critical word
        uint32_t priv = 0;
        bool cached = true;
        unsigned sent = 0, come = 0;
        bool ok = false;       // no error yet, not emptied since
        bool emptied = false;
        uint64_t first = 0;    // cycle in which the critical word came
        bool once = false;     // that word is to be given once
        bool once_err = false;
        uint32_t once_data = 0;
        unsigned words() const { return cached ? kLineWords : 1; }
        bool active() const { return sent > 0 && come < words(); }
    } refill;
    bool began = false;      // in this cycle
    bool raised = false;     // its first request is up, not yet accepted
    bool missed = false;     // the last cycle's lookup is to start a refill
    bool may_start = false;  // and nothing is in its way
    Lookup missed_by;

    std::map<uint32_t, std::set<uint32_t>> old;  // values of a word since the last fence.i
    std::vector<std::vector<uint32_t>> used = std::vector<std::vector<uint32_t>>(kSets);  // lines, last used first
    bool must_hit = false, must_miss = false;  // of the lookup that was taken

    Bench(uint64_t seed, unsigned ways_of_model, unsigned latency)
        : random(seed), bus(random, latency), memory(random), ways(ways_of_model) {
        reset();
    }

    void fail(const std::string& what) {
        if (wrong.empty()) wrong = what + ", cycle " + std::to_string(now);
    }
    bool is_cached(uint32_t addr) const {
        return addr >> 12 != memory.number(19) && addr >> 12 != memory.number(20);
    }
    std::vector<uint32_t>& set_of(uint32_t addr) { return used[(addr / kLineBytes) % kSets]; }
    static uint32_t line_of(uint32_t addr) { return addr & ~(kLineBytes - 1); }

    void write(uint32_t addr, uint32_t value) {
        uint32_t& word = memory.at(addr);
        old[addr].insert(word);
        word = value;
    }
    void forget() {
        old.clear();
        for (auto& list : used) list.clear();
        refill.ok = refill.once = false;
        refill.emptied = true;
    }

    void reset() {
        top.rst_ni = 0;
        want = taken = second = missed = raised = false;
        empty = false;
        refill = {};
        for (int i = 0; i < 3; i++) cycle();
        bus.drop();
        forget();
        refill = {};
        top.rst_ni = 1;
        unsigned waited = 0;
        for (; !top.req_ready_o && waited < 1000; waited++) cycle();
        if (waited != kSets) fail("not ready for another time than 128 cycles after reset");
    }

    // Whether the lookup taken in this cycle must find its word, or must not.
    void expect(const Lookup& l) {
        const auto& list = set_of(l.addr);
        const bool coming = refill.cached && refill.sent > 0 && line_of(l.addr) == line_of(refill.addr);
        const bool arrived = coming && refill.ok && ((l.addr - refill.addr) / 4) % kLineWords < refill.come;
        const bool lately = std::find(list.begin(), list.end(), line_of(l.addr)) != list.end();
        const bool once = refill.once && l.addr == refill.addr && l.priv == refill.priv;
        must_hit = l.cached && (arrived || (lately && !(coming && refill.active())));
        must_hit = must_hit || (once && now - refill.first < kHeld);
        must_miss = (!l.cached && !once) ||
                    (l.cached && coming && refill.active() && !arrived && !once);
    }

    void judge() {
        hit = top.s1_hit_o;
        err = hit && top.s1_err_o;
        data = top.s1_data_o;
        if (!second) {
            if (hit) fail("a hit without a lookup");
            return;
        }
        if (s1.kill) {
            counts.kills++;
            if (hit) fail("a killed lookup hits");
            return;
        }
        (hit ? counts.hits : counts.misses)++;
        if (empty && now > empty_since) {
            if (hit) fail("a hit while the cache is emptied");
            return;
        }
        if (must_hit && !hit) fail("a word that is there is a miss");
        if (must_miss && hit) fail("a word that is not there is a hit");
        const bool once = refill.once && s1.addr == refill.addr && s1.priv == refill.priv && now - refill.first <= kHeld;
        if (hit && (err || !s1.cached)) {
            if (!once || err != refill.once_err) fail("an error or an uncached word that nobody fetched");
            if (!err && data != refill.once_data) fail("wrong data of an uncached word");
            (err ? counts.errors : counts.uncached)++;
            refill.once = false;
        } else if (hit) {
            if (data != memory.at(s1.addr) && old[s1.addr].count(data) == 0) fail("wrong data");
            if (refill.active()) (line_of(s1.addr) == line_of(refill.addr) ? counts.early : counts.under_miss)++;
            auto& list = set_of(s1.addr);
            const auto end = std::remove(list.begin(), list.end(), line_of(s1.addr));
            if (began && end == list.end() && &list == &set_of(refill.addr)) {
                list.clear();  // perhaps the line that is being replaced: the lookup was earlier
            } else {
                list.erase(end, list.end());
                list.insert(list.begin(), line_of(s1.addr));
            }
        } else {
            missed = true;
            may_start = !refill.active() && !raised && !refill.once;
            missed_by = s1;
        }
    }

    // A refill that appears on the bus.
    void begin_refill(const Lookup& cause) {
        if (refill.active()) fail("a refill during another");
        counts.refills++;
        const bool emptied = empty;
        refill = {};
        refill.addr = cause.addr;
        refill.priv = cause.priv;
        refill.cached = cause.cached;
        refill.ok = !emptied;
        refill.emptied = emptied;
        // The line it replaces is none of the last used, but of four ways only two of them are certain.
        auto& list = set_of(cause.addr);
        const size_t stay = ways == 4 ? 2 : ways - 1;
        if (refill.cached && list.size() > stay) list.resize(stay);
    }

    void cycle() {
        top.mem_ready_i = bus.ready();
        const bench::BusAnswer* response = top.rst_ni ? bus.answer(now) : nullptr;
        top.mem_rsp_valid_i = response != nullptr;
        top.mem_rsp_data_i = response != nullptr ? response->data : random.bits();
        top.mem_rsp_err_i = response != nullptr ? response->err : random.one_in(2);
        top.s1_ppn_i = second ? s1.addr >> 12 : random.one_in(2) ? memory.number(0) : random.bits() >> 12;
        top.s1_cached_i = second ? s1.cached : random.one_in(2);
        top.s1_kill_i = second ? s1.kill : random.one_in(2);
        top.s1_priv_i = second ? s1.priv : random.below(4);
        top.empty_i = empty;
        top.req_valid_i = want;
        top.req_offset_i = want ? (next.addr >> 2) & 1023 : random.below(1024);
        top.clk_i = 0;
        top.eval();

        empty_done = top.rst_ni && top.empty_done_o;
        if (top.rst_ni) {
            if (empty_done && !empty) fail("emptied without being asked");
            began = top.mem_valid_o && !raised && !(refill.active() && refill.sent < refill.words());
            if (began) {
                if (!missed || top.mem_addr_o != missed_by.addr || top.mem_priv_o != missed_by.priv)
                    fail("a refill nobody asked for");
                begin_refill(missed_by);
                raised = true;
            } else if (missed && may_start && !(empty && now > empty_since)) {
                fail("a miss does not start a refill");
            }
            missed = false;
            judge();
            const bench::BusRequest request{top.mem_addr_o, false, 0, 15, top.mem_priv_o, static_cast<bool>(top.mem_more_o)};
            const std::string broken = bus.look(top.mem_valid_o, top.mem_ready_i, request);
            if (!broken.empty()) fail(broken);
            if (top.mem_valid_o && top.mem_ready_i) {
                raised = false;
                const uint32_t wanted = line_of(refill.addr) | ((refill.addr + 4 * refill.sent) & (kLineBytes - 1));
                if (request.addr != wanted || request.priv != refill.priv || refill.sent >= refill.words())
                    fail("wrong word of a refill");
                if (request.more != (refill.sent + 1 < refill.words())) fail("mem_more of a refill");
                refill.sent++;
                const bool bus_err = error_rate != 0 && random.one_in(error_rate);
                bus.accept(now, bus_err ? random.bits() : memory.at(request.addr), bus_err, 0);
            }
            if (response != nullptr) {
                if (refill.come == 0 && !refill.emptied && (response->err || !refill.cached)) {
                    refill.once = true;
                    refill.once_err = response->err;
                    refill.once_data = response->data;
                    refill.first = now;
                }
                if (response->err) {
                    refill.ok = false;
                    // If it was used, it goes on to count as the last used one, under a number that nobody asks for.
                    auto& list = set_of(refill.addr);
                    std::replace(list.begin(), list.end(), line_of(refill.addr), line_of(refill.addr) | 1);
                }
                refill.come++;
                bus.answered();
            }
            if (refill.once && now - refill.first >= kHeld) refill.once = false;
        }
        second = taken = want && top.rst_ni && top.req_ready_o;
        if (taken) {
            s1 = next;
            expect(s1);
            if (empty && now > empty_since && !empty_done) fail("a lookup taken while the cache is emptied");
        }
        if (empty && now == empty_since) {
            counts.empties++;
            if (refill.active() || raised) counts.empties_in_refill++;
            forget();
        }
        if (empty && now - empty_since > 140) fail("never emptied");
        top.clk_i = 1;
        top.eval();
        now++;
        if (empty_done) empty = false;
    }

    void begin_empty() {
        empty = true;
        empty_since = now;
    }

    uint32_t any(unsigned sets) {
        const unsigned page = (static_cast<unsigned>(now >> 12) * 5 + random.below(random.one_in(8) ? 21 : ways + 1)) % 21;
        const uint32_t set = sets >= kSets ? random.below(kSets) : (random.below(sets) * 37) % kSets;
        return (memory.number(page) << 12) | (set * kLineBytes) | (4 * random.below(kLineWords));
    }
    void ask(uint32_t addr, uint32_t priv, bool kill) {
        next = {addr, priv, is_cached(addr), kill};
        want = true;
    }
    // Asks for one word until it is there; the number of lookups.
    unsigned fetch(uint32_t addr) {
        for (unsigned n = 1; n < 500; n++) {
            ask(addr, 3, false);
            cycle();
            while (!taken && wrong.empty()) cycle();
            want = false;
            cycle();
            if (hit) return n;
        }
        fail("never a hit");
        return 0;
    }
};

void random_traffic(Bench& b, unsigned seed) {
    const unsigned sets = seed % 3 == 0 ? kSets : 1 + seed % 5;
    bench::Random& random = b.random;
    uint32_t target = b.any(sets), priv = 3;
    unsigned waited = 0;
    // Whether it asks in every cycle, and ahead of what it has not got.
    const bool eager = seed % 2 == 0, ahead = seed % 4 < 2;
    bool asked_target = false;
    for (unsigned i = 0; i < 25000 && b.wrong.empty(); i++) {
        const bool was_target = asked_target && b.second;
        b.want = false;
        asked_target = false;
        if (eager || !random.one_in(3)) {
            const bool other = random.one_in(10) || (ahead && was_target);
            const uint32_t addr = !other ? target : random.one_in(3) ? b.any(sets) : (target & ~0xFFFu) | ((target + 4) & 0xFFF);
            b.ask(addr, random.one_in(50) ? random.below(4) : priv, random.one_in(12));
            asked_target = !other;
        }
        b.cycle();
        waited++;
        if (was_target && b.hit) {
            waited = 0;
            target = random.one_in(5) ? b.any(sets) : (target & ~0xFFFu) | ((target + 4) & 0xFFF);
            if (random.one_in(20)) priv = random.below(4);
        }
        if (random.one_in(60)) {
            target = b.any(sets);  // a branch
            waited = 0;
        }
        if (b.empty) waited = 0;
        if (waited > 1500) b.fail("never a hit");
        if (random.one_in(20)) b.write(b.any(sets), random.bits());
        if (!b.empty && random.one_in(700)) {
            // New code, then fence.i.
            for (unsigned k = 0; k < 200; k++) b.write(b.any(sets), random.bits());
            if (b.refill.active()) {
                for (uint32_t k = 0; k < kLineWords; k++) b.write(Bench::line_of(b.refill.addr) + 4 * k, random.bits());
            }
            b.begin_empty();
        }
        if (random.one_in(9000)) {
            b.reset();
            asked_target = false;
        }
    }
}

void directed(bench::Verdict& verdict, unsigned ways) {
    Bench b(77, ways, 1);
    const auto addr = [&](unsigned page, unsigned set, unsigned word) {
        return (b.memory.number(page) << 12) | (set * kLineBytes) | (4 * word);
    };
    // Asks in every cycle: taken in cycle 0, missed in 1, on the bus in 2, the word comes in 3 and to the lookup of 3.
    b.ask(addr(0, 4, 6), 3, false);
    unsigned cycles = 0;
    do {
        b.cycle();
        cycles++;
    } while (!b.hit && cycles < 100);
    verdict.check(cycles == 5, "a miss costs three cycles more than a hit if memory answers at once");
    unsigned hits = 0;
    for (unsigned k = 0; k < 32; k++) {
        b.ask(addr(0, 4, (7 + k) % 8), 3, false);
        b.cycle();
        hits += b.hit;
    }
    verdict.check(hits == 32, "one word a cycle, close behind the refill");
    b.want = false;
    b.cycle();
    for (unsigned page = 0; page < ways; page++) b.fetch(addr(page, 20, page));
    for (int i = 0; i < 12; i++) b.cycle();
    uint64_t refills = b.counts.refills;
    bool all = true;
    for (unsigned page = 0; page < ways; page++) all = b.fetch(addr(page, 20, 7 - page)) == 1 && all;
    verdict.check(all && b.counts.refills == refills, "as many lines of a set as there are ways");
    b.fetch(addr(ways, 20, 0));
    verdict.check(b.counts.refills == refills + 1, "and no more");

    for (int i = 0; i < 12; i++) b.cycle();
    refills = b.counts.refills;
    b.ask(addr(3, 60, 0), 3, true);
    b.cycle();
    b.want = false;
    for (int i = 0; i < 12; i++) b.cycle();
    verdict.check(b.counts.refills == refills, "a killed miss starts nothing");

    b.fetch(addr(19, 8, 3));
    b.fetch(addr(19, 8, 3));
    verdict.check(b.counts.refills == refills + 2 && b.counts.uncached == 2, "an uncached word is fetched each time");
    b.error_rate = 1;
    b.fetch(addr(1, 90, 2));
    verdict.check(b.err, "an error");
    b.error_rate = 0;
    for (int i = 0; i < 12; i++) b.cycle();
    verdict.check(b.fetch(addr(1, 90, 2)) > 1 && !b.err, "is given once, and the line is not kept");
    b.fetch(addr(1, 91, 2));
    for (int i = 0; i < 12; i++) b.cycle();
    b.begin_empty();
    const uint64_t from = b.now;
    while (b.empty && b.wrong.empty()) b.cycle();
    verdict.check(b.now - from == kSets + 2, "emptied at one set a cycle");
    verdict.check(b.fetch(addr(1, 91, 2)) > 1, "nothing is left in the emptied cache");

    // A refill that takes longer than fence.i: what memory held before is not given afterwards.
    for (const unsigned page : {1u, 19u}) {
        const uint32_t at = addr(page, 70, 5);
        for (int i = 0; i < 20; i++) b.cycle();
        b.bus.hold = true;
        b.ask(at, 3, false);
        b.cycle();
        b.want = false;
        for (int i = 0; i < 20; i++) b.cycle();
        for (uint32_t k = 0; k < kLineWords; k++) b.write(Bench::line_of(at) + 4 * k, b.random.bits());
        b.begin_empty();
        while (b.empty && b.wrong.empty()) b.cycle();
        b.bus.hold = false;
        b.fetch(at);
        verdict.check(b.data == b.memory.at(at), "new code after fence.i");
    }
    verdict.check(b.wrong.empty(), "directed: " + b.wrong);
    b.top.final();
}

}  // namespace

int main(int argc, char** argv) {
    const unsigned ways = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 2;
    const unsigned scale = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
    bench::Verdict verdict;
    directed(verdict, ways);
    Counts sum;
    for (unsigned seed = 0; seed < 36 * scale; seed++) {
        static const unsigned latencies[] = {1, 2, 5, 20, 1, 9};
        auto b = std::make_unique<Bench>(seed, ways, latencies[(seed / 2) % 6]);
        b->error_rate = seed % 4 == 1 || seed % 4 == 2 ? 30 : 0;
        random_traffic(*b, seed);
        verdict.check(b->wrong.empty(), "seed " + std::to_string(seed) + ": " + b->wrong);
        sum.hits += b->counts.hits;
        sum.misses += b->counts.misses;
        sum.refills += b->counts.refills;
        sum.early += b->counts.early;
        sum.under_miss += b->counts.under_miss;
        sum.uncached += b->counts.uncached;
        sum.errors += b->counts.errors;
        sum.kills += b->counts.kills;
        sum.empties += b->counts.empties;
        sum.empties_in_refill += b->counts.empties_in_refill;
        b->top.final();
    }
    std::printf("  %u ways: hits %llu (%llu in the line that is coming, %llu under a miss), misses %llu, refills %llu, uncached %llu, "
                "errors %llu, killed %llu, emptied %llu (%llu during a refill)\n",
                ways, (unsigned long long)sum.hits, (unsigned long long)sum.early, (unsigned long long)sum.under_miss,
                (unsigned long long)sum.misses, (unsigned long long)sum.refills, (unsigned long long)sum.uncached,
                (unsigned long long)sum.errors, (unsigned long long)sum.kills, (unsigned long long)sum.empties,
                (unsigned long long)sum.empties_in_refill);
    for (uint64_t count : {sum.hits, sum.early, sum.under_miss, sum.misses, sum.refills, sum.uncached, sum.errors, sum.kills,
                           sum.empties, sum.empties_in_refill})
        verdict.check(count > 200, "everything was seen often");
    return verdict.report();
}
