# Code that changes itself: after fence.i the new instruction runs, at once and in a loop.
.include "test.inc"
.globl _start
_start:
  la t0, fail
  csrw mtvec, t0
  STEP 1
  la a0, patch
  li a2, 20
  li s0, 0
next:
  slli t1, a2, 20
  li t2, 0x313                     # addi t1, x0, a2's value
  or t1, t1, t2
  sw t1, 0(a0)
  fence.i
.balign 4
patch:
  .word 0
  add s0, s0, t1
  addi a2, a2, -1
  bnez a2, next
  CHECK s0, 210
  STEP 2                           # a 32-bit instruction across a word boundary
  la a0, odd
  li t0, 0x0513
  sh t0, 0(a0)
  li t0, 0x02a0
  sh t0, 2(a0)
  fence.i
  j odd
.balign 4
  .half 1
odd:
  .half 0, 0                       # li a0, 42
  CHECK a0, 42
  PASS
.balign 4
FAIL_HERE
