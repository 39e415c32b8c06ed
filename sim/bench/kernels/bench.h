// What the kernels share. They use no library, and their checksums do not depend on the width of a pointer or
// on the byte order, so that a host's build of the same source tells what every core must print.
#pragma once

#include <stdint.h>

/// A kernel: `prepare` (may be 0) is not measured; `round` does the work once, from a seed, and returns a checksum.
struct kernel {
  const char *name;
  void (*prepare)(void);
  uint32_t (*round)(uint32_t seed);
  uint32_t rounds;  // of a measurement, chosen for 1 to 2 million instructions of RV32IMAC
};

extern const struct kernel list_kernel, matrix_kernel, scan_kernel, crc_kernel, sort_kernel, search_kernel,
    divide_kernel, chase_kernel, mix_kernel;

/// The next of a repeatable sequence of 24-bit numbers.
static inline uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/// CRC-16 (polynomial 0x1021, most significant bit first) of one more byte.
uint16_t crc16_byte(uint16_t crc, uint8_t byte);

/// The same of a word, least significant byte first.
static inline uint16_t crc16_word(uint16_t crc, uint32_t word) {
  for (int i = 0; i < 4; i++) crc = crc16_byte(crc, (uint8_t)(word >> 8 * i));
  return crc;
}

// The work of list, matrix and scan in one piece of a size that `mix` can choose.
#define LIST_MAX 128
#define MATRIX_MAX 16
#define SCAN_MAX 1024
uint32_t list_work(uint32_t seed, int nodes, int finds);
uint32_t matrix_work(uint32_t seed, int size);
uint32_t scan_work(uint32_t seed, int bytes);

/// The machine below: where a measurement begins and ends, and where its line of results goes.
struct counts {
  uint32_t cycles, instructions;
};
struct counts machine_counts(void);
void machine_print(const char *name, uint32_t checksum, uint32_t rounds, struct counts taken);

/// Runs every kernel once.
void bench(void);
