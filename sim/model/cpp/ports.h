// Lanes of the chip's packed port vectors, whatever type Verilator chose for a vector of that width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "verilated.h"

namespace covert {

inline uint32_t lane32(uint32_t port, unsigned) { return port; }
inline uint32_t lane32(uint64_t port, unsigned index) { return static_cast<uint32_t>(port >> (32 * index)); }
template <std::size_t Words>
uint32_t lane32(const VlWide<Words>& port, unsigned index) {
    return port[index];
}
template <class Port>
uint64_t lane64(const Port& port, unsigned index) {
    if constexpr (sizeof(Port) == 8 && std::is_integral_v<Port>) {
        return port;
    } else {
        return static_cast<uint64_t>(port[2 * index + 1]) << 32 | port[2 * index];
    }
}
inline void set_lane32(uint64_t& port, unsigned index, uint32_t value) {
    port = (port & ~(0xffffffffULL << (32 * index))) | static_cast<uint64_t>(value) << (32 * index);
}
template <std::size_t Words>
void set_lane32(VlWide<Words>& port, unsigned index, uint32_t value) {
    port[index] = value;
}

}  // namespace covert
