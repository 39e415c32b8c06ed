// Gate against a scoreboard: a tile that does anything at all on its bus (requests that come and go, any address,
// privilege and data), random memory and comparator, quarantine at random moments.
#include <memory>

#include "Vcovert_gate.h"
#include "bench.hpp"

namespace {

constexpr size_t kMaxOutstanding = 16;

enum class Kind { Memory, Device, Gate, Refused };

struct Access {
    Kind kind;
    uint32_t phys;
    uint32_t addr;
    bool we;
    uint32_t wdata;
    uint32_t wstrb;
    bool blame;
    uint64_t accepted;
    bool more = false;
};

bool in(uint32_t addr, uint32_t base, uint32_t size) { return addr >= base && addr - base < size; }

// docs/chip.md, address map.
Access classify(bool bare, uint32_t tile, uint32_t guest_size, uint32_t addr, bool we, uint32_t wdata, uint32_t wstrb,
                uint32_t priv, bool instr, uint64_t now) {
    Access a{Kind::Refused, 0, addr & ~3u, we, we ? wdata : 0, wstrb, !bare && priv == 3 && (!instr || we), now};
    const bool device = in(addr, ExitBase, PageSize) || in(addr, ClintBase, ClintSize) || in(addr, UartBase, UartSize);
    if (bare) {
        if (in(addr, GuestBase, RegionStride)) {
            a.kind = Kind::Memory;
            a.phys = addr - GuestBase;
        } else if (device && !instr) {
            a.kind = Kind::Device;
        }
    } else {
        const bool mach = priv == 3;
        if (priv != 2 && in(addr, GuestBase, guest_size)) {
            a.kind = Kind::Memory;
            a.phys = tile * RegionStride + GuestOffset + (addr - GuestBase);
        } else if (mach && in(addr, VmmBase, VmmSize)) {
            a.kind = Kind::Memory;
            a.phys = tile * RegionStride + (addr - VmmBase);
        } else if (mach && !instr && (device || in(addr, UnitBase, UnitSize) || in(addr, IoBase, IoSize))) {
            a.kind = Kind::Device;
        } else if (mach && !instr && !we && in(addr, GateBase, PageSize)) {
            a.kind = Kind::Gate;
        }
    }
    a.phys &= ~3u;
    return a;
}

uint32_t random_address(bench::Random& random, uint32_t guest_size) {
    static const uint32_t bases[] = {ExitBase, ClintBase, UartBase, VmmBase, GateBase, UnitBase, IoBase, GuestBase,
                                     GuestBase, GuestBase, VmmBase, 0, 0xFFFFFFFC};
    static const uint32_t sizes[] = {PageSize, ClintSize, UartSize, VmmSize, PageSize, UnitSize, IoSize, RegionStride};
    uint32_t addr = bases[random.below(13)];
    switch (random.below(6)) {
        case 0: addr += sizes[random.below(8)]; break;                     // just behind a window
        case 1: addr += guest_size + 4 * random.below(4) - 8; break;       // around the guest's bound
        case 2: addr += 4 * random.below(16) - 32; break;
        case 3: addr = random.bits(); break;
        default: addr += random.below(sizes[random.below(8)]); break;
    }
    return addr;
}

}  // namespace

