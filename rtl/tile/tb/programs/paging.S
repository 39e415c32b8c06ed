# Sv32: superpages and pages, each port's own translation, permissions, A and D by fault, fences, a walk that fails. Runs
# in S-mode; every page fault is expected by number and address and comes to M-mode.
.include "test.inc"

.equ V, 1 << 0
.equ R, 1 << 1
.equ W, 1 << 2
.equ X, 1 << 3
.equ U, 1 << 4
.equ A, 1 << 6
.equ D, 1 << 7
.equ ROOT, 0x80100000
.equ TABLE, 0x80101000        # level 0 for 0x40000000
.equ PAGE_A, 0x80200000
.equ PAGE_B, 0x80201000
.equ VA, 0x40000000

# Writes the PTE of level 0 for the page VA + 4096 * index.
.macro PTE index, page, flags
  li t0, TABLE + 4 * \index
  li t1, ((\page) >> 12 << 10) | (\flags)
  sw t1, 0(t0)
.endm

# The instruction must trap with cause and tval.
.macro FAULTS number, cause, tval, instruction:vararg
  STEP \number
  la s0, 78f
  li s2, \cause
  li s3, \tval
  li s4, 0
  \instruction
78:
  beqz s4, fail
.endm

# Calls what is at this offset of both pages ten times, PAGE_A's first: each leads to the other, which adds 1 or doubles.
.macro TEN_CALLS offset
  addi t2, a3, \offset
  li a0, 0
  li s6, 10
79:
  jalr t2
  addi s6, s6, -1
  bnez s6, 79b
  CHECK a0, 62
.endm

.globl _start
_start:
  la t0, handler
  csrw mtvec, t0
  # The root: RAM as superpages at its own address (two of them), the devices' superpages, and the table of VA.
  li t0, ROOT
  li t1, (0x80000000 >> 12 << 10) | V | R | W | X | A | D
  li t2, ROOT + 4 * (0x80000000 >> 22)
  sw t1, 0(t2)
  li t1, (TABLE >> 12 << 10) | V
  li t2, ROOT + 4 * (VA >> 22)
  sw t1, 0(t2)
  li t1, (0x00000000 >> 12 << 10) | V | R | W | A | D     # exit device
  sw t1, 0(t0)
  # A superpage that is not aligned, and one beyond 32 bits of address.
  li t1, (0x80001000 >> 12 << 10) | V | R | W | X | A | D
  sw t1, 4 * 8(t0)                     # 0x02000000
  li t1, (1 << 30) | V | R | W | X | A | D
  sw t1, 4 * 9(t0)                     # 0x02400000
  # A table outside RAM.
  li t1, (0x30000000 >> 12 << 10) | V
  sw t1, 4 * 10(t0)                    # 0x02800000
  li t1, ((TABLE >> 12) << 10) | V | U # reserved bits of a table's PTE
  sw t1, 4 * 11(t0)                    # 0x02c00000
  PTE 0, PAGE_A, V | R | W | A | D
  PTE 1, PAGE_B, V | R | A
  PTE 2, PAGE_A, V | R | W | A         # D = 0
  PTE 3, PAGE_A, V | R | W | D         # A = 0
  PTE 4, PAGE_A, V | W | A | D         # reserved
  PTE 5, PAGE_A, V | X | A             # execute only
  PTE 6, PAGE_A, V | R | W | X | U | A | D
  PTE 7, PAGE_A, 0
  PTE 8, 0x30000000, V | R | W | A | D # outside RAM
  PTE 9, TABLE, V                      # a table below the last level
  li t0, PAGE_A
  li t1, 0x11112222
  sw t1, 0(t0)
  li t0, PAGE_B
  li t1, 0x33334444
  sw t1, 0(t0)
  li t0, 1 << 31 | ROOT >> 12
  csrw satp, t0
  sfence.vma
  li t0, MSTATUS_MPP_S
  csrs mstatus, t0
  la t0, 1f
  csrw mepc, t0
  mret
