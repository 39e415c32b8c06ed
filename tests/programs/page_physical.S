# on: core
# Translations that lead where nothing is: access faults of the access's own kind, after the page's
# permissions were looked at. (QEMU 7.2 raises page faults for tables that are not there.)
#include "common.h"
#include "paging.h"

    # Entry 0 of the window: a page number and bits.
    .macro number ppn, bits
    la t0, window
    li t1, (\ppn << 10) | \bits
    sw t1, 0(t0)
    sfence.vma
    .endm

    start
    paging
    li s0, WINDOW
    .irp ppn, 0x18000, 0xa0000, 0x180000, 0x200000
    number \ppn, V|R|W|X|AD
    attempt MODE_S, "page \ppn, load", lw t1, 4(s0)
    attempt MODE_S, "page \ppn, store", sb t1, 5(s0)
    attempt MODE_S, "page \ppn, fetch", jr s0
    attempt MODE_S, "page \ppn, amo", amoadd.w t1, t1, (s0)
    attempt_user "page \ppn, of S, load by U", lw t1, 4(s0)
    number \ppn, V|X|AD
    attempt MODE_S, "page \ppn, execute-only, load", lw t1, 4(s0)
    number \ppn, V|R|AD
    attempt MODE_S, "page \ppn, read-only, store", sw t1, 4(s0)
    attempt MODE_S, "page \ppn, read-only, fetch", jr s0
    .endr
    # A table that is not there.
    la s1, root + ROOT_WINDOW
    .irp ppn, 0x18000, 0x180000
    li t0, (\ppn << 10) | V
    sw t0, 0(s1)
    sfence.vma
    attempt MODE_S, "table \ppn, load", lw t1, 4(s0)
    attempt MODE_S, "table \ppn, store", sb t1, 5(s0)
    attempt MODE_S, "table \ppn, fetch", jr s0
    .endr
    # A root that is not there: nothing can be executed.
    .irp ppn, 0x18000, 0x180000
    li t0, 1 << 31 | \ppn
    csrw satp, t0
    sfence.vma
    la s8, 7f
    li t0, MODE_M
    csrc mstatus, t0
    li t0, MODE_S
    csrs mstatus, t0
    la t0, 0x80000000
    csrw mepc, t0
    mret
    .balign 4
7:  print "root \ppn"
    hex s10
    hex s11
    newline
    .endr
    finish
