//! Loads and stores to devices. They trap as access faults; what the guest wanted is found by walking its page table
//! and reading its instruction.
//!
//! The hardware has already decided that the access is permitted, as far as page tables go.

use crate::{
    access::Access,
    console::Console,
    device::{self, Devices},
    memory::Memory,
    translate,
    vcpu::Vcpu,
};

/// Exception cause: load access fault.
pub const CAUSE_LOAD: u32 = 5;
/// Exception cause: store or AMO access fault.
pub const CAUSE_STORE: u32 = 7;

/// Does the access to `addr` (virtual) that ended with `cause`, and goes on behind the instruction. Whether it was one
/// that a device takes; if not, nothing has changed and the guest is to see the fault.
#[inline(never)]
pub fn access(
    vcpu: &mut Vcpu,
    devices: &mut Devices,
    console: &mut Console,
    memory: &impl Memory,
    cause: u32,
    addr: u32,
) -> bool {
    let satp = vcpu.supervisor.satp;
    let Some(place) = translate::physical(memory, satp, addr).and_then(device::place) else {
        return false;
    };
    let Some(access) = fetch(memory, satp, vcpu.pc).and_then(Access::decode) else {
        return false;
    };
    // Code that has changed since it was fetched may name something else.
    let same = access.address(vcpu) == addr && access.store == (cause == CAUSE_STORE);
    if !same || !addr.is_multiple_of(access.size) {
        return false;
    }
    let done = if access.store {
        device::write(devices, console, memory, place, access.size, access.stored(vcpu))
    } else {
        device::read(devices, console, place, access.size)
            .map(|value| vcpu.set(access.register, access.extended(value)))
    };
    if done.is_some() {
        vcpu.pc = vcpu.pc.wrapping_add(access.length);
    }
    done.is_some()
}

