// String search: each place tried in turn, then with a table of skips (Horspool), and lengths and comparisons of words.
#include "bench.h"

#define TEXT 2048

static char text[TEXT + 1];

static uint32_t try_each(const char *word) {
  uint32_t found = 0;
  for (const char *p = text; *p; p++) {
    const char *q = word, *r = p;
    while (*q && *q == *r) q++, r++;
    if (!*q) found += (uint32_t)(p - text) + 1;
  }
  return found;
}

static uint32_t horspool(const char *word) {
  uint8_t skip[256];
  int length = 0;
  while (word[length]) length++;
  for (int i = 0; i < 256; i++) skip[i] = (uint8_t)length;
  for (int i = 0; i < length - 1; i++) skip[(uint8_t)word[i]] = (uint8_t)(length - 1 - i);
  uint32_t found = 0;
  for (int at = 0; at + length <= TEXT; at += skip[(uint8_t)text[at + length - 1]]) {
    int i = length - 1;
    while (i >= 0 && text[at + i] == word[i]) i--;
    if (i < 0) found += (uint32_t)at + 1;
  }
  return found;
}

static uint32_t run(uint32_t seed) {
  static const char *const words[] = {"abcab", "cabbage", "aaab", "bacca"};
  for (int i = 0; i < TEXT; i++) text[i] = "aabbccge"[next(&seed) & 7];
  uint32_t sum = 0;
  for (int i = 0; i < 4; i++) {
    uint32_t found = try_each(words[i]);
    sum = sum * 31 + found + (horspool(words[i]) == found);
  }
  return sum;
}

const struct kernel search_kernel = {"search", 0, run, 10};
