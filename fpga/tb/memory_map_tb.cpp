// Every word of the regions that a board uses: what lives at the same time must not share a place in its memory.
// Usage: bench TILES MEMORY DOMAIN, bytes of memory and of a domain that are in use (VMM memory and guest RAM)
#include "Vcovert_memory_map.h"
#include "bench.hpp"

namespace {

constexpr uint32_t kIoFirst = 2u << 20, kIoEnd = 3u << 20;  // covert_abi::boot: IO_DATA, IO_MIN

class Bench {
  public:
    explicit Bench(uint32_t memory) : owner_(memory / 4) {}
    ~Bench() { top_.final(); }

    // A part of a region, from the first to the end's offset, which no other part may share.
    void live(unsigned region, const char* name, uint32_t first, uint32_t end) {
        parts_.push_back(name);
        for (uint32_t offset = first; offset < end && wrong_.empty(); offset += 4) {
            const uint32_t place = map(region * RegionStride + offset);
            if (place % 4 != 0 || place / 4 >= owner_.size()) {
                complain(name, offset, "lies outside memory");
            } else if (uint8_t& owner = owner_[place / 4]; owner != 0) {
                complain(name, offset, std::string("shares its place with ") + parts_[owner - 1u]);
            } else {
                owner = static_cast<uint8_t>(parts_.size());
            }
        }
    }
    // Lines of the caches and what DMA moves in one piece stay together: bits 9:2 are not touched.
    void bursts(unsigned region, uint32_t first, uint32_t end) {
        for (uint32_t offset = first; offset < end && wrong_.empty(); offset += 4) {
            const uint32_t place = map(region * RegionStride + offset);
            if ((place ^ offset) & (2 * BlockSize - 1)) complain("a line", offset, "is torn");
        }
    }
    uint32_t map(uint32_t address) {
        top_.addr_i = address;
        top_.eval();
        return top_.addr_o;
    }
    const std::string& wrong() const { return wrong_; }

  private:
    void complain(const char* name, uint32_t offset, const std::string& what) {
        char text[200];
        std::snprintf(text, sizeof text, "%s, offset %#x, %s", name, offset, what.c_str());
        wrong_ = text;
    }
    Vcovert_memory_map top_;
    std::vector<uint8_t> owner_;
    std::vector<const char*> parts_;
    std::string wrong_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const unsigned tiles = static_cast<unsigned>(std::atoi(argv[1]));
    const uint32_t memory = static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 0));
    const uint32_t domain = static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 0));
    const uint32_t image = StateOffset;  // the largest VMM image
    const unsigned slot0 = tiles, slot1 = tiles + 1, boot = tiles + 2, io = tiles + 3;
    bench::Verdict verdict;

    const auto domains = [&](Bench& b) {
        for (unsigned i = 0; i < tiles; i++) b.live(i, "a domain", 0, domain);
        b.live(boot, "the VMM image", 0, image);
    };
    {
        // While the guest runs. All blocks of the slots: slot 0 is read also where it was never written, when a block
        // that was written for the first time since the checkpoint is taken back.
        Bench b(memory);
        domains(b);
        b.live(slot0, "slot 0", StateOffset, domain);
        b.live(slot1, "slot 1", StateOffset, domain);
        b.live(io, "the I/O region", kIoFirst, kIoEnd);
        verdict.check(b.wrong().empty(), "a guest runs: " + b.wrong());
    }
    {
        // While it is loaded: segments as large as its RAM, behind the largest image. Slot 0 has to be zero where it is
        // not written; slot 1 is not read there.
        Bench b(memory);
        domains(b);
        b.live(boot, "the guest's segments", image, domain - GuestOffset + image);
        b.live(slot0, "slot 0", StateOffset, domain);
        b.live(io, "the I/O region", kIoFirst, kIoEnd);
        verdict.check(b.wrong().empty(), "a guest is loaded: " + b.wrong());
    }
    {
        Bench b(memory);
        for (unsigned region = 0; region < io; region++) b.bursts(region, 0, domain);
        b.bursts(io, kIoFirst, kIoEnd);
        verdict.check(b.wrong().empty(), b.wrong());
    }
    {
        // Tiles that work at the same offset are in different banks (bits 11:10), each of up to four.
        Bench b(memory);
        bool apart = true;
        for (uint32_t offset = 0; offset < domain; offset += BlockSize) {
            unsigned banks = 0;
            for (unsigned i = 0; i < tiles; i++) banks |= 1u << (b.map(i * RegionStride + offset) >> 10 & 3);
            apart = apart && __builtin_popcount(banks) == static_cast<int>(tiles);
        }
        verdict.check(apart, "replicas are in different banks");
    }
    return verdict.report();
}
