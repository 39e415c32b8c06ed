# A computation in U-mode (loads, stores, AMOs, division, calls) interrupted by the timer at changing intervals
# comes out as without interrupts, and mepoch counts the same number of instructions.
.include "test.inc"
.globl _start
_start:
  li s0, CLINT
  li t0, 0x4000
  add s1, s0, t0                   # mtimecmp
  la t0, handler
  csrw mtvec, t0
  li s2, 0                         # interrupts
  li s3, 12345                     # random state
  STEP 1
  call round                       # without interrupts
  mv s8, a0
  mv s9, a1
  li t0, 0x80
  csrw mie, t0
  sw zero, 0(s1)
  sw zero, 4(s1)
  STEP 2
  li s5, 20                        # rounds with them
again:
  call round
  bne a0, s8, fail
  bne a1, s9, fail
  addi s5, s5, -1
  bnez s5, again
  STEP 3
  li t0, 100                       # there were some
  bltu s2, t0, fail
  PASS

# Runs the computation in U-mode: a0 its result, a1 the instructions counted by mepoch.
round:
  mv s6, ra
  la t0, work
  csrw mepc, t0
  li t0, 3 << 11
  csrc mstatus, t0
  li t0, -1
  csrw MEPOCH, t0
  la t0, data
  sw zero, 0(t0)
  sw zero, 4(t0)
  mret

.balign 4
handler:                           # uses t5, t6, s2-s4, s7
  csrr t5, mcause
  li t6, 0x80000007
  beq t5, t6, tick
  CHECK t5, 8
  csrr a1, MEPOCH
  not a1, a1                       # what it counted from -1
  jr s6
tick:
  csrr t5, mstatus                 # taken in U-mode only
  li t6, 3 << 11
  and t5, t5, t6
  bnez t5, fail
  addi s2, s2, 1
  li t6, 1103515245
  mul s3, s3, t6
  addi s3, s3, 1234
  srli s4, s3, 16
  andi s4, s4, 31
  li t6, 0xbff8
  add t6, t6, s0
  lw s7, 0(t6)
  add s7, s7, s4
  addi s7, s7, 6
  sw s7, 0(s1)
  mret

.balign 4
work:
  la a2, data
  li a0, 1
  li a3, 40
1:
  lw t0, 0(a2)
  add a0, a0, t0
  li t1, 77
  mul a0, a0, t1
  remu t2, a0, a3
  amoadd.w t3, t2, (a2)
  add a0, a0, t3
  divu t2, a0, t1
  sw t2, 4(a2)
  jal t4, leaf
  lbu t0, 5(a2)
  sub a0, a0, t0
  amomaxu.w t3, a0, (a2)
  xor a0, a0, t3
  addi a3, a3, -1
  bnez a3, 1b
  ecall
leaf:
  lh t0, 4(a2)
  add a0, a0, t0
  jr t4
.balign 4
FAIL_HERE
.balign 8
data: .word 0, 0
