//! Items of programs with translation: accesses and calls that may fault, edits of page tables
//! with the fences that they need, switches between address spaces.

use super::asm::{
    BEQ, CSRRC, CSRRS, CSRRW, FENCE_I, RA, Reg, SFENCE_VMA, ZERO, i_type, r_type, sfence_vma,
};
use super::compressed as c;
use super::generate::{Generator, Mode};
use super::{BASE, Rng, csr, privilege, simple, space};

/// An item for the top level, where the address space may change.
pub(super) fn top_item(g: &mut Generator) {
    match g.rng.below(10) {
        0..7 => change_space(g),
        7 if g.mode == Mode::Machine => trap_paging(g),
        _ => evict(g),
    }
}

/// An item for anywhere.
pub(super) fn item(g: &mut Generator) {
    match g.rng.below(100) {
        0..42 => access(g),
        42..60 if !g.in_call => call(g),
        60..66 if !g.in_call && g.mode != Mode::Machine => patch(g),
        66..86 => edit(g),
        86..92 => status(g),
        _ => refused_or_harmless(g),
    }
}

/// A page of the windows: few of them often, any of them sometimes.
fn page(rng: &mut Rng) -> (u32, u32) {
    let index = match rng.below(10) {
        0..6 => rng.below(6),
        6..9 => 1018 + rng.below(6),
        // As part of a superpage, those in between are data, which must not be called.
        _ => 16 + rng.below(1008),
    };
    match rng.below(10) {
        0..5 => (0, index),
        5..7 => (1, index % 8),
        7 | 8 => (2, index % 8),
        // Of the superpage only the frames at its start are looked at.
        _ => (space::SUPERPAGE_REGION, index % space::FRAME_COUNT),
    }
}

fn address(k: u32, index: u32, offset: u32) -> u32 {
    space::WINDOWS + k * space::REGION + index * space::PAGE + offset
}

fn data_address(rng: &mut Rng) -> u32 {
    let (k, index) = page(rng);
    address(k, index, space::FRAME_DATA + rng.below(space::FRAME_DATA_SIZE / 4) * 4)
}

/// Loads, stores and atomics in a window. M does them through `mstatus.MPRV`.
fn access(g: &mut Generator) {
    let [base, data, other] = simple::distinct(&mut g.rng);
    // What is left out stays within the page.
    let offset = g.rng.between(0, 63) * 4;
    let mut at = data_address(&mut g.rng);
    if g.mode == Mode::Machine && g.rng.percent(20) {
        at = space::DATA + (at & 0x7FC) / 4 * 4;
    }
    g.asm.li(base, at.wrapping_sub(offset as u32));
    // An AMO that finds its page by a repair has not been tried as a load there: only where there is memory.
    let kinds = if space::may_lead_nowhere(at) { 8 } else { 10 };
    for _ in 0..1 + g.rng.below(3) {
        let kind = g.rng.below(kinds);
        // After a trap an access goes on as U, and what an AMO loads must not fail then either.
        let previous = if kind < 8 { g.rng.pick(&[0, 1 << 11]) } else { 0 };
        modify_privilege(g, other, previous, |g| one_access(g, kind, [base, data, other], offset));
    }
    if g.reservations && g.rng.percent(20) && g.mode != Mode::Machine {
        g.asm.li(base, at);
        g.asm.word(r_type(0x2F, 2, 0x02 << 2, data, base, ZERO));
        if g.rng.percent(50) {
            simple::alu(&mut g.asm, &mut g.rng);
        }
        g.asm.li(base, at);
        g.asm.word(r_type(0x2F, 2, 0x03 << 2, other, base, data));
    }
}

fn one_access(g: &mut Generator, kind: u32, [base, data, other]: [Reg; 3], offset: i32) {
    let Generator { asm, rng, .. } = g;
    match kind {
        0..4 => {
            let (funct3, mask) = rng.pick(&[(0, 3), (4, 3), (1, 2), (5, 2), (2, 0), (2, 0)]);
            asm.load(funct3, data, base, offset + (rng.between(0, 3) & mask));
        }
        4..8 => {
            let (funct3, mask) = rng.pick(&[(0, 3), (1, 2), (2, 0)]);
            asm.store(funct3, data, base, offset + (rng.between(0, 3) & mask));
        }
        _ => {
            let funct5 = rng.pick(&[0x00, 0x01, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C]);
            let value = rng.value();
            asm.addi(base, base, offset);
            asm.li(data, value);
            let over = simple::loaded(asm, [base, data, other], 0);
            asm.word(r_type(0x2F, 2, funct5 << 2, data, base, data));
            asm.bind(over);
            asm.addi(base, base, -offset);
        }
    }
}

