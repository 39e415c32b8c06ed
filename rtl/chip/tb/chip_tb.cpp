// Bring-up of the whole chip: a bare program, a miniature VMM alone and on two tiles, with random memory latency, with a
// disk, and with faults in what a tile reads and writes. Whatever happens, the console says what the model says, or a
// prefix of it and then DUE, and no other sector than the model's is on the disk.
//
//   chip_tb TILES BARE.bin VMM.bin FAULTS
#include <fstream>
#include <map>
#include <memory>

#include "Vcovert_chip.h"
#include "bench.hpp"

namespace {

using bench::word;

unsigned g_tiles;
std::vector<uint8_t> g_bare, g_vmm;
bench::Verdict g_verdict;

constexpr uint32_t kSegmentBytes = 0x180;
constexpr uint32_t kPages = 8;      // of guest RAM in use, each kStride from the next
constexpr uint32_t kStride = 40 * PageSize / 4;  // words

// As in vmm.S, behind the three descriptor words.
struct Options {
    uint32_t tile = 1, epochs = 16, every = 4, seg_src = 0, seg_len = kSegmentBytes, fail = 0, what = 0, limit = 20000,
             attempts = 3, third = 0, disk = 0;
};

struct Fault {
    int channel = -1;    // tile, -1: none
    uint64_t access = 0;  // the n-th answer (or write) on its channel since the group is complete
    bool write = false;
    uint32_t mask = 0;
    uint32_t group = 3;   // counted while these are the members
    bool repeat = false;  // each one from then on
};

struct Run {
    bool bare = false;
    Options options;
    uint64_t seed = 1;
    unsigned latency = 0;
    Fault fault;
    uint64_t max_cycles = 1'000'000;
};

struct Result {
    std::string console;
    bool exited = false, due = false, timeout = false;
    uint32_t code = 0;
    unsigned detections = 0, restarts = 0, checkpoints = 0, epochs = 0;
    uint64_t first_checkpoint = 0;
    uint64_t cycles = 0;
    uint32_t kind = 0, accused = 0, members = 0;
    uint64_t recovery_cycles = 0;
    bool fault_hit = false;
    uint64_t fault_cycle = 0, detect_cycle = 0;
    std::map<uint32_t, std::vector<uint32_t>> sectors;  // written to the disk
    std::string broken;  // a rule of an interface that was broken
};

uint32_t segment_word(uint32_t i) { return i * 0x9E3779B9u + 12345; }

struct Expected {
    std::string console;
    std::map<uint32_t, std::vector<uint32_t>> sectors;
};

Expected whole(const Options& o) {
    Expected e;
    std::vector<uint32_t> in(128);  // what the last sector said
    std::vector<uint32_t> ram(kPages * kStride);
    for (uint32_t i = 0; i < o.seg_len / 4; i++) ram[kStride - 64 + i] = segment_word(i);
    uint32_t sum = 0;
    for (uint32_t count = 0; count < o.epochs; count++) {
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t& w = ram[((5 * count + 7 * k) % kPages) * kStride + count % 16];
            w = w * 33 + count + k;
            sum = ((sum << 1) | (sum >> 31)) ^ w;
        }
        e.console += static_cast<char>('a' + (sum & 15));
        if (o.disk) {
            uint32_t word = sum;
            for (uint32_t& w : in) w = word += w;
            e.sectors[count + 1] = in;
            sum ^= in[127];
        }
    }
    e.console += '\n';
    return e;
}
std::string expected(const Options& o) { return whole(o).console; }

