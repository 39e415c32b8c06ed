# mtvec and stvec in vectored mode: interrupts to base + 4 * cause, exceptions to the base.
#include "common.h"
    start
    la s0, table
    ori t0, s0, 1
    csrw mtvec, t0
    csrr s1, mtvec
    sub s1, s1, s0
    print "mode"
    hex s1
    newline
    csrsi mstatus, 8
    csrsi mie, 2
    csrsi mip, 2
    li t0, 1 << 5
    csrs mie, t0
    csrs mip, t0
    li t0, MSIP
    li t1, 1
    sw t1, 0(t0)
    lw t1, 0(t0)
    csrsi mie, 8
    c.ebreak
    la t0, recorder
    csrw mtvec, t0
    # The same for S, by delegation.
    la s0, table_s
    ori t0, s0, 1
    csrw stvec, t0
    li t0, 2
    csrw mideleg, t0
    li t0, 1 << 3
    csrw medeleg, t0
    csrsi mip, 2
    csrsi mie, 2
    attempt MODE_U, "U interrupted", nop
    csrci mip, 2
    attempt MODE_U, "U break", ebreak
    finish

    .balign 256
    .option push
    .option norvc
table:
    j exception
    j software_s
    .word 0
    j software_m
    .word 0
    j timer_s
    .balign 256
table_s:
    j exception_s
    j interrupt_s
    .option pop

exception:
    print "exception\n"
    csrr t0, mepc
    addi t0, t0, 2
    csrw mepc, t0
    mret
software_s:
    csrci mip, 2
    print "interrupt 1\n"
    mret
software_m:
    li t0, MSIP
    sw zero, 0(t0)
    lw t1, 0(t0)
    print "interrupt 3\n"
    mret
timer_s:
    li t0, 1 << 5
    csrc mip, t0
    print "interrupt 5\n"
    mret
exception_s:
    print "exception in S\n"
    ecall
interrupt_s:
    print "interrupt in S\n"
    ecall
