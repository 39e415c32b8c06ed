//! What a trace exercises of translation, counted on the reference's side, so that a test can see
//! that its programs still do what they are for.

use super::decode::decode;
use super::qemu::Step;
use crate::program::{SUPERPAGE, WINDOWS};

/// Counts of what programs with translation are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Page faults of instruction fetches, loads, stores and AMOs.
    pub page_faults: [u64; 3],
    /// Of those of fetches: in the second half of an instruction.
    pub second_half: u64,
    /// Page faults that S handles.
    pub delegated: u64,
    /// Access faults at addresses that are translated: fetches, loads, stores and AMOs.
    pub access_faults: [u64; 3],
    /// Fences of all addresses, and of one.
    pub fences: [u64; 2],
    /// Writes that changed `satp`.
    pub switches: u64,
    /// Accesses to `satp` and fences that were refused.
    pub refused: u64,
    /// Instructions executed in a superpage of the windows.
    pub superpage_fetches: u64,
    /// Loads and stores there.
    pub superpage_accesses: u64,
    /// Instructions executed elsewhere in the windows.
    pub window_fetches: u64,
    /// Loads and stores elsewhere in the windows, in S and U.
    pub window_accesses: u64,
    /// Loads and stores of M there, through `mstatus.MPRV`.
    pub modified_privilege: u64,
    satp: u32,
    /// The instruction before was one of S or U, and took a page fault.
    faulted: bool,
}

const SATP: u32 = 0x180;

impl Coverage {
    /// Adds another trace's numbers.
    pub fn add(&mut self, other: Self) {
        let pairs = [
            (&mut self.second_half, other.second_half),
            (&mut self.delegated, other.delegated),
            (&mut self.switches, other.switches),
            (&mut self.refused, other.refused),
            (&mut self.superpage_fetches, other.superpage_fetches),
            (&mut self.superpage_accesses, other.superpage_accesses),
            (&mut self.window_fetches, other.window_fetches),
            (&mut self.window_accesses, other.window_accesses),
            (&mut self.modified_privilege, other.modified_privilege),
        ];
        let arrays = (self.page_faults.iter_mut().zip(other.page_faults))
            .chain(self.access_faults.iter_mut().zip(other.access_faults))
            .chain(self.fences.iter_mut().zip(other.fences));
        for (mine, theirs) in pairs.into_iter().chain(arrays) {
            *mine += theirs;
        }
    }

    /// Counts one instruction, with its encoding if that is known.
    pub fn count(&mut self, step: &Step, insn: Option<u32>) {
        if self.faulted && step.mode == Some(1) {
            self.delegated += 1;
        }
        self.faulted = false;
        if let Some(trap) = step.trap {
            match trap.cause {
                12 | 13 | 15 => {
                    self.page_faults[(trap.cause.min(14) - 12) as usize] += 1;
                    self.second_half += u64::from(trap.cause == 12 && trap.value != step.pc);
                    self.faulted = step.mode != Some(3);
                }
                1 | 5 | 7 if WINDOWS.contains(&trap.value) && step.mode != Some(3) => {
                    self.access_faults[(trap.cause / 3) as usize] += 1;
                }
                2 => self.refused += u64::from(insn.is_some_and(is_paging)),
                _ => {}
            }
            return;
        }
        let Some(insn) = insn else { return };
        if is_fence(insn) {
            self.fences[usize::from(insn >> 15 & 31 != 0)] += 1;
        } else if is_satp(insn) {
            self.write_satp(insn, step);
        }
        if SUPERPAGE.contains(&step.pc) {
            self.superpage_fetches += 1;
        } else if WINDOWS.contains(&step.pc) {
            self.window_fetches += 1;
        }
        let Some(access) = decode(insn, &step.before).access else { return };
        if SUPERPAGE.contains(&access.address) {
            self.superpage_accesses += 1;
        }
        if WINDOWS.contains(&access.address) {
            match step.mode {
                Some(3) => self.modified_privilege += 1,
                _ => self.window_accesses += 1,
            }
        }
    }

    fn write_satp(&mut self, insn: u32, step: &Step) {
        // Programs write it as a whole, with csrrw.
        if insn >> 12 & 7 == 1 {
            let value = step.before[(insn >> 15 & 31) as usize];
            self.switches += u64::from(value != self.satp);
            self.satp = value;
        }
    }
}

fn is_fence(insn: u32) -> bool {
    insn & 0xFE00_7FFF == 0x1200_0073
}

fn is_satp(insn: u32) -> bool {
    insn & 0x7F == 0x73 && insn >> 12 & 3 != 0 && insn >> 20 == SATP
}

fn is_paging(insn: u32) -> bool {
    is_fence(insn) || is_satp(insn)
}
