# TVM, TW and TSR refuse S what a hypervisor wants to see; M may go on. U may do nothing of it anyway.
#include "common.h"
#include "paging.h"
    start
    paging
    csrr s0, satp
    attempt MODE_S, "S reads satp", csrr s1, satp
    attempt MODE_S, "S writes satp", csrw satp, s0
    attempt MODE_S, "S sfence.vma", sfence.vma s0, zero
    attempt_user "U reads satp", csrr s1, satp
    attempt_user "U writes satp", csrw satp, zero
    attempt_user "U sfence.vma", sfence.vma
    set TVM
    attempt MODE_S, "TVM: S reads satp", csrr s1, satp
    attempt MODE_S, "TVM: S writes satp", csrw satp, zero
    attempt MODE_S, "TVM: S sets nothing in satp", csrs satp, zero
    attempt MODE_S, "TVM: S sfence.vma", sfence.vma
    attempt MODE_S, "TVM: S sfence.vma for an address", sfence.vma s0, zero
    attempt MODE_S, "TVM: S writes sscratch", csrw sscratch, zero
    csrr s1, satp
    csrw satp, s1
    sfence.vma
    sub s1, s1, s0
    print "M still may"
    hex s1
    newline
    clear TVM
    attempt MODE_S, "S sfence.vma again", sfence.vma
    set TW
    attempt MODE_S, "TW: S wfi", wfi
    attempt_user "TW: U wfi", wfi
    clear TW
    set TSR
    attempt MODE_S, "TSR: S sret", sret
    clear TSR
    attempt_user "U sret", sret
    finish