Result simulate(const Run& run) {
    const unsigned n = g_tiles;
    auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(static_cast<int>(run.seed) + 1);
    auto top = std::make_unique<Vcovert_chip>(context.get());
    bench::Memory memory(n + 1, uint64_t{n + 4} * RegionStride, run.seed, run.latency);
    bench::Random random(run.seed * 77 + 5);
    Result result;

    if (run.bare) {
        std::memcpy(&memory.at(0), g_bare.data(), g_bare.size());
    } else {
        const uint64_t boot = uint64_t{n + 2} * RegionStride;
        std::memcpy(&memory.at(boot), g_vmm.data(), g_vmm.size());
        Options o = run.options;
        o.seg_src = static_cast<uint32_t>((g_vmm.size() + 3) / 4 * 4 + 64);
        std::memcpy(&memory.at(boot + 12), &o, sizeof o);
        for (uint32_t i = 0; i < o.seg_len / 4; i++) memory.at(boot + o.seg_src + 4 * i) = segment_word(i);
    }

    top->bare_i = run.bare;
    top->boot_addr_i = GuestBase;
    top->mode_req_i = 0;
    top->uart_tx_ready_i = 1;
    top->uart_rx_valid_i = 0;
    top->uart_rx_data_i = 0;
    top->uart_hangup_i = 0;
    top->host_page_on_i = 0;
    top->host_page_i = 0;
    top->host_sync_i = 0;
    top->skip_i = 0;
    top->blk_capacity_i = run.options.disk ? run.options.epochs + 1 : 0;
    top->blk_read_only_i = 0;
    top->net_present_i = 0;
    top->net_mac_i = 0;
    top->net_tx_taken_i = 0;
    top->net_rx_done_i = 0;
    top->random_valid_i = 0;
    // The disk moves a command's data when it ends it.
    uint64_t disk_ends = ~uint64_t{0};

    struct Shown {
        bool valid = false;
        bench::Request request{};
    };
    std::vector<Shown> shown(n + 1);
    std::vector<uint64_t> reads(n + 1), writes(n + 1);
    uint64_t restart_from = 0;
    bool due_seen = false;
    size_t console_at_due = 0;

    for (uint64_t now = 0; now < run.max_cycles; now++) {
        top->rst_ni = now >= 8;
        uint32_t ready_mask = 0, valid_mask = 0;
        const uint32_t members = top->members_o;
        for (unsigned c = 0; c <= n; c++) {
            if (memory.ready()) ready_mask |= 1u << c;
        }
        top->mem_req_ready_i = ready_mask;
        top->clk_i = 0;
        top->eval();
        for (unsigned c = 0; c <= n && now >= 8; c++) {
            const bool valid = (top->mem_req_valid_o >> c) & 1;
            bench::Request request{word(top->mem_req_addr_o, c), static_cast<bool>((top->mem_req_we_o >> c) & 1),
                                   word(top->mem_req_wdata_o, c),
                                   static_cast<uint32_t>((uint64_t{top->mem_req_wstrb_o} >> (4 * c)) & 15)};
            const bool open = c == n || ((top->run_o >> c) & 1);
            if (valid && !open) result.broken = "a tile in reset reaches memory";
            if (shown[c].valid && open && c < n) {
                const auto& was = shown[c].request;
                if (!valid || was.addr != request.addr || was.we != request.we ||
                    (request.we && (was.wdata != request.wdata || was.wstrb != request.wstrb)))
                    result.broken = "a request changed before it was accepted";
            }
            if (valid && c < n && !run.bare && request.addr / RegionStride != c) result.broken = "outside the domain";
            shown[c].valid = false;
            if (!valid) continue;
            if (!((ready_mask >> c) & 1)) {
                shown[c] = {true, request};
                continue;
            }
            if (request.we && static_cast<int>(c) == run.fault.channel && run.fault.write && members == run.fault.group) {
                writes[c]++;
                if (writes[c] == run.fault.access || (run.fault.repeat && writes[c] >= run.fault.access)) {
                    request.wdata ^= run.fault.mask;
                    if (!result.fault_hit) result.fault_cycle = now;
                    result.fault_hit = true;
                }
            }
            memory.accept(c, now, request);
            if (memory.outstanding(c) > 16u) result.broken = "too many outstanding";
        }
        for (unsigned c = 0; c <= n; c++) {
            uint32_t data = random.bits();
            if (memory.response(c, now, data)) {
                valid_mask |= 1u << c;
                if (static_cast<int>(c) == run.fault.channel && !run.fault.write && members == run.fault.group) {
                    reads[c]++;
                    if (reads[c] == run.fault.access || (run.fault.repeat && reads[c] >= run.fault.access)) {
                        data ^= run.fault.mask;
                        if (!result.fault_hit) result.fault_cycle = now;
                        result.fault_hit = true;
                    }
                }
            }
            bench::set_word(top->mem_rsp_data_i, c, data);
        }
        top->mem_rsp_valid_i = valid_mask;
        top->blk_done_i = now >= disk_ends;
        top->blk_failed_i = 0;
        if (top->blk_done_i) {
            disk_ends = ~uint64_t{0};
            const uint64_t io = uint64_t{n + 3} * RegionStride + top->blk_addr_o;
            auto& sector = result.sectors[static_cast<uint32_t>(top->blk_sector_o)];
            sector.resize(128);
            for (uint32_t i = 0; i < 128; i++) {
                if (top->blk_op_o == IoBlkWrite) sector[i] = memory.at(io + 4 * i);
                else memory.at(io + 4 * i) = sector[i];
            }
        }
        if (now >= 8 && top->blk_start_o) disk_ends = now + 1 + random.below(600);

        if (now >= 8) {
            if (top->uart_tx_valid_o) result.console += static_cast<char>(top->uart_tx_data_o);
            if (top->det_valid_o) {
                result.detections++;
                result.kind = top->det_kind_o;
                result.accused = top->det_tile_o;
                restart_from = now;
                if (result.detect_cycle == 0) result.detect_cycle = now;
            }
            if (top->resume_o) {
                result.restarts++;
                result.recovery_cycles = now - restart_from;
            }
            if (top->ckpt_o) {
                result.checkpoints++;
                if (result.first_checkpoint == 0) result.first_checkpoint = now;
            }
            if (top->epoch_o) result.epochs++;
            if (top->due_o && !due_seen) {
                due_seen = true;
                console_at_due = now;
            }
        }
        top->clk_i = 1;
        top->eval();
        result.cycles = now;
        result.members = top->members_o;
        if (top->exit_valid_o) {
            result.exited = true;
            result.code = top->exit_code_o;
            if (!top->uart_tx_valid_o) break;
        }
        if (due_seen && now > console_at_due + 5000) {
            result.due = true;
            break;
        }
    }
    result.timeout = !result.exited && !result.due;
    if (memory.out_of_range()) result.broken = "outside main memory";
    top->final();
    return result;
}

