//! The core's extra M-mode CSRs.

/// `mepoch`: counts down retired S/U instructions and traps delegated to S; at 0 raises the epoch interrupt.
pub const MEPOCH: u16 = 0x7C0;
/// `mcache`: a write of [`MCACHE_CLEAN`] or [`MCACHE_EMPTY`] has the data cache write back; reads 0.
pub const MCACHE: u16 = 0x7C1;
/// `mfprint`: fingerprint (a CRC) of what S/U mode retired; written to seed it.
pub const MFPRINT: u16 = 0x7C2;
/// Bit of the epoch interrupt in `mie` and `mip`.
pub const EPOCH_IRQ_BIT: u32 = 24;
/// `mcause` of the epoch interrupt.
pub const EPOCH_CAUSE: u32 = 0x8000_0000 | EPOCH_IRQ_BIT;
/// `mcache`: dirty lines are written back and stay.
pub const MCACHE_CLEAN: u32 = 1;
/// `mcache`: dirty lines are written back, then the data cache is emptied.
pub const MCACHE_EMPTY: u32 = 2;
