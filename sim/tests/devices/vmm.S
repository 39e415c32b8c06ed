# A VMM in miniature, without a guest, on one tile: asks the network who has 10.0.2.2 and prints the answer, copies sector 0
# of the disk to sector 1, has that kept, prints each status as a digit, and ends well. Symbols are the names of the ABI.
        .equ    FRAME, 0x4000           # in guest RAM
        .equ    LENGTH, 44              # of a frame, in whole words
        .equ    IO_TX, 0x1000           # in the I/O region
        .equ    IO_RX, 0x2000
        .equ    IO_DISK, 0x3000

        .section .descriptor, "a"
        .word   0, 0, image_end - VMM_BASE     # word 2 of the boot descriptor: bytes of the image

        .section .text, "ax"
        .globl  _start
_start: la      t0, skip
        csrw    mtvec, t0
        li      s0, UNIT_BASE
        li      s2, IO_BASE
        li      s3, GUEST_BASE
        li      s4, UART_BASE
        call    poll
        lw      t0, BOOT_REASON(s0)
        li      t0, 0x10000
        sw      t0, GUEST_SIZE(s0)
        li      t0, 50000
        sw      t0, TIME_LIMIT(s0)
        li      t0, 3
        sw      t0, MAX_ATTEMPTS(s0)

        la      t0, request
        li      t1, FRAME
        add     t1, t1, s3
        addi    t2, t1, LENGTH
1:      lw      t3, 0(t0)
        sw      t3, 0(t1)
        addi    t0, t0, 4
        addi    t1, t1, 4
        bltu    t1, t2, 1b
        csrwi   MCACHE, 1
        li      t0, GUEST_OFFSET + FRAME
        sw      t0, DMA_SRC(s0)
        li      t0, IO_TX
        sw      t0, DMA_DST(s0)
        li      a0, COPY_OUT
        call    command
        li      t0, IO_RX
        sw      t0, NET_RX_ADDR(s2)
        li      t0, IO_TX
        sw      t0, NET_TX_ADDR(s2)
        li      t0, 42
        sw      t0, NET_TX(s2)
1:      lw      s6, NET_RX_LEN(s2)
        beqz    s6, 1b
        li      t0, IO_RX
        sw      t0, DMA_SRC(s0)
        li      t0, GUEST_OFFSET + FRAME
        sw      t0, DMA_DST(s0)
        csrwi   MCACHE, 2
        li      a0, COPY_IN
        call    command
        li      t0, FRAME
        add     t0, t0, s3
        add     s6, s6, t0
1:      lbu     a0, 0(t0)
        call    put
        addi    t0, t0, 1
        bltu    t0, s6, 1b

        li      s5, 0
        li      a0, BLK_READ
        call    disk
        li      s5, 1
        li      a0, BLK_WRITE
        call    disk
        li      a0, BLK_FLUSH
        call    disk
        li      t0, EXIT_BASE
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b

# Command a0 on sector s5; prints the status.
disk:   mv      s7, ra
        sw      s5, BLK_SECTOR_LO(s2)
        sw      zero, BLK_SECTOR_HI(s2)
        li      t0, 1
        sw      t0, BLK_COUNT(s2)
        li      t0, IO_DISK
        sw      t0, BLK_ADDR(s2)
        sw      a0, BLK_CMD(s2)
1:      lw      a0, BLK_STATUS(s2)
        andi    t0, a0, BLK_DONE
        beqz    t0, 1b
        addi    a0, a0, '0'
        call    put
        jr      s7

# Prints byte a0 when the UART has room.
put:    lbu     t4, 5(s4)
        andi    t4, t4, 0x20
        beqz    t4, put
        sb      a0, 0(s4)
        ret

# Sequencer command a0, on LENGTH bytes.
command:
        li      t0, LENGTH
        sw      t0, DMA_LEN(s0)
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
request:
        .byte   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x08, 0x06
        .byte   0, 1, 0x08, 0x00, 6, 4, 0, 1
        .byte   0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2
        .balign 4096
image_end:
