//! Misaligned accesses: in the guest's own RAM, across its bounds, and round the end of the address space.
//!
//! The architecture lets a machine carry out a misaligned load or store or refuse it, as misaligned or
//! as an access fault. Carried out, it must be right; refused, it must name the address and change nothing.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use covert_abi::layout;

use crate::insn;
use crate::probe::{self, Mode, Name, Run, SENTINEL, Tally, Trap, cause};

static AREA: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];
const PATTERN: [u32; 4] = [0x1312_1110, 0x1716_1514, 0x1b1a_1918, 0x1f1e_1d1c];

fn reset() {
    for (word, value) in AREA.iter().zip(PATTERN) {
        word.store(value, Relaxed);
    }
}

fn area() -> [u32; 4] {
    [0, 1, 2, 3].map(|index| AREA[index].load(Relaxed))
}

/// Whether `run` ended in one of `causes` at `address`; an access fault may name the first refused byte instead.
fn refused(run: &Run, causes: [u32; 2], address: u32) -> bool {
    let pc = probe::code_address();
    let next_word = (address & !3).wrapping_add(4);
    let [misaligned, access] = causes;
    let fault = |cause, tval| run.faulted(Trap { cause, tval, pc }, SENTINEL);
    fault(misaligned, address) || fault(access, address) || fault(access, next_word)
}

const LOAD: [u32; 2] = [cause::LOAD_MISALIGNED, cause::LOAD_ACCESS];
const STORE: [u32; 2] = [cause::STORE_MISALIGNED, cause::STORE_ACCESS];

/// All probes of this module.
pub fn probe_all(tally: &mut Tally, ram_end: u32) {
    for mode in [Mode::Supervisor, Mode::User] {
        own_ram(tally, mode);
        bounds(tally, mode, ram_end);
    }
}

fn own_ram(tally: &mut Tally, mode: Mode) {
    let base = AREA.as_ptr() as u32;
    let name = |deed, offset: u32| Name {
        mode,
        deed,
        place: ["", "at +1", "at +2", "at +3"][offset as usize],
        address: None,
    };
    // The byte pattern counts upwards, so each unaligned word follows from its first byte.
    let word_at = |offset: u32| 0x1312_1110_u32 + offset * 0x0101_0101;
    for offset in [1, 2, 3] {
        reset();
        let run = probe::run(mode, insn::LW, base + offset, SENTINEL);
        let done = run.done(4) && run.a1 == word_at(offset);
        let good = (done || refused(&run, LOAD, base + offset)) && area() == PATTERN;
        tally.judge(name("misaligned load", offset), run, good, "done or fault");

        let run = probe::run(mode, insn::SW, base + offset, SENTINEL);
        let (low, high) = (SENTINEL << (8 * offset), SENTINEL >> (32 - 8 * offset));
        let mask = u32::MAX << (8 * offset);
        let stored = [low | PATTERN[0] & !mask, high | PATTERN[1] & mask, PATTERN[2], PATTERN[3]];
        let good = run.done(4) && area() == stored
            || refused(&run, STORE, base + offset) && area() == PATTERN;
        tally.judge(name("misaligned store", offset), run, good, "done or fault");

        reset();
        for (deed, instruction, causes) in [
            ("misaligned amoadd", insn::AMOADD, STORE),
            ("misaligned load reserved", insn::LR, LOAD),
        ] {
            let run = probe::run(mode, instruction, base + offset, SENTINEL);
            let good = refused(&run, causes, base + offset) && area() == PATTERN;
            tally.judge(name(deed, offset), run, good, "fault");
        }
    }
    for offset in [1, 3] {
        reset();
        let run = probe::run(mode, insn::LH, base + offset, SENTINEL);
        let done = run.done(4) && run.a1 == word_at(offset) & 0xffff;
        let good = (done || refused(&run, LOAD, base + offset)) && area() == PATTERN;
        tally.judge(name("misaligned half load", offset), run, good, "done or fault");
    }
}

/// Accesses of which one part is the guest's and one is not, or none is.
fn bounds(tally: &mut Tally, mode: Mode, ram_end: u32) {
    for (place, address) in [
        ("over the end of ram", ram_end - 2),
        ("over the start of ram", layout::GUEST_BASE - 2),
        ("in vmm", layout::VMM_BASE + 2),
        ("in unit", layout::UNIT_BASE + 1),
        ("round the end", 0xffff_fffe),
        ("round the end", 0xffff_fffd),
        ("round the end", 0xffff_ffff),
    ] {
        for (deed, instruction, causes) in
            [("misaligned load", insn::LW, LOAD), ("misaligned store", insn::SW, STORE)]
        {
            let name = Name { mode, deed, place, address: Some(address) };
            let run = probe::run(mode, instruction, address, SENTINEL);
            tally.judge(name, run, refused(&run, causes, address), "fault");
        }
    }
    let address = ram_end - 1;
    let run = probe::run(mode, insn::SH, address, SENTINEL);
    let name = Name {
        mode,
        deed: "misaligned half store",
        place: "over the end of ram",
        address: Some(address),
    };
    tally.judge(name, run, refused(&run, STORE, address), "fault");
}
