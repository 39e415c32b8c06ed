# Interrupts: timer, software and external in M-mode, direct and vectored; priorities; wfi; delegated
# software and external interrupts in S-mode.
.include "test.inc"

.globl _start
_start:
  li s0, CLINT
  li s1, IRQ
  li s3, 0x4000
  add s3, s0, s3                   # mtimecmp
  STEP 1                           # mip follows the lines, nothing is taken while MIE is 0
  li t0, 1
  sw t0, 0(s0)
  li t0, 3
  sw t0, 0(s1)
  sw zero, 4(s3)
  sw zero, 0(s3)
  csrr t0, mip
  CHECK t0, 0xa88
  li t0, -1
  csrw mie, t0
  csrr t0, mie
  CHECK t0, 0x01000aaa
  csrw mie, zero

  STEP 2                           # external before software before timer, direct
  li t0, 0xa88
  csrw mie, t0
  la t0, once
  csrw mtvec, t0
  li s4, 0
  la s5, 1f
  csrsi mstatus, 8
1:
  CHECK s4, 0x8000000b
  STEP 3
  li t0, 2
  sw t0, 0(s1)                     # leaves the supervisor's line
  la s5, 1f
  csrsi mstatus, 8
1:
  CHECK s4, 0x80000003
  STEP 4
  sw zero, 0(s0)
  la s5, 1f
  csrsi mstatus, 8
1:
  CHECK s4, 0x80000007
  STEP 5
  li t0, -1
  sw t0, 4(s3)
  la s5, 1f
  csrsi mstatus, 8
1:
  CHECK s4, 0x80000009
  sw zero, 0(s1)

  STEP 6                           # vectored: the timer goes to base + 4 * 7
  la t0, vectors + 1
  csrw mtvec, t0
  csrr t1, mtvec
  bne t0, t1, fail
  li t0, 0x80
  csrw mie, t0
  li s4, 0
  csrsi mstatus, 8
  li t0, CLINT + 0xbff8
  lw t1, 0(t0)
  addi t1, t1, 40
  sw t1, 0(s3)
  sw zero, 4(s3)
1:
  beqz s4, 1b
  CHECK s4, 7
  csrci mstatus, 8

  STEP 7                           # wfi waits for the timer although MIE is 0
  li t0, CLINT + 0xbff8
  lw t1, 0(t0)
  addi t1, t1, 60
  sw t1, 0(s3)
  sw zero, 4(s3)
  wfi
  lw t2, 0(t0)
  bltu t2, t1, fail
  csrr t0, mip
  CHECK t0, 0x80
  li t0, -1
  sw t0, 4(s3)

  STEP 8                           # S-mode: delegated software interrupt, taken when SIE is set
  la t0, fail_vector
  csrw mtvec, t0
  la t0, s_handler
  csrw stvec, t0
  li t0, 0x222
  csrw mideleg, t0
  csrr t1, mideleg
  bne t0, t1, fail
  csrw mie, t0
  li t0, 2
  csrw mip, t0
  li t0, MSTATUS_MPP_S
  csrs mstatus, t0
  la t0, s_mode
  csrw mepc, t0
  li s4, 0
  mret
s_mode:
  nop
  bnez s4, fail
  csrr t0, sip
  CHECK t0, 2
  la s5, 1f
  csrsi sstatus, 2
1:
  CHECK s4, 0x80000001
  STEP 9                           # external, from the line
  csrci sip, 2
  li t0, 2
  sw t0, 0(s1)
  la s5, 1f
  csrsi sstatus, 2
1:
  CHECK s4, 0x80000009
  sw zero, 0(s1)
  PASS

# Records mcause and goes on at s5 with MIE clear.
.balign 4
once:
  csrr s4, mcause
  csrr t0, mepc
  bne t0, s5, fail
  csrr t0, mtval
  bnez t0, fail
  csrr t0, mstatus
  andi t0, t0, 0x88
  CHECK t0, 0x80
  csrci mstatus, 0x10
  li t0, 0x80
  csrc mstatus, t0
  mret

.balign 4
s_handler:
  csrr s4, scause
  csrr t0, sepc
  bne t0, s5, fail
  csrr t0, sstatus
  CHECK t0, 0x120
  li t0, 0x20
  csrc sstatus, t0
  sret

.balign 64
.option norvc
vectors:
  .rept 7
  j fail
  .endr
  j timer
  .rept 24
  j fail
  .endr
timer:
  li s4, 7
  li t0, -1
  sw t0, 4(s3)
  mret
.option rvc
.balign 4
fail_vector:
FAIL_HERE
