# on: core
# Causes and values of the accesses that are neither plain loads nor plain stores; misaligned
# comes before page fault. (QEMU 7.2 does misaligned accesses, and reports an AMO's load as one.)
#include "common.h"
#include "paging.h"
    start
    paging
    li s0, WINDOW
    attempt MODE_S, "lr, not valid", lr.w t1, (s0)
    attempt MODE_S, "sc that fails, not valid", sc.w t1, t1, (s0)
    attempt MODE_S, "amo, not valid", amoswap.w t1, t1, (s0)
    map 0, page0, V | R | AD
    attempt MODE_S, "lr, read-only", lr.w t1, (s0)
    attempt MODE_S, "amo, read-only", amoor.w t1, t1, (s0)
    attempt MODE_S, "sc that fails, read-only", sc.w t1, t1, (s0)
    # With a reservation.
    la s8, 7f
    li t0, MODE_M
    csrc mstatus, t0
    li t0, MODE_S
    csrs mstatus, t0
    la t0, 6f
    csrw mepc, t0
    mret
    .balign 4
6:  lr.w t1, (s0)
    sc.w t1, t1, (s0)
    ecall
7:  print "sc with a reservation, read-only"
    hex s10
    hex s11
    newline
    map 0, page0, V | X | AD
    attempt MODE_S, "lr, execute-only", lr.w t1, (s0)
    attempt MODE_S, "amo, execute-only", amoadd.w t1, t1, (s0)
    map 0, page0, AD
    attempt MODE_S, "misaligned load, not valid", lw t1, 2(s0)
    attempt MODE_S, "misaligned load at the end, not valid", lhu t1, -1(s0)
    attempt MODE_S, "misaligned store, not valid", sh t1, 1(s0)
    addi s1, s0, 2
    attempt MODE_S, "misaligned amo, not valid", amoadd.w t1, t1, (s1)
    attempt MODE_S, "misaligned lr, not valid", lr.w t1, (s1)
    finish

    .data
    .balign 4096
page0:
    .word 0
    .balign 4096
