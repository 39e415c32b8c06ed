# mcycle and minstret count and can be written; S and U read them where mcounteren and scounteren
# allow it, and never write them.
#include "common.h"
    start
    csrr s0, mcycle
    csrr s1, minstret
    nop
    nop
    csrr s2, mcycle
    csrr s3, minstret
    sltu s0, s0, s2
    sltu s1, s1, s3
    print "counting"
    hex s0
    hex s1
    newline
    csrw mcounteren, zero
    attempt MODE_M, "M cycle", csrr t1, cycle
    attempt MODE_S, "S cycle", csrr t1, cycle
    attempt MODE_S, "S instret", csrr t1, instret
    li t0, 5
    csrw mcounteren, t0
    csrw scounteren, zero
    attempt MODE_S, "S cycle allowed", csrr t1, cycle
    attempt MODE_S, "S instreth allowed", csrr t1, instreth
    attempt MODE_U, "U cycle", csrr t1, cycle
    csrwi scounteren, 4
    attempt MODE_U, "U cycle still", csrr t1, cycle
    attempt MODE_U, "U instret allowed", csrr t1, instret
    attempt MODE_S, "S writes cycle", csrw cycle, t1
    attempt MODE_S, "S reads mcycle", csrr t1, mcycle
    finish
