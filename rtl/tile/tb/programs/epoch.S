# mepoch: a guest is stopped after exactly N instructions, whatever they are; traps into S count, traps into M
# do not. mfprint: prints the fingerprint of the same run, which must not depend on memory timing.
.include "test.inc"

.globl _start
_start:
  li s0, UART
  la t0, handler
  csrw mtvec, t0
  la t0, s_handler
  csrw stvec, t0
  li t0, 0xb1ff & ~0x100           # everything but ecalls to S
  csrw medeleg, t0
  li t0, 1 << 24
  csrw mie, t0
  csrw mscratch, zero
  # For N = 1..60: run the guest from its start for N instructions and then on to its end, by N each time;
  # the number of instructions up to its ecall must come out the same.
  li s1, 1
each:
  mv s11, s1
  la t0, guest
  csrw mepc, t0
  li t0, MSTATUS_MPP_S
  csrs mstatus, t0
  csrw MFPRINT, zero
  csrw MEPOCH, s1
  li s2, 0                         # epochs over
  la t0, data
  sw zero, 0(t0)
  li a1, NOWHERE
  li a3, 0
  li a4, 0
  mret
.balign 4
handler:
  csrr t5, mcause                  # the guest's registers are t0-t2 and a0-a3
  li t6, 0x80000018
  beq t5, t6, epoch_over
  CHECK t5, 9
  # instructions of the guest = epochs * N + N - what is left
  csrr t0, MEPOCH
  mul t1, s2, s1
  add t1, t1, s1
  sub t1, t1, t0
  CHECK t1, 52
  lw t0, data
  CHECK t0, 8
  csrr a0, MFPRINT
  lw t0, first
  bnez t0, 1f
  la t1, first
  sw a0, 0(t1)
  mv t0, a0
  # The epoch interrupts are part of the stream, so the fingerprint depends on N; print it.
1:
  li t2, 8
2:
  srli t3, a0, 28
  addi t3, t3, '0'
  li t4, '9'
  bleu t3, t4, 3f
  addi t3, t3, 'a' - '0' - 10
3:
  sb t3, 0(s0)
  slli a0, a0, 4
  addi t2, t2, -1
  bnez t2, 2b
  li t3, '\n'
  sb t3, 0(s0)
  addi s1, s1, 1
  li t0, 60
  bleu s1, t0, each
  PASS
epoch_over:
  csrr t5, MEPOCH
  bnez t5, fail
  csrr t5, mtval
  bnez t5, fail
  csrr t5, mip
  CHECK t5, 0x01000000
  addi s2, s2, 1
  csrw MEPOCH, s1
  csrr t5, mip
  bnez t5, fail
  mret

# The guest: loops, loads, stores, AMOs, division, failed accesses and illegal instructions.
.balign 4
guest:
  la a0, data                      # 2 instructions
  li a2, 4                         # 1
1:
  lw t0, 0(a0)                     # 4 times 5
  addi t0, t0, 1
  sw t0, 0(a0)
  addi a2, a2, -1
  bnez a2, 1b
  li t0, 3                         # 6
  amoadd.w t1, t0, (a0)
  div t2, t1, t0
  rem t2, t0, t1
  lr.w t1, (a0)
  sc.w t2, t0, (a0)
  lw t1, 0(a1)                     # trap 1, handler 4
  sw t0, 0(a1)                     # trap 1, handler 4
  .half 0, 1                       # trap 1, handler 4
  addi t0, t0, 5                   # 2
  sw t0, 0(a0)
  csrr t0, sscratch                # 1
  .word 0x00100073                 # ebreak: trap 1, handler 4
  ecall                            # not counted
.balign 4
s_handler:
  csrr a3, sepc
  addi a3, a3, 4
  csrw sepc, a3
  sret
.balign 4
FAIL_HERE
.balign 4
data: .word 0
first: .word 0
