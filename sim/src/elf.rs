//! Reads the programs a chip can run: statically linked 32-bit little-endian RISC-V ELF files.

use object::read::elf::{ElfFile32, FileHeader as _, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSymbol as _, elf};

/// Why a file is no program for the chip.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ElfError {
    /// It does not start as an ELF file does.
    #[error("not an ELF file")]
    NotElf,
    /// A header or a table lies outside the file or contradicts another.
    #[error("damaged or truncated ELF file ({0})")]
    Damaged(String),
    /// 64-bit or big-endian.
    #[error("not a 32-bit little-endian ELF file")]
    WrongClass,
    /// For another machine.
    #[error("made for another machine (ELF machine {0}, RISC-V is 243)")]
    WrongMachine(u16),
    /// An object file, a shared object or a position-independent program.
    #[error("not a statically linked program at fixed addresses (ELF type {0}, expected 2)")]
    WrongType(u16),
    /// Nothing to load.
    #[error("has nothing to load")]
    Empty,
    /// A segment outside the memory it is meant for.
    #[error("segment {start:#010x}..{end:#011x} is outside RAM {ram_start:#010x}..{ram_end:#011x}")]
    OutsideRam {
        /// First address.
        start: u64,
        /// Address behind the last.
        end: u64,
        /// First address of the memory.
        ram_start: u64,
        /// Address behind the memory.
        ram_end: u64,
    },
    /// The first instruction is not in a loaded segment.
    #[error("entry {0:#010x} is not in a loaded segment")]
    EntryOutside(u32),
    /// Two segments claim the same bytes.
    #[error("segments overlap at {0:#010x}")]
    Overlap(u32),
}

/// Bytes and where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Physical address of the first byte.
    pub address: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Address of the first instruction.
    pub entry: u32,
    /// What is loaded, by rising address, word aligned, without overlap; what lies between is zero.
    pub chunks: Vec<Chunk>,
    /// Address behind the last byte that it claims.
    pub end: u32,
    /// Symbols the simulator looks for, by name.
    symbols: Vec<(String, u32)>,
}

/// Chunks nearer than this are joined: fewer, larger pieces.
const JOIN_GAP: u32 = 4096;

impl Program {
    /// Reads a program that must fit into `size` bytes of memory at `base`.
    ///
    /// # Errors
    /// The file is no such program.
    pub fn parse(file: &[u8], base: u32, size: u32) -> Result<Self, ElfError> {
        let damaged = |e: object::Error| ElfError::Damaged(e.to_string().to_lowercase());
        match file {
            [0x7f, b'E', b'L', b'F', class, data, ..] => {
                if (*class, *data) != (elf::ELFCLASS32, elf::ELFDATA2LSB) {
                    return Err(ElfError::WrongClass);
                }
            }
            [0x7f, b'E', b'L', b'F', ..] => return Err(ElfError::Damaged("no header".into())),
            _ => return Err(ElfError::NotElf),
        }
        let parsed = ElfFile32::<Endianness>::parse(file).map_err(damaged)?;
        let endian = Endianness::Little;
        let header = parsed.elf_header();
        let machine = header.e_machine(endian);
        if machine != elf::EM_RISCV {
            return Err(ElfError::WrongMachine(machine));
        }
        let kind = header.e_type(endian);
        if kind != elf::ET_EXEC {
            return Err(ElfError::WrongType(kind));
        }

        let (ram_start, ram_end) = (u64::from(base), u64::from(base) + u64::from(size));
        let entry = header.e_entry(endian);
        let (mut entered, mut last) = (false, ram_start);
        let mut chunks = Vec::new();
        for segment in header.program_headers(endian, file).map_err(damaged)? {
            if segment.p_type(endian) != elf::PT_LOAD || segment.p_memsz(endian) == 0 {
                continue;
            }
            let start = u64::from(segment.p_paddr(endian));
            let end = start + u64::from(segment.p_memsz(endian));
            if start < ram_start || end > ram_end {
                return Err(ElfError::OutsideRam { start, end, ram_start, ram_end });
            }
            last = last.max(end);
            entered |= (start..end).contains(&u64::from(entry));
            let bytes = segment
                .data(endian, file)
                .map_err(|()| ElfError::Damaged("a segment lies outside the file".into()))?;
            if bytes.len() > segment.p_memsz(endian) as usize {
                return Err(ElfError::Damaged("a segment is larger in the file".into()));
            }
            if !bytes.is_empty() {
                chunks.push(Chunk { address: segment.p_paddr(endian), bytes: bytes.to_vec() });
            }
        }
        if chunks.is_empty() {
            return Err(ElfError::Empty);
        }
        if !entered {
            return Err(ElfError::EntryOutside(entry));
        }
        let symbols = parsed
            .symbols()
            .filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address() as u32)))
            .collect();
        // RAM ends below 4 GiB.
        Ok(Self { entry, chunks: join(chunks)?, end: last as u32, symbols })
    }

    /// Address of a symbol.
    pub fn symbol(&self, name: &str) -> Option<u32> {
        self.symbols.iter().find(|(known, _)| known == name).map(|(_, address)| *address)
    }
}

/// Sorts chunks, joins those that nearly touch and pads them to whole words.
fn join(mut chunks: Vec<Chunk>) -> Result<Vec<Chunk>, ElfError> {
    chunks.sort_by_key(|chunk| chunk.address);
    let mut joined: Vec<Chunk> = Vec::new();
    for chunk in chunks {
        if let Some(last) = joined.last_mut() {
            let end = u64::from(last.address) + last.bytes.len() as u64;
            if u64::from(chunk.address) < end {
                return Err(ElfError::Overlap(chunk.address));
            }
            if u64::from(chunk.address) - end < u64::from(JOIN_GAP) {
                last.bytes.resize((chunk.address - last.address) as usize, 0);
                last.bytes.extend(chunk.bytes);
                continue;
            }
        }
        joined.push(chunk);
    }
    for chunk in &mut joined {
        let lead = (chunk.address % 4) as usize;
        chunk.address -= lead as u32;
        chunk.bytes.splice(0..0, std::iter::repeat_n(0, lead));
        chunk.bytes.resize(chunk.bytes.len().next_multiple_of(4), 0);
    }
    Ok(joined)
}
