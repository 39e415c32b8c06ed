//! Loads, stores, atomics and jumps to memory that is not the guest's.

use covert_abi::{layout, unit};

use crate::insn;
use crate::probe::{self, Mode, Name, SENTINEL, Tally, Trap, cause};

/// Addresses that are not the guest's, and what stands there or might.
const PLACES: &[(&str, u32)] = &[
    ("vmm image", layout::VMM_BASE),
    ("vmm start", layout::RESET_VECTOR),
    ("vmm state", layout::STATE_BASE),
    ("vmm last word", layout::VMM_BASE + layout::VMM_SIZE - 4),
    ("behind vmm", layout::VMM_BASE + layout::VMM_SIZE),
    ("gate", layout::GATE_BASE),
    ("unit id", layout::UNIT_BASE + unit::ID),
    ("unit guest size", layout::UNIT_BASE + unit::GUEST_SIZE),
    ("unit command", layout::UNIT_BASE + unit::CMD),
    ("unit arrive", layout::UNIT_BASE + unit::ARRIVE),
    ("clint msip", layout::CLINT_BASE + layout::CLINT_MSIP),
    ("clint mtimecmp", layout::CLINT_BASE + layout::CLINT_MTIMECMP),
    ("clint mtime", layout::CLINT_BASE + layout::CLINT_MTIME),
    // Where the domains, slots and the boot region stand physically.
    ("domain 0", 0),
    ("domain 1 ram", layout::REGION_STRIDE + layout::GUEST_OFFSET),
    ("domain 2", 2 * layout::REGION_STRIDE),
    ("domain 3 ram", 3 * layout::REGION_STRIDE + layout::GUEST_OFFSET),
    ("slot 0", 4 * layout::REGION_STRIDE),
    ("below ram", layout::GUEST_BASE - 4),
    ("next domain", layout::GUEST_BASE + layout::REGION_STRIDE),
    ("high", 0xc000_0000),
    ("last word", 0xffff_fffc),
];

/// Devices of the guest's machine: plain loads and stores of them are the guest's right.
const DEVICES: &[(&str, u32)] = &[("exit device", layout::EXIT_BASE), ("uart", layout::UART_BASE)];

/// What is done: name, instruction, cause of the fault, whether U-mode tries it too.
const DEEDS: &[(&str, u32, u32, bool)] = &[
    ("load", insn::LW, cause::LOAD_ACCESS, true),
    ("load byte", insn::LBU, cause::LOAD_ACCESS, false),
    ("load reserved", insn::LR, cause::LOAD_ACCESS, false),
    ("store", insn::SW, cause::STORE_ACCESS, true),
    ("store byte", insn::SB, cause::STORE_ACCESS, false),
    ("amoadd", insn::AMOADD, cause::STORE_ACCESS, false),
    ("jump", insn::JR, cause::FETCH_ACCESS, true),
];

/// The first address behind guest RAM that a load refuses; `None` if 256 MiB bring no end.
pub fn find_ram_end() -> Option<u32> {
    let readable = |address| {
        probe::run(Mode::Supervisor, insn::LW, address, SENTINEL).done(insn::len(insn::LW))
    };
    let limit = layout::GUEST_BASE + (256 << 20);
    let mut address = probe::code_address() & !(layout::PAGE_SIZE - 1);
    for step in [1 << 20, 1 << 16, layout::PAGE_SIZE] {
        while address < limit && readable(address + step) {
            address += step;
        }
    }
    (address < limit).then_some(address + layout::PAGE_SIZE)
}

