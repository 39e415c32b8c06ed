# Three interrupts of the CLINT's timer, each armed by the handler of the one before.
#include "common.h"
    start
    la t0, tick
    csrw mtvec, t0
    li s0, 3
    call arm
    li t0, 1 << 7
    csrw mie, t0
    csrsi mstatus, 8
1:  bnez s0, 1b
    csrr s1, mip
    print "mip afterwards"
    hex s1
    newline
    finish

    .balign 4
tick:
    csrr s2, mcause
    csrr s3, mip
    addi s0, s0, -1
    print "cause and mip"
    hex s2
    hex s3
    newline
    beqz s0, 1f
    call arm
    mret
1:  li t0, MTIMECMP
    li t1, -1
    sw t1, 4(t0)
    lw t1, 4(t0)
    mret

# mtimecmp = mtime + 500
arm:
    li t0, MTIME
1:  lw t2, 4(t0)
    lw t1, 0(t0)
    lw t3, 4(t0)
    bne t2, t3, 1b
    addi t3, t1, 500
    sltu t1, t3, t1
    add t2, t2, t1
    li t0, MTIMECMP
    li t1, -1
    sw t1, 4(t0)
    sw t3, 0(t0)
    sw t2, 4(t0)
    lw t2, 4(t0)
    ret
