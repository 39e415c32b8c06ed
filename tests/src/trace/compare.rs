//! The comparison: instruction by instruction, stopping at the first difference.
//!
//! Compared are address, encoding, mode, whether it trapped, whether an interrupt came before
//! it, all registers (QEMU's, against what the core's writes add up to), the register and the
//! memory access it should have by its encoding, and the address of the next instruction.
//! Causes and trap values are compared because the handlers read them.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};

use super::coverage::Coverage;
use super::decode::{Access, Kind, decode};
use super::qemu::{QemuError, Step};
use super::rvfi::{Retired, RvfiError, byte_mask};

/// How many instructions of context a difference shows.
const WINDOW: usize = 16;

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Instructions, those that trapped included.
    pub instructions: u64,
    /// Exceptions.
    pub traps: u64,
    /// Interrupts.
    pub interrupts: u64,
    /// Instructions in U, S, -, M.
    pub modes: [u64; 4],
    /// What of translation was exercised.
    pub translation: Coverage,
}

impl Summary {
    /// Adds another program's numbers.
    pub fn add(&mut self, other: Self) {
        self.instructions += other.instructions;
        self.traps += other.traps;
        self.interrupts += other.interrupts;
        for (mine, theirs) in self.modes.iter_mut().zip(other.modes) {
            *mine += theirs;
        }
        self.translation.add(other.translation);
    }

    /// Counts an instruction of the reference, with its encoding if that is known.
    fn count(&mut self, step: &Step, insn: Option<u32>) {
        self.instructions += 1;
        self.traps += u64::from(step.trap.is_some());
        self.interrupts += u64::from(step.interrupt.is_some());
        if let Some(mode) = step.mode {
            self.modes[(mode & 3) as usize] += 1;
        }
        self.translation.count(step, insn);
    }
}

/// Counts what the reference retired, with nothing to compare it with.
///
/// # Errors
/// What is wrong with the reference's log.
pub fn survey(
    reference: impl Iterator<Item = Result<Step, QemuError>>,
) -> Result<Summary, QemuError> {
    let mut summary = Summary::default();
    for step in reference {
        let step = step?;
        summary.count(&step, step.insn.as_ref().map(|(insn, _)| *insn));
    }
    Ok(summary)
}

/// The first difference, or the reason why the comparison could not go on.
#[derive(Debug)]
pub struct Difference {
    /// Number of instructions that agreed before.
    pub after: u64,
    /// What differs.
    pub what: String,
    /// The last instructions of both traces, the differing one last.
    pub window: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} equal instructions: {}\n{}", self.after, self.what, self.window)
    }
}

impl std::error::Error for Difference {}

struct Comparison {
    summary: Summary,
    registers: [u32; 32],
    window: VecDeque<(Option<Step>, Option<Retired>)>,
    /// The previous instruction's successor, unless it trapped.
    expected_pc: Option<u32>,
    after_trap: bool,
}

/// Compares the core's trace with the reference's, which decides where the program ends.
///
/// # Errors
/// The first difference.
pub fn compare(
    reference: impl Iterator<Item = Result<Step, QemuError>>,
    core: impl Iterator<Item = Result<Retired, RvfiError>>,
) -> Result<Summary, Box<Difference>> {
    let mut reference = reference.peekable();
    let mut core = core;
    let mut state = Comparison {
        summary: Summary::default(),
        registers: [0; 32],
        window: VecDeque::new(),
        expected_pc: None,
        after_trap: false,
    };
    while let Some(step) = reference.next() {
        let step = step.map_err(|error| state.fail(error_text(&error)))?;
        let retired = match core.next() {
            Some(Ok(retired)) => retired,
            Some(Err(error)) => return Err(state.fail(error_text(&error))),
            // The write to the exit device ends the core's run; it need not retire.
            None if reference.peek().is_none() && state.summary.instructions > 0 => break,
            None => {
                state.show(Some(step), None);
                return Err(state.fail("the core's trace ends here".to_owned()));
            }
        };
        state.show(Some(step.clone()), Some(retired));
        state.check(&step, &retired).map_err(|what| state.fail(what))?;
    }
    if state.summary.instructions == 0 {
        return Err(state.fail("the reference retired nothing".to_owned()));
    }
    Ok(state.summary)
}

