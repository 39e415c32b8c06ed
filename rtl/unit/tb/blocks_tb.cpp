// Block walker, dirty bits and DMA engine together, judged by what stands in memory: clones while the source goes on
// writing, checkpoints that commit, that fail, that are aborted anywhere, rollbacks, a tile that leaves and comes back.
// The bench plays the sequencer and the tiles.
#include <map>
#include <memory>

#include "Vcovert_blocks_top.h"
#include "bench.hpp"

namespace {

enum Job : uint32_t { Clear, Length, Image, Load, Precopy, Join, Checkpoint, Restore, CopyIn, CopyOut };  // covert_unit_pkg
constexpr uint32_t kBoot = 4, kIo = 5;                                       // regions
constexpr uint32_t kBurst = 128;                                                         // words of the DMA's buffer

struct Bench {
    Vcovert_blocks_top top;
    bench::Memory memory;
    bench::Random random;
    uint64_t now = 0;
    uint32_t guest_size;
    uint32_t blocks;                 // of the domain in use
    std::vector<uint32_t> snapshot;  // the domain at the last commit
    uint64_t job_cycles = 0;

    Bench(uint64_t seed, unsigned latency)
        : memory(1, uint64_t{6} * RegionStride, seed, latency), random(seed + 99),
          guest_size(BlockSize * (1 + random.below(300))), blocks((GuestOffset + guest_size) / BlockSize) {
        top.rst_ni = 0;
        top.start_i = top.abort_i = top.commit_i = top.ckpt_valid_i = 0;
        top.members_i = 1;
        top.guest_size_i = guest_size;
        for (int i = 0; i < 4; i++) cycle();
        top.rst_ni = 1;
    }
    uint32_t& at(uint32_t region, uint32_t offset) { return memory.at(uint64_t{region} * RegionStride + offset); }

    void cycle(uint32_t writers = 0, uint32_t offset = 0, uint32_t value = 0) {
        top.mem_req_ready_i = memory.ready();
        top.set_i = writers;
        top.set_block_i = offset / BlockSize;
        top.clk_i = 0;
        top.eval();
        if (top.rst_ni && top.mem_req_valid_o && top.mem_req_ready_i)
            memory.accept(0, now, {top.mem_req_addr_o, static_cast<bool>(top.mem_req_we_o), top.mem_req_wdata_o, top.mem_req_wstrb_o});
        uint32_t data = random.bits();
        top.mem_rsp_valid_i = memory.response(0, now, data);
        top.mem_rsp_data_i = data;
        for (uint32_t t = 0; t < 2; t++) {
            if ((writers >> t) & 1) at(t, offset) = value;
        }
        top.clk_i = 1;
        top.eval();
        now++;
    }
    // A write of the given tiles into a block that checkpoints cover; half of them into few blocks.
    void write(uint32_t tiles) {
        const uint32_t count = blocks - FirstBlock;
        uint32_t block = FirstBlock + (random.one_in(2) ? random.below(count) : random.below(8) * 31 % count);
        if (random.one_in(10)) block = blocks - 1;
        cycle(tiles, block * BlockSize + 4 * random.below(BlockSize / 4), random.bits());
    }
    void start(Job job, uint32_t target = 0) {
        top.job_i = job;
        top.target_i = target;
        top.start_i = 1;
        cycle();
        top.start_i = 0;
    }
    bool wait(uint32_t writers = 0, uint64_t limit = 20'000'000) {
        const uint64_t from = now;
        while (top.busy_o && now - from < limit) {
            if (writers && random.one_in(2000)) write(writers);
            else cycle();
        }
        job_cycles = now - from;
        return !top.busy_o;
    }
    bool run(Job job, uint32_t target = 0, uint32_t writers = 0) {
        start(job, target);
        return wait(writers);
    }
    // The covered blocks of two regions are equal.
    bool same(uint32_t a, uint32_t b, bool quiet = false) {
        for (uint32_t o = FirstBlock * BlockSize; o < blocks * BlockSize; o += 4) {
            if (at(a, o) != at(b, o)) {
                if (!quiet) std::printf("  regions %u and %u differ at block %u\n", a, b, o / BlockSize);
                return false;
            }
        }
        return true;
    }
    // A piece of the covered blocks and a place for it in the I/O region.
    struct Piece {
        uint32_t domain, io, words;
    };
    Piece piece() {
        const uint32_t words = 1 + random.below(random.one_in(3) ? 3000 : 200);
        const uint32_t room = (blocks - FirstBlock) * BlockSize / 4 - words;
        return {FirstBlock * BlockSize + 4 * random.below(room), 4 * random.below(100000), words};
    }
    void copy(Job job, uint32_t src, uint32_t dst, uint32_t words) {
        top.load_src_i = src;
        top.load_dst_i = dst;
        top.load_len_i = 4 * words;
        start(job);
    }
    bool equal(uint32_t region, const Piece& piece) {
        for (uint32_t i = 0; i < piece.words; i++) {
            if (at(region, piece.domain + 4 * i) != at(kIo, piece.io + 4 * i)) return false;
        }
        return true;
    }
    void keep() {
        snapshot.clear();
        for (uint32_t o = 0; o < blocks * BlockSize; o += 4) snapshot.push_back(at(0, o));
    }
    bool is_snapshot(uint32_t region) {
        for (uint32_t o = FirstBlock * BlockSize; o < blocks * BlockSize; o += 4) {
            if (at(region, o) != snapshot[o / 4]) {
                std::printf("  region %u is not the checkpoint at block %u\n", region, o / BlockSize);
                return false;
            }
        }
        return true;
    }
    // Whatever the members wrote, in whatever block, a rollback brings the checkpoint back.
    bool comes_back() {
        for (uint32_t block = FirstBlock; block < blocks; block++) {
            const uint32_t at = block * BlockSize + 4 * random.below(BlockSize / 4);
            cycle(3, at, random.bits());
            if (random.one_in(4)) cycle(1 + random.below(2), at, random.bits());
        }
        return run(Restore) && is_snapshot(0) && is_snapshot(1);
    }
    void commit() {
        top.commit_i = 1;
        cycle();
        top.commit_i = 0;
        top.ckpt_valid_i = 1;
        keep();
    }
};

}  // namespace

