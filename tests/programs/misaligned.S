# on: core
# Misaligned accesses trap with their address; QEMU does them instead.
#include "common.h"
    start
    la s0, data
    attempt MODE_M, "lw + 1", lw t1, 1(s0)
    sub s1, s11, s0
    attempt MODE_M, "lw + 2", lw t1, 2(s0)
    attempt MODE_M, "lh + 1", lh t1, 1(s0)
    attempt MODE_M, "lhu + 3", lhu t1, 3(s0)
    attempt MODE_S, "sw + 3", sw t1, 3(s0)
    attempt MODE_U, "sh + 1", sh t1, 1(s0)
    addi s2, s0, 2
    attempt MODE_M, "lr + 2", lr.w t1, (s2)
    attempt MODE_M, "sc + 2", sc.w t1, t1, (s2)
    attempt MODE_M, "amoadd + 2", amoadd.w t1, t1, (s2)
    attempt MODE_M, "lb + 3", lb t1, 3(s0)
    attempt MODE_M, "lh + 2", lh t1, 2(s0)
    # Misaligned before access fault: the address does not matter.
    li s3, NOWHERE
    attempt MODE_M, "lw nowhere + 1", lw t1, 1(s3)
    attempt MODE_M, "lw nowhere", lw t1, 0(s3)
    lw s4, 0(s0)
    print "data"
    hex s4
    newline
    finish

    .data
    .balign 1024
data:
    .word 0x11223344
    .word 0x55667788
