# Privilege: what S and U may do, delegation of exceptions, TVM, TW, TSR, counter access, return paths.
.include "test.inc"

# Runs code in a mode: `mode` is 0 or 1; returns to M by an ecall that is not delegated.
.macro IN_MODE mode
  li t0, 3 << 11
  csrc mstatus, t0
  li t0, \mode << 11
  csrs mstatus, t0
  la t0, 70f
  csrw mepc, t0
  mret
70:
.endm

# One instruction that must trap as illegal to M.
.macro ILLEGAL instruction:vararg
  li s4, 0
  \instruction
  beqz s4, fail
.endm

.macro BACK_TO_M
  li a7, 1
  ecall
.endm

.globl _start
_start:
  la t0, handler
  csrw mtvec, t0
  li s5, 0
  STEP 1
  IN_MODE 1
  ILLEGAL csrr t0, mstatus
  ILLEGAL csrw mscratch, t0
  ILLEGAL mret
  ILLEGAL csrr t0, cycle
  ILLEGAL csrr t0, 0x7c0
  ILLEGAL csrr t0, 0x7c2
  csrw sscratch, t0
  csrr t0, satp
  sfence.vma
  BACK_TO_M
  CHECK s6, 9
  csrr t0, mstatus
  li t1, 3 << 11
  and t0, t0, t1
  CHECK t0, 1 << 11

  STEP 2
  IN_MODE 0
  ILLEGAL csrr t0, sstatus
  ILLEGAL sret
  ILLEGAL mret
  ILLEGAL wfi
  ILLEGAL sfence.vma
  ILLEGAL csrr t0, instret
  BACK_TO_M
  CHECK s6, 8

  STEP 3                           # counters
  li t0, 5
  csrw mcounteren, t0
  IN_MODE 1
  csrr t0, cycle
  csrr t0, instreth
  ILLEGAL csrr t0, time
  ILLEGAL csrr t0, hpmcounter3
  BACK_TO_M
  IN_MODE 0
  ILLEGAL csrr t0, cycle
  BACK_TO_M
  li t0, 4
  csrw scounteren, t0
  IN_MODE 0
  ILLEGAL csrr t0, cycle
  csrr t0, instret
  csrr t1, instret
  sub t1, t1, t0
  CHECK t1, 1
  BACK_TO_M

  STEP 4                           # TVM, TW, TSR
  li t0, 7 << 20
  csrs mstatus, t0
  IN_MODE 1
  ILLEGAL csrr t0, satp
  ILLEGAL csrw satp, t0
  ILLEGAL sfence.vma
  ILLEGAL wfi
  ILLEGAL sret
  BACK_TO_M
  li t0, 7 << 20
  csrc mstatus, t0

  STEP 5                           # delegation: breakpoint and U's ecall to S, the rest stays
  li t0, -1
  csrw medeleg, t0
  csrr t0, medeleg
  CHECK t0, 0xb3ff
  li t0, 0x108
  csrw medeleg, t0
  la t0, s_handler
  csrw stvec, t0
  li s7, 0
  IN_MODE 0
  la s8, 1f
  li s9, 3
  li s10, 0
1:
  ebreak
  CHECK s7, 1
  la s8, 1f
  li s9, 8
1:
  ecall
  CHECK s7, 2
  ILLEGAL csrr t0, sstatus
  li a7, 2                         # ask the S handler to go on in S
  ecall
  csrr t0, sstatus                 # now S
  BACK_TO_M
  CHECK s6, 9

  STEP 6                           # an ebreak in M is never delegated
  la t0, 1f
  csrw mtvec, t0
  ebreak
  j fail
.balign 4
1:
  csrr t0, mcause
  CHECK t0, 3
  STEP 7                           # MPP holds no reserved value; MPRV is cleared by leaving M
  li t0, 3 << 11
  csrc mstatus, t0
  li t0, 2 << 11
  csrs mstatus, t0
  csrr t1, mstatus
  li t2, 3 << 11
  and t1, t1, t2
  CHECK t1, 0
  li t0, 1 << 17
  csrs mstatus, t0
  la t0, handler
  csrw mtvec, t0
  IN_MODE 1
  BACK_TO_M
  csrr t0, mstatus
  li t1, 1 << 17
  and t0, t0, t1
  bnez t0, fail

  STEP 8                           # an illegal return that the branch target buffer takes for a jump changes nothing
  la s1, 1f
  li t0, 0x40000                   # beyond the buffer's tags
  add t1, s1, t0
  li t2, 0x00008067                # ret
  sw t2, 0(t1)
  fence.i
  jalr ra, t1
  jalr ra, t1
  IN_MODE 1
  li s4, 0
.balign 4
1:
  mret
  beqz s4, fail
  BACK_TO_M
  li t1, 3 << 11
  and s3, s3, t1
  CHECK s3, 1 << 11
  PASS

# M: illegal instructions are skipped (s4 = 1, s3 = mstatus); an ecall ends the excursion (s6 = mcause).
.balign 4
handler:
  csrr s6, mcause
  li t6, 2
  beq s6, t6, 1f
  li t6, 8
  bltu s6, t6, fail
  csrr t6, mepc
  addi t6, t6, 4
  jr t6
1:
  li s4, 1
  csrr s3, mstatus
  csrr t6, mepc
  addi t6, t6, 4
  csrw mepc, t6
  mret

# S: expects cause s9 at s8, counts in s7; a7 = 2 returns to S.
.balign 4
s_handler:
  li t6, 2
  beq a7, t6, 1f
  csrr t6, scause
  bne t6, s9, fail
  csrr t6, sepc
  bne t6, s8, fail
  csrr t6, sstatus
  andi t6, t6, 0x100
  bnez t6, fail
  addi s7, s7, 1
  lhu t5, 0(s8)
  andi t5, t5, 3
  addi s8, s8, 2
  li t6, 3
  bne t5, t6, 2f
  addi s8, s8, 2
2:
  csrw sepc, s8
  sret
1:
  csrr t6, sepc
  addi t6, t6, 4
  csrw sepc, t6
  li t6, 0x100
  csrs sstatus, t6
  sret
.balign 4
FAIL_HERE
