# Start-up, output and trap recording for the programs beside. Every program begins with `start`
# and ends with `finish`; what it prints stands in the file of its name ending in .out.
#
# Registers s8 to s11 belong to the trap recorder.

.equ UART, 0x10000000
.equ CLINT, 0x02000000
.equ EXIT, 0x00100000
.equ NOWHERE, 0x18000000

.equ MSIP, CLINT
.equ MTIMECMP, CLINT + 0x4000
.equ MTIME, CLINT + 0xbff8

.equ MODE_U, 0
.equ MODE_S, 0x0800
.equ MODE_M, 0x1800

.macro start
    .globl _start
    .text
_start:
    la sp, stack_top
    la t0, recorder
    csrw mtvec, t0
    csrw mie, zero
    # QEMU starts with the timer interrupt pending.
    li t0, MTIMECMP
    li t1, -1
    sw t1, 4(t0)
    sw t1, 0(t0)
.endm

# Ends the program well; the subroutines follow it.
.macro finish
    li t0, EXIT
    li t1, 0x5555
    sw t1, 0(t0)
9:  j 9b
    subroutines
.endm

# Ends the program with a code from 1 to 127.
.macro finish_with code
    li t0, EXIT
    li t1, (\code << 16) | 0x3333
    sw t1, 0(t0)
9:  j 9b
    subroutines
.endm

.macro print text
    .pushsection .rodata
8:  .asciz "\text"
    .popsection
    la a0, 8b
    call puts
.endm

# " VALUE" in eight digits.
.macro hex reg
    mv a0, \reg
    call puthex
.endm

.macro newline
    li a0, 10
    call putchar
.endm

# Runs one instruction in a mode, MODE_U, MODE_S or MODE_M, and comes back to M: "TEXT CAUSE TVAL".
# Without a trap of its own the ecall behind it traps: cause 8, 9 or 11.
# M's handler is the recorder, and `medeleg` must not say otherwise.
.macro attempt mode, text, instruction:vararg
    la s8, 7f
    li t0, MODE_M
    csrc mstatus, t0
    li t0, \mode
    csrs mstatus, t0
    la t0, 6f
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

.macro subroutines
# Records a trap to M and goes on at s8 in M: s9 = mepc, s10 = mcause, s11 = mtval.
    .balign 4
recorder:
    csrr s9, mepc
    csrr s10, mcause
    csrr s11, mtval
    csrw mepc, s8
    li s8, MODE_M
    csrs mstatus, s8
    # What was not announced is printed here, and ends the program.
    la s8, unexpected
    mret
unexpected:
    print "unexpected trap:"
    hex s10
    hex s11
    hex s9
    newline
    li t0, EXIT
    li t1, 0x007f3333
    sw t1, 0(t0)
9:  j 9b

putchar:
    li t0, UART
1:  lbu t1, 5(t0)
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a0, 0(t0)
    ret

puts:
    addi sp, sp, -16
    sw ra, 12(sp)
    sw s0, 8(sp)
    mv s0, a0
1:  lbu a0, 0(s0)
    beqz a0, 2f
    call putchar
    addi s0, s0, 1
    j 1b
2:  lw s0, 8(sp)
    lw ra, 12(sp)
    addi sp, sp, 16
    ret

puthex:
    addi sp, sp, -16
    sw ra, 12(sp)
    sw s0, 8(sp)
    sw s1, 4(sp)
    mv s0, a0
    li a0, 32
    call putchar
    li s1, 8
1:  srli a0, s0, 28
    sltiu t0, a0, 10
    bnez t0, 2f
    addi a0, a0, 39
2:  addi a0, a0, 48
    call putchar
    slli s0, s0, 4
    addi s1, s1, -1
    bnez s1, 1b
    lw s1, 4(sp)
    lw s0, 8(sp)
    lw ra, 12(sp)
    addi sp, sp, 16
    ret

    .bss
    .balign 16
    .skip 1024
stack_top:
    .text
.endm
