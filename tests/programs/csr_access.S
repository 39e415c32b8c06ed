# Which CSRs each mode may read and write: cause 2 where it may not, the call's own where it may.
#include "common.h"
    start
    attempt MODE_M, "M reads mstatus", csrr t1, mstatus
    attempt MODE_M, "M reads sscratch", csrr t1, sscratch
    attempt MODE_M, "M writes mhartid", csrw mhartid, zero
    attempt MODE_M, "M sets nothing in mhartid", csrs mhartid, zero
    attempt MODE_M, "M reads a CSR that is not", csrr t1, 0x123
    attempt MODE_M, "M reads satp", csrr t1, satp
    attempt MODE_S, "S reads mstatus", csrr t1, mstatus
    attempt MODE_S, "S writes mepc", csrw mepc, t1
    attempt MODE_S, "S reads sstatus", csrr t1, sstatus
    attempt MODE_S, "S writes sepc", csrw sepc, t1
    attempt MODE_S, "S reads mhartid", csrr t1, mhartid
    attempt MODE_U, "U reads sstatus", csrr t1, sstatus
    attempt MODE_U, "U sets nothing in sip", csrs sip, zero
    attempt MODE_U, "U reads mstatus", csrr t1, mstatus
    attempt MODE_U, "U reads a CSR that is not", csrr t1, 0x8c0
    # What is written can be read: all bits of the scratch registers, some of the others.
    li t0, 0xdeadbeef
    csrw mscratch, t0
    csrw sscratch, t0
    csrw mtval, t0
    csrw stval, t0
    li t0, 0xfffffffe
    csrw mepc, t0
    csrw sepc, t0
    csrr s0, mscratch
    csrr s1, sscratch
    csrr s2, mtval
    csrr s3, stval
    csrr s4, mepc
    csrr s5, sepc
    print "scratch"
    hex s0
    hex s1
    print " tval"
    hex s2
    hex s3
    print " epc"
    hex s4
    hex s5
    newline
    # sie and sip are windows on mie and mip that mideleg opens.
    li t0, 0x222
    csrw mie, t0
    csrw mideleg, zero
    csrr s0, sie
    li t0, 0x22
    csrw mideleg, t0
    csrr s1, sie
    csrw sie, zero
    csrr s2, mie
    csrw mie, zero
    csrsi sip, 2
    csrr s3, mip
    csrw mideleg, zero
    csrci sip, 2
    csrr s4, mip
    csrci mip, 2
    csrr s5, mip
    print "sie"
    hex s0
    hex s1
    print " mie"
    hex s2
    print " mip"
    hex s3
    hex s4
    hex s5
    newline
    csrr s0, misa
    csrr s1, mhartid
    print "misa and hart"
    hex s0
    hex s1
    newline
    finish