1:
  STEP 1
  li a0, VA
  li a1, VA + 0x1000
  lw t0, 0(a0)
  CHECK t0, 0x11112222
  lw t0, 0(a1)
  CHECK t0, 0x33334444
  li t1, 0x55556666
  sw t1, 4(a0)
  li t2, PAGE_A
  lw t0, 4(t2)
  CHECK t0, 0x55556666
  FAULTS 2, 15, VA + 0x1008, sw t0, 8(a1)
  li a2, VA + 0x2000
  lw t0, 0(a2)
  CHECK t0, 0x11112222
  FAULTS 3, 15, VA + 0x2000, sw t0, 0(a2)
  FAULTS 4, 15, VA + 0x2000, amoadd.w t0, t0, (a2)
  li a3, VA + 0x3000
  FAULTS 5, 13, VA + 0x3004, lw t0, 4(a3)
  li a3, VA + 0x4000
  FAULTS 6, 13, VA + 0x4004, lw t0, 4(a3)
  li a3, VA + 0x5000
  FAULTS 7, 13, VA + 0x5000, lw t0, 0(a3)
  STEP 8
  li t0, 1 << 19                       # MXR
  csrs sstatus, t0
  lw t0, 0(a3)
  CHECK t0, 0x11112222
  li t0, 1 << 19
  csrc sstatus, t0
  li a3, VA + 0x6000
  FAULTS 9, 13, VA + 0x6000, lw t0, 0(a3)
  FAULTS 10, 12, VA + 0x6000, jr a3
  STEP 11
  li t0, 1 << 18                       # SUM
  csrs sstatus, t0
  lw t0, 0(a3)
  CHECK t0, 0x11112222
  li t0, 1 << 18
  csrc sstatus, t0
  li a3, VA + 0x7000
  FAULTS 12, 13, VA + 0x7000, lr.w t0, (a3)
  FAULTS 13, 15, VA + 0x7000, sw t0, 0(a3)
  FAULTS 14, 12, VA + 0x7000, jr a3
  li a3, VA + 0x8000
  FAULTS 15, 5, VA + 0x8000, lw t0, 0(a3)
  FAULTS 16, 7, VA + 0x8000, amoadd.w t0, t0, (a3)
  li a3, VA + 0x9000
  FAULTS 17, 13, VA + 0x9000, lw t0, 0(a3)
  li a3, 0x02000000
  FAULTS 18, 13, 0x02000000, lw t0, 0(a3)
  FAULTS 19, 12, 0x02000000, jr a3
  li a3, 0x02400000
  FAULTS 20, 5, 0x02400000, lw t0, 0(a3)
  FAULTS 21, 1, 0x02400000, jr a3
  li a3, 0x02800000
  FAULTS 22, 5, 0x02800000, lw t0, 0(a3)
  FAULTS 23, 1, 0x02800000, jr a3
  li a3, 0x02c00000
  FAULTS 24, 13, 0x02c00000, lw t0, 0(a3)

  # An invalid translation is not kept: no fence is needed.
  STEP 25
  PTE 7, PAGE_B, V | R | W | X | A | D
  li a3, VA + 0x7000
  lw t0, 0(a3)
  CHECK t0, 0x33334444
  # A fence by address takes this page and leaves another one; code comes through the other TLB.
  STEP 26
  PTE 7, PAGE_A, V | R | W | X | A | D
  sfence.vma a3, x0
  lw t0, 0(a3)
  CHECK t0, 0x11112222
  # The address of a fence is a load's result, or a product, of the instruction before.
  PTE 7, PAGE_B, V | R | W | X | A | D
  la t2, page_address
  li t3, VA + 0x7000
  sw t3, 0(t2)
  lw t3, 0(t2)
  li a3, VA + 0x1000
  lw a3, 0(t2)
  sfence.vma a3, x0
  li a3, VA + 0x7000
  lw t0, 0(a3)
  CHECK t0, 0x33334444
  PTE 7, PAGE_A, V | R | W | X | A | D
  li t3, 1
  li t4, VA + 0x7000
  li a3, VA + 0x1000
  mul a3, t3, t4
  sfence.vma a3, x0
  li a3, VA + 0x7000
  lw t0, 0(a3)
  CHECK t0, 0x11112222
  STEP 27
  li t1, 0x00008067                    # ret
  sw t1, 16(a3)
  fence.i
  addi t2, a3, 16
  jalr t2
  PTE 7, PAGE_B, V | R | W | X | A | D
  sfence.vma
  li t1, 0x00150513                    # addi a0, a0, 1; ret
  sw t1, 16(a3)
  li t1, 0x00008067
  sw t1, 20(a3)
  fence.i
  li a0, 41
  jalr t2
  CHECK a0, 42
  # An instruction over the end of a page whose second half is not there: tval is the second page.
  STEP 28
  PTE 6, PAGE_A, V | R | W | X | A | D
  PTE 7, PAGE_A, 0
  sfence.vma
  li a3, VA + 0x6ffe
  li t1, 0x0513
  sh t1, 0(a3)
  fence.i
  FAULTS 29, 12, VA + 0x7000, jr a3
  # More pages than the TLBs hold, all the same one: each is walked for and hits.
  STEP 30
  li t0, TABLE
  li t1, (PAGE_A >> 12 << 10) | V | R | W | X | A | D
  li t2, 1024
