// The way from the cores to main memory: a channel each, of the class that serves COVERT's tiles.
#pragma once

#include <array>
#include <cstdint>

#include "memory.h"

namespace bench {

template <unsigned Cores>
class Channels {
public:
    /// Requests on the way that a channel has room for.
    static constexpr unsigned Depth = covert::Channel::Depth;

    /// Memory answers `latency` cycles after a request, a word a cycle.
    explicit Channels(uint32_t latency) {
        for (auto& channel : channels_) channel.configure(latency, latency, 0);
    }
    /// Takes a request of `core` in cycle `now`; `data` is what a read found.
    void accept(unsigned core, uint64_t now, uint32_t data) { channels_[core].accept(now, data); }
    /// Whether an answer for `core` stands there in cycle `now`.
    bool responds(unsigned core, uint64_t now) const { return channels_[core].responds(now); }
    uint32_t take(unsigned core) { return channels_[core].take(); }

private:
    std::array<covert::Channel, Cores> channels_;
};

}  // namespace bench
