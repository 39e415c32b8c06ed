// Small kernels whose cycles per instruction cpi.sh measures, one after the other: sort, matrix product,
// CRC, string search, list walk, division. Each returns a checksum that the host computes as well.
#include <stdint.h>

#define SIZE 256

static uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static uint32_t sort(void) {
  static uint32_t v[SIZE];
  uint32_t state = 1, sum = 0;
  for (int i = 0; i < SIZE; i++) v[i] = next(&state);
  for (int gap = SIZE / 2; gap > 0; gap /= 2) {
    for (int i = gap; i < SIZE; i++) {
      uint32_t x = v[i];
      int j = i;
      for (; j >= gap && v[j - gap] > x; j -= gap) v[j] = v[j - gap];
      v[j] = x;
    }
  }
  for (int i = 0; i < SIZE; i++) sum = sum * 31 + v[i];
  return sum;
}

static uint32_t matrix(void) {
  static int32_t a[16][16], b[16][16];
  uint32_t state = 2, sum = 0;
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 16; j++) {
      a[i][j] = (int32_t)next(&state);
      b[i][j] = (int32_t)next(&state);
    }
  }
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 16; j++) {
      uint32_t s = 0;
      for (int k = 0; k < 16; k++) s += (uint32_t)a[i][k] * (uint32_t)b[k][j];
      sum = sum * 31 + s;
    }
  }
  return sum;
}

static uint32_t crc(void) {
  uint32_t state = 3, c = ~0u;
  for (int i = 0; i < SIZE; i++) {
    c ^= next(&state) & 0xff;
    for (int k = 0; k < 8; k++) c = (c & 1) ? c >> 1 ^ 0xedb88320u : c >> 1;
  }
  return c;
}

static uint32_t search(void) {
  static char text[4 * SIZE];
  uint32_t state = 4, found = 0;
  for (int i = 0; i < 4 * SIZE - 1; i++) text[i] = (char)('a' + next(&state) % 3);
  for (const char *p = text; *p; p++) {
    const char *q = "abcab", *r = p;
    while (*q && *q == *r) q++, r++;
    if (!*q) found += (uint32_t)(p - text);
  }
  return found;
}

static uint32_t list(void) {
  static struct node {
    struct node *next;
    uint32_t value;
  } nodes[SIZE];
  uint32_t state = 5, sum = 0;
  for (int i = 0; i < SIZE; i++) {
    nodes[i].next = &nodes[(i + 77) % SIZE];
    nodes[i].value = next(&state);
  }
  struct node *n = nodes;
  for (int i = 0; i < 8 * SIZE; i++, n = n->next) sum += n->value;
  return sum;
}

static uint32_t divide(void) {
  uint32_t state = 6, sum = 0;
  for (int i = 0; i < SIZE; i++) {
    uint32_t a = next(&state), b = (next(&state) & 0xff) + 1;
    sum += a / b + a % b;
  }
  return sum;
}

typedef uint32_t kernel(void);
kernel *const kernels[] = {sort, matrix, crc, search, list, divide};
const char *const names[] = {"sort", "matrix", "crc", "search", "list", "divide"};
#define KERNELS 6

#ifdef __riscv

static void put(const char *s) {
  while (*s) *(volatile char *)0x10000000 = *s++;
}

static void put_number(uint32_t n) {
  char buffer[11];
  char *p = buffer + 10;
  *p = 0;
  do *--p = (char)('0' + n % 10);
  while (n /= 10);
  put(p);
}

#define CSR(name)                                \
  ({                                             \
    uint32_t v_;                                 \
    __asm__ volatile("csrr %0, " name : "=r"(v_)); \
    v_;                                          \
  })

// Prints: name, checksum, cycles, instructions.
void run(void) {
  for (int i = 0; i < KERNELS; i++) {
    uint32_t instructions = CSR("minstret"), cycles = CSR("mcycle");
    uint32_t result = kernels[i]();
    cycles = CSR("mcycle") - cycles;
    instructions = CSR("minstret") - instructions;
    put(names[i]);
    uint32_t numbers[] = {result, cycles, instructions};
    for (int k = 0; k < 3; k++) {
      put(" ");
      put_number(numbers[k]);
    }
    put("\n");
  }
  *(volatile uint32_t *)0x00100000 = 0x5555;
  for (;;) {
  }
}

__asm__(".text\n.globl _start\n_start: la sp, stack_top\n j run\n.bss\n.balign 16\n.space 4096\nstack_top:\n.text\n");

#else
#include <stdio.h>

int main(void) {
  for (int i = 0; i < KERNELS; i++) printf("%s %u\n", names[i], kernels[i]());
  return 0;
}
#endif
