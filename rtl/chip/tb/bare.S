# Bare mode: console output with polling, a CLINT timer interrupt, a software interrupt, refused accesses, exit.
#include "covert_pkg.h"
        .section .text, "ax"
        .globl  _start
_start:
        la      t0, handler
        csrw    mtvec, t0
        li      s5, 0                   # interrupts seen: software, timer
        li      s6, 0
        li      s2, UartBase
        la      a0, hello
        call    print
        # Software interrupt.
        li      s3, ClintBase
        li      t0, 0x8
        csrw    mie, t0
        csrsi   mstatus, 8
        li      t0, 1
        sw      t0, ClintMsip(s3)
1:      beqz    s5, 1b
        # Timer 200 ticks from now.
        li      t1, ClintMtime
        add     t1, t1, s3
        li      t2, ClintMtimecmp
        add     t2, t2, s3
        lw      t3, 0(t1)
        addi    t3, t3, 200
        sw      zero, 4(t2)
        sw      t3, 0(t2)
        li      t0, 0x80
        csrw    mie, t0
2:      beqz    s6, 2b
        lw      t4, 0(t1)
        bltu    t4, t3, failed
        # A refused load and a refused store are access faults.
        li      s7, 0
        li      t0, 0x40000000
        lw      t1, 0(t0)
        li      t0, UnitBase
        sw      t1, 0(t0)
        li      t0, 12                   # 5 + 7: causes
        bne     s7, t0, failed
        la      a0, done
        call    print
        li      t0, ExitBase
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b
failed:
        li      t0, ExitBase
        li      t1, 0x33333
        sw      t1, 0(t0)
1:      j       1b

print:
1:      lbu     t0, 0(a0)
        beqz    t0, 2f
3:      lbu     t1, 5(s2)
        andi    t1, t1, 0x20
        beqz    t1, 3b
        sb      t0, 0(s2)
        addi    a0, a0, 1
        j       1b
2:      ret

        .align  2
handler:
        csrr    t5, mcause
        bltz    t5, interrupt
        add     s7, s7, t5
        csrr    t5, mepc
        addi    t5, t5, 4
        csrw    mepc, t5
        mret
interrupt:
        andi    t5, t5, 0xF
        li      t6, 3
        bne     t5, t6, 1f
        li      s5, 1
        sw      zero, ClintMsip(s3)
        mret
1:      li      s6, 1
        csrw    mie, zero
        mret
hello:  .asciz  "bare "
done:   .asciz  "done\n"
