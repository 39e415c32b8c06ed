# MRET and SRET: modes and interrupt enables they restore, TSR, TVM, and where they are illegal.
#include "common.h"
    start
    # MRET to U: MIE = MPIE, MPIE = 1, MPP = U.
    li t0, 1 << 7 | 1 << 3
    csrc mstatus, t0
    attempt MODE_U, "to U", nop
    csrr s0, mstatus
    la t0, 1f
    csrw mepc, t0
    li t0, 1 << 7 | MODE_M
    csrs mstatus, t0
    mret
1:  csrr s1, mstatus
    print "mstatus after a trap from U, after mret with MPIE"
    hex s0
    hex s1
    newline
    csrci mstatus, 8
    # SRET from M: SPP says where to, SIE = SPIE.
    la t0, 1f
    csrw sepc, t0
    li t0, 1 << 8
    csrs sstatus, t0
    la s8, 2f
    sret
1:  csrr s2, sstatus
    ecall
2:  print "sret from M to S, sstatus"
    hex s10
    hex s2
    newline
    la t0, 1f
    csrw sepc, t0
    la s8, 2f
    sret
1:  ecall
2:  print "sret from M to U"
    hex s10
    newline
    attempt MODE_S, "S mret", mret
    attempt MODE_U, "U mret", mret
    attempt MODE_U, "U sret", sret
    attempt MODE_U, "U sfence.vma", sfence.vma
    attempt MODE_S, "S sfence.vma", sfence.vma
    li t0, 1 << 20
    csrs mstatus, t0
    attempt MODE_S, "S sfence.vma with TVM", sfence.vma
    attempt MODE_M, "M sfence.vma with TVM", sfence.vma
    li t0, 1 << 20
    csrc mstatus, t0
    li t0, 1 << 22
    csrs mstatus, t0
    attempt MODE_S, "S sret with TSR", sret
    li t0, 1 << 22
    csrc mstatus, t0
    csrci mstatus, 2
    # MPP holds U, S and M; 2 is no mode and does not stick.
    li t0, MODE_M
    csrs mstatus, t0
    csrr s0, mstatus
    csrc mstatus, t0
    csrr s1, mstatus
    li t0, MODE_S
    csrs mstatus, t0
    csrr s2, mstatus
    li t0, MODE_M
    and s0, s0, t0
    and s1, s1, t0
    and s2, s2, t0
    print "MPP"
    hex s0
    hex s1
    hex s2
    newline
    finish
