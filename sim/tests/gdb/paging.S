# A guest in S-mode that turns translation on: RAM at 0xc0000000 and where it is (4 MiB pages), the page of `text` at
# 0x40005000. Counts three times behind the text, at `count`, takes a timer interrupt at `tick`, prints a line and powers off.
    # Or the linker would move what is aligned.
    .option norelax
    .globl _start, high, count, tick, text
_start:
    la t0, root
    li t1, (0x80000 << 10) | 0xcf
    li t2, 0x800
    add t2, t2, t0
    sw t1, 0(t2)
    sw t1, 0x400(t2)
    la t1, second
    srli t1, t1, 12
    slli t1, t1, 10
    ori t1, t1, 1
    sw t1, 0x400(t0)
    la t0, second
    la t1, text
    srli t1, t1, 12
    slli t1, t1, 10
    ori t1, t1, 0xc7
    sw t1, 4*5(t0)
    la t0, root
    srli t0, t0, 12
    li t1, 0x80000000
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
    la t0, high
    li t1, 0x40000000
    add t0, t0, t1
    jr t0
high:
    li s0, 0x40005000
    li s1, 3
1:  lw t0, 64(s0)
    addi t0, t0, 1
count:
    sw t0, 64(s0)
    addi s1, s1, -1
    bnez s1, 1b
    la t0, tick
    csrw stvec, t0
    li s2, 0
    li a7, 0
    li a0, 0
    li a1, 0
    ecall
    li t0, 1 << 5
    csrw sie, t0
    csrsi sstatus, 2
3:  beqz s2, 3b
    li a7, 1
    li a0, 'p'
    ecall
    li a0, '\n'
    ecall
    li a7, 0x53525354
    li a6, 0
    li a0, 0
    li a1, 0
    ecall
2:  j 2b
    .balign 4
tick:
    addi s2, s2, 1
    csrw sie, zero
    sret
    .balign 4096, 0
text:
    .asciz "found by way of two tables"
    .balign 4096, 0
root:
    .space 4096
second:
    .space 4096
