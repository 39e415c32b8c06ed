# Code that a program writes is executed after fence.i, also where it ran before.
#include "common.h"
    start
    la s0, patch
    la s1, new_code
    call show
    lw t0, 0(s1)
    sw t0, 0(s0)
    fence.i
    call show
    # Only the second half of an instruction.
    lhu t0, 6(s1)
    sh t0, 2(s0)
    fence.i
    call show
    # In a page of data.
    la s2, page
    lw t0, 0(s1)
    sw t0, 0(s2)
    lw t0, 4(s0)
    sw t0, 4(s2)
    fence.i
    la s3, 1f
    jr s2
1:  mv s5, a1
    print "data page"
    hex s5
    newline
    finish

show:
    addi sp, sp, -16
    sw ra, 0(sp)
    la s3, 1f
    j patch
1:  mv s5, a1
    print "patch"
    hex s5
    newline
    lw ra, 0(sp)
    addi sp, sp, 16
    ret

    .balign 4
    .option push
    .option norvc
patch:
    li a1, 1
    jr s3
    .option pop
new_code:
    .option push
    .option norvc
    li a1, 2
    li a1, 3
    .option pop

    .data
    .balign 4096
page:
    .skip 64
