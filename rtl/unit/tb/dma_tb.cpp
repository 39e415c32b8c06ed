// DMA engine against memory contents: copies of every length to every set of destinations, comparison with a planted
// difference, aborts, random latency; the burst hint tells the truth. Also its speed with a memory that answers at once.
#include <memory>

#include "Vcovert_dma.h"
#include "bench.hpp"

namespace {

constexpr unsigned kTiles = 2;
constexpr unsigned kRegions = kTiles + 2;
constexpr uint32_t kBurst = 128;  // words
constexpr uint32_t kOut = (kTiles + 3) * RegionStride;

struct Bench {
    Vcovert_dma top;
    bench::Memory memory;
    bench::Random random;
    uint64_t now = 0;
    bool hinted = false;          // the next request must be this one
    uint32_t hinted_addr = 0;
    bool hinted_we = false;
    unsigned false_hints = 0, hints = 0;

    Bench(uint64_t seed, unsigned latency) : memory(1, uint64_t{kTiles + 4} * RegionStride, seed, latency), random(seed) {
        top.rst_ni = 0;
        top.start_i = 0;
        top.abort_i = 0;
        for (int i = 0; i < 4; i++) cycle();
        top.rst_ni = 1;
    }
    void cycle() {
        top.mem_req_ready_i = memory.ready();
        top.clk_i = 0;
        top.eval();
        if (top.rst_ni && top.mem_req_valid_o && top.mem_req_ready_i) {
            if (hinted && (top.mem_req_addr_o != hinted_addr || top.mem_req_we_o != hinted_we)) false_hints++;
            hinted = top.mem_req_more_o;
            hinted_addr = top.mem_req_addr_o + 4;
            hinted_we = top.mem_req_we_o;
            hints += hinted;
            memory.accept(0, now, {top.mem_req_addr_o, static_cast<bool>(top.mem_req_we_o), top.mem_req_wdata_o, top.mem_req_wstrb_o});
        }
        uint32_t data = random.bits();
        top.mem_rsp_valid_i = memory.response(0, now, data);
        top.mem_rsp_data_i = data;
        top.clk_i = 1;
        top.eval();
        now++;
    }
    void start(uint32_t src, uint32_t offset, uint32_t len, uint32_t compare, uint32_t dst, uint32_t out = 0) {
        hinted = false;  // an abort may have left a hint open
        top.out_i = out != 0;
        top.out_addr_i = out;
        top.src_i = src;
        top.offset_i = offset;
        top.len_i = len;
        top.compare_i = compare;
        top.dst_i = dst;
        top.start_i = 1;
        cycle();
        top.start_i = 0;
    }
    // Until done; false if it never is.
    bool finish(unsigned limit = 200000) {
        while (top.busy_o && limit-- > 0) cycle();
        return !top.busy_o;
    }
};

}  // namespace

int main() {
    bench::Verdict verdict;
    for (unsigned seed = 0; seed < 60; seed++) {
        const unsigned latency = seed % 7;
        Bench b(seed, latency);
        bench::Random& random = b.random;
        for (unsigned round = 0; round < 6; round++) {
            const uint32_t words = 1 + random.below(random.one_in(2) ? 200 : 600);
            const uint32_t offset = 4 + 4 * random.below(10000);
            const uint32_t src_region = random.below(kTiles + 3);
            const bool compare = src_region == 0 && random.one_in(2);
            const uint32_t src = src_region * RegionStride + (compare ? offset : 0x100000 + 4 * random.below(10000));
            const uint32_t dst = random.below(1u << kRegions) & ~(compare ? 3u : 0u);
            std::vector<uint32_t> from(words);
            for (uint32_t i = 0; i < words; i++) {
                from[i] = random.bits();
                b.memory.at(src + 4 * i) = from[i];
                if (compare) b.memory.at(RegionStride + offset + 4 * i) = from[i];
            }
            // In half of the rounds there is a destination at another offset as well, in a region of its own.
            const uint32_t out = random.one_in(2) ? kOut + 4 + 4 * random.below(10000) : 0;
            const uint32_t guard = random.bits();
            std::vector<uint64_t> places;  // where the words go
            if (out != 0) places.push_back(out);
            for (uint32_t d = 0; d < kRegions; d++) {
                if ((dst >> d) & 1) places.push_back(uint64_t{d} * RegionStride + offset);
            }
            for (const uint64_t place : places) {
                for (uint32_t i = 0; i < words; i++) b.memory.at(place + 4 * i) = ~from[i];
                b.memory.at(place + 4 * words) = guard;
                b.memory.at(place - 4) = guard;
            }
            const bool differ = compare && random.one_in(2);
            const uint32_t at = random.below(words);
            if (differ) {
                b.memory.at(RegionStride + offset + 4 * at) ^= 1u << random.below(32);
                if (at + 3 < words) b.memory.at(RegionStride + offset + 4 * (at + 3)) ^= 4;
            }
            const bool abort = random.one_in(6);
            b.start(src, offset, 4 * words, compare ? 2 : 0, dst, out);
            if (abort) {
                for (uint32_t i = random.below(3 * words); i > 0; i--) b.cycle();
                b.top.abort_i = 1;
            }
            bool ok = b.finish();
            b.top.abort_i = 0;
            ok = ok && b.memory.outstanding(0) == 0;
            if (!abort) {
                ok = ok && b.top.mismatch_o == differ;
                if (differ) {
                    ok = ok && b.top.mismatch_offset_o == offset + 4 * at && b.top.mismatch_first_o == from[at] &&
                         bench::word(b.top.mismatch_words_o, 1) == b.memory.at(RegionStride + offset + 4 * at);
                } else {
                    ok = ok && b.top.last_o == from[words - 1];
                }
            }
            for (const uint64_t place : places) {
                for (uint32_t i = 0; i < words; i++) {
                    const uint32_t is = b.memory.at(place + 4 * i);
                    if (!abort && (!differ || i < at / kBurst * kBurst)) ok = ok && is == from[i];
                    else if (differ && i >= at / kBurst * kBurst) ok = ok && is == ~from[i];
                    else ok = ok && (is == from[i] || is == ~from[i]);
                }
                ok = ok && b.memory.at(place + 4 * words) == guard && b.memory.at(place - 4) == guard;
            }
            char text[140];
            std::snprintf(text, sizeof text, "seed %u round %u: %u words, compare %d, differ %d, dst %x, out %x, abort %d", seed,
                          round, words, compare, differ, dst, out, abort);
            verdict.check(ok, text);
        }
        verdict.check(b.memory.out_of_range() == 0, "stays in main memory");
        verdict.check(b.false_hints == 0 && b.hints > 500, "after a hint the next word follows");
    }
    Bench b(1, 0);
    b.start(0, 0, PageSize, 2, 4);
    const uint64_t from = b.now;
    b.finish();
    const uint64_t cycles = b.now - from;
    std::printf("  a page read twice, compared, written once: %llu cycles for 3072 words\n", static_cast<unsigned long long>(cycles));
    verdict.check(cycles < 3072 * 11 / 10, "near one word a cycle");
    return verdict.report();
}
