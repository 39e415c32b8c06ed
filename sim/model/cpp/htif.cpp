#include "htif.h"

namespace covert {
namespace {

// The simulated chip has RAM of a bare program at this address; memory is addressed from domain 0.
constexpr uint32_t RamBase = 0x80000000U;

// Numbers of the system calls of Spike's proxy protocol that make sense without a host's files.
constexpr uint32_t CallWrite = 64;
constexpr uint32_t CallExit = 93;
constexpr uint32_t CallExitGroup = 94;
constexpr uint64_t ErrorNoCall = static_cast<uint64_t>(-38);

}  // namespace

bool Htif::serve(Memory& memory, std::string& console) {
    due_ = Never;
    const uint32_t low = memory.load(tohost_);
    const uint32_t high = memory.load(tohost_ + 4);
    if (low == 0 && high == 0) return false;
    const uint32_t device = high >> 24;
    const uint32_t command = high >> 16 & 0xff;
    bool ended = false;
    uint32_t answer_low = 1;
    uint32_t answer_high = 0;
    if (device == 1 && command == 1) {
        console.push_back(static_cast<char>(low & 0xff));
        answer_low = 0;
        answer_high = high & 0xffff0000U;
    } else if (device == 0 && (low & 1U) != 0) {
        exit_code_ = low >> 1;
        return true;
    } else if (device == 0) {
        const uint32_t block = low - RamBase;
        const uint64_t result = system_call(memory, block, console, ended);
        if (ended) return true;
        memory.store(block, static_cast<uint32_t>(result), 0xf);
        memory.store(block + 4, static_cast<uint32_t>(result >> 32), 0xf);
    }
    memory.store(tohost_, 0, 0xf);
    memory.store(tohost_ + 4, 0, 0xf);
    if (fromhost_ != 0) {
        memory.store(fromhost_, answer_low, 0xf);
        memory.store(fromhost_ + 4, answer_high, 0xf);
    }
    return false;
}

uint64_t Htif::system_call(Memory& memory, uint32_t block, std::string& console, bool& ended) {
    // Eight 64-bit words: the number, then the arguments; the upper halves are 0 on RV32.
    const auto word = [&](uint32_t index) { return memory.load(block + 8 * index); };
    switch (word(0)) {
    case CallWrite: {
        const uint32_t start = word(2) - RamBase;
        const uint32_t length = word(3);
        if (start > memory.size() || length > memory.size() - start) return static_cast<uint64_t>(-14);
        console.append(reinterpret_cast<const char*>(memory.data()) + start, length);
        return length;
    }
    case CallExit:
    case CallExitGroup:
        exit_code_ = word(1);
        ended = true;
        return 0;
    default: return ErrorNoCall;
    }
}

}  // namespace covert
