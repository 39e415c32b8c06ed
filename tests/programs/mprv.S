# on: core
# MPRV is cleared by returns to less than M, as the specification demands from 1.12 on (QEMU 7.2
# keeps it), and kept by those to M.
#include "common.h"
    start
    li s5, 1 << 17
    csrs mstatus, s5
    attempt MODE_M, "to M", nop
    csrr s0, mstatus
    attempt MODE_S, "to S", nop
    csrr s1, mstatus
    csrs mstatus, s5
    la t0, 1f
    csrw sepc, t0
    la s8, 2f
    li t0, 1 << 8
    csrc mstatus, t0
    sret
1:  ecall
2:  csrr s2, mstatus
    and s0, s0, s5
    and s1, s1, s5
    and s2, s2, s5
    print "MPRV"
    hex s0
    hex s1
    hex s2
    newline
    finish