/// The instruction at `pc`.
fn fetch(memory: &impl Memory, satp: u32, pc: u32) -> Option<u32> {
    let addr = translate::physical(memory, satp, pc)?;
    let low = u32::from(memory.read16(addr)?);
    if low & 3 != 3 {
        return Some(low);
    }
    let rest = pc.wrapping_add(2);
    // The second half may stand in another page.
    let addr = if rest & 0xFFF == 0 { translate::physical(memory, satp, rest)? } else { addr + 2 };
    Some(low | u32::from(memory.read16(addr)?) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        memory::{Slices, tests::Owned},
        state::{ReplicaState, tests::started},
    };
    use covert_abi::layout::GUEST_BASE;

    const LW_A0: u32 = 0x0005_A503; // lw a0, 0(a1)
    const SW_A0: u32 = 0x00A5_A023; // sw a0, 0(a1)
    const LBU_A0: u32 = 0x0005_C503; // lbu a0, 0(a1)
    const SB_A0: u32 = 0x00A5_8023; // sb a0, 0(a1)
    const C_LW_A2: u32 = 0x4190; // c.lw a2, 0(a1)
    const AMOADD: u32 = 0x00C5_A52F; // amoadd.w a0, a2, (a1)

    /// Runs one instruction of a guest without paging; whether a device took it.
    fn run(state: &mut ReplicaState, instruction: u32, addr: u32) -> bool {
        let mut owned = Owned::new(0x2000);
        let mut memory = owned.memory();
        memory.write32(GUEST_BASE, instruction).unwrap();
        state.vcpu.pc = GUEST_BASE;
        state.vcpu.x[11] = addr;
        let store = Access::decode(instruction).is_some_and(|access| access.store);
        go(state, &memory, if store { CAUSE_STORE } else { CAUSE_LOAD }, addr)
    }

    fn go(state: &mut ReplicaState, memory: &Slices<'_>, cause: u32, addr: u32) -> bool {
        access(&mut state.vcpu, &mut state.devices, &mut state.console, memory, cause, addr)
    }

    #[test]
    fn loads_and_stores_reach_devices() {
        let mut state = started();
        assert!(run(&mut state, LW_A0, 0x1000_1000));
        assert_eq!((state.vcpu.x[10], state.vcpu.pc), (0x7472_6976, GUEST_BASE + 4));
        assert!(run(&mut state, C_LW_A2, 0x1000_2008));
        assert_eq!((state.vcpu.x[12], state.vcpu.pc), (1, GUEST_BASE + 2));
        state.vcpu.x[10] = 0x41;
        assert!(run(&mut state, SB_A0, 0x1000_0000));
        assert_eq!(state.console.packed(), Some(0x0100_0041));
        assert!(run(&mut state, LBU_A0, 0x1000_0005));
        assert_eq!(state.vcpu.x[10], 0x60);
        state.vcpu.x[10] = 5;
        assert!(run(&mut state, SW_A0, 0x0C00_0028));
        state.vcpu.x[10] = 0;
        assert!(run(&mut state, LW_A0, 0x0C00_0028));
        assert_eq!(state.vcpu.x[10], 5);
        // MAC address, byte by byte.
        assert!(run(&mut state, LBU_A0, 0x1000_2105));
        assert_eq!(state.vcpu.x[10], 0x9A);
        // Slot 5 is empty: it says so, and takes no notice of what is written.
        let devices = state.devices;
        assert!(run(&mut state, SW_A0, 0x1000_6070));
        assert!(run(&mut state, LW_A0, 0x1000_6008));
        assert_eq!((state.vcpu.x[10], state.devices), (0, devices));
    }

    #[test]
    fn the_exit_device_takes_the_three_words_only() {
        for (word, exit) in
            [(0x5555, 0x5555), (0x7_3333, 0x7_3333), (0x7777, 0x7777), (0x1234, 0), (0, 0)]
        {
            let mut state = started();
            state.vcpu.x[10] = word;
            assert!(run(&mut state, SW_A0, 0x0010_0000));
            assert_eq!(state.devices.exit, exit);
        }
    }

    #[test]
    fn what_no_device_takes_changes_nothing() {
        for (instruction, addr) in [
            (LW_A0, 0x1000_9000),       // behind the last virtio device
            (LW_A0, 0x0C60_0000),       // behind the PLIC
            (LW_A0, 0x1000_0000),       // a word of the serial port
            (LBU_A0, 0x1000_1000),      // a byte of a virtio register
            (LBU_A0, 0x0C00_0004),      // a byte of the PLIC
            (SB_A0, 0x0010_0000),       // a byte of the exit device
            (LW_A0, 0x1000_1102),       // misaligned
            (LW_A0, 0x0200_BFF8),       // the CLINT is not the guest's
            (LW_A0, 0x5001_0000),       // nor the isolation unit
            (AMOADD, 0x1000_1000),      // atomics
            (LW_A0, GUEST_BASE + 4),    // RAM
            (0x0000_0013, 0x1000_1000), // no access at all
        ] {
            let mut state = started();
            state.vcpu.pc = GUEST_BASE;
            state.vcpu.x[11] = addr;
            let before = state;
            assert!(!run(&mut state, instruction, addr), "{instruction:#x} {addr:#x}");
            assert_eq!(state, before);
        }
    }

    #[test]
    fn code_that_names_something_else_is_not_run() {
        let mut state = started();
        let mut owned = Owned::new(0x1000);
        let mut memory = owned.memory();
        memory.write32(GUEST_BASE, LW_A0).unwrap();
        state.vcpu.x[11] = 0x1000_1000;
        assert!(!go(&mut state, &memory, CAUSE_LOAD, 0x1000_1004));
        assert!(!go(&mut state, &memory, CAUSE_STORE, 0x1000_1000));
        assert!(go(&mut state, &memory, CAUSE_LOAD, 0x1000_1000));
    }

    #[test]
    fn instructions_and_addresses_go_through_the_page_table() {
        let mut state = started();
        let mut owned = Owned::new(0x5000);
        let mut memory = owned.memory();
        let page = |number: u32| (GUEST_BASE >> 12) + number;
        // Root in page 1, second table in page 2; code at 0x4000_0000, devices at 0x4040_0000.
        for (at, value) in [
            (0x1000 + 4 * 0x100, page(2) << 10 | 1),
            (0x1000 + 4 * 0x101, 0x1000_0000 >> 2 | 0xC7),
            (0x2000, page(4) << 10 | 0xCB),
            (0x2004, page(3) << 10 | 0xCB),
            (0x4FFC, LW_A0 << 16),
            (0x3000, LW_A0 >> 16),
        ] {
            memory.write32(GUEST_BASE + at, value).unwrap();
        }
        state.vcpu.supervisor.satp = 1 << 31 | page(1);
        // The instruction lies across two pages that are not neighbours.
        state.vcpu.pc = 0x4000_0FFE;
        state.vcpu.x[11] = 0x4040_1008;
        assert!(go(&mut state, &memory, CAUSE_LOAD, 0x4040_1008));
        assert_eq!((state.vcpu.x[10], state.vcpu.pc), (2, 0x4000_1002));
        // Its second half is not mapped.
        memory.write32(GUEST_BASE + 0x2004, 0).unwrap();
        state.vcpu.pc = 0x4000_0FFE;
        assert!(!go(&mut state, &memory, CAUSE_LOAD, 0x4040_1008));
    }
}
