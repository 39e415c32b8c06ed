# on: core
# minstret counts exactly what retires: not what traps, not itself being written (QEMU counts the
# host's time instead). mcountinhibit stops it.
#include "common.h"
    start
    csrr s0, minstret
    csrr s1, minstret
    sub s1, s1, s0
    print "one"
    hex s1
    newline
    csrr s0, minstret
    .rept 7
    nop
    .endr
    li t0, 3
1:  addi t0, t0, -1
    bnez t0, 1b
    csrr s1, minstret
    sub s1, s1, s0
    # 1 + 7 + 1 + 3 * 2
    print "fifteen"
    hex s1
    newline
    # A trapping instruction does not count; the recorder's ten do, and the first csrr.
    la s8, 1f
    csrr s0, minstret
    .word 0x0000000b
1:  csrr s1, minstret
    sub s1, s1, s0
    print "with a trap"
    hex s1
    newline
    csrwi minstret, 0
    csrr s0, minstret
    print "from zero"
    hex s0
    newline
    csrwi mcountinhibit, 4
    csrr s0, minstret
    nop
    csrr s1, minstret
    csrwi mcountinhibit, 0
    sub s1, s1, s0
    print "stopped"
    hex s1
    newline
    finish
