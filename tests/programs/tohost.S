# on: core
# exit: 5
# HTIF: a word written to `tohost` with bit 0 set ends the program with the code above it.
#include "common.h"
    start
    print "leaving by tohost\n"
    la t0, tohost
    li t1, 5 << 1 | 1
    sw t1, 0(t0)
    sw zero, 4(t0)
1:  j 1b
    subroutines

    .data
    .balign 64
    .globl tohost
tohost:
    .word 0, 0
    .globl fromhost
fromhost:
    .word 0, 0
