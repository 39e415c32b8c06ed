// The devices behind the I/O controller: disk, network and random numbers, as the chip's ports see them.
//
// Times here are the model's; contents are the host's. A block command stands in `pending` until the host has moved
// its data between the disk and the I/O region and has said when it ends; a frame sent stands in `sent` until the host
// takes it; a frame offered waits here for a posted buffer. Nothing depends on when in host time that happens.
// What a faulty controller asks for beyond the I/O region or the disk is refused here, not passed on.
#pragma once

#include <cstddef>
#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>

#include "memory.h"

namespace covert {

/// A command of the I/O controller for the disk.
struct BlockCommand {
    uint32_t op;        // 1 read, 2 write, 3 flush
    uint64_t sector;
    uint32_t count;     // sectors
    uint32_t offset;    // of the data in the I/O region, in bytes
};

class BlockDevice {
public:
    static constexpr uint32_t SectorSize = 512;

    void set_disk(uint64_t sectors, bool read_only) {
        sectors_ = sectors;
        read_only_ = read_only;
    }

    /// The chip starts a command in cycle `now`; `region` is the size of the I/O region.
    void start(const BlockCommand& command, uint64_t now, uint64_t region) {
        command_ = command;
        started_ = now;
        busy_ = true;
        answered_ = false;
        if (!sound(command, region)) complete(true, now + 1);
    }
    /// A command that the host has not yet completed.
    bool pending() const { return busy_ && !answered_; }
    const BlockCommand& command() const { return command_; }
    uint64_t started() const { return started_; }

    /// The pending command ends in cycle `at`.
    void complete(bool failed, uint64_t at) {
        if (!pending()) return;
        answered_ = true;
        failed_ = failed;
        due_ = at;
    }
    /// Cycle in which the command ends; never if there is none or the host has not said.
    uint64_t due() const { return busy_ && answered_ ? due_ : ~0ULL; }
    /// True if the command's end stands on the port in cycle `next`.
    bool ends(uint64_t next) {
        if (due() > next) return false;
        busy_ = false;
        return true;
    }
    bool failed() const { return failed_; }

    void digest(Digest& into) const {
        into.add(sectors_ << 1 | static_cast<uint64_t>(read_only_));
        into.add(static_cast<uint64_t>(busy_) << 1 | static_cast<uint64_t>(answered_));
        if (!busy_) return;
        into.add(static_cast<uint64_t>(command_.op) << 32 | command_.count);
        into.add(command_.sector);
        into.add(command_.offset);
        into.add(started_);
        if (answered_) into.add(due_ << 1 | static_cast<uint64_t>(failed_));
    }

private:
    bool sound(const BlockCommand& command, uint64_t region) const {
        if (command.op == 3) return true;
        const uint64_t bytes = static_cast<uint64_t>(command.count) * SectorSize;
        return (command.op == 1 || (command.op == 2 && !read_only_)) && command.sector <= sectors_
            && command.count <= sectors_ - command.sector && command.offset + bytes <= region;
    }

    uint64_t sectors_ = 0;
    bool read_only_ = false;
    BlockCommand command_{};
    uint64_t started_ = 0;
    bool busy_ = false;
    bool answered_ = false;
    bool failed_ = false;
    uint64_t due_ = 0;
};

class Network {
public:
    /// Frames offered that may wait for a buffer; one more is refused.
    static constexpr std::size_t QueueDepth = 64;
    static constexpr uint32_t BufferSize = 2048;
    static constexpr uint32_t FrameMin = 14;
    static constexpr uint32_t FrameMax = 1514;
    // Cycles from the start to the end of sending, and from a frame and a buffer being there to its delivery, besides a
    // cycle for each word: what a network interface with one frame of buffer takes to move it.
    static constexpr uint64_t SendCycles = 40;
    static constexpr uint64_t ReceiveCycles = 100;

    /// The chip sends a frame from the I/O region (`data`, its contents there) in cycle `now`.
    void send(std::string frame, uint64_t now) {
        send_due_ = now + SendCycles + frame.size() / 4;
        if (frame.size() >= FrameMin && frame.size() <= FrameMax) sent_.push_back(std::move(frame));
    }
    /// True if the end of sending stands on the port in cycle `next`.
    bool taken(uint64_t next) {
        if (send_due_ > next) return false;
        send_due_ = Never;
        return true;
    }
    std::size_t frames_sent() const { return sent_.size(); }
    std::string take_sent() {
        std::string frame = std::move(sent_.front());
        sent_.pop_front();
        return frame;
    }

    /// A frame from the network; false if there is no room for it.
    bool offer(std::string frame, uint64_t now) {
        if (offered_.size() >= QueueDepth || frame.size() < FrameMin || frame.size() > FrameMax) return false;
        offered_.push_back(std::move(frame));
        if (receive_due_ == Never) plan(now);
        return true;
    }
    /// The chip posts a buffer in cycle `now`; it takes the place of one that was posted before.
    void post(uint32_t offset, bool tag, uint64_t now) {
        posted_ = true;
        buffer_ = offset;
        tag_ = tag;
        plan(now);
    }
    /// Cycle in which the next frame is delivered, or one is sent.
    uint64_t due() const { return std::min(receive_due_, send_due_); }
    /// True if a frame is delivered so that its length stands on the port in cycle `next`.
    bool delivers(uint64_t next) const { return receive_due_ <= next; }
    uint32_t buffer() const { return buffer_; }
    bool tag() const { return tag_; }
    std::string take_offered() {
        std::string frame = std::move(offered_.front());
        offered_.pop_front();
        posted_ = false;
        receive_due_ = Never;
        return frame;
    }

    void digest(Digest& into) const {
        into.add(static_cast<uint64_t>(posted_) << 1 | static_cast<uint64_t>(tag_));
        into.add(buffer_);
        into.add(send_due_);
        into.add(receive_due_);
        for (const auto* queue : {&sent_, &offered_}) {
            into.add(queue->size());
            for (const std::string& frame : *queue) {
                into.add(frame.size());
                for (const char byte : frame) into.add(static_cast<uint8_t>(byte));
            }
        }
    }

private:
    static constexpr uint64_t Never = ~0ULL;

    void plan(uint64_t now) {
        if (!posted_ || offered_.empty()) return;
        // A buffer that moves while a frame is on its way has it start again.
        receive_due_ = now + ReceiveCycles + offered_.front().size() / 4;
    }

    std::deque<std::string> sent_;
    std::deque<std::string> offered_;
    bool posted_ = false;
    bool tag_ = false;
    uint32_t buffer_ = 0;
    uint64_t send_due_ = Never;
    uint64_t receive_due_ = Never;
};

/// The run's random numbers: a counter through the finaliser of SplitMix64.
class RandomSource {
public:
    explicit RandomSource(uint64_t seed) : state_{Digest::mix(seed ^ 0x6a09e667f3bcc908ULL)} {}
    uint32_t word() const { return static_cast<uint32_t>(Digest::mix(state_)); }
    void next() { state_ += 0x9e3779b97f4a7c15ULL; }
    void digest(Digest& into) const { into.add(state_); }

private:
    uint64_t state_;
};

}  // namespace covert