/// All probes of this module.
pub fn probe_all(tally: &mut Tally, ram_end: u32) {
    for &(place, address) in PLACES {
        for mode in [Mode::Supervisor, Mode::User] {
            probe_place(tally, mode, place, address, |_| true);
        }
    }
    for &(place, address) in DEVICES {
        for mode in [Mode::Supervisor, Mode::User] {
            probe_place(tally, mode, place, address, |instruction| {
                matches!(instruction, insn::LR | insn::AMOADD | insn::JR)
            });
        }
    }
    for mode in [Mode::Supervisor, Mode::User] {
        probe_place(tally, mode, "behind ram", ram_end, |_| true);
        // The last word that is the guest's, so that the bound is seen to be exact.
        let run = probe::run(mode, insn::LW, ram_end - 4, SENTINEL);
        let name =
            Name { mode, deed: "load", place: "last word of ram", address: Some(ram_end - 4) };
        tally.judge(name, run, run.done(insn::len(insn::LW)), "allowed");
    }
    probe_wrapping(tally);
    probe_variants(tally);
}

/// Does those deeds at an address that `refused` names: each must fault.
fn probe_place(
    tally: &mut Tally,
    mode: Mode,
    place: &str,
    address: u32,
    refused: impl Fn(u32) -> bool,
) {
    for &(deed, instruction, cause, user) in DEEDS {
        if mode == Mode::User && !user || !refused(instruction) {
            continue;
        }
        let run = probe::run(mode, instruction, address, SENTINEL);
        let pc = if cause == cause::FETCH_ACCESS { address } else { probe::code_address() };
        let name = Name { mode, deed, place, address: Some(address) };
        tally.expect(name, run, Trap { cause, tval: address, pc }, SENTINEL);
    }
}

/// Address arithmetic that goes round the end of the address space, or carries up to just below RAM.
fn probe_wrapping(tally: &mut Tally) {
    for (base, offset) in [(0xffff_fffc, 4), (0_u32, -4), (0x7fff_f800, 2044)] {
        let run = probe::run(Mode::Supervisor, insn::lw(offset), base, SENTINEL);
        let address = base.wrapping_add_signed(offset);
        let name = Name {
            mode: Mode::Supervisor,
            deed: "load",
            place: "by offset",
            address: Some(address),
        };
        let pc = probe::code_address();
        tally.expect(name, run, Trap { cause: cause::LOAD_ACCESS, tval: address, pc }, SENTINEL);
    }
}

/// Compressed accesses, a store-conditional that holds no reservation, a flush, and `sret` to memory that is not the
/// guest's.
fn probe_variants(tally: &mut Tally) {
    let address = layout::VMM_BASE;
    let pc = probe::code_address();
    for mode in [Mode::Supervisor, Mode::User] {
        let name = |deed| Name { mode, deed, place: "vmm image", address: Some(address) };
        for (deed, instruction, cause) in [
            ("compressed load", insn::C_LW, cause::LOAD_ACCESS),
            ("compressed store", insn::C_SW, cause::STORE_ACCESS),
            ("amoswap", insn::AMOSWAP, cause::STORE_ACCESS),
        ] {
            let run = probe::run(mode, instruction, address, SENTINEL);
            tally.expect(name(deed), run, Trap { cause, tval: address, pc }, SENTINEL);
        }
        let store_fault = Trap { cause: cause::STORE_ACCESS, tval: address, pc };
        let run = probe::run(mode, insn::SC, address, SENTINEL);
        let failed = run.done(insn::len(insn::SC)) && run.a1 != 0 && run.a1 != SENTINEL;
        let good = failed || run.faulted(store_fault, SENTINEL);
        tally.judge(name("store conditional"), run, good, "fault or failure");

        // Refused as an instruction or as an access, by which of the two is the core's business.
        let run = probe::run(mode, insn::CBO_FLUSH, address, SENTINEL);
        let illegal = crate::privileged::is_illegal(&run, insn::CBO_FLUSH);
        let good = illegal || run.faulted(store_fault, SENTINEL);
        tally.judge(name("cache flush"), run, good, "fault");

        let run = probe::run_at(mode, address, 0, SENTINEL);
        let fetch_fault = Trap { cause: cause::FETCH_ACCESS, tval: address, pc: address };
        tally.expect(name("sret"), run, fetch_fault, SENTINEL);
    }
}
