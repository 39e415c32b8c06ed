# LR/SC and all AMOs: old value, new value, reservation rules.
.include "test.inc"

.macro AMO number, name, old, operand, new
  STEP \number
  li t0, \old
  sw t0, 0(a0)
  li t1, \operand
  \name t2, t1, (a0)
  CHECK t2, \old
  lw t3, 0(a0)
  CHECK t3, \new
  # the value is ready for the next instruction, and both halves are over before the next access
  sw t0, 0(a0)
  \name t2, t1, (a0)
  addi t2, t2, 1
  lw t3, 0(a0)
  CHECK t2, \old + 1
  CHECK t3, \new
.endm

.globl _start
_start:
  la a0, word
  la t0, fail
  csrw mtvec, t0
  AMO 1, amoswap.w, 0x1234, 0x80000001, 0x80000001
  AMO 2, amoadd.w, 0x7fffffff, 2, 0x80000001
  AMO 3, amoxor.w, 0xff00ff00, 0x0ff00ff0, 0xf0f0f0f0
  AMO 4, amoand.w, 0xff00ff00, 0x0ff00ff0, 0x0f000f00
  AMO 5, amoor.w, 0xff00ff00, 0x0ff00ff0, 0xfff0fff0
  AMO 6, amomin.w, 5, 0x80000000, 0x80000000
  AMO 7, amomin.w, -3, 2, -3
  AMO 8, amomax.w, 5, 0x80000000, 5
  AMO 9, amomax.w, -3, 2, 2
  AMO 10, amominu.w, 5, 0x80000000, 5
  AMO 11, amomaxu.w, 5, 0x80000000, 0x80000000

  STEP 12                          # success, then the reservation is used up
  li t0, 7
  sw t0, 0(a0)
  lr.w t1, (a0)
  addi t1, t1, 1
  sc.w t2, t1, (a0)
  CHECK t2, 0
  sc.w t2, t0, (a0)
  CHECK t2, 1
  lw t3, 0(a0)
  CHECK t3, 8
  STEP 13                          # another address
  addi a1, a0, 4
  lr.w t1, (a0)
  sc.w t2, t0, (a1)
  CHECK t2, 1
  STEP 14                          # a trap loses it
  la t0, 1f
  csrw mtvec, t0
  lr.w t1, (a0)
  ecall
.balign 4
1:
  sc.w t2, t1, (a0)
  CHECK t2, 1
  STEP 15                          # sc as an operand at once
  lr.w t1, (a0)
  sc.w t2, t1, (a0)
  addi t2, t2, 5
  CHECK t2, 5
  PASS
.balign 4
FAIL_HERE
.balign 8
word: .word 0, 0
