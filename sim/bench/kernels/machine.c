// The machine below the kernels.
//
// RISC-V, bare (M-mode at 0x8000_0000, UART, exit device): prints `name checksum rounds cycles instructions`.
//   COUNTERS=ADDRESS: cycles and instructions are words at ADDRESS and ADDRESS + 4, for cores whose CSRs do not tell.
// RISC-V with SBI defined (S-mode under an SBI firmware), and any host: prints `name checksum rounds`.
// FOREVER: begins again at the end, for measurements that end from outside.
#include "bench.h"

#ifdef __riscv

#ifdef SBI
#define SBI_PUTCHAR 0x01
#define SBI_SRST 0x53525354

static uint32_t sbi_call(uint32_t argument, uint32_t function, uint32_t extension) {
  register uint32_t a0 __asm__("a0") = argument;
  register uint32_t a1 __asm__("a1") = 0;
  register uint32_t a6 __asm__("a6") = function;
  register uint32_t a7 __asm__("a7") = extension;
  __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
  return a0;
}

static void put(char c) { sbi_call((uint8_t)c, 0, SBI_PUTCHAR); }
static void end(void) { sbi_call(0, 0, SBI_SRST); }
struct counts machine_counts(void) { return (struct counts){0, 0}; }

#else
#define UART ((volatile uint8_t *)0x10000000)
#define LINE_STATUS 5
#define TRANSMITTER_EMPTY 0x20
#define EXIT ((volatile uint32_t *)0x00100000)
#define EXIT_WELL 0x5555

static void put(char c) {
  while (!(UART[LINE_STATUS] & TRANSMITTER_EMPTY)) {
  }
  UART[0] = (uint8_t)c;
}
static void end(void) { *EXIT = EXIT_WELL; }

struct counts machine_counts(void) {
  struct counts now;
#ifdef COUNTERS
  now.cycles = ((volatile uint32_t *)COUNTERS)[0];
  now.instructions = ((volatile uint32_t *)COUNTERS)[1];
#else
  __asm__ volatile("csrr %0, mcycle\n csrr %1, minstret" : "=r"(now.cycles), "=&r"(now.instructions));
#endif
  return now;
}
#endif

static void put_text(const char *text) {
  while (*text) put(*text++);
}

static void put_number(uint32_t number) {
  char digits[11], *first = digits + 10;
  *first = 0;
  do *--first = (char)('0' + number % 10);
  while (number /= 10);
  put(' ');
  put_text(first);
}

void machine_print(const char *name, uint32_t checksum, uint32_t rounds, struct counts taken) {
  put_text(name);
  put_number(checksum);
  put_number(rounds);
#ifndef SBI
  put_number(taken.cycles);
  put_number(taken.instructions);
#else
  (void)taken;
#endif
  put('\n');
}

// The compiler calls these for arrays that begin as zero and the like.
void *memset(void *to, int value, __SIZE_TYPE__ bytes) {
  uint8_t *p = to;
  while (bytes--) *p++ = (uint8_t)value;
  return to;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ bytes) {
  uint8_t *p = to;
  const uint8_t *q = from;
  while (bytes--) *p++ = *q++;
  return to;
}

__attribute__((noreturn)) void start(void) {
  do bench();
#ifdef FOREVER
  while (1);
#else
  while (0);
#endif
  for (;;) end();
}

__asm__(
    ".section .text.start, \"ax\"\n"
    ".globl _start\n"
    "_start:\n"
    "  .option push\n"
    "  .option norelax\n"
    "  la gp, __global_pointer$\n"
    "  .option pop\n"
    "  la sp, stack_top\n"
    "  la t0, bss_start\n"
    "  la t1, bss_end\n"
    "1: sw zero, 0(t0)\n"
    "  addi t0, t0, 4\n"
    "  bltu t0, t1, 1b\n"
    "  j start\n"
    ".text\n");

#else
#include <stdio.h>

struct counts machine_counts(void) { return (struct counts){0, 0}; }

void machine_print(const char *name, uint32_t checksum, uint32_t rounds, struct counts taken) {
  (void)taken;
  printf("%s %u %u\n", name, checksum, rounds);
}

int main(void) {
  bench();
  return 0;
}
#endif
