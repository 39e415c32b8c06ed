# An instruction on two pages: the fault of its second half has that half's address, and the pc
# is the instruction's.
#include "common.h"
#include "paging.h"
    start
    paging
    li s0, WINDOW + 0xffe
    map 0, page0, V | X | AD
    attempt MODE_S, "second page not there", jr s0
    call pc_of_trap
    map 1, page1, V | R | W | AD
    attempt MODE_S, "second page not executable", jr s0
    call pc_of_trap
    map 1, page1, V | X | U | AD
    attempt MODE_S, "second page U's", jr s0
    call pc_of_trap
    map 1, page1, V | X | AD
    li s1, 0
    attempt MODE_S, "both there", jalr s0
    call result
    # The other half of the same instruction elsewhere.
    map 1, page2, V | X | AD
    li s1, 0
    attempt MODE_S, "another second half", jalr s0
    call result
    map 0, page0, AD
    attempt MODE_S, "first page not there", jr s0
    call pc_of_trap
    # The last instruction of a page that needs no other.
    map 0, page3, V | X | AD
    map 1, page0, AD
    attempt MODE_S, "short one at the end", jalr s0
    # Across the end of 4 MiB: nothing there.
    map 1023, page0, V | X | AD
    li s0, WINDOW + 0x3ffffe
    attempt MODE_S, "next table not there", jr s0
    call pc_of_trap
    # And a superpage.
    la s1, root + ROOT_WINDOW + 4
    li t0, (0x80000000 >> 2) | V | R | W | X | AD
    sw t0, 0(s1)
    sfence.vma
    li t0, 0x80000000
    lhu s2, 0(t0)
    la t1, page1
    lhu t1, 0(t1)
    sh t1, 0(t0)
    lhu s3, 2(t0)
    li t1, 0x8082                       # ret
    sh t1, 2(t0)
    fence.i
    li s1, 0
    attempt MODE_S, "superpage behind", jalr s0
    li t0, 0x80000000
    sh s2, 0(t0)
    sh s3, 2(t0)
    call result
    finish

result:
    addi sp, sp, -16
    sw ra, 0(sp)
    print "  result"
    hex s1
    newline
    lw ra, 0(sp)
    addi sp, sp, 16
    ret

pc_of_trap:
    addi sp, sp, -16
    sw ra, 0(sp)
    print "  pc"
    hex s9
    newline
    lw ra, 0(sp)
    addi sp, sp, 16
    ret

    .data
    .balign 4096
page0:
    .skip 0xffe
    .half 0x8493                        # addi s1, s1, IMMEDIATE: lower half
page1:
    .half 0x1234
    .half 0x8082
    .balign 4096
page2:
    .half 0x7894
    .half 0x8082
    .balign 4096
page3:
    .skip 0xffe
    .half 0x8082
    .balign 4096
