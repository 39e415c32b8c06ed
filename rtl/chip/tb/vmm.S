# A VMM image in miniature for the bring-up bench: no guest, only what the isolation unit must do for one.
# It loads a segment, copies itself to a second tile while it goes on writing, joins that tile and then counts through
# epochs: writes spread over the guest's pages, ARRIVE with a sum, the input set, one digit of the sum to the console, a
# checkpoint every few epochs. With opt_disk each epoch also writes a sector to the disk, out of the guest's RAM, and reads
# the one before back into it. The bench computes the same. All that must survive stands in the replica state.
#include "covert_pkg.h"

        .equ    PAGES, 8                # pages of guest RAM in use, every 40th
        .equ    STRIDE, 40 * 4096
        .equ    TOUCHES, 4              # writes an epoch
        .equ    ST_COUNT, 0             # replica state: epochs done
        .equ    ST_SUM, 4
        .equ    ST_TIME, 8
        .equ    ST_IO, 16               # next free byte of the I/O region
        .equ    ST_OPTIONS, 20          # copy of the options, eleven words
        .equ    IO_OUT, GuestOffset + 0x400   # where sectors come from and go to, offsets in the domain
        .equ    IO_IN, GuestOffset + STRIDE + 0x400
        # CSR: 1 writes the data cache back, before the DMA engine reads; 2 empties it too, before the engine writes.
        .equ    MCACHE, 0x7c1

        .section .descriptor, "a"
        .word   0, 0, image_end - 0x40000000   # as the boot descriptor: word 2 is the image's length
options:                                # patched by the bench
opt_tile:       .word   1               # tile to join, 0: none
opt_epochs:     .word   24
opt_every:      .word   4               # epochs between checkpoints
opt_seg:        .word   0, 0            # segment: offset in the boot region, bytes
opt_fail:       .word   0               # epoch in which to do what opt_what says, 0: never
opt_what:       .word   0               # 1 drop the tile, 2 VMM_FAIL, 3 bad access, 4 clone to a third tile
opt_limit:      .word   20000           # TIME_LIMIT
opt_attempts:   .word   3               # MAX_ATTEMPTS
opt_third:      .word   0               # the third tile
opt_disk:       .word   0               # 1: a disk is there to be used

        .section .text, "ax"
        .globl  _start
_start:
        li      s0, UnitBase
        li      s1, StateBase
        li      s2, UartBase
        li      s3, GuestBase
        # The first compared accesses of every start: the others are polling when this tile joins.
        call    poll
        lw      t0, UnitRegBootReason(s0)
        bnez    t0, resume

cold:
        la      s4, options
        addi    t1, s1, ST_OPTIONS
        li      t2, 11
1:      lw      t0, 0(s4)
        sw      t0, 0(t1)
        addi    s4, s4, 4
        addi    t1, t1, 4
        addi    t2, t2, -1
        bnez    t2, 1b
        addi    s4, s1, ST_OPTIONS
        li      t0, PAGES * STRIDE
        sw      t0, UnitRegGuestSize(s0)
        lw      t0, 28(s4)
        sw      t0, UnitRegTimeLimit(s0)
        lw      t0, 32(s4)
        sw      t0, UnitRegMaxAttempts(s0)
        # The segment goes across a page boundary.
        lw      t0, 12(s4)
        sw      t0, UnitRegDmaSrc(s0)
        li      t0, GuestOffset + STRIDE - 0x100
        sw      t0, UnitRegDmaDst(s0)
        lw      t0, 16(s4)
        sw      t0, UnitRegDmaLen(s0)
        li      t0, CommandLoad
        csrwi   MCACHE, 2
        sw      t0, UnitRegCmd(s0)
        call    poll
        sw      zero, ST_COUNT(s1)
        sw      zero, ST_SUM(s1)
        sw      zero, ST_IO(s1)
        lw      t3, 0(s4)
        beqz    t3, resume
        slli    t3, t3, 8
        ori     t0, t3, CommandPrecopy
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        # Go on writing while the copy runs: a page each round, then what was there comes back.
        mv      t4, s3
        li      t6, STRIDE
