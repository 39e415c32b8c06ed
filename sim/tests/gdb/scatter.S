# Stores words, halves and bytes all over 64 KiB, with loads and an AMO in between: every line of the data cache comes and
# goes, dirty as a rule. Ends well after ROUNDS stores.
    .globl _start
_start:
    li s0, 0x80010000
    li s1, 0x2545f491
    li s2, ROUNDS
    li s3, 0xfffc
1:  slli t0, s1, 13
    xor s1, s1, t0
    srli t0, s1, 17
    xor s1, s1, t0
    slli t0, s1, 5
    xor s1, s1, t0
    srli t0, s1, 3
    and t0, t0, s3
    add t0, t0, s0
    andi t1, s1, 7
    beqz t1, 2f
    addi t1, t1, -1
    beqz t1, 3f
    addi t1, t1, -1
    beqz t1, 4f
    addi t1, t1, -1
    beqz t1, 5f
    sw s1, 0(t0)
    j 6f
2:  sb s1, 1(t0)
    j 6f
3:  sh s1, 2(t0)
    j 6f
4:  amoadd.w t2, s1, (t0)
    j 6f
5:  srli t0, s1, 7
    and t0, t0, s3
    add t0, t0, s0
    lw t2, 0(t0)
    # While the rest of the line comes.
    .rept 12
    addi t3, t3, 1
    .endr
    sw s1, 0(t0)
6:  addi s2, s2, -1
    bnez s2, 1b
    li a0, 0x100000
    li a1, 0x5555
    sw a1, 0(a0)
7:  j 7b
