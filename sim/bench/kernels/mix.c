// All in one, as CoreMark mixes them: a list searched, reversed and sorted, small matrices, a scanned text, and a CRC
// over what came out. Its cycles for a round are comparable between cores, not with CoreMark's score.
#include "bench.h"

static uint32_t run(uint32_t seed) {
  uint16_t crc = 0;
  for (int i = 0; i < 4; i++) {
    crc = crc16_word(crc, list_work(seed + crc, 41, 20));
    crc = crc16_word(crc, matrix_work(seed + crc, 9));
    crc = crc16_word(crc, scan_work(seed + crc, 333));
  }
  return crc;
}

const struct kernel mix_kernel = {"mix", 0, run, 10};
