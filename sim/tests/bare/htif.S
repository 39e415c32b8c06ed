# Prints "hi\n" through tohost, leaves a signature, then ends through tohost with the code in a0 (CODE).
    .globl _start
_start:
    la s0, tohost
    la s1, fromhost
    la a0, text
1:  lbu a1, 0(a0)
    beqz a1, 3f
    li a2, 0x01010000
    sw a1, 0(s0)
    sw a2, 4(s0)
2:  lw a3, 4(s1)
    beqz a3, 2b
    sw zero, 0(s1)
    sw zero, 4(s1)
    addi a0, a0, 1
    j 1b
3:  la a0, begin_signature
    li a1, 0xdeadbeef
    sw a1, 0(a0)
    li a1, 0x01234567
    sw a1, 4(a0)
    li a0, (CODE << 1) | 1
    sw a0, 0(s0)
    sw zero, 4(s0)
4:  j 4b
text:
    .asciz "hi\n"
    .balign 64
    .globl tohost, fromhost, begin_signature, end_signature
tohost:
    .dword 0
fromhost:
    .dword 0
begin_signature:
    .word 0, 0, 0x55aa
end_signature:
    .word 0
