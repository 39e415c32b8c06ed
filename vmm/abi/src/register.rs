//! How a register map is written down: once, for code, generators and documentation.

/// One register, as the generator and the documentation see it.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Name, in capitals.
    pub name: &'static str,
    /// Byte offset in the window.
    pub offset: u32,
    /// `r`, `w` or `rw`.
    pub access: &'static str,
    /// Whether accesses go to the input log.
    pub logged: bool,
    /// What it holds: bits, units.
    pub doc: &'static str,
}

/// Defines a constant for the offset of each register, and `REGISTERS`.
macro_rules! registers {
    ($($name:ident = $offset:literal, $access:literal, $logged:literal, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $name: u32 = $offset;)*
        /// Every register, in order of offset.
        pub const REGISTERS: &[Register] = &[
            $(Register { name: stringify!($name), offset: $offset, access: $access, logged: $logged, doc: $doc },)*
        ];
    };
}

pub(crate) use registers;
