# A VMM in miniature, without a guest: rounds that each begin with a long wait in the barrier. One that ends with the
# deadline writes a sector with a random word to the disk; one that a received frame ends sends the frame back, a word of it
# inverted. Each says so on the console with a letter. With TILE a second member joins, and each round ends with a
# checkpoint. Symbols are the names of the ABI, and TILE, ROUNDS and WAIT (ticks).
        .equ    COUNT, 0                # replica state: rounds done
        .equ    RXBUF, 4                # the posted buffer
        .equ    SECTOR, 0x2000          # in guest RAM
        .equ    FRAME, 0x4000
        .equ    IO_RX, 0x10000          # in the I/O region: two buffers, used in turn
        .equ    IO_OUT, 0x20000

        .section .descriptor, "a"
        .word   0, 0, image_end - VMM_BASE     # word 2 of the boot descriptor: bytes of the image

        .section .text, "ax"
        .globl  _start
_start: la      t0, skip
        csrw    mtvec, t0
        li      s0, UNIT_BASE
        li      s1, STATE_BASE
        li      s2, IO_BASE
        li      s3, GUEST_BASE
        li      s4, UART_BASE
        call    poll
        lw      t0, BOOT_REASON(s0)
        bnez    t0, resume

        li      t0, 0x10000
        sw      t0, GUEST_SIZE(s0)
        li      t0, 50000
        sw      t0, TIME_LIMIT(s0)
        li      t0, 3
        sw      t0, MAX_ATTEMPTS(s0)
        sw      zero, COUNT(s1)
        li      t0, IO_RX
        sw      t0, RXBUF(s1)
        sw      t0, NET_RX_ADDR(s2)
        li      t3, TILE
        beqz    t3, round
        slli    t3, t3, 8
        li      a0, PRECOPY
        or      a0, a0, t3
        call    command
        csrwi   MCACHE, 1
        li      a0, JOIN
        or      a0, a0, t3
        sw      a0, CMD(s0)
        j       _start

resume: lw      t0, STATUS(s0)
        andi    t0, t0, 2               # a checkpoint is valid
        bnez    t0, round
        li      a0, CHECKPOINT
        call    command

round:  lw      s5, COUNT(s1)
        li      t0, CLINT_BASE + CLINT_MTIME
        lw      t0, 0(t0)
        li      t1, WAIT
        add     a0, t0, t1
        li      a1, 0
        li      a2, INPUT_NET
        call    wait
        andi    t0, a0, INPUT_NET
        bnez    t0, network

        lw      s6, RANDOM(s2)
        li      t0, SECTOR
        add     t0, t0, s3
        sw      s6, 0(t0)
        sw      s5, 4(t0)
        li      a0, SECTOR
        li      a1, 512
        call    out
        sw      s5, BLK_SECTOR_LO(s2)
        sw      zero, BLK_SECTOR_HI(s2)
        li      t0, 1
        sw      t0, BLK_COUNT(s2)
        sw      a2, BLK_ADDR(s2)
        li      t0, BLK_WRITE
        sw      t0, BLK_CMD(s2)
        li      a0, -1
        li      a1, -1
        li      a2, INPUT_BLK
        call    wait
        lw      t0, BLK_STATUS(s2)
        li      t1, BLK_DONE
        bne     t0, t1, fail
        andi    a0, s6, 15
        addi    a0, a0, 'a'
        j       next

network:
        lw      s6, NET_RX_LEN(s2)
        addi    t0, s6, 3
        andi    s7, t0, -4
        lw      s8, RXBUF(s1)
        sw      s8, DMA_SRC(s0)
        li      t0, GUEST_OFFSET + FRAME
        sw      t0, DMA_DST(s0)
        sw      s7, DMA_LEN(s0)
        csrwi   MCACHE, 2
        li      a0, COPY_IN
        call    command
        li      t0, FRAME
        add     t0, t0, s3
        lw      t1, 12(t0)
        not     t1, t1
        sw      t1, 12(t0)
        li      a0, FRAME
        mv      a1, s7
        call    out
        sw      a2, NET_TX_ADDR(s2)
        sw      s6, NET_TX(s2)
        # The other buffer: a replay of this round takes the frame out of this one.
        li      t0, 4096
        xor     s8, s8, t0
        sw      s8, RXBUF(s1)
        sw      s8, NET_RX_ADDR(s2)
        li      a0, 'N'

next:   sb      a0, 0(s4)
        addi    s5, s5, 1
        sw      s5, COUNT(s1)
        li      t0, ROUNDS
        beq     s5, t0, finish
        lw      t0, MEMBERS(s0)
        addi    t1, t0, -1
        and     t0, t0, t1
        beqz    t0, round
        li      a0, CHECKPOINT
        call    command
        j       round

finish: li      t0, '\n'
        sb      t0, 0(s4)
        li      t0, EXIT_BASE
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b
fail:   sw      t0, VMM_FAIL(s0)
1:      j       1b

# Waits for the deadline a1:a0 or an input of mask a2; a0: the inputs.
wait:   sw      a0, WAKE_LO(s0)
        sw      a1, WAKE_HI(s0)
        sw      a2, WAKE_MASK(s0)
        sw      s5, ARRIVE(s0)
        lw      t0, INPUT_TIME_LO(s0)
        lw      t0, INPUT_TIME_HI(s0)
        lw      a0, INPUT_FLAGS(s0)
        ret
# a1 bytes from offset a0 of guest RAM to the I/O region; a2: where.
out:    li      t0, GUEST_OFFSET
        add     a0, a0, t0
        sw      a0, DMA_SRC(s0)
        andi    t0, s5, 1
        slli    t0, t0, 12
        li      a2, IO_OUT
        add     a2, a2, t0
        sw      a2, DMA_DST(s0)
        sw      a1, DMA_LEN(s0)
        li      a0, COPY_OUT
command:
        csrwi   MCACHE, 1
        sw      a0, CMD(s0)
poll:   lw      t0, STATUS(s0)
        andi    t0, t0, 1
        bnez    t0, poll
        ret
# A core without caches does not know mcache.
        .balign 4
skip:   csrr    t0, mepc
        addi    t0, t0, 4
        csrw    mepc, t0
        mret
        .balign 4
image_end:
