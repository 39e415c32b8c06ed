//! Instructions that trap so that they can be done the same way on every replica: counter reads and WFI.

use crate::{
    clock::{Clock, Epoch},
    vcpu::{CAUSE_ILLEGAL, IRQ_SOFTWARE, SUPERVISOR, Vcpu},
};

/// `wfi`.
const WFI: u32 = 0x1050_0073;
/// Opcode of CSR instructions.
const SYSTEM: u32 = 0x73;

/// What became of the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulated {
    /// It is done, or the guest's trap handler has been entered; the guest goes on.
    Done,
    /// `wfi` with no interrupt pending: the guest is idle.
    Idle,
}

/// Does an instruction that trapped as illegal, or raises the exception in the guest.
pub fn illegal(vcpu: &mut Vcpu, clock: &Clock, epoch: &Epoch, instruction: u32) -> Emulated {
    if instruction == WFI && vcpu.privilege == SUPERVISOR {
        vcpu.pc = vcpu.pc.wrapping_add(4);
        return if interrupted(vcpu) { Emulated::Done } else { Emulated::Idle };
    }
    match counter(vcpu, clock, epoch, instruction) {
        Some(value) => {
            vcpu.set(instruction >> 7, value);
            vcpu.pc = vcpu.pc.wrapping_add(4);
        }
        None => vcpu.raise(CAUSE_ILLEGAL, instruction),
    }
    Emulated::Done
}

/// Whether an enabled interrupt is pending, which ends a `wfi` even with interrupts globally off.
pub fn interrupted(vcpu: &Vcpu) -> bool {
    (vcpu.supervisor.sip & IRQ_SOFTWARE | vcpu.interrupts) & vcpu.supervisor.sie != 0
}

/// The value of the counter that `instruction` reads, if it is such a read and the guest may do it.
fn counter(vcpu: &Vcpu, clock: &Clock, epoch: &Epoch, instruction: u32) -> Option<u32> {
    let reads = match instruction >> 12 & 7 {
        // csrrs, csrrc, csrrsi, csrrci with nothing to set or clear; any other form writes.
        2 | 3 | 6 | 7 => instruction >> 15 & 31 == 0,
        _ => false,
    };
    if instruction & 0x7F != SYSTEM || !reads {
        return None;
    }
    let csr = instruction >> 20;
    let value = match csr & !0x080 {
        0xC00 => clock.cycle(epoch),
        0xC01 => clock.now(epoch),
        0xC02 => clock.instret(epoch),
        _ => return None,
    };
    if vcpu.privilege != SUPERVISOR && vcpu.supervisor.scounteren >> (csr & 31) & 1 == 0 {
        return None;
    }
    Some(if csr & 0x080 == 0 { value as u32 } else { (value >> 32) as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vcpu::{IRQ_EXTERNAL, IRQ_TIMER, USER};

    const RDTIME_A0: u32 = 0xC010_2573;
    const RDTIMEH_A1: u32 = 0xC810_25F3;

    fn guest() -> (Vcpu, Clock, Epoch) {
        let mut vcpu = Vcpu::at_entry(0x8000_0000, 0);
        vcpu.supervisor.stvec = 0x8000_1000;
        let clock = Clock { time: 0x1_2345_6000, deadline: Clock::NEVER, ..Clock::default() };
        (vcpu, clock, Epoch { length: 1000, left: 995, number: 0, fingerprint: 0 })
    }

    #[test]
    fn time_is_read_in_supervisor_mode() {
        let (mut vcpu, clock, epoch) = guest();
        assert_eq!(illegal(&mut vcpu, &clock, &epoch, RDTIME_A0), Emulated::Done);
        assert_eq!(illegal(&mut vcpu, &clock, &epoch, RDTIMEH_A1), Emulated::Done);
        assert_eq!((vcpu.x[10], vcpu.x[11], vcpu.pc), (0x2345_6001, 1, 0x8000_0008));
    }

    #[test]
    fn every_read_form_works_and_no_write_form() {
        // funct3 1 and 5 (csrrw, csrrwi) write even with a zero source.
        for (funct3, read) in [(1, false), (2, true), (3, true), (5, false), (6, true), (7, true)] {
            for (source, reads) in [(0, read), (9, false)] {
                let (mut vcpu, clock, epoch) = guest();
                let word = 0xC010_0573 | funct3 << 12 | source << 15;
                illegal(&mut vcpu, &clock, &epoch, word);
                let expected = if reads { 0x8000_0004 } else { 0x8000_1000 };
                assert_eq!(vcpu.pc, expected, "funct3 {funct3} source {source}");
            }
        }
    }

    #[test]
    fn user_mode_needs_scounteren() {
        let (mut vcpu, clock, epoch) = guest();
        vcpu.privilege = USER;
        illegal(&mut vcpu, &clock, &epoch, RDTIME_A0);
        assert_eq!((vcpu.supervisor.scause, vcpu.supervisor.stval), (2, RDTIME_A0));
        let (mut vcpu, clock, epoch) = guest();
        vcpu.privilege = USER;
        vcpu.supervisor.scounteren = 1 << 1;
        illegal(&mut vcpu, &clock, &epoch, RDTIME_A0);
        assert_eq!((vcpu.x[10], vcpu.privilege), (0x2345_6001, USER));
    }

    #[test]
    fn rdtime_to_x0_leaves_x0() {
        let (mut vcpu, clock, epoch) = guest();
        illegal(&mut vcpu, &clock, &epoch, 0xC010_2073);
        assert_eq!((vcpu.x[0], vcpu.pc), (0, 0x8000_0004));
    }

    #[test]
    fn wfi_waits_only_without_an_enabled_interrupt() {
        for interrupt in [IRQ_TIMER, IRQ_EXTERNAL] {
            let (mut vcpu, clock, epoch) = guest();
            assert_eq!(illegal(&mut vcpu, &clock, &epoch, WFI), Emulated::Idle);
            vcpu.interrupts = interrupt;
            assert_eq!(illegal(&mut vcpu, &clock, &epoch, WFI), Emulated::Idle);
            vcpu.supervisor.sie = interrupt;
            assert_eq!(illegal(&mut vcpu, &clock, &epoch, WFI), Emulated::Done);
            assert_eq!(vcpu.pc, 0x8000_000C);
        }
    }

    #[test]
    fn wfi_in_user_mode_and_machine_csrs_are_illegal() {
        for (privilege, word) in [(USER, WFI), (SUPERVISOR, 0x3000_2573), (SUPERVISOR, 0xC030_2573)]
        {
            let (mut vcpu, clock, epoch) = guest();
            vcpu.privilege = privilege;
            illegal(&mut vcpu, &clock, &epoch, word);
            assert_eq!((vcpu.supervisor.scause, vcpu.supervisor.stval), (2, word));
            assert_eq!(vcpu.supervisor.sepc, 0x8000_0000);
        }
    }
}
