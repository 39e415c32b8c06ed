// The simulated chip as Rust sees it: one abstract class over the Verilated models of every
// configuration, each in a fast build and in one whose registers can be reached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "rust/cxx.h"

namespace covert {

struct Setup;
struct Event;
struct Variable;
struct Counters;
struct BlockCommandSeen;
struct ChannelCounters;
struct InstructionSeen;

class Chip {
public:
    virtual ~Chip() = default;

    /// Runs to the start of cycle `until` or to a reason to stop; returns the reasons (Stop* below).
    virtual uint32_t run(uint64_t until) = 0;
    /// The same, but also rests in a cycle that shows that the lowest member retired an instruction or took an interrupt
    /// (StopRetired).
    virtual uint32_t run_to_instruction(uint64_t until) = 0;
    virtual InstructionSeen instruction() const = 0;
    virtual uint64_t cycle() const = 0;
    virtual uint32_t exit_code() const = 0;
    virtual Counters counters() const = 0;
    virtual rust::Vec<Event> take_events() = 0;

    virtual void set_mode(uint32_t mode) = 0;
    virtual void set_htif(uint32_t tohost, uint32_t fromhost) = 0;

    virtual void feed_console(rust::Slice<const uint8_t> bytes) = 0;
    virtual void close_console() = 0;
    virtual std::size_t console_backlog() const = 0;
    virtual rust::Slice<const uint8_t> console() const = 0;
    virtual void clear_console() = 0;

    virtual void set_disk(uint64_t sectors, bool read_only) = 0;
    virtual void set_network(uint64_t mac) = 0;
    virtual bool block_pending() const = 0;
    virtual BlockCommandSeen block_command() const = 0;
    virtual void complete_block(bool failed, uint64_t at_cycle) = 0;
    virtual std::size_t frames_sent() const = 0;
    virtual rust::Vec<uint8_t> take_frame() = 0;
    virtual bool offer_frame(rust::Slice<const uint8_t> frame) = 0;

    virtual uint64_t skipped_cycles() const = 0;
    virtual ChannelCounters channel_counters(uint32_t channel) const = 0;
    virtual std::size_t memory_size() const = 0;
    virtual void read_memory(uint32_t address, rust::Slice<uint8_t> into) const = 0;
    virtual void write_memory(uint32_t address, rust::Slice<const uint8_t> bytes) = 0;

    virtual rust::Vec<Variable> variables() const = 0;
    virtual bool bit(uint32_t variable, uint32_t word, uint32_t bit) const = 0;
    /// A word of at most 128 bits, the least significant 32 first.
    virtual std::array<uint32_t, 4> word(uint32_t variable, uint32_t word) const = 0;
    virtual void flip(uint32_t variable, uint32_t word, uint32_t bit) = 0;
    virtual void force(uint32_t variable, uint32_t word, uint32_t bit, bool value) = 0;
    virtual void track_changes() = 0;
    /// Variables whose contents are others than in `other`, a chip of the same kind; by number.
    virtual rust::Vec<uint32_t> differing(const Chip& other) const = 0;
    /// From here on keeps the addresses of words of main memory that are written.
    virtual void keep_written() = 0;
    virtual rust::Vec<uint32_t> take_written() = 0;
    virtual std::array<uint64_t, 2> digest() const = 0;

    virtual void record_instructions(bool on) = 0;
    virtual rust::Slice<const uint8_t> instructions() const = 0;
    virtual void clear_instructions() = 0;
    virtual void open_trace(rust::Str path) = 0;
    virtual void close_trace() = 0;
};

std::unique_ptr<Chip> new_chip(const Setup& setup);

}  // namespace covert