/// Compares the S and U part of two of the core's own traces: of the same guest, with different
/// interruptions by M. Returns how many instructions were equal.
///
/// # Errors
/// The first difference.
pub fn compare_guest(
    left: impl Iterator<Item = Result<Retired, RvfiError>>,
    right: impl Iterator<Item = Result<Retired, RvfiError>>,
) -> Result<u64, Box<Difference>> {
    let mut state = Comparison {
        summary: Summary::default(),
        registers: [0; 32],
        window: VecDeque::new(),
        expected_pc: None,
        after_trap: false,
    };
    let is_guest = |item: &Result<Retired, RvfiError>| item.as_ref().map_or(true, |r| r.mode != 3);
    let (mut left, mut right) = (left.filter(is_guest), right.filter(is_guest));
    loop {
        let (a, b) = match (left.next().transpose(), right.next().transpose()) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(error), _) | (_, Err(error)) => return Err(state.fail(error_text(&error))),
        };
        let what = match (a, b) {
            (None, None) => return Ok(state.summary.instructions),
            (Some(a), Some(b)) => {
                // The order counts M's instructions too; an interruption between moves `intr`.
                let same = Retired { order: b.order, intr: b.intr, ..a } == b;
                if same {
                    state.summary.instructions += 1;
                    state.show(None, Some(b));
                    continue;
                }
                "the guest's instructions differ"
            }
            _ => "one trace is longer than the other",
        };
        state.show(None, a);
        state.show(None, b);
        return Err(state.fail(what.to_owned()));
    }
}

fn error_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let _ = write!(text, ": {inner}");
        source = inner.source();
    }
    text
}

impl Comparison {
    fn show(&mut self, step: Option<Step>, retired: Option<Retired>) {
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back((step, retired));
    }

    fn check(&mut self, step: &Step, retired: &Retired) -> Result<(), String> {
        let first = self.summary.instructions == 0;
        if retired.order != self.summary.instructions {
            return Err(format!("order is {}, not consecutive", retired.order));
        }
        same("pc", step.pc, retired.pc)?;
        if let Some(mode) = step.mode {
            same("mode", mode, retired.mode)?;
            if first {
                // What registers hold at reset is nobody's business.
                self.registers = step.before;
            }
            if let Some(i) = (0..32).find(|&i| step.before[i] != self.registers[i]) {
                let (want, have) = (step.before[i], self.registers[i]);
                return Err(format!("x{i} is {have:08x} before this, should be {want:08x}"));
            }
        }
        if let Some((insn, _)) = &step.insn {
            same("insn", *insn, retired.insn)?;
        }
        same("trap", u32::from(step.trap.is_some()), u32::from(retired.trap))?;
        let handler = step.interrupt.is_some() || self.after_trap;
        same("intr", u32::from(handler), u32::from(retired.intr))?;
        if let (Some(expected), None) = (self.expected_pc, step.interrupt) {
            same("pc_wdata of the instruction before", expected, retired.pc)?;
        }
        self.check_effects(step, retired)?;

        self.summary.count(step, step.fetched.then_some(retired.insn));
        self.after_trap = retired.trap;
        self.expected_pc = (!retired.trap).then_some(retired.pc_wdata);
        if retired.rd != 0 {
            self.registers[(retired.rd & 31) as usize] = retired.rd_wdata;
        }
        Ok(())
    }