/// In M: `body`, whose one access is done as `previous`, S or U in the place of MPP. A trap in it sets MPP to U, so that it is set
/// anew for each. MPRV is not left set: QEMU 7.2 does not clear it where it should, and does not
/// notice that a trap changes MPP.
fn modify_privilege(g: &mut Generator, t: Reg, previous: u32, body: impl FnOnce(&mut Generator)) {
    if g.mode != Mode::Machine {
        return body(g);
    }
    g.asm.li(t, csr::MSTATUS_MPP);
    g.asm.csr(CSRRC, ZERO, csr::MSTATUS, t);
    g.asm.li(t, csr::MSTATUS_MPRV | previous);
    g.asm.csr(CSRRS, ZERO, csr::MSTATUS, t);
    body(g);
    g.asm.li(t, csr::MSTATUS_MPRV);
    g.asm.csr(CSRRC, ZERO, csr::MSTATUS, t);
}

/// A call of a function in a window.
fn call(g: &mut Generator) {
    let (k, index) = page(&mut g.rng);
    let offset = match g.rng.below(10) {
        0..4 if space::may_cross(k, index) => g.rng.pick(&space::CROSSINGS),
        4 => g.rng.pick(&space::PATCHES),
        _ => g.rng.pick(&space::SLOTS),
    };
    go(g, address(k, index, offset));
}

/// Jumps there. S may not execute U's pages whatever SUM is, but QEMU 7.2 lets it if it has accessed
/// data there before and kept the translation. So S fences, or clears SUM, on which QEMU forgets.
fn go(g: &mut Generator, address: u32) {
    let [target] = simple::distinct(&mut g.rng);
    if g.mode == Mode::Supervisor {
        if g.trap_paging || g.rng.percent(50) {
            g.asm.li(target, csr::MSTATUS_SUM);
            g.asm.csr(CSRRC, ZERO, csr::SSTATUS, target);
        } else {
            g.asm.word(SFENCE_VMA);
        }
    }
    if g.rng.percent(50) {
        g.asm.li(target, address);
        g.asm.half(c::jump_register(true, target));
    } else {
        let offset = g.rng.between(-1000, 1000);
        g.asm.li(target, address.wrapping_sub(offset as u32));
        g.asm.jalr(RA, target, offset);
    }
}

/// Writes an instruction into a window, and calls it there or in another page.
fn patch(g: &mut Generator) {
    let [base, value, rd] = simple::distinct(&mut g.rng);
    let (k, index) = page(&mut g.rng);
    let slot = g.rng.pick(&space::PATCHES);
    let imm = g.rng.between(-2048, 2047);
    g.asm.li(base, address(k, index, slot));
    g.asm.li(value, i_type(0x13, g.rng.pick(&[0, 4, 6, 7]), rd, rd, imm));
    g.asm.sw(value, base, 0);
    g.asm.word(FENCE_I);
    let (k, index) = if g.rng.percent(60) { (k, index) } else { page(&mut g.rng) };
    go(g, address(k, index, slot));
}

/// A new entry in a page table of this address space or another.
fn edit(g: &mut Generator) {
    if g.mode == Mode::User && g.rng.percent(80) {
        return access(g);
    }
    if g.mode == Mode::User || g.trap_paging {
        return refused_or_harmless(g);
    }
    let current = g.space.unwrap_or(0);
    let space = if g.rng.percent(75) { current } else { g.rng.below(space::SPACES) };
    let (k, index) = page(&mut g.rng);
    if k == space::SUPERPAGE_REGION {
        let value = space::random_superpage(&mut g.rng);
        let fenced = address(k, g.rng.below(1024), g.rng.below(space::PAGE));
        write_entry(g, space::root_entry(space, k), value, Some(fenced));
    } else if g.rng.percent(20) {
        // One that is not a leaf, or was none: all of its region is fenced.
        let value = space::random_root_entry(&mut g.rng, space, k);
        write_entry(g, space::root_entry(space, k), value, None);
    } else {
        let value = space::random_page(&mut g.rng, index);
        let fenced = address(k, index, g.rng.below(space::PAGE));
        // Used before and after, so that what a fence leaves behind is seen.
        let used = g.mode == Mode::Supervisor && g.rng.percent(50);
        let data =
            address(k, index, space::FRAME_DATA + g.rng.below(space::FRAME_DATA_SIZE / 4) * 4);
        if used {
            load(g, data);
        }
        write_entry(g, space::page_entry(space, k, index), value, Some(fenced));
        if used {
            load(g, data);
        }
    }
}

fn load(g: &mut Generator, address: u32) {
    let [base, data] = simple::distinct(&mut g.rng);
    g.asm.li(base, address);
    g.asm.lw(data, base, 0);
}

