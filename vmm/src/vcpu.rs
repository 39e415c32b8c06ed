//! The guest's processor: what a replica holds of it, and how an exception enters S-mode.

/// Privilege of the guest: user.
pub const USER: u32 = 0;
/// Privilege of the guest: supervisor.
pub const SUPERVISOR: u32 = 1;

/// `sstatus`: interrupts enabled in S-mode.
pub const SSTATUS_SIE: u32 = 1 << 1;
/// `sstatus`: value of SIE before the trap.
pub const SSTATUS_SPIE: u32 = 1 << 5;
/// `sstatus`: privilege before the trap.
pub const SSTATUS_SPP: u32 = 1 << 8;
/// `sip`, `sie`: software interrupt.
pub const IRQ_SOFTWARE: u32 = 1 << 1;
/// `sip`, `sie`: timer interrupt.
pub const IRQ_TIMER: u32 = 1 << 5;
/// `sip`, `sie`: external interrupt.
pub const IRQ_EXTERNAL: u32 = 1 << 9;

/// Request to the back end: the S-mode CSRs in the state are newer than the core's.
pub const REQUEST_RELOAD: u32 = 1 << 0;
/// Request to the back end: set the software interrupt's pending bit.
pub const REQUEST_SOFTWARE: u32 = 1 << 1;
/// Request to the back end: clear it.
pub const REQUEST_NO_SOFTWARE: u32 = 1 << 2;
/// Request to the back end: `fence.i`.
pub const REQUEST_FENCE_I: u32 = 1 << 3;
/// Request to the back end: `sfence.vma` for all addresses.
pub const REQUEST_SFENCE: u32 = 1 << 4;

/// Exception cause: illegal instruction.
pub const CAUSE_ILLEGAL: u32 = 2;

/// The guest's registers. Every bit pattern is a valid value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Vcpu {
    /// x0 to x31; x0 is there to make the index plain and stays 0.
    pub x: [u32; 32],
    /// Address of the next instruction.
    pub pc: u32,
    /// [`USER`] or [`SUPERVISOR`].
    pub privilege: u32,
    /// Interrupts that are pending besides the software one: [`IRQ_TIMER`], [`IRQ_EXTERNAL`].
    pub interrupts: u32,
    /// What the back end is to do when it runs the guest (`REQUEST_*`); it clears them.
    pub requests: u32,
    /// The S-mode CSRs. A back end may keep them in the processor; it stores them here before each exit
    /// that needs them and before each action that copies the state.
    pub supervisor: Supervisor,
}

/// S-mode CSRs, the pending bits of timer and external interrupt excepted: those come from the
/// [clock](crate::clock::Clock) and the [PLIC](crate::device::plic::Plic).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Supervisor {
    /// `sstatus`.
    pub sstatus: u32,
    /// `stvec`.
    pub stvec: u32,
    /// `sscratch`.
    pub sscratch: u32,
    /// `sepc`.
    pub sepc: u32,
    /// `scause`.
    pub scause: u32,
    /// `stval`.
    pub stval: u32,
    /// `satp`.
    pub satp: u32,
    /// `scounteren`.
    pub scounteren: u32,
    /// `sie`.
    pub sie: u32,
    /// `sip`, the bits that software writes.
    pub sip: u32,
}

impl Vcpu {
    /// A guest at its first instruction: S-mode, hart 0 in a0, the device tree's address in a1.
    pub fn at_entry(entry: u32, dtb: u32) -> Self {
        let mut vcpu = Self { pc: entry, privilege: SUPERVISOR, ..Self::default() };
        vcpu.x[11] = dtb;
        vcpu
    }

    /// Writes a register; x0 stays 0.
    pub fn set(&mut self, register: u32, value: u32) {
        if register & 31 != 0 {
            self.x[(register & 31) as usize] = value;
        }
    }

    /// Enters the guest's trap handler with an exception, as the hardware does for a delegated one
    /// (RISC-V privileged specification, "Supervisor Trap Vector Base Address": exceptions go to the
    /// base in vectored mode too).
    pub fn raise(&mut self, cause: u32, value: u32) {
        let s = &mut self.supervisor;
        s.scause = cause;
        s.stval = value;
        s.sepc = self.pc;
        let enabled = s.sstatus & SSTATUS_SIE != 0;
        s.sstatus &= !(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP);
        if enabled {
            s.sstatus |= SSTATUS_SPIE;
        }
        if self.privilege != USER {
            s.sstatus |= SSTATUS_SPP;
        }
        self.pc = s.stvec & !3;
        self.privilege = SUPERVISOR;
        self.requests |= REQUEST_RELOAD;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest() -> Vcpu {
        let mut vcpu = Vcpu::at_entry(0x8000_0000, 0x8010_0000);
        vcpu.supervisor.stvec = 0x8000_0101; // vectored
        vcpu
    }

    #[test]
    fn entry_follows_the_boot_convention() {
        let vcpu = guest();
        assert_eq!((vcpu.x[10], vcpu.x[11]), (0, 0x8010_0000));
        assert_eq!((vcpu.pc, vcpu.privilege), (0x8000_0000, SUPERVISOR));
        assert_eq!(vcpu.supervisor.sstatus, 0);
    }

    #[test]
    fn x0_stays_zero() {
        let mut vcpu = guest();
        vcpu.set(0, 7);
        vcpu.set(5, 7);
        assert_eq!((vcpu.x[0], vcpu.x[5]), (0, 7));
    }

    #[test]
    fn exception_from_supervisor_with_interrupts_on() {
        let mut vcpu = guest();
        vcpu.pc = 0x8000_0044;
        vcpu.supervisor.sstatus = SSTATUS_SIE | (1 << 18);
        vcpu.raise(5, 0x1000_0000);
        let s = vcpu.supervisor;
        assert_eq!((s.scause, s.stval, s.sepc), (5, 0x1000_0000, 0x8000_0044));
        assert_eq!(s.sstatus, SSTATUS_SPIE | SSTATUS_SPP | (1 << 18));
        assert_eq!((vcpu.pc, vcpu.privilege), (0x8000_0100, SUPERVISOR));
    }

    #[test]
    fn exception_from_user_clears_spp_and_spie() {
        let mut vcpu = guest();
        vcpu.privilege = USER;
        vcpu.supervisor.sstatus = SSTATUS_SPP | SSTATUS_SPIE;
        vcpu.raise(CAUSE_ILLEGAL, 0xFFFF_FFFF);
        assert_eq!(vcpu.supervisor.sstatus, 0);
        assert_eq!(vcpu.privilege, SUPERVISOR);
    }
}
