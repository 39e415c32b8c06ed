// Shared by the Verilator benches: packed port access, main memory with random latency, counting of checks.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "verilated.h"

#include "covert_pkg.h"

namespace bench {

// Word `i` of a packed port, whatever C++ type Verilator gave it.
template <class T>
uint32_t word(const T& port, unsigned i) {
    if constexpr (std::is_integral_v<T>) {
        return static_cast<uint32_t>(static_cast<uint64_t>(port) >> (32 * i));
    } else {
        return port[i];
    }
}
template <class T>
void set_word(T& port, unsigned i, uint32_t value) {
    if constexpr (std::is_integral_v<T>) {
        const uint64_t mask = uint64_t{0xFFFFFFFF} << (32 * i);
        port = static_cast<T>((static_cast<uint64_t>(port) & ~mask) | (uint64_t{value} << (32 * i)));
    } else {
        port[i] = value;
    }
}

class Random {
  public:
    explicit Random(uint64_t seed) : engine_(seed) {}
    uint32_t bits() { return static_cast<uint32_t>(engine_()); }
    uint32_t below(uint32_t limit) { return limit == 0 ? 0 : bits() % limit; }
    bool one_in(uint32_t n) { return below(n) == 0; }

  private:
    std::mt19937_64 engine_;
};

// Counts checks; the last line of a bench is its verdict.
class Verdict {
  public:
    void check(bool ok, const std::string& what) {
        if (ok) {
            passed_++;
        } else {
            failed_++;
            std::printf("FAILED: %s\n", what.c_str());
        }
    }
    int report() const {
        std::printf("%u passed, %u failed\n", passed_, failed_);
        return failed_ == 0 && passed_ > 0 ? 0 : 1;
    }

  private:
    unsigned passed_ = 0;
    unsigned failed_ = 0;
};

struct Request {
    uint32_t addr;
    bool we;
    uint32_t wdata;
    uint32_t wstrb;
};

// Main memory: channels with in-order answers, `max_latency` cycles or less after acceptance (0: always in the same
// cycle). A write is visible when it is accepted.
class Memory {
  public:
    Memory(unsigned channels, uint64_t bytes, uint64_t seed, unsigned max_latency)
        : words_(static_cast<uint32_t*>(std::calloc(bytes / 4, 4))), bytes_(bytes), channels_(channels),
          random_(seed), max_latency_(max_latency), queues_(channels) {
        if (words_ == nullptr) std::abort();
    }
    ~Memory() { std::free(words_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    uint32_t& at(uint64_t addr) {
        if (addr >= bytes_) {
            out_of_range_++;
            return spill_;
        }
        return words_[addr / 4];
    }
    unsigned out_of_range() const { return out_of_range_; }
    unsigned outstanding(unsigned channel) const { return static_cast<unsigned>(queues_[channel].size()); }

    // What the channel sees in this cycle: ask for the answer after accept().
    bool ready() { return max_latency_ == 0 || !random_.one_in(4); }
    bool response(unsigned channel, uint64_t now, uint32_t& data) {
        auto& queue = queues_[channel];
        if (queue.empty() || queue.front().due > now) return false;
        data = queue.front().data;
        queue.pop_front();
        return true;
    }
    // An access accepted in cycle `now`.
    void accept(unsigned channel, uint64_t now, const Request& request) {
        uint32_t& word = at(request.addr);
        uint32_t data = 0;
        if (request.we) {
            uint32_t mask = 0;
            for (unsigned k = 0; k < 4; k++) {
                if ((request.wstrb >> k) & 1) mask |= 0xFFu << (8 * k);
            }
            word = (word & ~mask) | (request.wdata & mask);
            data = random_.bits();
        } else {
            data = word;
        }
        uint64_t due = now + random_.below(max_latency_ + 1);
        if (!queues_[channel].empty() && due <= queues_[channel].back().due) due = queues_[channel].back().due + 1;
        queues_[channel].push_back({due, data});
    }
    unsigned channels() const { return channels_; }

  private:
    struct Answer {
        uint64_t due;
        uint32_t data;
    };
    uint32_t* words_;
    uint64_t bytes_;
    unsigned channels_;
    Random random_;
    unsigned max_latency_;
    std::vector<std::deque<Answer>> queues_;
    uint32_t spill_ = 0;
    unsigned out_of_range_ = 0;
};

}  // namespace bench
