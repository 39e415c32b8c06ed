// Integer matrices: product, product with a vector, a constant added, bit fields taken out of products.
#include "bench.h"

uint32_t matrix_work(uint32_t seed, int size) {
  static int16_t a[MATRIX_MAX * MATRIX_MAX], b[MATRIX_MAX * MATRIX_MAX];
  static int32_t c[MATRIX_MAX * MATRIX_MAX];
  for (int i = 0; i < size * size; i++) {
    a[i] = (int16_t)next(&seed);
    b[i] = (int16_t)next(&seed);
  }
  int16_t constant = (int16_t)next(&seed);
  uint32_t sum = 0;

  for (int i = 0; i < size * size; i++) a[i] = (int16_t)(a[i] + constant);
  for (int i = 0; i < size; i++) {
    for (int j = 0; j < size; j++) {
      uint32_t dot = 0;
      for (int k = 0; k < size; k++) dot += (uint32_t)(a[i * size + k] * b[k * size + j]);
      c[i * size + j] = (int32_t)dot;
    }
  }
  for (int i = 0; i < size; i++) {
    uint32_t dot = 0;
    for (int j = 0; j < size; j++) dot += (uint32_t)c[i * size + j] * (uint32_t)(int32_t)b[j];
    sum = sum * 31 + dot;
  }
  for (int i = 0; i < size; i++) {
    for (int j = 0; j < size; j++) {
      uint32_t dot = 0;
      for (int k = 0; k < size; k++) {
        uint32_t product = (uint32_t)(a[i * size + k] * b[k * size + j]);
        dot += (product >> 3 & 0x1f) * (product >> 9 & 0x3f);
      }
      sum = sum * 31 + dot;
    }
  }
  return sum;
}

static uint32_t run(uint32_t seed) { return matrix_work(seed, 16); }

const struct kernel matrix_kernel = {"matrix", 0, run, 18};
