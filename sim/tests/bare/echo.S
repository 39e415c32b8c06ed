# Reads the UART to the hang-up (modem status DCD goes low), prints each byte plus one, counts in memory what
# it read, and ends well.
    .globl _start
_start:
    li a1, 0x10000000
    la s0, count
1:  lbu a2, 5(a1)
    andi a2, a2, 1
    bnez a2, 2f
    lbu a2, 6(a1)
    andi a2, a2, 0x80
    bnez a2, 1b
    j 3f
2:  lbu a2, 0(a1)
    addi a2, a2, 1
    sb a2, 0(a1)
    lw a3, 0(s0)
    addi a3, a3, 1
    sw a3, 0(s0)
    j 1b
3:  li a0, 0x100000
    li a1, 0x5555
    sw a1, 0(a0)
4:  j 4b
    .balign 4
count:
    .word 0