/// Writes an entry and fences if the old one was valid: what was invalid needs none.
fn write_entry(g: &mut Generator, at: u32, value: u32, fenced: Option<u32>) {
    let [pointer, new, old] = simple::distinct(&mut g.rng);
    let done = g.asm.label();
    g.asm.li(pointer, at);
    g.asm.li(new, value);
    g.asm.lw(old, pointer, 0);
    g.asm.sw(new, pointer, 0);
    g.asm.word(i_type(0x13, 7, old, old, space::V as i32)); // andi
    if g.rng.percent(70) {
        g.asm.branch(BEQ, old, ZERO, done);
    }
    match fenced {
        Some(address) if g.rng.percent(70) => {
            if g.rng.percent(50) {
                // The address comes late, as a product: neither its factors nor what the register held are that page's.
                g.asm.li(new, address / space::PAGE);
                g.asm.li(old, space::PAGE);
                g.asm.word(r_type(0x33, 0, 1, pointer, old, new)); // mul
            } else {
                g.asm.li(pointer, address);
            }
            g.asm.word(sfence_vma(pointer, ZERO));
        }
        _ => g.asm.word(SFENCE_VMA),
    }
    g.asm.bind(done);
}

/// A page of an alias of the code disappears; the handler brings it back. Not while it may be the
/// one that runs: until the fence, either answer would be right.
fn evict(g: &mut Generator) {
    let may = g.mode == Mode::Machine || g.mode == Mode::Supervisor && g.identity;
    if !may || g.trap_paging {
        return edit(g);
    }
    let [pointer, value] = simple::distinct(&mut g.rng);
    let space = g.space.unwrap_or(0);
    for _ in 0..1 + g.rng.below(3) {
        let index = g.rng.below((g.asm.here() - BASE) / space::PAGE + 2);
        let k = g.rng.pick(&[4, 5]);
        g.asm.li(pointer, space::page_entry(space, k, index));
        g.asm.lw(value, pointer, 0);
        g.asm.word(i_type(0x13, 7, value, value, !1)); // andi: V
        g.asm.sw(value, pointer, 0);
    }
    g.asm.word(SFENCE_VMA);
}

/// SUM and MXR, which say what the next accesses may do.
fn status(g: &mut Generator) {
    let [t] = simple::distinct(&mut g.rng);
    let number = match g.mode {
        Mode::Machine => csr::MSTATUS,
        Mode::Supervisor => csr::SSTATUS,
        Mode::User => return access(g),
    };
    for bit in [csr::MSTATUS_SUM, csr::MSTATUS_MXR] {
        g.asm.li(t, bit);
        let funct3 = g.rng.pick(&[CSRRS, CSRRC]);
        g.asm.csr(funct3, ZERO, number, t);
    }
    access(g);
}

/// Fences and accesses to `satp` that change nothing, or that U and TVM refuse.
fn refused_or_harmless(g: &mut Generator) {
    let [t, u] = simple::distinct(&mut g.rng);
    match g.rng.below(5) {
        0 => g.asm.csr(CSRRS, t, csr::SATP, ZERO),
        1 => {
            // Refused in U and with TVM, else the value that is there.
            g.asm.li(t, g.space.map_or(0, space::satp));
            g.asm.csr(CSRRW, u, csr::SATP, t);
        }
        2 => g.asm.word(SFENCE_VMA),
        3 => {
            let source = g.rng.below(32) as Reg;
            g.asm.word(sfence_vma(source, ZERO));
        }
        _ => {
            g.asm.li(t, data_address(&mut g.rng));
            g.asm.li(u, 0);
            g.asm.word(sfence_vma(t, u));
        }
    }
}

/// Another address space, the same one, or none.
fn change_space(g: &mut Generator) {
    if g.mode == Mode::User || g.trap_paging {
        return refused_or_harmless(g);
    }
    let bare = g.rng.percent(12) && g.identity;
    let space = if bare { None } else { Some(g.rng.below(space::SPACES)) };
    switch(g, space);
}

/// Writes `satp`; not in U, nor with TVM.
pub(super) fn switch(g: &mut Generator, space: Option<u32>) {
    let [t, old] = simple::distinct(&mut g.rng);
    g.asm.li(t, space.map_or(0, space::satp));
    let rd = if g.rng.percent(30) { old } else { ZERO };
    g.asm.csr(CSRRW, rd, csr::SATP, t);
    g.space = space;
}

/// TVM: `satp` and fences are illegal in S. Nothing is delegated meanwhile, as S's handler needs
/// both.
fn trap_paging(g: &mut Generator) {
    let [t] = simple::distinct(&mut g.rng);
    let kept = (g.medeleg, g.mideleg);
    (g.medeleg, g.mideleg) = (0, 0);
    privilege::write_delegation(g, t);
    g.asm.li(t, csr::MSTATUS_TVM);
    g.asm.csr(CSRRS, ZERO, csr::MSTATUS, t);
    g.trap_paging = true;
    privilege::lower(g, Mode::Supervisor);
    for _ in 0..1 + g.rng.below(5) {
        refused_or_harmless(g);
        item(g);
    }
    privilege::raise_to_machine(g);
    g.trap_paging = false;
    (g.medeleg, g.mideleg) = kept;
    privilege::write_delegation(g, t);
    g.asm.li(t, csr::MSTATUS_TVM);
    g.asm.csr(CSRRC, ZERO, csr::MSTATUS, t);
}
