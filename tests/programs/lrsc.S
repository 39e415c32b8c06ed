# LR and SC: success, and every way to fail that does not depend on time.
#include "common.h"
    start
    la s0, word
    li s1, 0x1234
    lr.w s2, (s0)
    sc.w s3, s1, (s0)
    lw s4, 0(s0)
    print "pair"
    hex s2
    hex s3
    hex s4
    newline
    sc.w s3, zero, (s0)
    lw s4, 0(s0)
    print "no reservation"
    call failed
    lr.w s2, (s0)
    sc.w s3, s1, (s0)
    sc.w s3, zero, (s0)
    lw s4, 0(s0)
    print "used up"
    call failed
    # Far enough for any reservation set.
    li t0, 1024
    add s5, s0, t0
    lr.w s2, (s5)
    sc.w s3, zero, (s0)
    lw s4, 0(s0)
    print "elsewhere"
    call failed
    lr.w s2, (s0)
    sc.w s3, zero, (s5)
    sc.w s3, zero, (s0)
    lw s4, 0(s0)
    print "after a failed one"
    call failed
    # A trap and the return from it.
    lr.w s2, (s0)
    attempt MODE_M, "between", nop
    lr.w s2, (s0)
    la s8, 1f
    ecall
1:  sc.w s3, zero, (s0)
    lw s4, 0(s0)
    print "after a trap"
    call failed
    la t0, 1f
    csrw mepc, t0
    li t0, MODE_M
    csrs mstatus, t0
    lr.w s2, (s0)
    mret
1:  sc.w s3, zero, (s0)
    lw s4, 0(s0)
    print "after mret"
    call failed
    # A pair with x0: nothing to see but memory.
    lr.w zero, (s0)
    li s1, 0x5678
    sc.w zero, s1, (s0)
    lw s4, 0(s0)
    print "pair into x0"
    hex s4
    newline
    lr.w s2, (s0)
    amoadd.w s5, s1, (s0)
    lw s4, 0(s0)
    print "amo"
    hex s5
    hex s4
    newline
    finish

# Any value but 0 means failure.
failed:
    addi sp, sp, -16
    sw ra, 0(sp)
    snez s3, s3
    hex s3
    hex s4
    newline
    lw ra, 0(sp)
    addi sp, sp, 16
    ret

    .data
    .balign 64
word:
    .word 0xcafe
    .skip 2048
