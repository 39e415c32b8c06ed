# Who may do what with a page: U and S, R, W and X, SUM and MXR.
#include "common.h"
#include "paging.h"
    start
    paging
    li s0, WINDOW
    # U's pages.
    .irp bits, R, R|W, X, R|X, R|W|X
    map 0, page0, V|U|AD|\bits
    attempt_user "U \bits load", lw t1, 0(s0)
    attempt_user "U \bits store", sw zero, 4(s0)
    attempt_user "U \bits fetch", jalr s0
    attempt MODE_S, "S on U \bits load", lw t1, 0(s0)
    .endr
    set SUM
    .irp bits, R, R|W, X
    map 0, page0, V|U|AD|\bits
    attempt MODE_S, "S with SUM on U \bits load", lw t1, 0(s0)
    attempt MODE_S, "S with SUM on U \bits store", sw zero, 4(s0)
    .endr
    map 0, page0, V|R|W|X|U|AD
    attempt MODE_S, "S with SUM on U fetch", jalr s0
    set MXR
    map 0, page0, V|X|U|AD
    attempt MODE_S, "S with SUM and MXR on U X load", lw t1, 0(s0)
    attempt MODE_S, "S with SUM and MXR on U X store", sw zero, 4(s0)
    clear SUM
    attempt MODE_S, "S with MXR on U X load", lw t1, 0(s0)
    attempt_user "U with MXR X load", lw t1, 0(s0)
    attempt_user "U with MXR X store", sw zero, 4(s0)
    clear MXR
    attempt_user "U X load again", lw t1, 0(s0)
    # S's pages.
    .irp bits, R, R|W, X, R|X
    map 0, page0, V|AD|\bits
    attempt MODE_S, "S \bits load", lw t1, 0(s0)
    attempt MODE_S, "S \bits store", sw zero, 4(s0)
    attempt MODE_S, "S \bits fetch", jalr s0
    .endr
    set MXR
    map 0, page0, V|X|AD
    attempt MODE_S, "S with MXR X load", lw t1, 0(s0)
    clear MXR
    map 0, page0, V|R|W|X|AD
    attempt_user "U on S load", lw t1, 0(s0)
    attempt_user "U on S store", sw zero, 4(s0)
    attempt_user "U on S fetch", jalr s0
    set SUM | MXR
    attempt_user "U on S load with SUM and MXR", lw t1, 0(s0)
    finish

    .data
    .balign 4096
page0:
    ret
    .balign 4096