int main() {
    bench::Verdict verdict;
    uint64_t seen[4] = {}, violations = 0, drains = 0;
    size_t most = 0;
    for (unsigned seed = 0; seed < 12; seed++) {
        auto top = std::make_unique<Vcovert_gate>();
        bench::Random random(seed);
        const bool bare = seed % 4 == 3;
        const uint32_t tile = bare ? 0 : seed % 4;
        uint32_t guest_size = PageSize * (1 + random.below(GuestMax / PageSize));
        // In the last seeds memory is so slow that the gate's limit is what holds the tile back.
        const unsigned latency = seed < 9 ? 1 + seed % 5 : 60;
        std::deque<Access> to_memory, unanswered;      // accepted: not yet in memory, not yet answered
        std::deque<std::pair<uint64_t, uint32_t>> answers;  // memory's: due, data
        std::deque<bool> answer_wanted;                // its tile still waits
        uint64_t device_due = 0;
        uint64_t quarantine_until = 0;
        uint64_t violation_since = 0;
        bool was_valid = false, was_quarantine = false;
        uint32_t was_addr = 0, dirty_block = 0;
        bool dirty = false;
        std::string wrong;
        uint64_t now = 0;
        for (; now < 60000 && wrong.empty(); now++) {
            top->rst_ni = now >= 4;
            const bool idle = answers.empty() && now > 100;
            // As the sequencer does, not before what was under way has come back.
            const bool quarantine = now < 8 || now < quarantine_until || (was_quarantine && !answers.empty());
            const bool judged = violation_since != 0 && now > violation_since + random.below(16);
            if (!quarantine && now > 100 && (judged || random.one_in(400))) quarantine_until = now + 20 + random.below(40);
            top->quarantine_i = quarantine;
            top->tile_i = tile;
            top->bare_i = bare;
            top->guest_size_i = guest_size;
            // The tile: any behaviour; in some stretches a well-behaved flood.
            top->tile_req_valid_i = (now / 512) % 2 ? random.one_in(2) : 1;
            top->tile_req_addr_i = random_address(random, guest_size);
            top->tile_req_we_i = random.one_in(3);
            top->tile_req_wdata_i = random.bits();
            top->tile_req_wstrb_i = random.below(16);
            top->tile_req_priv_i = random.one_in(2) ? 3 : random.below(4);
            top->tile_req_instr_i = random.one_in(4);
            top->tile_req_more_i = random.one_in(2);
            if (latency > 5 && (now / 2048) % 2) {
                // Nothing but memory accesses.
                top->tile_req_addr_i = bare ? GuestBase + 4 * random.below(1024) : VmmBase + 4 * random.below(1024);
                top->tile_req_priv_i = 3;
            }
            top->mem_req_ready_i = latency == 1 || !random.one_in(3);
            top->mem_rsp_valid_i = 0;
            top->dev_done_i = 0;
            top->dev_rdata_i = random.bits();
            top->dev_err_i = random.one_in(8);
            top->clk_i = 0;
            top->eval();
            // Memory may answer in the cycle of the acceptance.
            const bool taken = now >= 8 && top->mem_req_valid_o && top->mem_req_ready_i;
            if (taken) {
                uint64_t due = now + random.below(latency);
                if (!answers.empty() && due <= answers.back().first) due = answers.back().first + 1;
                answers.push_back({due, random.bits()});
                answer_wanted.push_back(true);
            }
            top->mem_rsp_data_i = random.bits();
            if (!answers.empty() && answers.front().first <= now) {
                top->mem_rsp_valid_i = 1;
                top->mem_rsp_data_i = answers.front().second;
            }
            top->eval();
            if (top->dev_valid_o && now >= 8) {
                if (device_due == 0) device_due = now + 1 + random.below(6);
                if (now >= device_due) {
                    top->dev_done_i = 1;
                    device_due = 0;
                    top->eval();
                }
            } else {
                device_due = 0;
            }

            if (now >= 8) {
                if (quarantine) {
                    for (auto&& w : answer_wanted) w = false;
                    to_memory.clear();
                    unanswered.clear();
                }
                if (top->tile_req_valid_i && top->tile_req_ready_o) {
                    if (quarantine) wrong = "request taken in quarantine";
                    Access a = classify(bare, tile, guest_size, top->tile_req_addr_i, top->tile_req_we_i,
                                              top->tile_req_wdata_i, top->tile_req_wstrb_i, top->tile_req_priv_i,
                                              top->tile_req_instr_i, now);
                    a.more = top->tile_req_more_i;
                    seen[static_cast<int>(a.kind)]++;
                    unanswered.push_back(a);
                    if (a.kind == Kind::Memory) to_memory.push_back(a);
                    if (unanswered.size() > kMaxOutstanding) wrong = "too many outstanding";
                    if (unanswered.size() > most) most = unanswered.size();
                }
                // The dirty flag comes one cycle after memory took the write.
                if (top->dirty_o != dirty || (dirty && top->dirty_block_o != dirty_block)) wrong = "dirty flag";
                dirty = false;
                if (top->mem_req_valid_o) {
                    if (quarantine) wrong = "request to memory in quarantine";
                    if (top->mem_req_addr_o / RegionStride != tile) wrong = "outside the domain";
                    if (was_valid && was_addr != top->mem_req_addr_o) wrong = "request to memory changed";
                    if (top->mem_req_ready_i) {
                        if (to_memory.empty()) wrong = "request to memory from nowhere";
                        else {
                            const Access a = to_memory.front();
                            to_memory.pop_front();
                            if (a.phys != top->mem_req_addr_o || a.we != top->mem_req_we_o ||
                                (a.we && a.wdata != top->mem_req_wdata_o) || a.wstrb != top->mem_req_wstrb_o ||
                                a.more != top->mem_req_more_o)
                                wrong = "wrong request to memory";
                            dirty = a.we;
                            dirty_block = (a.phys % RegionStride) / BlockSize;
                        }
                    }
                } else {
                    if (was_valid && !quarantine) wrong = "request to memory withdrawn";
                }
                // Only memory answers in the cycle in which an access is accepted.
                const bool swallowed = top->mem_rsp_valid_i && !answer_wanted.front();
                if (top->tile_rsp_valid_o) {
                    if (quarantine) wrong = "answer in quarantine";
                    else if (unanswered.empty()) wrong = "answer to nothing";
                    else {
                        const Access a = unanswered.front();
                        unanswered.pop_front();
                        if (a.accepted + (a.kind != Kind::Memory) > now) wrong = "answer too early";
                        if (top->tile_rsp_err_o != (a.kind == Kind::Refused || (a.kind == Kind::Device && top->dev_err_i)))
                            wrong = "wrong rsp_err";
                        if (a.kind == Kind::Memory && (!top->mem_rsp_valid_i || top->tile_rsp_data_o != top->mem_rsp_data_i))
                            wrong = "wrong data from memory";
                        if (a.kind == Kind::Gate && top->tile_rsp_data_o != ((a.addr & 0xFFF) == GateTileId ? tile : 0))
                            wrong = "wrong gate register";
                        if (a.kind == Kind::Device && (!top->dev_done_i || top->tile_rsp_data_o != top->dev_rdata_i))
                            wrong = "wrong data from the comparator";
                        if (a.kind == Kind::Refused && a.blame) wrong = "answer to a violation";
                    }
                } else {
                    if (top->mem_rsp_valid_i && !swallowed && !quarantine) wrong = "answer of memory is lost";
                }
                // A violation stands from the cycle in which it would have been answered until quarantine.
                const bool refused = !quarantine && answers.empty() && !unanswered.empty() &&
                                     unanswered.front().kind == Kind::Refused && unanswered.front().blame &&
                                     unanswered.front().accepted < now;
                if (top->violation_o != refused) wrong = "violation flag";
                if (refused) {
                    const Access& a = unanswered.front();
                    if (top->dev_addr_o != a.addr || top->dev_we_o != a.we || top->dev_wdata_o != a.wdata)
                        wrong = "what the violation was";
                    if (violation_since == 0) violations++, violation_since = now;
                } else {
                    violation_since = 0;
                }
                if (top->dev_done_i && !top->tile_rsp_valid_o && !quarantine) wrong = "answer of the comparator is lost";
                if (top->mem_rsp_valid_i) {
                    answers.pop_front();
                    answer_wanted.pop_front();
                }

                was_valid = top->mem_req_valid_o && !top->mem_req_ready_i;
                was_addr = top->mem_req_addr_o;
                if (top->dev_valid_o) {
                    if (quarantine) wrong = "device access in quarantine";
                    else if (!top->dev_done_i) {
                        if (unanswered.empty() || unanswered.front().kind != Kind::Device ||
                            unanswered.front().addr != top->dev_addr_o || unanswered.front().we != top->dev_we_o ||
                            unanswered.front().wdata != top->dev_wdata_o || unanswered.front().wstrb != top->dev_strb_o)
                            wrong = "wrong device access";
                    }
                }
                if (quarantine && top->drained_o && !answers.empty()) wrong = "drained with accesses outstanding";
                if (quarantine && was_quarantine && idle && !top->drained_o) wrong = "never drained";
                if (quarantine && top->drained_o) drains++;
                was_quarantine = quarantine;
            }
            top->clk_i = 1;
            top->eval();
        }
        char text[120];
        std::snprintf(text, sizeof text, "seed %u: %s at cycle %llu", seed, wrong.c_str(), static_cast<unsigned long long>(now));
        verdict.check(wrong.empty(), text);
        top->final();
    }
    std::printf("  memory %llu, device %llu, gate %llu, refused %llu, violations %llu\n", (unsigned long long)seen[0],
                (unsigned long long)seen[1], (unsigned long long)seen[2], (unsigned long long)seen[3],
                (unsigned long long)violations);
    for (uint64_t count : seen) verdict.check(count > 100, "every kind of access was seen");
    verdict.check(most == kMaxOutstanding, "as many outstanding as the gate allows");
    verdict.check(violations > 100 && drains > 100, "violations and drains were seen");
    return verdict.report();
}
