//! The guest's processor state between the replica state and the core.

use covert_abi::csr::{EPOCH_CAUSE, MEPOCH, MFPRINT};
use covert_vmm::{
    Exit, ReplicaState,
    vcpu::{
        IRQ_SOFTWARE, REQUEST_FENCE_I, REQUEST_NO_SOFTWARE, REQUEST_RELOAD, REQUEST_SFENCE,
        REQUEST_SOFTWARE, Supervisor, Vcpu,
    },
};

use crate::{
    csr::{self, number::*},
    entry,
};

/// Takes over from the guest: what trap entry has not stored yet, and why the guest stopped.
pub(crate) fn leave(state: &mut ReplicaState) -> Exit {
    let cause = csr::read!(MCAUSE);
    state.vcpu.pc = csr::read!(MEPC);
    state.vcpu.privilege = (csr::read!(MSTATUS) & csr::MSTATUS_MPP) >> csr::MSTATUS_MPP_SHIFT;
    state.epoch.left = csr::read!(MEPOCH);
    state.epoch.fingerprint = csr::read!(MFPRINT);
    match cause {
        EPOCH_CAUSE => Exit::Epoch,
        9 => Exit::Call,
        2 => Exit::Illegal { instruction: csr::read!(MTVAL) },
        1 | 5 | 7 => Exit::Fault { cause, value: csr::read!(MTVAL) },
        cause => Exit::Unexpected { cause },
    }
}

/// Hands the core to the guest.
pub(crate) fn enter(state: &mut ReplicaState) -> ! {
    if state.vcpu.requests != 0 {
        fulfil(&mut state.vcpu);
    }
    csr::write!(MEPC, state.vcpu.pc);
    csr::write!(MEPOCH, state.epoch.left);
    csr::write!(MFPRINT, state.epoch.fingerprint);
    // A state that a fault has changed must not put the guest into M-mode.
    let privilege = (state.vcpu.privilege & 1) << csr::MSTATUS_MPP_SHIFT;
    csr::clear!(MSTATUS, csr::MSTATUS_MPP);
    csr::set!(MSTATUS, privilege | csr::MSTATUS_TW);
    csr::clear!(MIP, csr::MIP_GIVEN);
    csr::set!(MIP, state.vcpu.interrupts & csr::MIP_GIVEN);
    csr::set!(MIE, csr::MIE_EPOCH);
    // SAFETY: this is the replica state's vCPU.
    unsafe { entry::enter(&raw mut state.vcpu) }
}

/// Does what the replication logic has asked for.
fn fulfil(vcpu: &mut Vcpu) {
    let requests = vcpu.requests;
    vcpu.requests = 0;
    if requests & REQUEST_RELOAD != 0 {
        load(&vcpu.supervisor);
    }
    if requests & REQUEST_NO_SOFTWARE != 0 {
        csr::clear!(MIP, csr::MIP_SSIP);
    }
    if requests & REQUEST_SOFTWARE != 0 {
        csr::set!(MIP, csr::MIP_SSIP);
    }
    if requests & REQUEST_FENCE_I != 0 {
        csr::fence_i();
    }
    if requests & REQUEST_SFENCE != 0 {
        csr::flush_tlb();
    }
}

/// Stores the S-mode CSRs.
pub(crate) fn store(s: &mut Supervisor) {
    s.sstatus = csr::read!(SSTATUS);
    s.stvec = csr::read!(STVEC);
    s.sscratch = csr::read!(SSCRATCH);
    s.sepc = csr::read!(SEPC);
    s.scause = csr::read!(SCAUSE);
    s.stval = csr::read!(STVAL);
    s.satp = csr::read!(SATP);
    s.scounteren = csr::read!(SCOUNTEREN);
    s.sie = csr::read!(SIE);
    s.sip = csr::read!(SIP) & IRQ_SOFTWARE;
}

/// Loads the S-mode CSRs.
fn load(s: &Supervisor) {
    csr::write!(SSTATUS, s.sstatus);
    csr::write!(STVEC, s.stvec);
    csr::write!(SSCRATCH, s.sscratch);
    csr::write!(SEPC, s.sepc);
    csr::write!(SCAUSE, s.scause);
    csr::write!(STVAL, s.stval);
    csr::write!(SATP, s.satp);
    csr::write!(SCOUNTEREN, s.scounteren);
    csr::write!(SIE, s.sie);
    csr::write!(SIP, s.sip);
}
