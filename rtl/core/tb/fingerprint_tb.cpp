// covert_fingerprint against a software model: the CRC bit by bit over the 16-byte record that the module's header
// defines. The model itself is checked with the check value of a CRC that differs in its polynomial only (CRC-32/MPEG-2).
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>

#include "Vtop.h"

namespace {

struct Event {
  bool trap;
  uint32_t pc, rd, value, addr, data, strb;
};

constexpr uint32_t Polynomial = 0x00000013, Mpeg2 = 0x04c11db7;

uint32_t crc(uint32_t polynomial, uint32_t state, const uint8_t* bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    state ^= uint32_t{bytes[i]} << 24;
    for (int bit = 0; bit < 8; bit++) state = (state >> 31) ? state << 1 ^ polynomial : state << 1;
  }
  return state;
}

uint32_t model(uint32_t state, const Event& e) {
  uint32_t data = 0;
  const bool store = !e.trap && e.strb != 0;
  for (int i = 0; i < 4; i++) {
    if (store && (e.strb >> i & 1)) data |= e.data & (0xffu << 8 * i);
  }
  const std::array<uint32_t, 4> words = {e.pc, uint32_t{e.trap} << 9 | e.rd << 4 | e.strb,
                                         e.value ^ (data << 16 | data >> 16), store ? e.addr : 0};
  std::array<uint8_t, 16> record;
  for (size_t i = 0; i < 16; i++) record[i] = static_cast<uint8_t>(words[i / 4] >> 8 * (3 - i % 4));
  return crc(Polynomial, state, record.data(), record.size());
}

}  // namespace

int main() {
  int passed = 0, failed = 0;
  auto check = [&](const char* what, uint32_t got, uint32_t want) {
    if (got == want) {
      passed++;
    } else if (failed++ < 10) {
      std::printf("%s: %08x, expected %08x\n", what, got, want);
    }
  };
  const char* text = "123456789";
  check("model", crc(Mpeg2, ~0u, reinterpret_cast<const uint8_t*>(text), std::strlen(text)), 0x0376e6e7u);

  Vtop top;
  auto tick = [&] {
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
  };
  top.rst_ni = 0;
  top.we_i = 0;
  top.valid_i = 0;
  tick();
  top.rst_ni = 1;
  check("reset", top.value_o, 0);

  std::mt19937 random(1);
  uint32_t state = 0;      // of all events before the registered one
  bool pending = false;    // an event is registered
  Event last{};
  for (int i = 0; i < 300000; i++) {
    // Sparse records first: one field at a time, so that a wrong position shows itself.
    const bool dense = i >= 20000;
    auto field = [&](uint32_t mask) { return (dense || random() % 6 == 0) ? static_cast<uint32_t>(random()) & mask : 0u; };
    const Event e = {field(1) != 0, field(~0u), field(31), field(~0u), field(~0u), field(~0u), field(15)};
    const bool valid = random() % 4 != 0;
    const bool set = !valid && !pending && random() % 4 == 0;
    const uint32_t seed = random();
    top.valid_i = valid;
    top.trap_i = e.trap;
    top.pc_i = e.pc;
    top.rd_i = e.rd;
    top.value_i = e.value;
    top.addr_i = e.addr;
    top.data_i = e.data;
    top.strb_i = e.strb;
    top.we_i = set;
    top.wdata_i = seed;
    tick();
    if (pending) state = model(state, last);
    if (set) state = seed;
    pending = valid;
    last = e;
    check("value", top.value_o, state);
    check("busy", top.busy_o, pending);
  }
  std::printf("fingerprint: %d passed, %d failed\n", passed, failed);
  return failed != 0;
}
