// What stands behind the buses of one VexRiscv core: RAM, UART, exit device, counters.
//
// Instruction and data bus share a memory channel, data first, as in COVERT's tile. A burst asks for a word a
// cycle; a write is acknowledged when the channel takes it. Addresses where nothing is read as zero.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "channels.h"
#include "memory.h"

namespace bench {

/// A bus of a core in one cycle, in words of the Wishbone rules.
struct Request {
    bool strobe = false;
    bool write = false;
    bool burst = false;
    uint32_t address = 0;  // of a byte, a multiple of 4
    uint32_t data = 0;
    uint32_t select = 0;
};
struct Reply {
    bool ack = false;
    uint32_t data = 0;
};

template <class Channels>
class Node {
public:
    static constexpr uint32_t RamBase = 0x80000000;
    static constexpr uint32_t RamBytes = 4 << 20;
    static constexpr uint32_t Uart = 0x10000000;
    static constexpr uint32_t Exit = 0x00100000;
    static constexpr uint32_t Counters = 0xf0000000;

    /// The node of core `core`, which is its number on the channels.
    Node(Channels& channels, unsigned core) : memory_{RamBytes}, channels_{channels}, core_{core} {}

    covert::Memory& memory() { return memory_; }
    const std::string& console() const { return console_; }
    /// Whether the program has written to the exit device, and what.
    bool ended() const { return ended_; }
    uint32_t exit_word() const { return exit_word_; }

    /// One cycle: what the core shows on its buses, and what it sees on them in this same cycle.
    /// `retired`: its instructions.
    void cycle(uint64_t now, uint32_t retired, const Request& fetch, const Request& access, Reply& fetched,
               Reply& accessed) {
        fetched = accessed = {};
        if (channels_.responds(core_, now)) {
            const uint32_t data = channels_.take(core_);
            const Bus bus = due_[due_head_++ % Outstanding];
            if (bus != Bus::Nobody) {
                (bus == Bus::Data ? accessed : fetched) = {true, data};
                --waiting_[bus == Bus::Data];
            }
        }
        // With an acknowledgement a bus shows the access that ends, not the next one.
        const bool room = due_tail_ - due_head_ < Outstanding;
        if (left_ == 0 && room) {
            if (access.strobe && waiting_[1] == 0 && !accessed.ack) {
                if (access.write) {
                    store(access);
                    ask(now, access.address, true, false, 0, Bus::Nobody);
                    accessed.ack = true;
                } else {
                    begin(Bus::Data, access);
                }
            } else if (fetch.strobe && waiting_[0] == 0 && !fetched.ack) {
                begin(Bus::Fetch, fetch);
            }
        }
        if (left_ != 0 && room) {
            --left_;
            ask(now, address_, false, left_ != 0, load(address_, now, retired), bus_);
            address_ += 4;
        }
    }

private:
    enum class Bus : uint8_t { Fetch, Data, Nobody };
    static constexpr unsigned LineWords = 8;
    static constexpr unsigned Outstanding = Channels::Depth;

    void begin(Bus bus, const Request& request) {
        bus_ = bus;
        left_ = request.burst ? LineWords : 1;
        address_ = request.address;
        waiting_[bus == Bus::Data] = left_;
    }
    void ask(uint64_t now, uint32_t address, bool write, bool more, uint32_t data, Bus bus) {
        channels_.accept(core_, now, address, write, more, data);
        due_[due_tail_++ % Outstanding] = bus;
    }

    uint32_t load(uint32_t address, uint64_t now, uint32_t retired) const {
        if (address - RamBase < RamBytes) return memory_.load(address - RamBase);
        if (address == Counters) return static_cast<uint32_t>(now);
        if (address == Counters + 4) return retired;
        // The line status: always ready to send. It may be cached.
        return address == Uart + 4 ? 0x6000 : 0;
    }
    void store(const Request& request) {
        if (request.address - RamBase < RamBytes) {
            memory_.store(request.address - RamBase, request.data, request.select);
        } else if (request.address == Uart && (request.select & 1U) != 0) {
            console_ += static_cast<char>(request.data & 0xffU);
        } else if (request.address == Exit) {
            ended_ = true;
            exit_word_ = request.data;
        }
    }

    covert::Memory memory_;
    Channels& channels_;
    unsigned core_;
    // For whom the channel's responses are, in order.
    std::array<Bus, Outstanding> due_{};
    uint32_t due_head_ = 0;
    uint32_t due_tail_ = 0;
    // The burst of which words are still to be asked for.
    Bus bus_ = Bus::Nobody;
    unsigned left_ = 0;
    uint32_t address_ = 0;
    // Words each bus (fetch, data) still waits for.
    std::array<unsigned, 2> waiting_{};
    std::string console_;
    bool ended_ = false;
    uint32_t exit_word_ = 0;
};

}  // namespace bench
