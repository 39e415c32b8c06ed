// covert_mul against C++ arithmetic: all pairs of corner values, then random operands; a result stays while nothing is taken.
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "Vtop.h"

namespace {

uint32_t reference(int op, uint32_t a, uint32_t b) {
  const int64_t sa = static_cast<int32_t>(a), sb = static_cast<int32_t>(b);
  switch (op) {
    case 0: return a * b;
    case 1: return static_cast<uint32_t>(static_cast<uint64_t>(sa * sb) >> 32);
    case 2: return static_cast<uint32_t>(static_cast<uint64_t>(sa * static_cast<int64_t>(uint64_t{b})) >> 32);
    default: return static_cast<uint32_t>(uint64_t{a} * b >> 32);
  }
}

class Bench {
 public:
  void operation(int op, uint32_t a, uint32_t b, int wait) {
    drive(true, op, a, b);
    for (int i = 0; i < wait; i++) drive(false, op ^ 1, b + 1, a);
    const uint32_t want = reference(op, a, b);
    if (top_.result_o == want) {
      passed_++;
    } else if (failed_++ < 10) {
      std::printf("op %d %08x %08x: %08x, expected %08x\n", op, a, b, top_.result_o, want);
    }
  }

  int finish() {
    std::printf("mul: %d passed, %d failed\n", passed_, failed_);
    return failed_ != 0;
  }

 private:
  void drive(bool take, int op, uint32_t a, uint32_t b) {
    top_.take_i = take;
    top_.op_i = op;
    top_.a_i = a;
    top_.b_i = b;
    top_.clk_i = 0;
    top_.eval();
    top_.clk_i = 1;
    top_.eval();
  }

  Vtop top_;
  int passed_ = 0, failed_ = 0;
};

}  // namespace

int main() {
  Bench bench;
  const std::vector<uint32_t> corners = {0, 1, 2, 3, 0xff, 0xffff, 0x10000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xffff0000, 0xfffffffe, 0xffffffff};
  for (int op = 0; op < 4; op++) {
    for (uint32_t a : corners) {
      for (uint32_t b : corners) bench.operation(op, a, b, 0);
    }
  }
  std::mt19937 random(1);
  for (int i = 0; i < 500000; i++) {
    const uint32_t a = random() >> random() % 32, b = random() >> random() % 32, sign = random();
    bench.operation(static_cast<int>(random() % 4), (sign & 1) ? -a : a, (sign & 2) ? -b : b, static_cast<int>(sign >> 8 & 1));
  }
  return bench.finish();
}
