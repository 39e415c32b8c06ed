//! `hostile`: tries what a guest must not be able to do, in S-mode and in U-mode.
//!
//! Each attempt is a *probe*: it must come back as the ordinary fault that the architecture names, with the exact
//! cause, value, pc and mode, and with no register changed. One line per probe, `NAME: contained (...)` or
//! `NAME: BREACH ...`; the last line counts them, and a breach makes the guest fail. Where the
//! architecture leaves a choice (misaligned accesses), every lawful behaviour prints the same line.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod calls;
#[cfg(target_arch = "riscv32")]
mod code;
#[cfg(target_arch = "riscv32")]
mod insn;
#[cfg(target_arch = "riscv32")]
mod memory;
#[cfg(target_arch = "riscv32")]
mod misaligned;
#[cfg(target_arch = "riscv32")]
mod privileged;
#[cfg(target_arch = "riscv32")]
mod probe;

#[cfg(target_arch = "riscv32")]
mod guest {
    use covert_guests::text::Hex;
    use covert_guests::{guest, print, rt};

    use crate::{calls, code, memory, misaligned, privileged, probe};

    guest!(main);

    fn main() -> bool {
        rt::set_trap_handler(probe::on_trap);
        let mut tally = probe::Tally::default();
        let Some(ram_end) = memory::find_ram_end() else {
            print!("hostile: BREACH: RAM has no end\n");
            return false;
        };
        print!("guest RAM ends at ", Hex(ram_end), "\n");
        memory::probe_all(&mut tally, ram_end);
        misaligned::probe_all(&mut tally, ram_end);
        privileged::probe_all(&mut tally);
        calls::probe_all(&mut tally, ram_end);
        code::probe_all(&mut tally, ram_end);
        print!("hostile: ", tally.probes, " probes, ", tally.breaches, " breaches\n");
        tally.breaches == 0
    }
}

#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("hostile is a guest: build it for riscv32imac-unknown-none-elf");
}
