// Outlet with its log: accesses run live and are recorded; after a rewind the same accesses are answered from the log and
// reach nothing; another access, or one more than the log holds, is refused and reported; what waits can be cancelled.
#include <memory>

#include "Vcovert_outlet.h"
#include "bench.hpp"

namespace {

struct Access {
    bool we;
    uint32_t addr, data, strb;
};

struct Bench {
    Vcovert_outlet top;
    bench::Random random{11};
    unsigned live = 0;      // accesses that reached a device or a register
    unsigned detections = 0;
    uint32_t kind = 0;
    bool barrier_waits = false;

    Bench() {
        top.rst_ni = 0;
        top.rel_valid_i = top.cancel_i = top.log_clear_i = top.log_rewind_i = top.logging_i = 0;
        for (int i = 0; i < 4; i++) cycle();
        top.rst_ni = 1;
        cycle();
    }
    // One cycle; the devices say the access back, salted.
    bool cycle() {
        top.dev_ready_i = random.one_in(2);
        top.reg_ready_i = !barrier_waits;
        top.dev_rdata_i = random.bits();
        top.reg_rdata_i = random.bits();
        top.clk_i = 0;
        top.eval();
        const bool done = top.rst_ni && top.rel_done_o;
        if (top.rst_ni) {
            if (top.dev_valid_o && top.dev_ready_i) live++;
            if (top.reg_we_o) live++;
            if (top.detect_o) {
                detections++;
                kind = top.detect_kind_o;
            }
        }
        if (done) answer = top.rel_rdata_o;
        top.clk_i = 1;
        top.eval();
        return done;
    }
    uint32_t answer = 0;
    // Until done; false if it is not after `limit` cycles.
    bool access(const Access& a, unsigned limit = 100) {
        top.rel_valid_i = 1;
        top.rel_we_i = a.we;
        top.rel_addr_i = a.addr;
        top.rel_data_i = a.we ? a.data : 0;
        top.rel_strb_i = a.strb;
        for (unsigned i = 0; i < limit; i++) {
            if (cycle()) {
                top.rel_valid_i = 0;
                cycle();
                return true;
            }
        }
        return false;
    }
    void pulse(uint8_t& port) {
        port = 1;
        cycle();
        port = 0;
    }
    Access any() {
        static const uint32_t addresses[] = {UartBase, UartBase + 4, UartBase + UartTxpack, ClintBase + ClintMtime, ExitBase,
                                             UnitBase + UnitRegInputTimeLo, UnitBase + UnitRegInputFlags};
        const unsigned which = random.below(7);
        return {which < 5 && random.one_in(2), addresses[which], random.bits(), which >= 5 ? 15u : 1u << random.below(4)};
    }
};

}  // namespace

int main() {
    bench::Verdict verdict;
    {
        Bench b;
        // Nothing is recorded before a checkpoint is valid.
        for (int i = 0; i < 20; i++) b.access(b.any());
        verdict.check(b.top.position_o == 0 && b.live > 5, "no logging without a checkpoint");
        b.top.logging_i = 1;
        for (unsigned round = 0; round < 30; round++) {
            b.pulse(b.top.log_clear_i);
            std::vector<Access> script;
            std::vector<uint32_t> answers;
            bool ok = true;
            const unsigned count = b.random.below(60);
            for (unsigned i = 0; i < count; i++) {
                script.push_back(b.any());
                ok = ok && b.access(script.back());
                answers.push_back(b.answer);
                if (b.random.one_in(4)) ok = ok && b.access({b.random.one_in(2), UnitBase + UnitRegWakeLo, 5, 15});
            }
            ok = ok && b.top.position_o == count;
            for (unsigned pass = 0; pass < 2; pass++) {
                b.pulse(b.top.log_rewind_i);
                ok = ok && b.top.replay_o == (count > 0);
                const unsigned live = b.live;
                unsigned control = 0;
                // The first pass stops half-way: another rollback.
                for (unsigned i = 0; i < (pass == 0 ? count / 2 : count); i++) {
                    ok = ok && b.access(script[i]);
                    if (!script[i].we) ok = ok && b.answer == answers[i];
                    if (b.random.one_in(4)) {
                        ok = ok && b.access({true, UnitBase + UnitRegWakeLo, 5, 15});
                        control++;
                    }
                }
                ok = ok && b.live == live + control;
            }
            ok = ok && !b.top.replay_o && b.top.position_o == count;
            const unsigned live = b.live;
            ok = ok && b.access({true, UartBase, 'x', 1}) && b.live == live + 1 && b.top.position_o == count + 1;
            verdict.check(ok && b.detections == 0, "round " + std::to_string(round));
        }
        // A replay that says something else.
        for (unsigned what = 0; what < 4; what++) {
            b.pulse(b.top.log_clear_i);
            b.detections = 0;
            const Access said{true, UartBase, 'a', 1};
            b.access(said);
            b.pulse(b.top.log_rewind_i);
            Access now = said;
            if (what == 0) now.data = 'b';
            if (what == 1) now.addr += 4;
            if (what == 2) now.we = false;
            if (what == 3) now.strb = 2;
            const unsigned live = b.live;
            verdict.check(!b.access(now, 30) && b.detections == 1 && b.kind == DetectionReplay && b.live == live,
                          "refuted by the log");
            b.top.cancel_i = 1;
            verdict.check(b.access(now, 3) && b.live == live, "and cancelled");
            b.top.cancel_i = 0;
        }
    }
    {
        Bench b;
        b.top.logging_i = 1;
        for (unsigned i = 0; i < LogDepth; i++) b.access({true, UartBase, i, 1});
        verdict.check(b.detections == 0 && b.live == LogDepth && b.top.position_o == LogDepth, "a full log");
        verdict.check(!b.access({true, UartBase, 0, 1}, 30) && b.detections == 1 && b.kind == DetectionLogFull &&
                          b.live == LogDepth, "one more is refused");
        b.top.cancel_i = 1;
        b.access({true, UartBase, 0, 1}, 3);
        b.top.cancel_i = 0;
        b.pulse(b.top.log_rewind_i);
        bool ok = true;
        for (unsigned i = 0; i < LogDepth; i++) ok = ok && b.access({true, UartBase, i, 1});
        verdict.check(ok && b.live == LogDepth && !b.top.replay_o, "a full log replays");
    }
    {
        Bench b;
        b.top.logging_i = 1;
        b.barrier_waits = true;
        const Access read{false, UnitBase + UnitRegInputTimeLo, 0, 15};
        verdict.check(!b.access(read, 200), "a read of the input set waits for the barrier");
        b.top.cancel_i = 1;
        verdict.check(b.access(read, 3) && b.top.position_o == 0, "and can be cancelled, unlogged");
        b.top.cancel_i = 0;
        b.barrier_waits = false;
        verdict.check(b.access(read, 3) && b.top.position_o == 1, "or is answered and logged");
    }
    return verdict.report();
}
