# Works for a while on registers and memory, prints a digit of what came out, ends well. ROUNDS rounds.
    .globl _start
_start:
    li s0, ROUNDS
    li s1, 0x12345678
    la s2, table
1:  andi t0, s1, 0x7c
    add t0, t0, s2
    lw t1, 0(t0)
    add t1, t1, s1
    sw t1, 0(t0)
    li t2, 1103515245
    mul s1, s1, t2
    add s1, s1, t1
    addi s0, s0, -1
    bnez s0, 1b
    li a1, 0x10000000
    li t3, 8
2:  andi a0, s1, 0xf
    addi a0, a0, 'A'
    sb a0, 0(a1)
    srli s1, s1, 4
    addi t3, t3, -1
    bnez t3, 2b
    li a0, 0x100000
    li a1, 0x5555
    sw a1, 0(a0)
3:  j 3b
    .balign 128
table:
    .fill 32, 4, 0
