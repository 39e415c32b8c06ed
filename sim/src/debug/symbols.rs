//! What an address in the guest or in the VMM is called: functions and source lines from ELF files, functions from Linux's
//! `System.map`.

use std::io::Write as _;
use std::path::Path;

use addr2line::Loader;
use raki::{Decode as _, Isa};
use serde::Serialize;

/// Where an instruction is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Function and distance from its start: `memcpy+0x1c`.
    pub function: Option<String>,
    /// File and line.
    pub line: Option<String>,
}

/// Symbols of one program.
pub enum Symbols {
    /// There are none.
    None,
    /// An ELF file, with the copy on disk that is read.
    Elf(Box<Loader>, tempfile::NamedTempFile),
    /// Addresses and names, by rising address.
    Map(Vec<(u32, String)>),
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "no symbols",
            Self::Elf(..) => "symbols of an ELF file",
            Self::Map(_) => "symbols of a map",
        })
    }
}

impl Symbols {
    /// Of an ELF file's contents; none if it has none that can be read.
    pub fn of_elf(file: &[u8]) -> Self {
        let load = || {
            let mut copy = tempfile::NamedTempFile::new().ok()?;
            copy.write_all(file).ok()?;
            let loader = Loader::new(copy.path()).ok()?;
            Some(Self::Elf(Box::new(loader), copy))
        };
        load().unwrap_or(Self::None)
    }

    /// Of a `System.map`: lines of address, kind and name.
    pub fn of_map(text: &str) -> Self {
        let mut names: Vec<(u32, String)> = text
            .lines()
            .filter_map(|line| {
                let mut fields = line.split_ascii_whitespace();
                let address = u32::from_str_radix(fields.next()?, 16).ok()?;
                let kind = fields.next()?;
                let name = fields.next()?;
                matches!(kind, "t" | "T" | "w" | "W").then(|| (address, name.to_owned()))
            })
            .collect();
        names.sort_by_key(|(address, _)| *address);
        Self::Map(names)
    }

    /// Where an address is.
    pub fn place(&self, address: u32) -> Place {
        match self {
            Self::None => Place::default(),
            Self::Elf(loader, _) => {
                let probe = u64::from(address);
                let frames = loader.find_frames(probe).ok();
                let innermost = frames.and_then(|mut frames| frames.next().ok().flatten());
                let named = innermost.and_then(|frame| {
                    frame.function.and_then(|name| Some(name.demangle().ok()?.into_owned()))
                });
                let function = named.or_else(|| {
                    // Labels inside a function (`.L0`) say nothing.
                    let symbol = loader.find_symbol_info(probe)?;
                    let name = Some(symbol.name()).filter(|name| !name.starts_with(".L"))?;
                    let name = addr2line::demangle_auto(name.into(), None);
                    Some(with_offset(&name, probe.saturating_sub(symbol.address())))
                });
                let line = loader.find_location(probe).ok().flatten().and_then(|location| {
                    let file =
                        Path::new(location.file?).file_name()?.to_string_lossy().into_owned();
                    Some(match location.line {
                        Some(line) => format!("{file}:{line}"),
                        None => file,
                    })
                });
                Place { function, line }
            }
            Self::Map(names) => {
                let behind = names.partition_point(|(start, _)| *start <= address);
                let function = behind.checked_sub(1).map(|index| {
                    let (start, name) = &names[index];
                    with_offset(name, u64::from(address - start))
                });
                Place { function, line: None }
            }
        }
    }
}

fn with_offset(name: &str, offset: u64) -> String {
    if offset == 0 { name.to_owned() } else { format!("{name}+{offset:#x}") }
}

/// An instruction in assembly; as a number where nobody knows it.
pub fn disassemble(insn: u32) -> String {
    let compressed = insn & 3 != 3;
    let decoded = if compressed { (insn as u16).decode(Isa::Rv32) } else { insn.decode(Isa::Rv32) };
    match decoded {
        Ok(instruction) => instruction.to_string(),
        Err(_) if compressed => format!(".half {:#06x}", insn as u16),
        Err(_) => format!(".word {insn:#010x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_names_the_function_before_an_address() {
        let map =
            Symbols::of_map("c0001000 T second\nc0000000 t first\nc0000800 d data\nnonsense\n");
        let name = |address| map.place(address).function;
        assert_eq!(name(0xC000_0000), Some("first".into()));
        assert_eq!(name(0xC000_0FFC), Some("first+0xffc".into()));
        assert_eq!(name(0xC000_1004), Some("second+0x4".into()));
        assert_eq!(name(0x8000_0000), None);
    }

    #[test]
    fn instructions_are_written_as_assembly() {
        assert_eq!(disassemble(0x00a5_8593), "addi a1, a1, 10");
        assert_eq!(disassemble(0xffff_ffff), ".word 0xffffffff");
        assert!(disassemble(0x4501).contains("a0"), "{}", disassemble(0x4501));
    }

    #[test]
    fn what_is_no_elf_has_no_symbols() {
        assert_eq!(Symbols::of_elf(b"no").place(0), Place::default());
    }
}