1:      lw      t1, 0x20(t4)
        addi    t1, t1, 1
        sw      t1, 0x20(t4)
        addi    t1, t1, -1
        sw      t1, 0x20(t4)
        add     t4, t4, t6
        li      t5, GuestBase + PAGES * STRIDE
        bltu    t4, t5, 2f
        mv      t4, s3
2:      lw      t0, UnitRegStatus(s0)
        andi    t0, t0, UnitStatusBusy
        bnez    t0, 1b
        ori     t0, t3, CommandJoin
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        j       _start

resume:
        addi    s4, s1, ST_OPTIONS
        lw      t0, UnitRegMembers(s0)
        addi    t1, t0, -1
        and     t0, t0, t1
        beqz    t0, epoch               # one member: no checkpoint
        lw      t0, UnitRegStatus(s0)
        andi    t0, t0, UnitStatusCkptValid
        bnez    t0, epoch
        li      t0, CommandCheckpoint
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        call    poll

epoch:
        lw      s5, ST_COUNT(s1)
        lw      s6, ST_SUM(s1)
        lw      t0, 20(s4)
        bne     t0, s5, work
        lw      t0, 24(s4)
        li      t1, 4
        bne     t0, t1, work
        # A third member, unless this is a replay behind its arrival.
        lw      t2, 36(s4)
        lw      t0, UnitRegMembers(s0)
        srl     t0, t0, t2
        andi    t0, t0, 1
        bnez    t0, work
        slli    t3, t2, 8
        ori     t0, t3, CommandPrecopy
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        call    poll
        ori     t0, t3, CommandJoin
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        j       _start
work:
        li      s7, 0
1:      # page (5 * count + 7 * k) % PAGES, word count % 16
        slli    t0, s5, 2
        add     t0, t0, s5
        slli    t1, s7, 3
        sub     t1, t1, s7
        add     t0, t0, t1
        andi    t0, t0, PAGES - 1
        li      t1, STRIDE
        mul     t0, t0, t1
        andi    t1, s5, 15
        slli    t1, t1, 2
        add     t0, t0, t1
        add     t0, t0, s3
        lw      t1, 0(t0)
        slli    t2, t1, 5
        add     t1, t1, t2
        add     t1, t1, s5
        add     t1, t1, s7
        sw      t1, 0(t0)
        slli    t2, s6, 1
        srli    s6, s6, 31
        or      s6, s6, t2
        xor     s6, s6, t1
        addi    s7, s7, 1
        li      t2, TOUCHES
        bltu    s7, t2, 1b
        addi    s5, s5, 1
        sw      s5, ST_COUNT(s1)
        sw      s6, ST_SUM(s1)

        lw      t0, 20(s4)
        beq     t0, s5, special
usual:
        sw      zero, UnitRegWakeLo(s0)
        sw      zero, UnitRegWakeHi(s0)
        sw      s6, UnitRegArrive(s0)
        lw      t0, UnitRegInputTimeLo(s0)
        lw      t1, UnitRegInputTimeHi(s0)
        lw      t2, UnitRegInputFlags(s0)
        sw      t0, ST_TIME(s1)
        sw      t1, ST_TIME + 4(s1)
        andi    t0, s6, 15
        addi    t0, t0, 'a'
        sb      t0, 0(s2)
        lw      t0, 40(s4)
        beqz    t0, 1f
        call    disk
1:
        lw      t0, 4(s4)
        beq     t0, s5, finish
        lw      t0, 8(s4)
        remu    t0, s5, t0
        bnez    t0, epoch
        # What came in since the last checkpoint is not needed any more.
        sw      zero, ST_IO(s1)
        li      t0, CommandCheckpoint
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        call    poll
        j       epoch

finish:
        li      t0, '\n'
        sb      t0, 0(s2)
        li      t0, ExitBase
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b

