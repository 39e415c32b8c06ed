// The way from the cores to main memory: a channel each, of the classes that serve COVERT's tiles.
#pragma once

#include <array>
#include <cstdint>

#include "memory.h"
#include "sdram.h"

namespace bench {

template <unsigned Cores>
class Channels {
public:
    /// Requests on the way that a channel has room for.
    static constexpr unsigned Depth = covert::Channel::Depth;

    /// Memory answers `latency` cycles after a request, a word a cycle; 0: it is the SDRAM device, one for all cores.
    explicit Channels(uint32_t latency) : sdram_on_{latency == 0} {
        for (auto& channel : channels_) channel.configure(latency, latency, 0);
    }
    /// Takes a request of `core` in cycle `now`; `more`: the next one goes on from it. `data` is what a read found. Each
    /// core has a part of the device of its own, `CoreBytes` long.
    void accept(unsigned core, uint64_t now, uint32_t address, bool write, bool more, uint32_t data) {
        if (sdram_on_) {
            sdram_.accept(core, now, core * CoreBytes + address % CoreBytes, write, more, data);
        } else {
            channels_[core].accept(now, data);
        }
    }
    /// All of cycle `now` has been accepted.
    void advance(uint64_t now) {
        if (!sdram_on_) return;
        sdram_.advance(now, [this](unsigned core, uint64_t due, uint32_t data) { channels_[core].respond(due, data); });
    }
    /// Whether an answer for `core` stands there in cycle `now`.
    bool responds(unsigned core, uint64_t now) const { return channels_[core].responds(now); }
    uint32_t take(unsigned core) { return channels_[core].take(); }

private:
    static constexpr uint32_t CoreBytes = 4 << 20;

    bool sdram_on_;
    std::array<covert::Channel, Cores> channels_;
    covert::Sdram<Cores> sdram_;
};

}  // namespace bench