std::string describe(const Result& r) {
    char text[400];
    std::snprintf(text, sizeof text,
                  "exit %d code %x due %d cycles %llu epochs %u ckpt %u det %u kind %u accused %x restarts %u members %x "
                  "fault@%llu det@%llu recovery %llu %s console '%s'",
                  r.exited, r.code, r.due, static_cast<unsigned long long>(r.cycles), r.epochs, r.checkpoints,
                  r.detections, r.kind, r.accused, r.restarts, r.members,
                  static_cast<unsigned long long>(r.fault_cycle), static_cast<unsigned long long>(r.detect_cycle),
                  static_cast<unsigned long long>(r.recovery_cycles), r.broken.c_str(), r.console.c_str());
    return text;
}

void expect(const char* name, const Result& r, bool ok) {
    g_verdict.check(ok && r.broken.empty(), std::string(name) + ": " + describe(r));
}

bool good(const Run& run, const Result& r) {
    const Expected e = whole(run.options);
    return r.exited && r.code == 0x5555 && r.console == e.console && r.sectors == e.sectors;
}
// Nothing wrong has left the chip.
bool prefix(const Run& run, const Result& r) {
    const Expected e = whole(run.options);
    for (const auto& [number, sector] : r.sectors) {
        const auto is = e.sectors.find(number);
        if (is == e.sectors.end() || is->second != sector) return false;
    }
    return e.console.compare(0, r.console.size(), r.console) == 0;
}

