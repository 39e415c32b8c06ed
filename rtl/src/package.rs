//! The facts of `covert-abi` as a SystemVerilog package, so that the hand-written Verilog types no
//! offset, address or number again.
//!
//! Names are those of the crate in upper camel case behind a prefix that says what they are:
//! `UnitReg` and `IoReg` a register's offset, `Unit` and `Io` a field or value, `Uart` a UART register,
//! the enum's name its numbers. Addresses and sizes of the layout have no prefix.

use std::fmt::Write as _;
use std::mem::offset_of;

use covert_abi::{
    BootDescriptor, BootReason, Command, Detection, Mode, Sequencer, card, csr, io, layout, unit,
};

use crate::HEAD;

/// One constant of the package.
pub(crate) struct Constant {
    /// Name in the package.
    pub(crate) name: String,
    /// Width in bits; `None` makes it an `int unsigned` (a count, not a bus value).
    pub(crate) width: Option<u32>,
    /// Value.
    pub(crate) value: u32,
    /// Comment behind it, or nothing.
    pub(crate) doc: &'static str,
}

/// Constants with one heading.
pub(crate) struct Section {
    /// The heading.
    pub(crate) title: &'static str,
    /// Its constants, in the order in which they are printed.
    pub(crate) constants: Vec<Constant>,
}

/// `UPPER_SNAKE` or `kebab-case` as `UpperCamel`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(['_', '-']) {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.extend(chars.map(|c| c.to_ascii_lowercase()));
        }
    }
    out
}

/// Constants of one module of the ABI, under their own names.
macro_rules! constants {
    ($prefix:literal, $width:expr, $module:ident: $($name:ident),* $(,)?) => {
        vec![$(Constant {
            name: format!("{}{}", $prefix, camel(stringify!($name))),
            width: $width,
            value: u32::from($module::$name),
            doc: "",
        }),*]
    };
}

/// Numbers of one enum of the ABI.
macro_rules! numbers {
    ($name:ident, $width:expr) => {
        $name::ALL
            .iter()
            .map(|value| Constant {
                name: format!("{}{}", stringify!($name), camel(value.name())),
                width: Some($width),
                value: *value as u32,
                doc: "",
            })
            .collect()
    };
}

/// Everything the package holds.
pub(crate) fn sections() -> Vec<Section> {
    // Numbers that stand in a STATUS or DET_KIND field must fit it.
    const _: () = assert!(Detection::ALL.len() <= 16 && Sequencer::ALL.len() <= 16);
    let registers = |prefix: &'static str, list: &'static [unit::Register]| {
        list.iter()
            .map(|register| Constant {
                name: format!("{prefix}{}", camel(register.name)),
                width: Some(12),
                value: register.offset,
                doc: register.access,
            })
            .collect()
    };
    let mut counts = constants!("", None, unit: LOG_DEPTH);
    counts.extend(constants!("Unit", None, unit: INPUT_MODE_SHIFT));
    counts.extend(constants!("", None, csr: EPOCH_IRQ_BIT));
    counts.push(Constant {
        name: "BootImageLen".into(),
        width: None,
        value: offset_of!(BootDescriptor, image_len) as u32,
        doc: "byte offset of image_len in the boot descriptor",
    });
    counts.extend(constants!("", None, layout: CLOCK_HZ, CYCLES_PER_TICK, TIMEBASE_HZ,
        REGION_BLOCKS, FIRST_BLOCK));
    vec![
        Section {
            title: "Registers of the isolation unit, offsets from UnitBase",
            constants: registers("UnitReg", unit::REGISTERS),
        },
        Section {
            title: "Values and masks of these registers",
            constants: constants!("Unit", Some(32), unit: ID_VALUE, STATUS_BUSY,
                STATUS_CKPT_VALID, STATUS_REPLAY, INPUT_UART_RX, INPUT_UART_HANGUP,
                INPUT_BLK, INPUT_NET),
        },
        Section {
            title: "Registers of the I/O controller, offsets from IoBase",
            constants: registers("IoReg", io::REGISTERS),
        },
        Section {
            title: "Values, masks and limits of these registers",
            constants: constants!("Io", Some(32), io: BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_BUSY,
                BLK_FAILED, BLK_READ_ONLY, BLK_DONE, NET_PRESENT, SECTOR_SIZE, BLK_COUNT_MAX,
                NET_RX_SIZE, NET_FRAME_MIN, NET_FRAME_MAX),
        },
        Section {
            title: "Word registers of the UART, offsets from UartBase",
            constants: constants!("", Some(8), unit: UART_RXPACK, UART_TXPACK),
        },
        Section {
            title: "Address map of a tile and layout of main memory, in bytes",
            constants: constants!("", Some(32), layout: EXIT_BASE, CLINT_BASE, CLINT_SIZE,
                CLINT_MSIP, CLINT_MTIMECMP, CLINT_MTIME, UART_BASE, UART_SIZE, VMM_BASE, GATE_BASE,
                UNIT_BASE, UNIT_SIZE, IO_BASE, IO_SIZE, GUEST_BASE, GATE_TILE_ID, VMM_SIZE, GUEST_OFFSET,
                STATE_OFFSET, STATE_BASE, STATE_SIZE, RESET_VECTOR, PAGE_SIZE, BLOCK_SIZE, REGION_STRIDE,
                GUEST_MAX, IMAGE_MAX),
        },
        Section {
            title: "Image of a board",
            constants: constants!("Card", Some(32), card: MAGIC, VERSION)
                .into_iter()
                .chain(constants!("Card", None, card: MAGIC_WORD, VERSION_WORD, IMAGE_WORD, PAYLOAD_WORD,
                    CHECK_WORD, MODE_WORD, DISK_FIRST_WORD, DISK_SECTORS_WORD))
                .chain(constants!("Card", Some(8), card: SAYS_WAITING, SAYS_GOOD, SAYS_ERROR))
                .chain(constants!("Card", Some(4), card: ERROR_CARD, ERROR_IMAGE, ERROR_FIRMWARE, ERROR_SIZE,
                    ERROR_CHECK, ERROR_STALL))
                .collect(),
        },
        Section { title: "Counts, rates, bit numbers", constants: counts },
        Section {
            title: "The core's own CSRs, the cause of the epoch counter, commands of the cache",
            constants: constants!("Csr", Some(12), csr: MEPOCH, MCACHE, MFPRINT)
                .into_iter()
                .chain(constants!("", Some(32), csr: EPOCH_CAUSE, MCACHE_CLEAN, MCACHE_EMPTY))
                .collect(),
        },
        Section { title: "Mode of a group", constants: numbers!(Mode, 3) },
        Section { title: "BOOT_REASON", constants: numbers!(BootReason, 1) },
        Section { title: "CMD bits 7:0", constants: numbers!(Command, 8) },
        Section { title: "DET_KIND", constants: numbers!(Detection, 4) },
        Section { title: "STATUS bits 11:8", constants: numbers!(Sequencer, 4) },
    ]
}

