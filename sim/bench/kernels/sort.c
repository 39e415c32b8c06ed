// Sorting an array: heap sort, then quick sort (of the same numbers in another order) with insertion at the ends.
#include "bench.h"

#define COUNT 512

static void sift(uint32_t *v, int at, int count) {
  uint32_t x = v[at];
  for (;;) {
    int child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && v[child + 1] > v[child]) child++;
    if (v[child] <= x) break;
    v[at] = v[child];
    at = child;
  }
  v[at] = x;
}

static void heap_sort(uint32_t *v, int count) {
  for (int i = count / 2; i-- > 0;) sift(v, i, count);
  for (int i = count; i-- > 1;) {
    uint32_t x = v[0];
    v[0] = v[i];
    v[i] = x;
    sift(v, 0, i);
  }
}

static void quick_sort(uint32_t *v, int low, int high) {
  while (high - low > 12) {
    uint32_t pivot = v[low + (high - low) / 2];
    int i = low - 1, j = high + 1;
    for (;;) {
      do i++;
      while (v[i] < pivot);
      do j--;
      while (v[j] > pivot);
      if (i >= j) break;
      uint32_t x = v[i];
      v[i] = v[j];
      v[j] = x;
    }
    // The shorter part by a call: the stack stays small.
    if (j - low < high - j - 1) {
      quick_sort(v, low, j);
      low = j + 1;
    } else {
      quick_sort(v, j + 1, high);
      high = j;
    }
  }
  for (int i = low + 1; i <= high; i++) {
    uint32_t x = v[i];
    int j = i;
    for (; j > low && v[j - 1] > x; j--) v[j] = v[j - 1];
    v[j] = x;
  }
}

static uint32_t run(uint32_t seed) {
  static uint32_t v[COUNT];
  uint32_t sum = 0;
  for (int i = 0; i < COUNT; i++) v[i] = next(&seed);
  heap_sort(v, COUNT);
  for (int i = 0; i < COUNT; i++) sum = sum * 31 + v[i];
  for (int i = 0; i < COUNT; i++) {
    int j = (int)(next(&seed) % COUNT);
    uint32_t x = v[i];
    v[i] = v[j];
    v[j] = x;
  }
  quick_sort(v, 0, COUNT - 1);
  for (int i = 0; i < COUNT; i++) sum = sum * 31 + v[i];
  return sum;
}

const struct kernel sort_kernel = {"sort", 0, run, 10};