special:
        lw      t0, 24(s4)
        li      t1, 1
        beq     t0, t1, do_drop
        # The others are done by every member: an agreed failure comes again after each rollback.
        li      t1, 2
        beq     t0, t1, do_fail
        li      t1, 3
        beq     t0, t1, do_bad
        j       usual
do_drop:
        lw      t0, 0(s4)
        slli    t0, t0, 8
        ori     t0, t0, CommandDrop
        sw      t0, UnitRegCmd(s0)
        call    poll
        j       usual
do_fail:
        li      t0, 77
        sw      t0, UnitRegVmmFail(s0)
1:      j       1b
do_bad:
        li      t0, 0x60000000
        lw      t0, 0(t0)
1:      j       1b

# Sector s5 of the disk: the sum and what the last sector read said, out of guest RAM by COPY_OUT; then it is read
# and goes into guest RAM by COPY_IN, and its words into the sum.
disk:
        mv      s8, ra
        li      s9, IoBase
        lw      s10, ST_IO(s1)
        li      t0, GuestBase + IO_OUT - GuestOffset
        li      t1, GuestBase + IO_IN - GuestOffset
        li      t2, 128
        mv      t3, s6
1:      lw      t4, 0(t1)
        add     t3, t3, t4
        sw      t3, 0(t0)
        addi    t0, t0, 4
        addi    t1, t1, 4
        addi    t2, t2, -1
        bnez    t2, 1b
        li      t0, IO_OUT
        sw      t0, UnitRegDmaSrc(s0)
        sw      s10, UnitRegDmaDst(s0)
        li      t0, 512
        sw      t0, UnitRegDmaLen(s0)
        li      t0, CommandCopyOut
        csrwi   MCACHE, 1
        sw      t0, UnitRegCmd(s0)
        call    poll
        li      a0, IoBlkWrite
        call    command
        addi    s10, s10, 512
        li      a0, IoBlkRead
        call    command
        sw      s10, UnitRegDmaSrc(s0)
        li      t0, IO_IN
        sw      t0, UnitRegDmaDst(s0)
        li      t0, CommandCopyIn
        csrwi   MCACHE, 2
        sw      t0, UnitRegCmd(s0)
        call    poll
        addi    s10, s10, 512
        sw      s10, ST_IO(s1)
        li      t0, GuestBase + IO_IN - GuestOffset
        lw      t1, 508(t0)
        xor     s6, s6, t1
        sw      s6, ST_SUM(s1)
        mv      ra, s8
        ret
# Command a0 on sector s5 with the I/O region's offset s10; waits in the barrier for its end.
command:
        sw      s5, IoRegBlkSectorLo(s9)
        sw      zero, IoRegBlkSectorHi(s9)
        li      t0, 1
        sw      t0, IoRegBlkCount(s9)
        sw      s10, IoRegBlkAddr(s9)
        sw      a0, IoRegBlkCmd(s9)
        li      t0, -1
        sw      t0, UnitRegWakeLo(s0)
        sw      t0, UnitRegWakeHi(s0)
        li      t0, UnitInputBlk
        sw      t0, UnitRegWakeMask(s0)
        sw      s6, UnitRegArrive(s0)
        lw      t0, UnitRegInputTimeLo(s0)
        lw      t0, UnitRegInputTimeHi(s0)
        lw      t0, UnitRegInputFlags(s0)
        andi    t0, t0, UnitInputBlk
        beqz    t0, 2f
        lw      t0, IoRegBlkStatus(s9)
        li      t1, IoBlkDone
        bne     t0, t1, 2f
        ret
2:      sw      t0, UnitRegVmmFail(s0)  # it woke up for nothing, or the disk failed
3:      j       3b

poll:
1:      lw      t0, UnitRegStatus(s0)
        andi    t0, t0, UnitStatusBusy
        bnez    t0, 1b
        ret
        .balign 4
image_end:
