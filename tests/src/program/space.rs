//! The address spaces of a random program with translation: where things are in virtual and in
//! physical memory, and the page tables and pages that it starts with.
//!
//! Every space maps the first 4 MiB of RAM where they are, for S: handlers, frames and page tables
//! are always there. The body of a program runs there too, or in one of two aliases whose pages
//! appear when they are first executed, one for S and one for U. Data has the same virtual address
//! in all spaces and different pages. Windows are what programs break: any page of them may be
//! valid or not, with any permissions, and hold any of the frames.

use super::asm::{Asm, RA, i_type, r_type, s_type};
use super::compressed as c;
use super::{BASE, Rng, simple};

/// Number of address spaces.
pub(super) const SPACES: u32 = 3;
/// Physical address of the first space's root table; the others' follow.
pub(super) const TABLES: u32 = 0x8010_0000;
/// Bytes of one space's tables.
pub(super) const TABLES_SIZE: u32 = 0x9000;
/// Second-level tables of a space, as offsets from its root: those of [`WINDOWS`] and the aliases
/// behind each other, that of the data, that of the first 4 MiB of RAM.
pub(super) const WINDOW_TABLES: u32 = 0x2000;
const DATA_TABLE: u32 = 0x1000;
const IDENTITY_TABLE: u32 = 0x8000;

/// Bytes that an entry of a root table maps.
pub(super) const REGION: u32 = 1 << 22;
/// Bytes of a page.
pub(super) const PAGE: u32 = 1 << 12;
/// First address of the windows: four regions, the aliases behind them.
/// Neither machine has anything at these physical addresses.
pub(super) const WINDOWS: u32 = 0xD000_0000;
/// Windows that are mapped by tables, and sometimes by superpages.
pub(super) const BROKEN_WINDOWS: u32 = 3;
/// The region that is always a superpage of RAM.
pub(super) const SUPERPAGE_REGION: u32 = 3;
/// The region that holds the code as U sees it.
pub(super) const USER_CODE: u32 = WINDOWS + 4 * REGION;
/// The region that holds the code as S sees it, besides [`BASE`].
pub(super) const SUPERVISOR_CODE: u32 = WINDOWS + 5 * REGION;
/// Regions from [`WINDOWS`] on that the page-fault handlers know about.
pub(super) const REPAIRED_REGIONS: i32 = 6;

/// Physical memory behind windows and data.
pub(super) const FRAMES: u32 = 0x8040_0000;
/// Pages that the windows show: code that can be called, and data.
pub(super) const FRAME_COUNT: u32 = 8;
/// Start of the data area that loads and stores stay in; it lies on two pages.
pub(super) const DATA: u32 = FRAMES + 15 * PAGE - super::DATA_SIZE / 2;
/// Pairs of pages that may be the data area's, as offsets from [`FRAMES`].
const DATA_PAGES: [u32; 4] = [8, 10, 12, 14];

/// Bits of a page table entry.
pub(super) const V: u32 = 1;
pub(super) const R: u32 = 1 << 1;
pub(super) const W: u32 = 1 << 2;
pub(super) const X: u32 = 1 << 3;
pub(super) const U: u32 = 1 << 4;
pub(super) const G: u32 = 1 << 5;
/// Accessed and dirty. QEMU 7.2 sets them where the core faults, so that every entry has them set.
pub(super) const AD: u32 = 3 << 6;

/// Where in a frame a call may go, and what is there.
pub(super) const SLOTS: [u32; 6] = [0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0];
/// Two instructions that programs replace.
pub(super) const PATCHES: [u32; 4] = [0x100, 0x108, 0x110, 0x118];
/// Entries of a function that goes on in the next page, in the middle of an instruction.
pub(super) const CROSSINGS: [u32; 3] = [0xFF4, 0xFFC, 0xFFE];
/// First byte of a frame's data.
pub(super) const FRAME_DATA: u32 = 0x800;
/// Bytes of a frame's data.
pub(super) const FRAME_DATA_SIZE: u32 = 0x400;

/// `satp` for a space.
pub(super) fn satp(space: u32) -> u32 {
    1 << 31 | root(space) >> 12
}

/// Physical address of a space's root table.
pub(super) fn root(space: u32) -> u32 {
    TABLES + space * TABLES_SIZE
}

/// Physical address of the root's entry for region `k` of the windows.
pub(super) fn root_entry(space: u32, k: u32) -> u32 {
    root(space) + ((WINDOWS >> 22) + k) * 4
}

/// The root's entry for region `k` that names its table.
pub(super) fn table_entry(space: u32, k: u32) -> u32 {
    entry(root(space) + WINDOW_TABLES + k * PAGE, V)
}

/// Physical address of the entry for page `index` of region `k` of the windows.
pub(super) fn page_entry(space: u32, k: u32, index: u32) -> u32 {
    root(space) + WINDOW_TABLES + k * PAGE + index * 4
}

fn entry(address: u32, bits: u32) -> u32 {
    address >> 12 << 10 | bits
}

/// An entry for page `index` of a window: mostly a page of RAM with some permissions.
pub(super) fn random_page(rng: &mut Rng, index: u32) -> u32 {
    let mut bits = permissions(rng) | AD | rng.below(4) << 8;
    bits |= if rng.percent(75) { V } else { 0 };
    match rng.below(100) {
        0..3 => return entry(FRAMES, bits & !(R | W | X | U | AD)), // names a table where none can be
        3..6 => bits = bits & !R | W,                               // reserved
        6..10 if may_be_nowhere(index) => {
            // Behind RAM, and elsewhere; with more than 32 bits QEMU 7.2 finds something there.
            return rng.pick(&[0x0001_8000, 0x000A_0000, 0x0008_2000]) << 10 | bits;
        }
        _ => {}
    }
    entry(FRAMES + rng.below(FRAME_COUNT) * PAGE, bits)
}

/// Whether page `index` of a window may be one that is not RAM. No instruction may begin in the
/// page before it and end in it: QEMU 7.2 aborts there ([`may_cross`]).
fn may_be_nowhere(index: u32) -> bool {
    index % 4 == 2
}

/// Whether the page at `address`, in a window, may be one that is not RAM.
pub(super) fn may_lead_nowhere(address: u32) -> bool {
    address >= WINDOWS && may_be_nowhere((address - WINDOWS) % REGION / PAGE)
}

/// Whether code may go on from page `index` of region `k` to the next one, which as part of a
/// superpage must be a frame too.
pub(super) fn may_cross(k: u32, index: u32) -> bool {
    !may_be_nowhere(index + 1) && (k == 0 || index + 1 < FRAME_COUNT)
}

fn permissions(rng: &mut Rng) -> u32 {
    let user = if rng.percent(55) { U } else { 0 };
    user | rng.pick(&[R, R | W, R | W, X, R | X, R | X, R | W | X, R | W | X, R | W | X])
}

/// The root's entry for a window: its table, a superpage, or something that faults.
pub(super) fn random_root_entry(rng: &mut Rng, space: u32, k: u32) -> u32 {
    let bits = permissions(rng) | AD | V;
    let ram = rng.pick(&[FRAMES, FRAMES, FRAMES, 0x8080_0000, 0x80C0_0000]);
    match rng.below(100) {
        0..45 => table_entry(space, k),
        45..75 => entry(ram, bits),
        75..80 => entry(ram + PAGE * (1 + rng.below(1023)), bits), // misaligned
        80..84 => entry(ram, bits & !R | W),                       // reserved
        84..88 => table_entry(space, k) | rng.pick(&[1 << 7, 1 << 6, U, AD | U]), // reserved
        88..92 if k == BROKEN_WINDOWS - 1 => entry(0x1800_0000, bits),
        _ => table_entry(space, k) & !V,
    }
}

/// The superpage of region [`SUPERPAGE_REGION`].
pub(super) fn random_superpage(rng: &mut Rng) -> u32 {
    entry(FRAMES, permissions(rng) | AD | V)
}

