# Page tables for the programs with translation, behind common.h.
#
# S sees RAM where it is, U sees the same 4 MiB from USER on; both are superpages. The 4 MiB from
# WINDOW on have a table of pages, whose entries a program sets; `page0` to `page3` are what they show.

.equ USER, 0x40000000
.equ WINDOW, 0x50000000

.equ V, 1 << 0
.equ R, 1 << 1
.equ W, 1 << 2
.equ X, 1 << 3
.equ U, 1 << 4
.equ A, 1 << 6
.equ D, 1 << 7
.equ AD, A | D

.equ MPRV, 1 << 17
.equ SUM, 1 << 18
.equ MXR, 1 << 19
.equ TVM, 1 << 20
.equ TW, 1 << 21
.equ TSR, 1 << 22

# Entry of the root table for the 4 MiB that hold an address, in bytes.
.equ ROOT_USER, (USER >> 22) * 4
.equ ROOT_WINDOW, (WINDOW >> 22) * 4

# `root` maps RAM for S and for U, and the window; translation is on.
.macro paging
    la t0, root
    li t1, (0x80000000 >> 2) | V | R | W | X | AD
    li t2, 0x800
    add t2, t2, t0
    sw t1, 0(t2)
    ori t1, t1, U
    sw t1, ROOT_USER(t0)
    la t1, window
    srli t1, t1, 2
    ori t1, t1, V
    sw t1, ROOT_WINDOW(t0)
    use root
.endm

# satp = a table.
.macro use table
    la t0, \table
    srli t0, t0, 12
    li t1, 1 << 31
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
.endm

# Page `index` of the window shows what is at label `page`; without a fence.
.macro change index, page, bits
    la t0, \page
    srli t0, t0, 12
    slli t0, t0, 10
    ori t0, t0, (\bits) & 0x7ff
    la t1, window + (\index) * 4
    sw t0, 0(t1)
.endm

.macro map index, page, bits
    change \index, \page, (\bits)
    sfence.vma
.endm

# `attempt` in U, at the address at which U may execute.
.macro attempt_user text, instruction:vararg
    la s8, 7f
    li t0, MODE_M
    csrc mstatus, t0
    la t0, 6f
    li t1, 0x80000000 - USER
    sub t0, t0, t1
    csrw mepc, t0
    mret
    .balign 4
6:  \instruction
    ecall
7:  print "\text"
    hex s10
    hex s11
    newline
.endm

.macro set bits
    li t0, \bits
    csrs mstatus, t0
.endm

.macro clear bits
    li t0, \bits
    csrc mstatus, t0
.endm

    .bss
    .balign 4096
root:
    .skip 4096
window:
    .skip 4096
    .text
