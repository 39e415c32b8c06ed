//! Numbers of the CSRs that programs touch, and the bits of them that have one defined behaviour.

/// Machine-mode CSRs.
pub(super) const MSTATUS: u32 = 0x300;
/// See [`MSTATUS`].
pub(super) const MISA: u32 = 0x301;
/// See [`MSTATUS`].
pub(super) const MEDELEG: u32 = 0x302;
/// See [`MSTATUS`].
pub(super) const MIDELEG: u32 = 0x303;
/// See [`MSTATUS`].
pub(super) const MIE: u32 = 0x304;
/// See [`MSTATUS`].
pub(super) const MTVEC: u32 = 0x305;
/// See [`MSTATUS`].
pub(super) const MSCRATCH: u32 = 0x340;
/// See [`MSTATUS`].
pub(super) const MEPC: u32 = 0x341;
/// See [`MSTATUS`].
pub(super) const MCAUSE: u32 = 0x342;
/// See [`MSTATUS`].
pub(super) const MTVAL: u32 = 0x343;
/// See [`MSTATUS`].
pub(super) const MIP: u32 = 0x344;
/// See [`MSTATUS`].
pub(super) const MHARTID: u32 = 0xF14;

/// Supervisor-mode CSRs.
pub(super) const SSTATUS: u32 = 0x100;
/// See [`SSTATUS`].
pub(super) const SIE: u32 = 0x104;
/// See [`SSTATUS`].
pub(super) const STVEC: u32 = 0x105;
/// See [`SSTATUS`].
pub(super) const SSCRATCH: u32 = 0x140;
/// See [`SSTATUS`].
pub(super) const SEPC: u32 = 0x141;
/// See [`SSTATUS`].
pub(super) const SCAUSE: u32 = 0x142;
/// See [`SSTATUS`].
pub(super) const STVAL: u32 = 0x143;
/// See [`SSTATUS`].
pub(super) const SIP: u32 = 0x144;

/// See [`SSTATUS`].
pub(super) const SATP: u32 = 0x180;

/// COVERT's epoch counter: retired S/U instructions until the next epoch interrupt.
pub(super) const MEPOCH: u32 = 0x7C0;
/// COVERT's fingerprint: a CRC over what was retired.
pub(super) const MFINGERPRINT: u32 = 0x7C2;
/// The epoch interrupt's bit in `mie` and number in `mcause`.
pub(super) const EPOCH_INTERRUPT: u32 = 24;

/// `mstatus`: SIE, MIE, SPIE, MPIE, SPP.
pub(super) const MSTATUS_STACK: u32 = 0x1AA;
/// `mstatus`: SUM, MXR, TVM; without translation none of them changes a memory access. MPRV is left
/// out because QEMU 7.2 does not clear it when it returns to a lower mode, as privileged
/// specification 1.12 demands. With translation TVM is left out too: it would refuse fences that
/// are needed.
pub(super) const MSTATUS_MEMORY: u32 = 0x1C_0000;
/// `mstatus.MIE`.
pub(super) const MSTATUS_MIE: u32 = 1 << 3;
/// `mstatus.MPP`.
pub(super) const MSTATUS_MPP: u32 = 3 << 11;
/// `mstatus.MPRV`.
pub(super) const MSTATUS_MPRV: u32 = 1 << 17;
/// `mstatus.SUM`.
pub(super) const MSTATUS_SUM: u32 = 1 << 18;
/// `mstatus.MXR`.
pub(super) const MSTATUS_MXR: u32 = 1 << 19;
/// `mstatus.TVM`.
pub(super) const MSTATUS_TVM: u32 = 1 << 20;
/// `mstatus.TW`.
pub(super) const MSTATUS_TW: u32 = 1 << 21;
/// `mstatus.TSR`.
pub(super) const MSTATUS_TSR: u32 = 1 << 22;
/// `sstatus.SPP`.
pub(super) const SSTATUS_SPP: u32 = 1 << 8;
/// `sstatus`: SIE, SPIE, SPP, SUM, MXR.
pub(super) const SSTATUS_ALL: u32 = 0xC_0122;

/// Supervisor interrupts in `mie`, `mip` and `mideleg`: software and timer, or external. A program
/// uses either, since QEMU 7.2 takes the lowest number first where the specification has external
/// before software before timer.
pub(super) const SUPERVISOR_INTERRUPTS: [u32; 2] = [0x022, 0x200];
/// Machine software interrupt.
pub(super) const MSI: u32 = 1 << 3;
/// Machine timer interrupt.
pub(super) const MTI: u32 = 1 << 7;

/// Causes that may be delegated here: instruction access fault, illegal instruction, breakpoint,
/// load and store access fault, calls from U and S.
pub(super) const DELEGABLE: u32 = 0x3AE;

/// Page faults: instruction, load, store. Delegated too in programs with translation.
pub(super) const PAGE_FAULTS: u32 = 0xB000;
