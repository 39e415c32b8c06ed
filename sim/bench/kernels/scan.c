// State machine: a scanner of numbers (integers, hexadecimal, fractions, exponents) in a text, a switch a character.
#include "bench.h"

enum state { Start, Sign, Zero, Digits, Hex, Point, Fraction, Exponent, ExponentSign, Power, Wrong, States };

static enum state step(enum state state, char c) {
  int digit = c >= '0' && c <= '9';
  switch (state) {
    case Start: return c == '+' || c == '-' ? Sign : c == '0' ? Zero : digit ? Digits : c == '.' ? Point : Wrong;
    case Sign: return c == '0' ? Zero : digit ? Digits : c == '.' ? Point : Wrong;
    case Zero: return c == 'x' ? Hex : digit ? Digits : c == '.' ? Fraction : c == 'e' ? Exponent : Wrong;
    case Digits: return digit ? Digits : c == '.' ? Fraction : c == 'e' ? Exponent : Wrong;
    case Hex: return digit || (c >= 'a' && c <= 'f') ? Hex : Wrong;
    case Point: return digit ? Fraction : Wrong;
    case Fraction: return digit ? Fraction : c == 'e' ? Exponent : Wrong;
    case Exponent: return c == '+' || c == '-' ? ExponentSign : digit ? Power : Wrong;
    case ExponentSign:
    case Power: return digit ? Power : Wrong;
    default: return Wrong;
  }
}

// Numbers of every kind, and some that are none, with commas between them.
static void write_text(char *text, int bytes, uint32_t seed) {
  static const char *const words[] = {"1924",  "-37",    "+5",    "0x1fe3",  "3.1416", "-0.5",  ".25",   "6.02e23",
                                      "1e-9",  "-2.5e+3", "0",    "12a",     "--4",    "1.2.3", "5e",    "0x12g"};
  int at = 0;
  while (at < bytes) {
    const char *word = words[next(&seed) & 15];
    while (*word && at < bytes) text[at++] = *word++;
    if (at < bytes) text[at++] = ',';
  }
  text[bytes] = 0;
}

uint32_t scan_work(uint32_t seed, int bytes) {
  static char text[SCAN_MAX + 1];
  uint32_t ends[States] = {0}, visits[States] = {0};
  write_text(text, bytes, seed);
  for (int pass = 0; pass < 2; pass++) {
    enum state state = Start;
    for (const char *c = text; *c; c++) {
      if (*c == ',') {
        ends[state]++;
        state = Start;
      } else {
        state = step(state, *c);
        visits[state]++;
      }
    }
    // The second pass reads a damaged text.
    for (int i = 0; i < bytes; i += 23) {
      if (text[i] != ',') text[i] = (char)(text[i] ^ 1);
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < States; i++) sum = sum * 31 + ends[i] * 256 + visits[i];
  return sum;
}

static uint32_t run(uint32_t seed) { return scan_work(seed, SCAN_MAX); }

const struct kernel scan_kernel = {"scan", 0, run, 35};
