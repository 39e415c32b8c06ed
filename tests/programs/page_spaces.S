# Two address spaces: each sees its own page at one address, at once after `satp` is written, and
# none without translation. U and S alike.
#include "common.h"
#include "paging.h"

    .macro see text
    attempt MODE_S, "\text", lw s1, 0(s0)
    print "  found"
    hex s1
    newline
    .endm

    .macro switch table
    la t0, \table
    srli t0, t0, 12
    li t1, 1 << 31
    or t0, t0, t1
    csrw satp, t0
    .endm

    start
    paging
    li s0, WINDOW
    map 0, page0, V | R | AD
    # The second space: the same but for the window's table.
    la t0, root
    la t1, root2
    li t2, 1024
1:  lw t3, 0(t0)
    sw t3, 0(t1)
    addi t0, t0, 4
    addi t1, t1, 4
    addi t2, t2, -1
    bnez t2, 1b
    la t0, root2
    la t1, window2
    srli t2, t1, 2
    ori t2, t2, V
    sw t2, ROOT_WINDOW(t0)
    la t2, page1
    srli t2, t2, 2
    ori t2, t2, V | R | U | AD
    sw t2, 0(t1)
    see "first"
    switch root2
    see "second, U's page"
    set SUM
    see "second"
    attempt_user "second by U", lw s1, 0(s0)
    switch root
    attempt_user "first by U", lw s1, 0(s0)
    see "first"
    # S switches.
    la t0, root2
    srli t0, t0, 12
    li t1, 1 << 31
    or s2, t0, t1
    attempt MODE_S, "S switches", csrrw s3, satp, s2
    see "second"
    attempt MODE_S, "S switches back", csrw satp, s3
    see "first"
    attempt MODE_S, "S switches off", csrw satp, zero
    csrr s4, satp
    print "satp"
    hex s4
    newline
    la s0, page2
    see "no translation"
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
    .bss
    .balign 4096
root2:
    .skip 4096
window2:
    .skip 4096
    .text
