# What must be seen without a fence, after one for the page, and after one for everything.
#include "common.h"
#include "paging.h"

    .macro see text
    attempt MODE_S, "\text", lw s1, 0(s0)
    print "  found"
    hex s1
    newline
    .endm

    start
    paging
    li s0, WINDOW + 0x2000
    li s1, 0
    see "not valid"
    change 2, page0, V | R | W | AD
    see "valid, without a fence"
    change 2, page1, V | R | W | AD
    sfence.vma s0
    see "another page, fence for its address"
    change 2, page2, V | R | W | AD
    addi s2, s0, 0x7fc
    sfence.vma s2, zero
    see "another page, fence for an address in it"
    change 2, page0, V | R | W | AD
    sfence.vma
    see "another page, fence for all"
    # With the only address space there is.
    change 2, page1, V | R | W | AD
    sfence.vma zero, zero
    see "another page, fence for all again"
    change 2, page2, V | R | W | AD
    li t2, 0
    sfence.vma s0, t2
    see "another page, fence for address and space"
    change 2, page0, V | R | W | AD
    li t2, 0
    sfence.vma zero, t2
    see "another page, fence for the space"
    # S edits and fences.
    la s3, window + 8
    lw s4, 0(s3)
    xori s4, s4, W
    attempt MODE_S, "S edits", sw s4, 0(s3)
    attempt MODE_S, "S fences", sfence.vma s0
    attempt MODE_S, "store to what is read-only now", sw s1, 0(s0)
    li s1, 0
    change 2, page0, R | W | AD
    sfence.vma s0
    see "not valid any more"
    # The table itself.
    change 2, page1, V | R | W | AD
    see "valid"
    la s3, root + ROOT_WINDOW
    lw s4, 0(s3)
    sw zero, 0(s3)
    sfence.vma
    li s1, 0
    see "no table"
    sw s4, 0(s3)
    see "a table, without a fence"
    li t0, (0x80400000 >> 2) | V | R | W | AD
    sw t0, 0(s3)
    sfence.vma
    li t0, 0x80402000
    li t1, 0x600d0008
    sw t1, 0(t0)
    see "a superpage in its place"
    sw s4, 0(s3)
    sfence.vma
    see "the table again"
    # A fence for one page leaves the others as they are or finds them where they are.
    change 3, page2, V | R | W | AD
    sfence.vma s0
    li t0, 0x1000
    add s0, s0, t0
    see "the page beside"
    finish

    .data
    .balign 4096
page0:
    .word 0x600d0000
    .balign 4096
page1:
    .word 0x600d0001
    .balign 4096
page2:
    .word 0x600d0002
    .balign 4096
