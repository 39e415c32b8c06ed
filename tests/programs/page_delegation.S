# Page faults handled by S: the handler sees cause, address and mode, mends the entry and returns, and the
# access is done again. From M they stay in M, through MPRV too.
#include "common.h"
#include "paging.h"
    start
    paging
    la t0, supervisor
    csrw stvec, t0
    li t0, 0xb000
    csrw medeleg, t0
    li s0, WINDOW
    change 0, page0, R | W | X | AD
    attempt MODE_S, "S load", lw s1, 0(s0)
    call report
    change 0, page0, R | W | X | AD
    sfence.vma
    attempt MODE_S, "S store", sb s1, 5(s0)
    call report
    change 0, page0, R | W | X | AD
    sfence.vma
    attempt MODE_S, "S fetch", jalr s0
    call report
    change 1, page0, R | W | X | U | AD
    li t0, 0x1000
    add s0, s0, t0
    attempt_user "U load", lw s1, 0(s0)
    call report
    change 1, page0, R | W | X | U | AD
    sfence.vma
    attempt_user "U store", sh s1, 6(s0)
    call report
    change 1, page0, R | W | X | U | AD
    sfence.vma
    attempt_user "U fetch", jalr s0
    call report
    # Only what is delegated.
    li t0, 0x8000
    csrw medeleg, t0
    change 1, page0, R | W | X | U | AD
    sfence.vma
    li s2, 0
    li s3, 0
    attempt_user "U load, not delegated", lw s1, 0(s0)
    call report
    # M's own.
    li t0, 0xb000
    csrw medeleg, t0
    la s8, 1f
    li t0, MODE_M
    csrc mstatus, t0
    li t0, MPRV
    csrs mstatus, t0
    lw s1, 0(s0)
1:  li t0, MPRV
    csrc mstatus, t0
    print "M as U"
    hex s10
    hex s11
    newline
    finish

report:
    addi sp, sp, -16
    sw ra, 0(sp)
    print "  S saw"
    hex s2
    hex s3
    print " from mode"
    hex s4
    newline
    lw ra, 0(sp)
    addi sp, sp, 16
    ret

    .balign 4
supervisor:
    csrr s2, scause
    csrr s3, stval
    csrr s4, sstatus
    srli s4, s4, 8
    andi s4, s4, 1
    la t0, window
    lw t1, 0(t0)
    ori t1, t1, V
    sw t1, 0(t0)
    lw t1, 4(t0)
    ori t1, t1, V
    sw t1, 4(t0)
    sret

    .data
    .balign 4096
page0:
    ret
    .balign 4096
