// covert_div against C++ arithmetic: all pairs of corner values, then random operands, with gaps,
// back-to-back operations and flushes. Checks the result, that done_o is one cycle and the latency.
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "Vtop.h"

namespace {

uint32_t reference(int op, uint32_t a, uint32_t b) {
  const int32_t sa = static_cast<int32_t>(a), sb = static_cast<int32_t>(b);
  switch (op) {
    case 0: return b == 0 ? ~0u : (a == 0x80000000u && sb == -1) ? a : static_cast<uint32_t>(sa / sb);
    case 1: return b == 0 ? ~0u : a / b;
    case 2: return b == 0 ? a : (a == 0x80000000u && sb == -1) ? 0 : static_cast<uint32_t>(sa % sb);
    default: return b == 0 ? a : a % b;
  }
}

class Bench {
 public:
  Bench() {
    top_.rst_ni = 0;
    top_.flush_i = 0;
    top_.start_i = 0;
    tick();
    top_.rst_ni = 1;
  }

  void operation(int op, uint32_t a, uint32_t b) {
    top_.start_i = 1;
    top_.op_i = op;
    top_.a_i = a;
    top_.b_i = b;
    int cycles = 0;
    while (settle(), !top_.done_o && cycles < 50) {
      tick();
      cycles++;
    }
    const uint32_t want = reference(op, a, b);
    const bool in_time = cycles <= 33;
    report(top_.result_o == want && in_time, op, a, b, top_.result_o, want, cycles);
    tick();
    top_.start_i = 0;
    settle();
    if (top_.done_o) report(false, op, a, b, 0, 0, -1);
  }

  // Starts an operation and gives it up after some cycles; nothing of it may show afterwards.
  void flushed(int op, uint32_t a, uint32_t b, int after) {
    top_.start_i = 1;
    top_.op_i = op;
    top_.a_i = a;
    top_.b_i = b;
    for (int i = 0; i < after; i++) {
      settle();
      if (top_.done_o) break;
      tick();
    }
    top_.flush_i = 1;
    tick();
    top_.flush_i = 0;
    top_.start_i = 0;
    settle();
    report(!top_.done_o, op, a, b, 0, 0, -2);
  }

  void idle(int cycles) {
    for (int i = 0; i < cycles; i++) tick();
  }

  int finish() {
    std::printf("div: %d passed, %d failed\n", passed_, failed_);
    return failed_ != 0;
  }

 private:
  void settle() {
    top_.clk_i = 0;
    top_.eval();
  }
  void tick() {
    settle();
    top_.clk_i = 1;
    top_.eval();
  }
  void report(bool ok, int op, uint32_t a, uint32_t b, uint32_t got, uint32_t want, int cycles) {
    if (ok) {
      passed_++;
    } else if (failed_++ < 10) {
      std::printf("op %d %08x %08x: %08x after %d, expected %08x\n", op, a, b, got, cycles, want);
    }
  }

  Vtop top_;
  int passed_ = 0, failed_ = 0;
};

}  // namespace

int main() {
  Bench bench;
  const std::vector<uint32_t> corners = {0, 1, 2, 3, 7, 10, 0xff, 0x100, 0xffff, 0x10000, 0xffffff, 0x500000, 0x7ffffffe,
                                         0x7fffffff, 0x80000000, 0x80000001, 0xff000000, 0xffff0000, 0xfffffffe, 0xffffffff};
  for (int op = 0; op < 4; op++) {
    for (uint32_t a : corners) {
      for (uint32_t b : corners) bench.operation(op, a, b);
    }
  }
  std::mt19937 random(1);
  for (int i = 0; i < 500000; i++) {
    const int op = static_cast<int>(random() % 4);
    const uint32_t a = random() >> random() % 32, b = random() >> random() % 32;
    const uint32_t sign = random();
    bench.operation(op, (sign & 1) ? -a : a, (sign & 2) ? -b : b);
    if (sign % 8 == 0) bench.idle(static_cast<int>(sign >> 8 & 3));
    if (sign % 16 == 1) bench.flushed(op, b, a, static_cast<int>(sign >> 8 & 31));
  }
  return bench.finish();
}
