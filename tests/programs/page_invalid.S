# Entries that do not translate: invalid, reserved, a table on the last level, superpages that are not
# aligned. Page faults of each kind, with the address.
#include "common.h"
#include "paging.h"
    start
    paging
    li s0, WINDOW
    attempt MODE_S, "load, not valid", lw t1, 4(s0)
    attempt MODE_S, "store, not valid", sb t1, 5(s0)
    attempt MODE_S, "fetch, not valid", jr s0
    attempt_user "load by U, not valid", lh t1, 6(s0)
    map 0, page0, R | W | X | AD
    attempt MODE_S, "all but V", lw t1, 0(s0)
    map 0, page0, V | AD
    attempt MODE_S, "table on the last level", lw t1, 0(s0)
    map 0, page0, V | W | AD
    attempt MODE_S, "W without R, load", lw t1, 0(s0)
    attempt MODE_S, "W without R, store", sw t1, 0(s0)
    map 0, page0, V | W | X | AD
    attempt MODE_S, "WX without R, load", lw t1, 0(s0)
    attempt MODE_S, "WX without R, fetch", jr s0
    map 0, page0, V | R | AD | 3 << 8
    attempt MODE_S, "bits for software", lw t1, 0(s0)
    # The root's entry.
    map 0, page0, V | R | W | AD
    la s1, root + ROOT_WINDOW
    lw s2, 0(s1)
    attempt MODE_S, "good", sw t1, 16(s0)
    .irp bit, U, A, D
    ori t0, s2, \bit
    sw t0, 0(s1)
    sfence.vma
    attempt MODE_S, "table with bit \bit", lw t1, 0(s0)
    .endr
    li t0, ((0x80000000 >> 2) + (1 << 10)) | V | R | W | X | AD
    sw t0, 0(s1)
    sfence.vma
    attempt MODE_S, "misaligned superpage, load", lw t1, 8(s0)
    attempt MODE_S, "misaligned superpage, store", sw t1, 8(s0)
    attempt MODE_S, "misaligned superpage, fetch", jr s0
    li t0, ((0x80000000 >> 2) + (1 << 19)) | V | R | W | X | AD
    sw t0, 0(s1)
    sfence.vma
    attempt MODE_S, "misaligned by half", lw t1, 8(s0)
    li t0, (0x80000000 >> 2) | V | R | W | AD
    sw t0, 0(s1)
    sfence.vma
    la s3, word
    li t0, 0x80000000 - WINDOW
    sub s3, s3, t0
    attempt MODE_S, "superpage", lw s4, 0(s3)
    print "word"
    hex s4
    newline
    sw zero, 0(s1)
    sfence.vma
    attempt MODE_S, "no table", lw t1, 0(s0)
    # M translates nothing.
    la t0, word
    lw s4, 0(t0)
    print "M"
    hex s4
    newline
    finish

    .data
    .balign 4096
page0:
word:
    .word 0x600d0001
    .balign 4096
