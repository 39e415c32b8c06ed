# Writes to the console, waiting for the transmitter.
.include "test.inc"
.globl _start
_start:
  la a0, text
  li a1, UART
next:
  lbu a2, 0(a0)
  beqz a2, done
wait:
  lbu a3, 5(a1)
  andi a3, a3, 0x20
  beqz a3, wait
  sb a2, 0(a1)
  addi a0, a0, 1
  j next
done:
  PASS
text: .asciz "hello\n"
