# The CLINT's software interrupt: pending when written, taken when enabled, gone when cleared.
#include "common.h"
    start
    li s0, MSIP
    li t0, 1
    sw t0, 0(s0)
    lw s1, 0(s0)
    csrr s2, mip
    print "msip and mip"
    hex s1
    hex s2
    newline
    la t0, handler
    csrw mtvec, t0
    csrsi mstatus, 8
    li s3, 0
    csrsi mie, 8
1:  print "cause"
    hex s3
    print " epc off by"
    la t2, 1b
    sub t2, s4, t2
    hex t2
    newline
    sw zero, 0(s0)
    lw s1, 0(s0)
    csrr s2, mip
    print "cleared"
    hex s1
    hex s2
    newline
    finish

    .balign 4
handler:
    csrr s3, mcause
    csrr s4, mepc
    csrci mie, 8
    mret