void directed() {
    for (unsigned latency : {0u, 6u}) {
        Run run;
        run.bare = true;
        run.latency = latency;
        auto r = simulate(run);
        expect("bare", r, r.exited && r.code == 0x5555 && r.console == "bare done\n" && r.detections == 0);

        run.bare = false;
        run.options.tile = 0;
        r = simulate(run);
        expect("one member", r, good(run, r) && r.detections == 0 && r.checkpoints == 0 && r.members == 1);

        run.options.what = 3;
        run.options.fail = 5;
        r = simulate(run);
        expect("violation, one member", r, r.due && r.kind == DetectionGate && r.accused == 1 && r.console.size() == 4);
    }
    {
        Run run;
        run.options.tile = 0;
        run.options.disk = 1;
        run.latency = 3;
        const auto r = simulate(run);
        expect("disk, one member", r, good(run, r) && r.detections == 0 && r.sectors.size() == run.options.epochs);
    }
    if (g_tiles < 2) return;
    for (uint32_t tile = 1; tile < g_tiles; tile++) {
        for (unsigned latency : {0u, 3u, 9u}) {
            Run run;
            run.options.tile = tile;
            run.latency = latency;
            run.seed = tile * 10 + latency;
            run.options.disk = latency == 3;
            auto r = simulate(run);
            expect("two members", r,
                   good(run, r) && r.detections == 0 && r.checkpoints == 4 && r.members == (1u | 1u << tile));
            std::printf("  tile %u latency %u: %llu cycles\n", tile, latency, static_cast<unsigned long long>(r.cycles));
        }
    }
    Run run;
    run.options.fail = 11;
    run.options.what = 1;
    auto r = simulate(run);
    expect("drop", r, good(run, r) && r.detections == 0 && r.members == 1);
    run.options.what = 2;
    r = simulate(run);
    // Each rollback meets it again: MAX_ATTEMPTS rollbacks, then DUE; what was said stays a prefix.
    expect("agreed VMM_FAIL", r, r.due && r.kind == DetectionVmm && r.detections == 4 && r.restarts == 3 &&
                                     r.console == expected(run.options).substr(0, 10));
    run.options.what = 3;
    r = simulate(run);
    expect("agreed violation", r, r.due && r.kind == DetectionGate && r.detections == 4 && r.restarts == 3 &&
                                      r.console == expected(run.options).substr(0, 10));
}

// With `third`, a third member joins in epoch 5, while a checkpoint is valid.
void faults(unsigned count, bool third) {
    bench::Random random(4242 + third);
    const uint32_t group = third ? 7 : 3;
    unsigned masked = 0, recovered = 0, due = 0, missed = 0;
    uint64_t slowest = 0;
    std::vector<unsigned> kinds(16);
    for (unsigned i = 0; i < count; i++) {
        Run run;
        run.seed = 1000 + i;
        run.options.disk = i % 2;
        run.latency = random.below(5);
        run.fault.channel = static_cast<int>(random.below(third ? 3 : 2));
        run.fault.group = group;
        if (third) {
            run.options.fail = 5;
            run.options.what = 4;
            run.options.third = 2;
        }
        run.fault.write = random.one_in(3);
        run.fault.access = 1 + random.below(run.fault.write ? 300 : 3000);
        run.fault.mask = 1u << random.below(32);
        auto r = simulate(run);
        const bool early =
            r.due && (r.first_checkpoint == 0 || r.first_checkpoint > r.detect_cycle) && prefix(run, r);
        const bool ok = (good(run, r) && r.members == group) || early;

        char name[100];
        std::snprintf(name, sizeof name, "fault %u tile %d %s %llu mask %08x", i, run.fault.channel,
                      run.fault.write ? "write" : "read", static_cast<unsigned long long>(run.fault.access),
                      run.fault.mask);
        expect(name, r, ok);
        if (!r.fault_hit) missed++;
        else if (r.detections == 0) masked++;
        else if (r.due) due++;
        else recovered++;
        if (r.detections) kinds[r.kind & 15]++;
        if (r.recovery_cycles > slowest) slowest = r.recovery_cycles;
    }
    std::printf("  %u faults: %u not reached, %u masked, %u recovered, %u DUE before the first checkpoint; kinds", count,
                missed, masked, recovered, due);
    for (unsigned k = 1; k <= DetectionVmm; k++) std::printf(" %u:%u", k, kinds[k]);
    std::printf("; slowest recovery %llu cycles\n", static_cast<unsigned long long>(slowest));
    g_verdict.check(recovered != 0 && 2 * missed < count, "faults are reached, and some are recovered from");
}

std::vector<uint8_t> slurp(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (argc < 5) return 2;
    g_tiles = static_cast<unsigned>(std::atoi(argv[1]));
    g_bare = slurp(argv[2]);
    g_vmm = slurp(argv[3]);
    directed();
    const auto count = static_cast<unsigned>(std::atoi(argv[4]));
    if (g_tiles >= 2) faults(count, g_tiles > 2);
    return g_verdict.report();
}
