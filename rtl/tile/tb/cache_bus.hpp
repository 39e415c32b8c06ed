// Shared by the benches of the caches: main memory as sparse pages, and the memory side of a cache's bus with random
// latency, back-pressure and errors. It checks what every request must keep to.
#pragma once

#include <array>
#include <map>

#include "bench.hpp"

namespace bench {

constexpr uint32_t kLineBytes = 32;
constexpr uint32_t kLineWords = kLineBytes / 4;
constexpr uint32_t kSets = 128;

inline uint32_t merge(uint32_t old, uint32_t data, uint32_t strb) {
    uint32_t mask = 0;
    for (unsigned k = 0; k < 4; k++) {
        if ((strb >> k) & 1) mask |= 0xFFu << (8 * k);
    }
    return (old & ~mask) | (data & mask);
}

// Pages that differ from each other in one bit of their number, each bit once: no bit of a tag may be forgotten.
class Pages {
  public:
    explicit Pages(Random& random) {
        const uint32_t first = random.bits() >> 12;
        numbers_.push_back(first);
        for (unsigned bit = 0; bit < 20; bit++) numbers_.push_back(first ^ (1u << bit));
        for (uint32_t number : numbers_) {
            for (uint32_t& word : words_[number]) word = random.bits();
        }
    }
    unsigned count() const { return static_cast<unsigned>(numbers_.size()); }
    uint32_t number(unsigned i) const { return numbers_[i]; }
    // A word; of a page that is not there, one that nobody expects anything of.
    uint32_t& at(uint32_t addr) {
        const auto page = words_.find(addr >> 12);
        return page == words_.end() ? spill_ : page->second[(addr >> 2) & 1023];
    }
    bool operator==(const Pages& other) const { return words_ == other.words_; }

  private:
    std::vector<uint32_t> numbers_;
    std::map<uint32_t, std::array<uint32_t, 1024>> words_;
    uint32_t spill_ = 0;
};

struct BusRequest {
    uint32_t addr;
    bool we;
    uint32_t wdata;
    uint32_t wstrb;
    uint32_t priv;
    bool more;
    bool operator==(const BusRequest& o) const {
        return addr == o.addr && we == o.we && wdata == o.wdata && wstrb == o.wstrb && priv == o.priv && more == o.more;
    }
};

struct BusAnswer {
    uint64_t due;
    uint32_t data;
    bool err;
    unsigned tag;  // the bench's own
};

// In-order answers one to `max_latency` cycles after acceptance; a steady bus takes a request a cycle, as long as no more than
// 16 are outstanding, and answers each after exactly that many cycles.
class Bus {
  public:
    Bus(Random& random, unsigned max_latency, bool steady = false)
        : random_(random), max_latency_(max_latency), steady_(steady) {}

    bool hold = false;  // no answers
    bool ready() {
        if (steady_) return answers_.size() < 16;
        return max_latency_ == 1 || !random_.one_in(3);
    }
    // The answer of this cycle, if there is one.
    const BusAnswer* answer(uint64_t now) const {
        return !hold && !answers_.empty() && answers_.front().due <= now ? &answers_.front() : nullptr;
    }
    void answered() { answers_.pop_front(); }
    void accept(uint64_t now, uint32_t data, bool err, unsigned tag) {
        uint64_t due = steady_ ? now + max_latency_ : now + 1 + random_.below(max_latency_);
        if (!answers_.empty() && due <= answers_.back().due) due = answers_.back().due + 1;
        answers_.push_back({due, data, err, tag});
    }
    size_t outstanding() const { return answers_.size(); }
    void drop() {
        answers_.clear();
        waiting_ = false;
        more_ = false;
    }

    // A raised request, accepted or not: held until accepted, in order within a line. Empty if all is well.
    std::string look(bool valid, bool ready, const BusRequest& request) {
        if (waiting_ && (!valid || !(request == held_))) return "a raised request changed";
        waiting_ = valid && !ready;
        held_ = request;
        if (!valid || !ready) return "";
        const uint32_t next = (last_.addr & ~(kLineBytes - 1)) | ((last_.addr + 4) & (kLineBytes - 1));
        const bool broken = more_ && (request.addr != next || request.we != last_.we || request.priv != last_.priv);
        more_ = request.more;
        last_ = request;
        if ((request.addr & 3) != 0) return "address not of a word";
        if (answers_.size() >= 16) return "more than 16 outstanding";
        return broken ? "another request after mem_more" : "";
    }

  private:
    Random& random_;
    unsigned max_latency_;
    bool steady_;
    std::deque<BusAnswer> answers_;
    bool waiting_ = false;
    bool more_ = false;
    BusRequest held_{};
    BusRequest last_{};
};

}  // namespace bench