/// All tables, at [`TABLES`].
pub(super) fn tables(rng: &mut Rng) -> Vec<u8> {
    let mut words = vec![0u32; (SPACES * TABLES_SIZE / 4) as usize];
    for space in 0..SPACES {
        let mut set = |address: u32, value| words[((address - TABLES) / 4) as usize] = value;
        let root = root(space);
        let global = if rng.percent(50) { G } else { 0 };
        // Devices, for a handler that gives up.
        set(root, entry(0, V | R | W | AD));
        for page in 0..1024 {
            let address = BASE + page * PAGE;
            let write = if rng.percent(80) || address >= super::DATA { W } else { 0 };
            set(root + IDENTITY_TABLE + page * 4, entry(address, V | R | write | X | AD | global));
            for (k, user) in [(4, U), (5, 0)] {
                let shown = if rng.percent(40) { V } else { 0 };
                let bits = shown | rng.pick(&[X, R | X, R | W | X]) | AD | user;
                set(page_entry(space, k, page), entry(address, bits));
            }
            for k in 0..BROKEN_WINDOWS {
                set(page_entry(space, k, page), random_page(rng, page));
            }
            let data = FRAMES + page * PAGE;
            set(root + DATA_TABLE + page * 4, entry(data, V | R | W | U | AD));
        }
        let mut either = |at: u32, table: u32, superpage: u32| {
            set(root + at * 4, if rng.percent(60) { entry(table, V) } else { superpage });
        };
        let all = V | R | W | X | AD;
        either(BASE >> 22, root + IDENTITY_TABLE, entry(BASE, all | global));
        let table = |k| root + WINDOW_TABLES + k * PAGE;
        either(USER_CODE >> 22, table(4), entry(BASE, all | U));
        either(SUPERVISOR_CODE >> 22, table(5), entry(BASE, all));
        either(DATA >> 22, root + DATA_TABLE, entry(FRAMES, all | U));
        let (first, second) = (rng.pick(&DATA_PAGES), rng.pick(&DATA_PAGES) + 1);
        for (page, shown) in [(14, first), (15, second)] {
            let user = if rng.percent(85) { U } else { 0 };
            let bits = V | R | W | AD | user;
            set(root + DATA_TABLE + page * 4, entry(FRAMES + shown * PAGE, bits));
        }
        for k in 0..BROKEN_WINDOWS {
            set(root_entry(space, k), random_root_entry(rng, space, k));
        }
        set(root_entry(space, SUPERPAGE_REGION), random_superpage(rng));
    }
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// The contents of all pages from [`FRAMES`] on.
pub(super) fn frames(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..FRAME_COUNT {
        out.extend(frame(rng));
    }
    let pages = 16 - FRAME_COUNT;
    out.extend((0..pages * PAGE / 4).flat_map(|_| rng.value().to_le_bytes()));
    out
}

/// A page of functions and data. All have the same form, so that any two can stand side by side,
/// and different constants, so that a result says which one it was. A function ends with a return;
/// it touches no memory but its own page.
fn frame(rng: &mut Rng) -> Vec<u8> {
    let mut asm = Asm::new(0);
    // Both halves of the instruction on the edge: the upper here, the lower at the end.
    let edge = i_type(0x13, rng.pick(&[0, 4, 6, 7]), 15, 15, rng.between(-2048, 2047));
    asm.half((edge >> 16) as u16);
    for _ in 0..rng.below(4) {
        simple::alu(&mut asm, rng);
    }
    asm.half(c::jump_register(false, RA));
    for slot in SLOTS {
        fill(&mut asm, slot);
        // The same in all frames: after a fault the page may show another one.
        let (pointer, value) = (10, 11);
        let at = (FRAME_DATA - slot + rng.below(16) * 4) as i32;
        match slot {
            0xC0 => {
                asm.word(u32::from(pointer) << 7 | 0x17); // auipc: this slot
                asm.lw(value, pointer, at);
            }
            0xE0 => {
                asm.word(u32::from(pointer) << 7 | 0x17);
                asm.word(s_type(2, pointer, value, at));
            }
            _ => {
                for _ in 0..1 + rng.below(2) {
                    simple::alu(&mut asm, rng);
                }
            }
        }
        asm.half(c::jump_register(false, RA));
    }
    for patch in PATCHES {
        fill(&mut asm, patch);
        asm.addi(9, 9, rng.between(-2048, 2047));
        asm.half(c::jump_register(false, RA));
    }
    fill(&mut asm, FRAME_DATA);
    for _ in 0..FRAME_DATA_SIZE / 4 {
        asm.word(rng.value());
    }
    fill(&mut asm, CROSSINGS[0]);
    asm.addi(14, 14, rng.between(-2048, 2047));
    asm.word(r_type(0x33, 4, 0, 13, 13, 14)); // xor
    asm.half(c::addi(12, 1 + rng.between(0, 30)));
    asm.half(edge as u16);
    asm.finish()
}

fn fill(asm: &mut Asm, to: u32) {
    assert!(asm.here() <= to, "a slot of a frame is too short");
    while asm.here() < to {
        asm.half(0);
    }
}
