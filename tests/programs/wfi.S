# WFI goes on when an interrupt is pending and enabled in mie, even where it is masked; it is
# illegal in U, and in S with TW.
#include "common.h"
    start
    li t0, 1 << 7
    csrw mie, t0
    csrci mstatus, 8
    li t0, MTIME
    lw t1, 0(t0)
    addi t1, t1, 300
    li t0, MTIMECMP
    sw t1, 0(t0)
    sw zero, 4(t0)
    lw t1, 0(t0)
    wfi
    csrr s0, mip
    print "woken, mip"
    hex s0
    newline
    wfi
    print "still pending: no wait\n"
    li t0, MTIMECMP
    li t1, -1
    sw t1, 4(t0)
    lw t1, 4(t0)
    csrw mie, zero
    # Something is pending now, so that an allowed wfi does not wait.
    csrsi mip, 2
    csrsi mie, 2
    li t0, 2
    csrw mideleg, t0
    attempt MODE_S, "S", wfi
    li t0, 1 << 21
    csrs mstatus, t0
    attempt MODE_S, "S with TW", wfi
    csrr s1, mideleg
    csrw mie, zero
    attempt MODE_U, "U with TW", wfi
    li t0, 1 << 21
    csrc mstatus, t0
    attempt MODE_U, "U", wfi
    finish
