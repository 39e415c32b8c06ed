# on: core
# Accessed and dirty: the core sets neither but raises page faults (QEMU 7.2 sets them).
#include "common.h"
#include "paging.h"
    start
    paging
    li s0, WINDOW
    map 0, page0, V | R | W | X | D
    attempt MODE_S, "load without A", lw t1, 0(s0)
    attempt MODE_S, "store without A", sw t1, 8(s0)
    attempt MODE_S, "fetch without A", jalr s0
    map 0, page0, V | R | W | X | A
    attempt MODE_S, "load without D", lw t1, 0(s0)
    attempt MODE_S, "fetch without D", jalr s0
    attempt MODE_S, "store without D", sw t1, 8(s0)
    addi s1, s0, 8
    attempt MODE_S, "amo without D", amoadd.w t1, t1, (s1)
    attempt MODE_S, "lr without D", lr.w t1, (s1)
    la t0, window
    lw s2, 0(t0)
    andi s2, s2, 0xff
    print "entry"
    hex s2
    newline
    # Dirty for a store right after a load that found it clean.
    change 0, page0, V | R | W | X | AD
    sfence.vma s0
    attempt MODE_S, "store with D", sw t1, 8(s0)
    # A superpage.
    la s1, root + ROOT_WINDOW
    li t0, (0x80000000 >> 2) | V | R | W | X
    sw t0, 0(s1)
    sfence.vma
    attempt MODE_S, "superpage without A", lw t1, 0(s0)
    li t0, (0x80000000 >> 2) | V | R | W | X | A
    sw t0, 0(s1)
    sfence.vma
    attempt MODE_S, "superpage, load without D", lw t1, 0(s0)
    attempt MODE_S, "superpage, store without D", sw t1, 8(s0)
    finish

    .data
    .balign 4096
page0:
    ret
    .balign 4096
