// One SDRAM device behind all channels: a single data path with its controller, one burst at a time.
//
// A burst is the oldest request of a channel and those behind it that go on where it left off (next word of the row, or
// round the end of a cache line to its begin, same direction) for as long as each says that another follows and that
// one is there when its turn comes.
// Channels take turns. Every burst opens its row and closes it again; refresh waits for the burst under way.
// Only times are computed here: what a request reads or writes was settled when it was accepted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "memory.h"

namespace covert {

/// Times in cycles of the chip's clock (50 MHz), in the words of a data sheet. The defaults are those of a common
/// 16-bit device run at twice that clock: a 32-bit word a cycle, the first one 10 cycles after the request.
struct SdramTiming {
    uint32_t request = 3;     // from a request to its row's ACTIVE: arbiter and command registers
    uint32_t tRCD = 2;        // ACTIVE to READ or WRITE
    uint32_t CL = 3;          // READ to the first word
    uint32_t reply = 2;       // word to response: data registers
    uint32_t tRP = 2;         // PRECHARGE to the next ACTIVE
    uint32_t tWR = 2;         // last word written to PRECHARGE
    uint32_t tREFI = 390;     // between two refreshes: 7.8 us
    uint32_t tRFC = 4;        // a refresh
    uint32_t burst = 32;      // most words of a burst; the others wait as long
    uint32_t row_bytes = 2048;
    uint32_t line_bytes = 32; // a cache line, in which a burst may wrap
};

/// What a channel saw of the device since power-on.
struct ChannelSums {
    uint64_t bursts = 0;
    uint64_t waited = 0;      // cycles with a request that stood back for another channel or a refresh
};

template <std::size_t Channels>
class Sdram {
public:
    explicit Sdram(const SdramTiming& timing = {}) : timing_{timing}, next_refresh_{timing.tREFI} {}

    /// Takes in a request accepted in cycle `now`; `data` is what a read found.
    void accept(unsigned channel, uint64_t now, uint32_t address, bool write, bool more, uint32_t data) {
        Queue& queue = queues_[channel];
        queue.requests[(queue.head + queue.count) % Depth] = {now, address, data, write, more};
        ++queue.count;
        ++waiting_;
    }

    /// The device in cycle `now`, once a cycle behind the accept calls; responses go to `respond(channel, due, data)`.
    /// Cycles without any request may be left out.
    template <class Respond>
    void advance(uint64_t now, Respond respond) {
        if (!open_) {
            refresh(now);
            if (now + timing_.request >= free_) open(now);
        }
        if (open_) {
            while (wanted() && fits()) take(respond);
            // The burst ends where the next word is not there in time.
            if (!wanted() || now >= column_) close();
        }
        for (unsigned i = 0; waiting_ != 0 && i < Channels; ++i) {
            if (queues_[i].count != 0 && (i != owner_ || refreshing_)) ++sums_[i].waited;
        }
    }

    /// No request waits to be taken up.
    bool empty() const { return waiting_ == 0; }
    const ChannelSums& sums(unsigned channel) const { return sums_[channel]; }

    /// Adds all that decides what the device does from cycle `now` on.
    void digest(Digest& into, uint64_t now) const {
        into.add(free_ > now ? free_ : 0);
        into.add(next_refresh_);
        into.add(owner_);
        into.add(static_cast<uint64_t>(open_) << 1 | static_cast<uint64_t>(refreshing_));
        if (open_) {
            into.add(column_);
            into.add(words_);
            add(into, last_);
        }
        for (const Queue& queue : queues_) {
            into.add(queue.count);
            for (unsigned i = 0; i < queue.count; ++i) add(into, queue.requests[(queue.head + i) % Depth]);
        }
    }

private:
    static constexpr unsigned Depth = Channel::Depth;

    struct Request {
        uint64_t accepted;
        uint32_t address;
        uint32_t data;
        bool write;
        bool more;
    };
    struct Queue {
        std::array<Request, Depth> requests{};
        unsigned head = 0;
        unsigned count = 0;
        const Request& front() const { return requests[head]; }
        void pop() {
            head = (head + 1) % Depth;
            --count;
        }
    };

    static void add(Digest& into, const Request& request) {
        into.add(request.accepted);
        into.add(static_cast<uint64_t>(request.address) << 32 | request.data);
        into.add(static_cast<uint64_t>(request.write) << 1 | static_cast<uint64_t>(request.more));
    }

    // Refreshes that have come due. Each begins when the device is free.
    void refresh(uint64_t now) {
        if (now >= free_) refreshing_ = false;
        while (next_refresh_ <= now) {
            const uint64_t begin = free_ > next_refresh_ ? free_ : next_refresh_;
            free_ = begin + timing_.tRFC;
            next_refresh_ += timing_.tREFI;
            refreshing_ = free_ > now;
        }
    }

    // The next channel in turn that has a request begins a burst.
    void open(uint64_t now) {
        for (unsigned i = 1; waiting_ != 0 && i <= Channels; ++i) {
            const auto channel = static_cast<unsigned>((owner_ + i) % Channels);
            if (queues_[channel].count == 0) continue;
            owner_ = channel;
            open_ = true;
            refreshing_ = false;
            words_ = 0;
            column_ = now + timing_.request + timing_.tRCD;
            ++sums_[channel].bursts;
            return;
        }
    }
    // Whether the burst goes on behind the words it has.
    bool wanted() const {
        return words_ == 0 || (words_ < timing_.burst && last_.more);
    }
    bool fits() const {
        const Queue& queue = queues_[owner_];
        if (queue.count == 0) return false;
        const Request& next = queue.front();
        if (words_ == 0) return true;
        const uint32_t line = last_.address / timing_.line_bytes * timing_.line_bytes;
        const uint32_t behind = last_.address + 4;
        const bool in_row = next.address == behind && behind % timing_.row_bytes != 0;
        const bool wraps = behind == line + timing_.line_bytes && next.address == line;
        return (in_row || wraps) && next.write == last_.write;
    }
    template <class Respond>
    void take(Respond respond) {
        last_ = queues_[owner_].front();
        queues_[owner_].pop();
        --waiting_;
        const uint64_t due = column_ + (last_.write ? 1 : timing_.CL + timing_.reply);
        respond(owner_, due, last_.data);
        ++column_;
        ++words_;
    }
    void close() {
        free_ = column_ + (last_.write ? timing_.tWR : 0) + timing_.tRP;
        open_ = false;
    }

    SdramTiming timing_;
    std::array<Queue, Channels> queues_{};
    unsigned waiting_ = 0;  // requests in all queues
    std::array<ChannelSums, Channels> sums_{};
    uint64_t free_ = 0;          // first cycle in which a row may be opened
    uint64_t next_refresh_;
    unsigned owner_ = 0;         // channel of the burst under way, or of the last one
    bool refreshing_ = false;    // a refresh is what the device is busy with
    bool open_ = false;          // a burst may take more words
    uint64_t column_ = 0;        // cycle of the next word's READ or WRITE
    uint32_t words_ = 0;         // of the burst so far
    Request last_{};             // its last word
};

}  // namespace covert
