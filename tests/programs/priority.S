# on: core
# Pending together, interrupts are taken in the specification's order: MSI, MTI, SEI, SSI, STI
# (QEMU 7.2 takes the lowest number first).
#include "common.h"
    start
    la t0, handler
    csrw mtvec, t0
    li t0, MSIP
    li t1, 1
    sw t1, 0(t0)
    li t0, MTIMECMP
    sw zero, 0(t0)
    sw zero, 4(t0)
    lw t1, 4(t0)
    li s1, 0x222
    csrs mip, s1
    li s1, 0x2aa
    csrw mie, s1
    csrsi mstatus, 8
    csrr s0, mie
    print "left"
    hex s0
    newline
    finish

    .balign 4
handler:
    csrr s2, mcause
    li t0, 1
    sll t0, t0, s2
    csrc mie, t0
    print "taken"
    hex s2
    newline
    mret
