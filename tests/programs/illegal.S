# Encodings that are not instructions here: cause 2, with the encoding as value.
#include "common.h"
    start
    attempt MODE_M, "all zeros", .half 0
    attempt MODE_M, "all ones", .word 0xffffffff
    attempt MODE_U, "48 bits", .word 0x0000001f
    attempt MODE_U, "64 bits", .word 0x0000003f
    attempt MODE_S, "custom-0", .word 0x0000000b
    attempt MODE_S, "flw", .word 0x00002007
    attempt MODE_S, "fadd.s", .word 0x00000053
    attempt MODE_U, "ld", .word 0x00003003
    attempt MODE_U, "sd", .word 0x00003023
    attempt MODE_U, "addiw", .word 0x0000001b
    attempt MODE_M, "slli by 32", .word 0x02001013
    attempt MODE_M, "c.jr x0", .half 0x8002
    attempt MODE_M, "c.addi4spn 0", .half 0x0004
    attempt MODE_M, "c.lui 0", .half 0x6081
    attempt MODE_M, "c.addi16sp 0", .half 0x6101
    attempt MODE_M, "c.lwsp x0", .half 0x4002
    attempt MODE_M, "c.subw", .half 0x9c01
    attempt MODE_M, "c.fld", .half 0x2000
    attempt MODE_M, "lr.d", .word 0x1000302f
    attempt MODE_M, "lr with rs2", .word 0x1010202f
    attempt MODE_M, "amo 5", .word 0x2800202f
    attempt MODE_M, "csr 4", .word 0x30004073
    attempt MODE_M, "uret", .word 0x00200073
    attempt MODE_M, "dret", .word 0x7b200073
    finish
