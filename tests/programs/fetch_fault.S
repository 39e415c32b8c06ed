# on: core
# Failed fetches: cause 1 with the address that failed, which is not the instruction's if only
# its second half does (QEMU 7.2 aborts there).
#include "common.h"
    start
    la s8, 1f
    li t0, NOWHERE
    jr t0
1:  print "nowhere"
    hex s10
    hex s11
    hex s9
    newline
    # The last halfword of 32 MiB of RAM begins a long instruction.
    li s0, 0x81fffffc
    li t0, 0x00130001
    sw t0, 0(s0)
    fence.i
    la s8, 1f
    jr s0
1:  print "second half"
    hex s10
    hex s11
    hex s9
    newline
    # A short one there is executed; what follows it is not there.
    li t0, 0x00010001
    sw t0, 0(s0)
    fence.i
    la s8, 1f
    jr s0
1:  print "behind RAM"
    hex s10
    hex s11
    hex s9
    newline
    print "done\n"
    finish
