// Division: greatest common divisors, and numbers taken apart into decimal digits.
#include "bench.h"

static uint32_t gcd(uint32_t a, uint32_t b) {
  while (b) {
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static uint32_t run(uint32_t seed) {
  uint32_t sum = 0, base = 10 + (next(&seed) & 1);
  for (int i = 0; i < 100; i++) {
    uint32_t a = next(&seed), b = next(&seed);
    sum = sum * 31 + gcd(a, b);
    for (; a; a /= base) sum += a % base;
  }
  return sum;
}

const struct kernel divide_kernel = {"divide", 0, run, 100};