int main(int argc, char** argv) {
    bench::Verdict verdict;
    const unsigned seeds = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 6;
    unsigned copied = 0, sent = 0, committed = 0, failed = 0, aborted = 0, rolled_back = 0, joined = 0;
    for (unsigned seed = 0; seed < seeds; seed++) {
        Bench b(seed, seed % 3);
        bench::Random& random = b.random;
        bool ok = true;
        std::string history;
        auto must = [&](bool good, const char* what) {
            history += what;
            history += ' ';
            if (!good && ok) {
                ok = false;
                verdict.check(false, "seed " + std::to_string(seed) + ": " + history);
            }
        };
        must(b.run(Clear), "clear");

        // The image, by the length that stands in the descriptor.
        const uint32_t image = 4 * (10 + random.below(3000));
        for (uint32_t o = 0; o < image; o += 4) b.at(kBoot, o) = random.bits();
        b.at(kBoot, BootImageLen) = image;
        must(b.run(Length) && b.run(Image, 1), "image");
        bool equal = b.at(0, image) == 0;
        for (uint32_t o = 0; o < image; o += 4) equal = equal && b.at(0, o) == b.at(kBoot, o);
        must(equal, "image-equal");

        // LOAD across blocks, from anywhere to anywhere.
        const uint32_t len = 4 * random.below(5000), src = 0x100000 + 4 * random.below(1000);
        const uint32_t dst = GuestOffset + 4 * random.below((b.guest_size - (len < b.guest_size ? len : 0)) / 4);
        if (dst + len <= GuestOffset + b.guest_size) {
            for (uint32_t o = 0; o < len; o += 4) b.at(kBoot, src + o) = random.bits();
            b.top.load_src_i = src;
            b.top.load_dst_i = dst;
            b.top.load_len_i = len;
            must(b.run(Load), "load");
            equal = true;
            for (uint32_t o = 0; o < len; o += 4) equal = equal && b.at(0, dst + o) == b.at(kBoot, src + o);
            must(equal, "load-equal");
        }
        b.top.load_dst_i = RegionStride - 4;
        b.top.load_len_i = 8;
        for (const Job job : {Load, CopyIn, CopyOut}) must(b.run(job) && b.job_cycles < 5, "outside-refused");

        for (unsigned round = 0; round < 12 && ok; round++) {
            if (b.top.members_i == 1) {
                for (uint32_t i = random.below(40); i > 0; i--) b.write(1);
                const bool interrupted = random.one_in(4);
                must(b.run(Precopy, 2, 1) && b.top.fresh_o == 2, "precopy");
                for (uint32_t i = random.below(20); i > 0; i--) b.write(1);
                if (interrupted) must(b.run(Precopy, 2, 1), "again");
                must(b.run(Join, 2), "join");
                must(b.same(0, 1) && b.top.fresh_o == 0, "cloned");
                b.top.members_i = 3;
                joined++;
                if (random.one_in(8)) {
                    b.top.members_i = 1;
                    history += "leave ";
                    continue;
                }
                must(b.run(Checkpoint) && !b.top.failed_o, "first");
                b.commit();
                must(b.comes_back(), "first-whole");
                continue;
            }
            for (uint32_t i = random.below(30); i > 0; i--) b.write(3);
            if (random.one_in(2)) {
                // Data comes in, to both alike.
                const auto piece = b.piece();
                for (uint32_t i = 0; i < piece.words; i++) b.at(kIo, piece.io + 4 * i) = random.bits();
                b.copy(CopyIn, piece.io, piece.domain, piece.words);
                if (random.one_in(3)) {
                    for (uint32_t i = random.below(2 * piece.words); i > 0 && b.top.busy_o; i--) b.cycle();
                    b.top.abort_i = 1;
                    must(b.wait(), "copy-in-aborted");
                    b.top.abort_i = 0;
                    must(b.run(Restore), "rollback");
                    must(b.is_snapshot(0) && b.is_snapshot(1), "as-before");
                    b.copy(CopyIn, piece.io, piece.domain, piece.words);
                    aborted++;
                }
                must(b.wait() && b.equal(0, piece) && b.equal(1, piece), "copy-in");
                copied++;
            }
            if (random.one_in(2)) {
                // Data goes out, compared.
                const auto piece = b.piece();
                for (uint32_t i = 0; i < piece.words; i++) b.at(kIo, piece.io + 4 * i) = ~b.at(0, piece.domain + 4 * i);
                const bool differ = random.one_in(3);
                const uint32_t at = random.below(piece.words), bit = 1u << random.below(32);
                if (differ) b.at(1, piece.domain + 4 * at) ^= bit;
                b.copy(CopyOut, piece.domain, piece.io, piece.words);
                must(b.wait() && b.top.failed_o == differ, differ ? "copy-out-refused" : "copy-out");
                if (differ) {
                    must(b.top.differ_offset_o == piece.domain + 4 * at, "names-the-word");
                    bool held = true;
                    for (uint32_t i = at / kBurst * kBurst; i < piece.words; i++)
                        held = held && b.at(kIo, piece.io + 4 * i) == ~b.at(0, piece.domain + 4 * i);
                    must(held, "nothing-of-the-burst-leaves");
                    b.at(1, piece.domain + 4 * at) ^= bit;
                } else {
                    must(b.equal(0, piece), "copy-out-equal");
                }
                sent++;
            }
            switch (random.below(6)) {
                case 0:  // a rollback from anywhere
                    must(b.run(Restore), "rollback");
                    rolled_back++;
                    break;
                case 1: {  // the members differ
                    const bool apart = random.one_in(2);
                    for (uint32_t i = 1 + random.below(3); i > 0; i--) b.write(1 + random.below(2));
                    if (apart) for (uint32_t i = random.below(20); i > 0; i--) b.write(3);
                    const bool differ = !b.same(0, 1, true);
                    must(b.run(Checkpoint) && b.top.failed_o == differ, "differing");
                    failed++;
                    must(b.run(Restore), "rollback");
                    break;
                }
                case 2: {  // aborted anywhere
                    b.start(Checkpoint);
                    for (uint32_t i = random.below(random.one_in(2) ? 200 : 60000); i > 0 && b.top.busy_o; i--) b.cycle();
                    b.top.abort_i = 1;
                    must(b.wait(), "aborted");
                    b.top.abort_i = 0;
                    aborted++;
                    // Tiles may have written between the detection and their reset.
                    for (uint32_t i = random.below(3); i > 0; i--) b.write(1 + random.below(3));
                    must(b.run(Restore), "rollback");
                    break;
                }
                case 3:  // the tile leaves
                    if (random.one_in(2)) {
                        b.top.members_i = 1;
                        b.top.ckpt_valid_i = 0;
                        history += "leave ";
                        continue;
                    }
                    [[fallthrough]];
                default:
                    must(b.run(Checkpoint) && !b.top.failed_o, "checkpoint");
                    b.commit();
                    committed++;
                    break;
            }
            must(b.is_snapshot(0) && b.is_snapshot(1), "whole");
            if (random.one_in(3)) must(b.comes_back(), "comes-back");
        }
        must(b.memory.out_of_range() == 0, "in-memory");
        if (ok) verdict.check(true, "");
        b.top.final();
    }
    std::printf("  %u joined, %u committed, %u with differing members, %u aborted, %u plain rollbacks, %u in, %u out\n", joined,
                committed, failed, aborted, rolled_back, copied, sent);
    verdict.check(copied > 0 && sent > 0, "data came in and went out");
    {
        // Cost of a walk over clean blocks.
        Bench b(5, 0);
        b.run(Clear);
        b.top.members_i = 3;
        b.run(Checkpoint);
        std::printf("  walk over %u clean blocks: %llu cycles\n", b.blocks - FirstBlock, (unsigned long long)b.job_cycles);
        b.top.final();
    }
    return verdict.report();
}
