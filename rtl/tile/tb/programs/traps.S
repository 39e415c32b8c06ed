# Every synchronous exception in M-mode: mcause, mepc, mtval, and that nothing of the trapping
# instruction took effect.
.include "test.inc"

# Runs one instruction that must trap with `cause`; mepc is compared with its address, mtval with `tval`.
.macro TRAPS number, cause, tval, instruction:vararg
  STEP \number
  la s0, 77f
  la s1, 78f
  li s2, \cause
  li s3, \tval
  li s4, 0
77:
  \instruction
78:
  beqz s4, fail
.endm

.globl _start
_start:
  la t0, handler
  csrw mtvec, t0
  li a0, 0x1234
  li a1, NOWHERE
  la a3, data

  TRAPS 1, 2, 0, .half 0
  TRAPS 2, 2, 0xffffffff, .word 0xffffffff
  TRAPS 3, 2, 0x9002 - 0x1000, .half 0x8002        # c.jr x0
  TRAPS 4, 2, 0xc0102573, rdtime a0
  TRAPS 5, 2, 0xf1451073, csrw mhartid, a0
  TRAPS 6, 2, 0x12345573, .word 0x12345573         # csrrwi, no such register
  TRAPS 7, 2, 0x00003503, .word 0x00003503         # ld
  TRAPS 8, 2, 0x02053573, .word 0x02053573         # csrrc, no such register
  TRAPS 9, 3, 0, ebreak
  TRAPS 10, 3, 0, .half 0x9002                     # c.ebreak
  TRAPS 11, 11, 0, ecall

  # Misaligned and refused accesses: a0 and memory stay as they were.
  addi a4, a3, 1
  mv s5, a4
  TRAPS 12, 4, 0, lw a0, 0(a4)
  TRAPS 13, 4, 0, lhu a0, 0(a4)
  TRAPS 14, 6, 0, sw a4, 0(a4)
  TRAPS 15, 6, 0, sh a4, 0(a4)
  addi a4, a3, 2
  mv s5, a4
  TRAPS 16, 4, 0, lr.w a0, (a4)
  TRAPS 17, 6, 0, sc.w a0, a4, (a4)
  TRAPS 18, 6, 0, amoadd.w a0, a4, (a4)
  TRAPS 19, 4, 0, c.lw a0, 0(a4)
  li s5, 0
  TRAPS 20, 5, NOWHERE, lb a0, 0(a1)
  TRAPS 21, 5, NOWHERE + 6, lh a0, 6(a1)
  TRAPS 22, 7, NOWHERE + 3, sb a0, 3(a1)
  TRAPS 23, 7, NOWHERE, amoswap.w a0, a1, (a1)
  TRAPS 24, 5, NOWHERE, lr.w a0, (a1)
  STEP 29
  CHECK a0, 0x1234
  lw t0, 0(a3)
  CHECK t0, 0x11223344
  lw t0, 4(a3)
  CHECK t0, 0x55667788

  # A failed SC makes no access and cannot fault.
  STEP 30
  sc.w t0, a0, (a1)
  CHECK t0, 1

  # Fetch: a jump to nowhere, and over the end of the RAM.
  STEP 31
  la s1, 1f
  mv s0, a1
  li s2, 1
  mv s3, a1
  li s4, 0
  jr a1
1:
  beqz s4, fail
  STEP 33
  la s1, 1f
  li s0, 0x80000000 + 4 * 1024 * 1024 - 2
  li t0, 0x0513                   # lower half of addi a0, a0, 1
  sh t0, 0(s0)
  fence.i
  li s2, 1
  addi s3, s0, 2
  li s4, 0
  jr s0
1:
  beqz s4, fail
  CHECK a0, 0x1234

  # The instructions after a failing access have no effect, wherever they are in the pipeline.
  STEP 34
  la s0, 2f
  la s1, 3f
  li s2, 5
  mv s3, a1
  li s4, 0
2:
  lw t0, 0(a1)
  addi a0, a0, 1
  sw a0, 0(a3)
3:
  beqz s4, fail
  CHECK a0, 0x1234
  lw t0, 0(a3)
  CHECK t0, 0x11223344

  # A load that waits must not be overtaken by the trap of the next instruction.
  STEP 35
  la s0, 4f
  la s1, 5f
  li s2, 2
  li s3, 0
  li s4, 0
  lw a5, 4(a3)
4:
  .half 0
5:
  beqz s4, fail
  CHECK a5, 0x55667788
  PASS

.balign 4
handler:
  csrr t0, mcause
  bne t0, s2, fail
  csrr t0, mepc
  bne t0, s0, fail
  csrr t0, mtval
  beqz s5, 1f
  mv s3, s5                       # tval is a run-time address
1:
  bne t0, s3, fail
  csrw mepc, s1
  li s4, 1
  mret
FAIL_HERE
.balign 8
data: .word 0x11223344, 0x55667788
