# Exceptions and interrupts go to S where delegated, never from M.
#include "common.h"
    start
    la t0, supervisor
    csrw stvec, t0
    li t0, 1 << 8 | 1 << 2 | 1 << 5
    csrw medeleg, t0
    li t0, 1 << 1
    csrw mideleg, t0
    # From U, delegated: S records and calls M.
    attempt MODE_U, "U illegal", .word 0x0000000b
    call report
    attempt MODE_U, "U load", lw t1, 0(zero)
    call report
    attempt MODE_U, "U call", nop
    call report
    attempt MODE_U, "U break", ebreak
    attempt MODE_S, "S illegal", .word 0x0000000b
    call report
    attempt MODE_S, "S call", nop
    # From M, the same exceptions stay in M.
    attempt MODE_M, "M illegal", .word 0x0000000b
    attempt MODE_M, "M load", lw t1, 0(zero)
    # A delegated interrupt waits in M, whatever MIE says, and is taken on the way down.
    csrsi mie, 2
    csrsi mip, 2
    csrsi mstatus, 8
    nop
    csrci mstatus, 8
    attempt MODE_U, "U interrupted", nop
    call report
    csrci mip, 2
    # In S it waits for SIE.
    csrsi mip, 2
    csrci mstatus, 2
    attempt MODE_S, "S not interrupted", nop
    attempt MODE_S, "S interrupted", csrsi sstatus, 2
    call report
    finish

report:
    addi sp, sp, -16
    sw ra, 0(sp)
    print "  S saw"
    hex s2
    hex s3
    print " from mode"
    hex s4
    newline
    lw ra, 0(sp)
    addi sp, sp, 16
    ret

    .balign 4
supervisor:
    csrr s2, scause
    csrr s3, stval
    csrr s4, sstatus
    srli s4, s4, 8
    andi s4, s4, 1
    csrci sip, 2
    ecall
