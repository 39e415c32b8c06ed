//! The smallest ELF32 executable that QEMU and the simulator load.

const HEADER: usize = 52;
const PROGRAM_HEADER: usize = 32;

/// A static RISC-V executable with one loadable segment for each `(address, bytes)`.
#[must_use]
pub fn elf32(entry: u32, segments: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(b"\x7fELF\x01\x01\x01");
    out.resize(16, 0);
    for half in [2u16, 243] {
        out.extend_from_slice(&half.to_le_bytes()); // ET_EXEC, EM_RISCV
    }
    for word in [1, entry, HEADER as u32, 0, 1] {
        out.extend_from_slice(&u32::to_le_bytes(word)); // version, entry, phoff, shoff, flags: RVC
    }
    for half in [HEADER, PROGRAM_HEADER, segments.len(), 0, 0, 0] {
        out.extend_from_slice(&(half as u16).to_le_bytes());
    }
    let mut offset = (HEADER + PROGRAM_HEADER * segments.len()) as u32;
    for (address, bytes) in segments {
        let size = bytes.len() as u32;
        for word in [1, offset, *address, *address, size, size, 7, 1] {
            out.extend_from_slice(&u32::to_le_bytes(word)); // PT_LOAD ... RWX, no alignment
        }
        offset += size;
    }
    for (_, bytes) in segments {
        out.extend_from_slice(bytes);
    }
    out
}
