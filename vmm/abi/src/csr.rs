//! The core's two extra M-mode CSRs.

/// `mepoch`: counts down retired S/U instructions and traps delegated to S; at 0 raises the epoch interrupt.
pub const MEPOCH: u16 = 0x7C0;
/// `mfprint`: CRC-32C fingerprint of what S/U mode retired; written to seed it.
pub const MFPRINT: u16 = 0x7C2;
/// Bit of the epoch interrupt in `mie` and `mip`.
pub const EPOCH_IRQ_BIT: u32 = 24;
/// `mcause` of the epoch interrupt.
pub const EPOCH_CAUSE: u32 = 0x8000_0000 | EPOCH_IRQ_BIT;