1:
  sw t1, 0(t0)
  addi t0, t0, 4
  addi t2, t2, -1
  bnez t2, 1b
  sfence.vma
  li t2, PAGE_A
  li t1, 0x00008067                    # ret
  sw t1, 32(t2)
  fence.i
  li a3, VA
  li s5, 200
  li s6, 0
2:
  lw t0, 0(a3)
  add s6, s6, t0
  addi t2, a3, 32
  jalr t2
  sw s6, 64(a3)
  li t0, PAGE_A
  lw t0, 64(t0)
  bne t0, s6, fail
  li t0, 4096
  add a3, a3, t0
  addi s5, s5, -1
  bnez s5, 2b
  # Nor is a translation kept that the access had no right to.
  PTE 7, PAGE_A, V | R | W | X | A
  sfence.vma
  li a3, VA + 0x7000
  FAULTS 31, 15, VA + 0x7000, sw s6, 0(a3)
  PTE 7, PAGE_B, V | R | W | X | A | D
  li a3, VA + 0x7000
  li s6, 0x31313131
  sw s6, 0(a3)
  STEP 32
  li a3, PAGE_B
  lw t0, 0(a3)
  CHECK t0, 0x31313131
  # The instruction behind a fence already comes from where the table says now: each of two pages writes the other one
  # into the table, fences, and goes on there.
  STEP 33
  li t0, PAGE_A
  la t1, all_a
  li t2, 4 * 8
1:
  lw t3, 0(t1)
  sw t3, 128(t0)
  lw t3, 4 * 8(t1)                   # all_b
  li t4, PAGE_B - PAGE_A
  add t4, t4, t0
  sw t3, 128(t4)
  addi t0, t0, 4
  addi t1, t1, 4
  addi t2, t2, -4
  bnez t2, 1b
  PTE 7, PAGE_B, V | R | X | A
  mv s5, t1                            # leads to PAGE_B
  PTE 7, PAGE_A, V | R | X | A         # t0: the PTE, t1: leads to PAGE_A
  fence.i
  sfence.vma
  li a3, VA + 0x7000
  TEN_CALLS 128
  # The same by address.
  STEP 34
  TEN_CALLS 144
  # The page is part of a superpage that may not be executed any more; the fence names another page of it. At first it may,
  # so that the fetch behind the fence finds its line in the cache.
  li t0, PAGE_A
  la t1, superpage
  lw t3, 0(t1)
  sw t3, 256(t0)
  lw t3, 4(t1)
  sw t3, 260(t0)
  lw t3, 8(t1)
  sw t3, 264(t0)
  fence.i
  li t0, ROOT + 4 * ((VA + 0x400000) >> 22)
  li t1, (0x80000000 >> 12 << 10) | V | R | W | X | A | D
  sw t1, 0(t0)
  mv s5, t1
  li a3, VA + 0x401000
  li t2, VA + 0x400000 + (PAGE_A - 0x80000000) + 256
  jalr t2
  li s5, (0x80000000 >> 12 << 10) | V | R | W | A | D
  FAULTS 35, 12, VA + 0x400000 + (PAGE_A - 0x80000000) + 264, jr t2
  PASS

# What is executed at 128 in both pages: t0 is the PTE, s5 leads to PAGE_B, t1 to PAGE_A, a3 is their address.
.option push
.option norvc
.balign 4
all_a:
  sw s5, 0(t0)
  sfence.vma
  slli a0, a0, 1
  ret
  sw s5, 0(t0)
  sfence.vma a3, x0
  slli a0, a0, 1
  ret
all_b:
  sw t1, 0(t0)
  sfence.vma
  addi a0, a0, 1
  ret
  sw t1, 0(t0)
  sfence.vma a3, x0
  addi a0, a0, 1
  ret
superpage:
  sw s5, 0(t0)
  sfence.vma a3, x0
  ret
.option pop

# Compares the trap with what is expected, and goes on at s0 in S-mode.
.balign 4
handler:
  csrr t0, mcause
  bne t0, s2, fail_m
  csrr t0, mtval
  bne t0, s3, fail_m
  li s4, 1
  csrw mepc, s0
  mret
fail_m:
  j fail

.balign 4
page_address:
  .word 0

FAIL_HERE
