# MPRV: M's loads and stores are those of the mode in MPP, with its pages, SUM and MXR; fetches are not.
#include "common.h"
#include "paging.h"
    start
    paging
    li s0, WINDOW
    map 0, page0, V | R | W | AD
    map 1, page1, V | R | W | U | AD
    map 2, page2, V | X | U | AD

    # "TEXT CAUSE TVAL VALUE": a load by M as `mode`; cause and value are 0 if it was done.
    .macro load_as mode, text, address
    li s10, 0
    li s11, 0
    li s4, 0
    la s8, 7f
    li t0, MODE_M
    csrc mstatus, t0
    li t0, \mode
    csrs mstatus, t0
    li t1, MPRV
    csrs mstatus, t1
    lw s4, \address
7:  li t1, MPRV
    csrc mstatus, t1
    print "\text"
    hex s10
    hex s11
    hex s4
    newline
    .endm

    load_as MODE_S, "as S on S", 0(s0)
    la s1, page1
    lui s2, 1
    add s2, s2, s0
    add s3, s2, s2
    sub s3, s3, s0
    load_as MODE_S, "as S on U", 0(s2)
    load_as MODE_U, "as U on S", 0(s0)
    load_as MODE_U, "as U on U", 0(s2)
    load_as MODE_U, "as U on X", 0(s3)
    load_as MODE_M, "as M", 0(s1)
    set SUM
    load_as MODE_S, "as S on U with SUM", 0(s2)
    load_as MODE_S, "as S on X with SUM", 0(s3)
    set MXR
    load_as MODE_S, "as S on X with SUM and MXR", 0(s3)
    load_as MODE_U, "as U on X with MXR", 0(s3)
    clear SUM
    load_as MODE_S, "as S on X with MXR", 0(s3)
    clear MXR
    csrw satp, zero
    load_as MODE_U, "as U without translation", 0(s1)
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
