// covert_expander against a table written from the instruction set manual's RVC listings (volume I,
// chapter 16): all 65,536 halves, and 32-bit instructions pass through unchanged.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "Vtop.h"

namespace {

enum Kind { kReserved, kAddi, kSlli, kSrli, kSrai, kAndi, kLui, kLw, kSw, kJal, kJalr, kBeq, kBne, kAdd, kSub, kXor, kOr, kAnd, kEbreak };

// Register operands of the expansion: a field of the row, or a fixed register.
constexpr int kFieldD = 32, kFieldS = 33, kFieldP = 34, kFieldQ = 35;

struct Row {
  const char* bits;      // bit 15 first: 0, 1, or the letter of a field: i immediate, d and s registers, p and q x8..x15
  std::vector<int> imm;  // positions in the immediate of the i bits, in order
  bool sign;             // the highest of them is the sign
  Kind kind;
  int rd, rs1, rs2;
};

// The first row that fits counts.
const std::vector<Row> kRows = {
    // quadrant 0
    {"00000000000ppp00", {}, false, kReserved, 0, 0, 0},
    {"000iiiiiiiippp00", {5, 4, 9, 8, 7, 6, 2, 3}, false, kAddi, kFieldP, 2, 0},   // c.addi4spn
    {"010iiiqqqiippp00", {5, 4, 3, 2, 6}, false, kLw, kFieldP, kFieldQ, 0},        // c.lw
    {"110iiiqqqiippp00", {5, 4, 3, 2, 6}, false, kSw, 0, kFieldQ, kFieldP},        // c.sw
    {"xxxxxxxxxxxxxx00", {}, false, kReserved, 0, 0, 0},
    // quadrant 1
    {"000idddddiiiii01", {5, 4, 3, 2, 1, 0}, true, kAddi, kFieldD, kFieldD, 0},    // c.nop, c.addi
    {"001iiiiiiiiiii01", {11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5}, true, kJal, 1, 0, 0},  // c.jal
    {"010idddddiiiii01", {5, 4, 3, 2, 1, 0}, true, kAddi, kFieldD, 0, 0},          // c.li
    {"0110xxxxx0000001", {}, false, kReserved, 0, 0, 0},
    {"011i00010iiiii01", {9, 4, 6, 8, 7, 5}, true, kAddi, 2, 2, 0},                // c.addi16sp
    {"011idddddiiiii01", {17, 16, 15, 14, 13, 12}, true, kLui, kFieldD, 0, 0},     // c.lui
    {"100000qqqiiiii01", {4, 3, 2, 1, 0}, false, kSrli, kFieldQ, kFieldQ, 0},      // c.srli
    {"100001qqqiiiii01", {4, 3, 2, 1, 0}, false, kSrai, kFieldQ, kFieldQ, 0},      // c.srai
    {"100i10qqqiiiii01", {5, 4, 3, 2, 1, 0}, true, kAndi, kFieldQ, kFieldQ, 0},    // c.andi
    {"100011qqq00ppp01", {}, false, kSub, kFieldQ, kFieldQ, kFieldP},              // c.sub
    {"100011qqq01ppp01", {}, false, kXor, kFieldQ, kFieldQ, kFieldP},              // c.xor
    {"100011qqq10ppp01", {}, false, kOr, kFieldQ, kFieldQ, kFieldP},               // c.or
    {"100011qqq11ppp01", {}, false, kAnd, kFieldQ, kFieldQ, kFieldP},              // c.and
    {"101iiiiiiiiiii01", {11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5}, true, kJal, 0, 0, 0},  // c.j
    {"110iiiqqqiiiii01", {8, 4, 3, 7, 6, 2, 1, 5}, true, kBeq, 0, kFieldQ, 0},     // c.beqz
    {"111iiiqqqiiiii01", {8, 4, 3, 7, 6, 2, 1, 5}, true, kBne, 0, kFieldQ, 0},     // c.bnez
    {"xxxxxxxxxxxxxx01", {}, false, kReserved, 0, 0, 0},
    // quadrant 2
    {"0000dddddiiiii10", {4, 3, 2, 1, 0}, false, kSlli, kFieldD, kFieldD, 0},      // c.slli
    {"010x00000xxxxx10", {}, false, kReserved, 0, 0, 0},
    {"010idddddiiiii10", {5, 4, 3, 2, 7, 6}, false, kLw, kFieldD, 2, 0},           // c.lwsp
    {"1000000000000010", {}, false, kReserved, 0, 0, 0},
    {"1000ddddd0000010", {}, false, kJalr, 0, kFieldD, 0},                         // c.jr
    {"1000dddddsssss10", {}, false, kAdd, kFieldD, 0, kFieldS},                    // c.mv
    {"1001000000000010", {}, false, kEbreak, 0, 0, 0},                             // c.ebreak
    {"1001ddddd0000010", {}, false, kJalr, 1, kFieldD, 0},                         // c.jalr
    {"1001dddddsssss10", {}, false, kAdd, kFieldD, kFieldD, kFieldS},              // c.add
    {"110iiiiiisssss10", {5, 4, 3, 2, 7, 6}, false, kSw, 0, 2, kFieldS},           // c.swsp
    {"xxxxxxxxxxxxxx10", {}, false, kReserved, 0, 0, 0},
};

uint32_t encode(Kind kind, uint32_t rd, uint32_t rs1, uint32_t rs2, int32_t imm) {
  const uint32_t u = static_cast<uint32_t>(imm);
  auto r = [&](uint32_t f7, uint32_t f3) { return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | 0x33; };
  auto i = [&](uint32_t f3, uint32_t op) { return u << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op; };
  auto bit = [&](int n) { return u >> n & 1; };
  auto b = [&](uint32_t f3) {
    return bit(12) << 31 | (u >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (u >> 1 & 15) << 8 | bit(11) << 7 | 0x63;
  };
  switch (kind) {
    case kReserved: return 0;
    case kAddi: return i(0, 0x13);
    case kSlli: return i(1, 0x13);
    case kSrli: return i(5, 0x13);
    case kSrai: return i(5, 0x13) | 1u << 30;
    case kAndi: return i(7, 0x13);
    case kLui: return (u & 0xfffff000u) | rd << 7 | 0x37;
    case kLw: return i(2, 0x03);
    case kSw: return (u >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | 2u << 12 | (u & 31) << 7 | 0x23;
    case kJal: return bit(20) << 31 | (u >> 1 & 1023) << 21 | bit(11) << 20 | (u >> 12 & 255) << 12 | rd << 7 | 0x6f;
    case kJalr: return i(0, 0x67);
    case kBeq: return b(0);
    case kBne: return b(1);
    case kAdd: return r(0, 0);
    case kSub: return r(0x20, 0);
    case kXor: return r(0, 4);
    case kOr: return r(0, 6);
    case kAnd: return r(0, 7);
    case kEbreak: return 0x00100073;
  }
  return 0;
}

uint32_t reference(uint32_t half) {
  for (const Row& row : kRows) {
    uint32_t d = 0, s = 0, p = 0, q = 0;
    int32_t imm = 0;
    int sign = 0;
    size_t next = 0;
    bool fits = true;
    for (int n = 15; n >= 0; n--) {
      const uint32_t v = half >> n & 1;
      switch (row.bits[15 - n]) {
        case '0': fits = fits && v == 0; break;
        case '1': fits = fits && v == 1; break;
        case 'd': d = d << 1 | v; break;
        case 's': s = s << 1 | v; break;
        case 'p': p = p << 1 | v; break;
        case 'q': q = q << 1 | v; break;
        case 'i':
          if (next == 0) sign = row.imm[0];  // the sign is the first bit of all signed formats
          imm |= static_cast<int32_t>(v << row.imm[next++]);
          break;
        default: break;
      }
    }
    if (!fits) continue;
    if (row.sign && (imm >> sign & 1)) imm |= static_cast<int32_t>(~uint32_t{0} << sign);
    auto reg = [&](int which) -> uint32_t {
      switch (which) {
        case kFieldD: return d;
        case kFieldS: return s;
        case kFieldP: return 8 + p;
        case kFieldQ: return 8 + q;
        default: return static_cast<uint32_t>(which);
      }
    };
    return encode(row.kind, reg(row.rd), reg(row.rs1), reg(row.rs2), imm);
  }
  return 0;
}

}  // namespace

int main() {
  Vtop top;
  int passed = 0, failed = 0;
  auto check = [&](uint32_t instr, uint32_t want, bool illegal) {
    top.instr_i = instr;
    top.eval();
    if (top.instr_o == want && top.illegal_o == illegal) {
      passed++;
    } else if (failed++ < 10) {
      std::printf("%08x: %08x illegal %d, expected %08x illegal %d\n", instr, top.instr_o, top.illegal_o, want, illegal);
    }
  };
  uint32_t upper = 0x9e3779b9;
  for (uint32_t half = 0; half < 0x10000; half++) {
    upper = upper * 1664525 + 1013904223;
    const uint32_t instr = (upper & 0xffff0000u) | half;
    if ((half & 3) == 3) {
      check(instr, instr, false);
    } else {
      const uint32_t want = reference(half);
      check(instr, want, want == 0);
    }
  }
  std::printf("expander: %d passed, %d failed\n", passed, failed);
  return failed != 0;
}