    fn check_effects(&self, step: &Step, retired: &Retired) -> Result<(), String> {
        if !step.fetched || step.trap.is_some() {
            same("rd of an instruction that trapped", 0, retired.rd)?;
            same("rmask of an instruction that trapped", 0, retired.mem_rmask)?;
            return same("wmask of an instruction that trapped", 0, retired.mem_wmask);
        }
        // The core's own, which is the reference's wherever that is known.
        let effects = decode(retired.insn, &self.registers);
        same("rd", effects.rd, retired.rd)?;
        if retired.rd == 0 {
            same("rd_wdata without rd", 0, retired.rd_wdata)?;
        }
        let Some(access) = effects.access else {
            same("rmask of an instruction without access", 0, retired.mem_rmask)?;
            return same("wmask of an instruction without access", 0, retired.mem_wmask);
        };
        check_access(access, retired)
    }
}

/// `mem_addr` is the word's address, masks and data are by byte lane.
fn check_access(access: Access, retired: &Retired) -> Result<(), String> {
    let lane = 8 * (access.address & 3);
    let mask = ((1u32 << access.size) - 1) << (lane / 8);
    // A failed SC writes nothing; whether one with rd = x0 failed cannot be seen.
    let conditional = matches!(access.kind, Kind::Conditional(_));
    let failed = conditional && retired.mem_wmask == 0;
    if conditional && retired.rd != 0 {
        same("rd_wdata of sc", u32::from(failed), retired.rd_wdata)?;
    }
    same("rmask", if access.loads() { mask } else { 0 }, retired.mem_rmask)?;
    let old = access.extended(retired.mem_rdata >> lane);
    if access.loads() && retired.rd != 0 {
        same("rdata, against rd_wdata", retired.rd_wdata, old)?;
    }
    let stored = access.stored(old).filter(|_| !failed);
    same("wmask", if stored.is_some() { mask } else { 0 }, retired.mem_wmask)?;
    if let Some(stored) = stored {
        same("wdata", stored << lane & byte_mask(mask), retired.mem_wdata)?;
    }
    if !failed {
        same("mem_addr", access.address & !3, retired.mem_addr & !3)?;
    }
    Ok(())
}

fn same(what: &str, want: u32, have: u32) -> Result<(), String> {
    if want == have { Ok(()) } else { Err(format!("{what} is {have:x}, should be {want:x}")) }
}

impl Comparison {
    fn fail(&self, what: String) -> Box<Difference> {
        let mut window = String::new();
        for (step, retired) in &self.window {
            if let Some(step) = step {
                let (insn, text) = match &step.insn {
                    Some((insn, text)) => (format!("{insn:08x}"), &**text),
                    None if step.fetched => ("-".to_owned(), "(unreadable)"),
                    None => ("-".to_owned(), "(fetch failed)"),
                };
                let mode = step.mode.map_or("?".to_owned(), |mode| mode.to_string());
                let _ = write!(window, "ref  {:08x} {insn:>8} m{mode} {text}", step.pc);
                if let Some(interrupt) = step.interrupt {
                    let _ = write!(window, "  [interrupt {interrupt}]");
                }
                if let Some(trap) = step.trap {
                    let _ = write!(window, "  [trap {} {:08x}]", trap.cause, trap.value);
                }
                window.push('\n');
            }
            if let Some(r) = retired {
                let _ = writeln!(
                    window,
                    "core {:08x} {:>8} m{} x{}={:08x} mem {:08x} r{:x}:{:08x} w{:x}:{:08x} next {:08x}{}{}",
                    r.pc,
                    format!("{:08x}", r.insn),
                    r.mode,
                    r.rd,
                    r.rd_wdata,
                    r.mem_addr,
                    r.mem_rmask,
                    r.mem_rdata,
                    r.mem_wmask,
                    r.mem_wdata,
                    r.pc_wdata,
                    if r.trap { " trap" } else { "" },
                    if r.intr { " intr" } else { "" },
                );
            }
        }
        Box::new(Difference { after: self.summary.instructions, what, window })
    }
}
