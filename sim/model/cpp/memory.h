// Main memory and its channels, outside the Verilated model.
//
// One anonymous private mapping: pages are zero until written and are shared with a forked child until
// one of the two writes. A write is visible to every channel in the cycle it is accepted; each accepted
// request gets one response, in order per channel, `latency` cycles after the cycle of acceptance or when the
// SDRAM device (sdram.h) has come to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace covert {

/// 128 bits that stand for a piece of state: equal states have equal digests.
struct Digest {
    uint64_t low = 0;
    uint64_t high = 0;
    void add(uint64_t value) {
        low = mix(low ^ value);
        high = mix(high + (value ^ 0x9e3779b97f4a7c15ULL));
    }
    // The finaliser of SplitMix64: every input bit reaches every output bit.
    static uint64_t mix(uint64_t value) {
        value += 0x9e3779b97f4a7c15ULL;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
        return value ^ (value >> 31);
    }
};

class Memory {
public:
    explicit Memory(std::size_t bytes);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    std::size_t size() const { return size_; }
    uint8_t* data() { return base_; }
    const uint8_t* data() const { return base_; }

    /// The word at a physical address; words that do not exist read as 0.
    uint32_t load(uint32_t address) const {
        uint32_t word = 0;
        address &= ~3U;
        if (address < size_) std::memcpy(&word, base_ + address, 4);
        return word;
    }
    /// Writes the strobed bytes of a word. False if there is no such word.
    bool store(uint32_t address, uint32_t word, uint32_t strobes) {
        address &= ~3U;
        if (address >= size_) return false;
        const uint32_t old = load(address);
        const uint32_t mask = byte_mask(strobes);
        const uint32_t fresh = (old & ~mask) | (word & mask);
        if (tracked_ && fresh != old) {
            track(address, old, ~0ULL);
            track(address, fresh, 1);
        }
        std::memcpy(base_ + address, &fresh, 4);
        if (kept_) written_.push_back(address);
        return true;
    }

    /// From here on keeps a digest of what differs from the contents now.
    void track_changes() { tracked_ = true; }
    const Digest& changes() const { return changes_; }
    /// From here on keeps the addresses of the words that are written.
    void keep_written() { kept_ = true; }
    std::vector<uint32_t> take_written() { return std::exchange(written_, {}); }

private:
    static uint32_t byte_mask(uint32_t strobes) {
        return ((strobes & 1U) * 0xffU) | ((strobes >> 1 & 1U) * 0xff00U) | ((strobes >> 2 & 1U) * 0xff0000U)
             | ((strobes >> 3 & 1U) * 0xff000000U);
    }
    // A sum over (address, word): taking the old word out and putting the new one in is all a write does.
    void track(uint32_t address, uint32_t word, uint64_t sign) {
        const uint64_t key = Digest::mix((static_cast<uint64_t>(address) << 32) | word);
        changes_.low += sign * key;
        changes_.high += sign * Digest::mix(key ^ 0xd1b54a32d192ed03ULL);
    }

    std::size_t size_;
    uint8_t* base_;
    bool tracked_ = false;
    Digest changes_;
    bool kept_ = false;
    std::vector<uint32_t> written_;
};

/// Requests of one channel on their way to their responses.
class Channel {
public:
    static constexpr unsigned Depth = 64;

    void configure(uint32_t latency_min, uint32_t latency_max, uint64_t seed) {
        latency_min_ = latency_min;
        spread_ = latency_max - latency_min + 1;
        random_ = Digest::mix(seed) | 1;
    }
    /// Whether the channel takes a request in the next cycle: always, or seven times in eight where the
    /// latency is random. A chip has far fewer than Depth requests on the way.
    bool draw_ready() { return spread_ == 1 || (draw() & 7U) != 0; }
    /// Takes in a request accepted in cycle `now`; `data` is what a read found.
    void accept(uint64_t now, uint32_t data) {
        uint64_t due = now + latency_min_;
        if (spread_ > 1) due += draw() % spread_;
        respond(due, data);
    }
    /// The response to the oldest request that has none yet, in cycle `due` at the earliest.
    void respond(uint64_t due, uint32_t data) {
        // One response a cycle, in order.
        if (due <= last_due_) due = last_due_ + 1;
        last_due_ = due;
        queue_[(head_ + count_) % Depth] = {due, data};
        ++count_;
    }
    bool empty() const { return count_ == 0; }
    /// Cycles go by in which nothing is asked.
    void pass(uint64_t cycles) {
        if (spread_ == 1) return;
        for (uint64_t i = 0; i < cycles; ++i) draw();
    }
    /// True if a response stands on the channel in cycle `now`.
    bool responds(uint64_t now) const { return count_ != 0 && queue_[head_].due <= now; }
    uint32_t take() {
        const uint32_t data = queue_[head_].data;
        head_ = (head_ + 1) % Depth;
        --count_;
        return data;
    }
    /// Adds all that decides what this channel does from cycle `now` on.
    void digest(Digest& into, uint64_t now) const {
        if (spread_ > 1) into.add(random_);
        into.add(last_due_ > now ? last_due_ : 0);
        for (unsigned i = 0; i < count_; ++i) {
            const Response& response = queue_[(head_ + i) % Depth];
            into.add(response.due);
            into.add(response.data);
        }
        into.add(count_);
    }

private:
    struct Response {
        uint64_t due;
        uint32_t data;
    };
    uint64_t draw() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return random_ >> 11;
    }

    std::array<Response, Depth> queue_{};
    unsigned head_ = 0;
    unsigned count_ = 0;
    uint64_t last_due_ = 0;
    uint64_t random_ = 1;
    uint32_t latency_min_ = 1;
    uint32_t spread_ = 1;
};

}  // namespace covert