/// The text of `covert_pkg.sv`.
pub fn package() -> String {
    let mut text = String::from(HEAD);
    text.push_str(
        "// The facts that hardware, firmware and simulator share, from the crate covert-abi.\n\n\
         package covert_pkg;\n",
    );
    // A package offers more than any one module takes.
    text.push_str("  /* verilator lint_off UNUSEDPARAM */\n");
    for section in sections() {
        let _ = writeln!(text, "\n  // {}.", section.title);
        for constant in section.constants {
            let Constant { name, width, value, doc } = constant;
            let _ = match width {
                Some(width) => {
                    let digits = width.div_ceil(4) as usize;
                    write!(
                        text,
                        "  localparam logic [{}:0] {name} = {width}'h{value:0digits$X};",
                        width - 1
                    )
                }
                None => write!(text, "  localparam int unsigned {name} = {value};"),
            };
            let _ = match doc {
                "" => writeln!(text),
                _ => writeln!(text, "  // {doc}"),
            };
        }
    }
    text.push_str("\n  /* verilator lint_on UNUSEDPARAM */\nendpackage\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of the constants that a source file of the ABI declares at its top level.
    fn declared(source: &str) -> Vec<&str> {
        source
            .lines()
            .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u32"))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn camel_case_of_abi_names() {
        assert_eq!(camel("DET_ADDR0"), "DetAddr0");
        assert_eq!(camel("log-full"), "LogFull");
        assert_eq!(camel("ID"), "Id");
    }

    #[test]
    fn no_constant_of_the_abi_is_left_out() {
        let text = package();
        let layout = declared(include_str!("../../vmm/abi/src/layout.rs"));
        let unit = declared(include_str!("../../vmm/abi/src/unit.rs"));
        let io = declared(include_str!("../../vmm/abi/src/io.rs"));
        let card = declared(include_str!("../../vmm/abi/src/card.rs"));
        assert!(layout.len() > 20 && unit.len() > 10 && io.len() > 10 && card.len() > 5);
        for name in layout.iter().chain(&unit).chain(&io).chain(&card) {
            let name = camel(name);
            let found =
                ["", "Unit", "Io", "Card"].iter().any(|p| text.contains(&format!(" {p}{name} = ")));
            assert!(found, "{name} is not in the package");
        }
    }

    #[test]
    fn names_are_unique_and_values_fit() {
        let mut names = std::collections::HashSet::new();
        for constant in sections().into_iter().flat_map(|section| section.constants) {
            let fits = constant.width.is_none_or(|width| u64::from(constant.value) >> width == 0);
            assert!(fits, "{} does not fit its width", constant.name);
            assert!(names.insert(constant.name.clone()), "{} is there twice", constant.name);
        }
    }
}
