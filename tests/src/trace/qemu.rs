//! The reference's side: QEMU running one instruction per translation block and logging its
//! registers before each (`-singlestep -d exec,cpu,int,nochain,in_asm`), read as a stream.
//!
//! The log has, for each instruction executed: on its first execution the disassembly, then a
//! line `Trace ...` whose flags hold the mode, then the registers. A trap appears as a line
//! `riscv_cpu_do_interrupt`, behind the instruction that raised it, or behind the last one
//! before an interrupt; a fetch that fails has that line only.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Error};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::rc::Rc;

use thiserror::Error;

use crate::program::BASE;

/// RV32IMAC with M, S and U and nothing else that QEMU 7.2 would switch on.
const CPU: &str = "rv32,pmp=off,mmu=on,f=off,d=off,h=off,sstc=off,zba=off,zbb=off,zbc=off,zbs=off";

/// More processor time than any program needs: about ten million instructions with a log.
const CPU_SECONDS: u32 = 200;

/// A synchronous exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// `mcause` or `scause`.
    pub cause: u32,
    /// `mtval` or `stval`.
    pub value: u32,
}

/// One instruction as the reference sees it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its address.
    pub pc: u32,
    /// It could be fetched.
    pub fetched: bool,
    /// Its encoding and disassembly, if QEMU's disassembler could read it: it reads data, as S, U or
    /// MPRV may, and so not from a page that is only executable.
    pub insn: Option<(u32, Rc<str>)>,
    /// Mode: 0 U, 1 S, 3 M; `None` if it could not be fetched.
    pub mode: Option<u32>,
    /// The exception it raised.
    pub trap: Option<Trap>,
    /// The interrupt that was taken just before it: its cause without the top bit.
    pub interrupt: Option<u32>,
    /// Registers before it; without meaning if it could not be fetched.
    pub before: [u32; 32],
}

/// What can go wrong with the reference.
#[derive(Debug, Error)]
pub enum QemuError {
    /// QEMU could not be started or read from.
    #[error("running qemu-system-riscv32 (Debian package qemu-system-misc)")]
    Io(#[from] Error),
    /// The log is not of the expected form.
    #[error("unexpected line in QEMU's log: {0:?}")]
    Log(String),
    /// A handler cannot be fetched, so that the program traps for ever.
    #[error("the handler at {0:#010x} cannot be fetched")]
    Handler(u32),
}

/// A running QEMU; killed when dropped.
#[derive(Debug)]
pub struct Qemu {
    child: Child,
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Qemu {
    fn command(elf: &Path, serial: &OsStr) -> Command {
        // A program that does not end must not outlive a test that was killed: QEMU ignores that
        // nobody reads its log any more.
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -t {CPU_SECONDS}; exec \"$0\" \"$@\"")]);
        command
            .arg("qemu-system-riscv32")
            .args(["-M", "virt", "-m", "32", "-bios", "none", "-display", "none"]);
        command.args(["-monitor", "none", "-no-reboot", "-cpu", CPU, "-serial"]).arg(serial);
        command.arg("-kernel").arg(elf).stdin(Stdio::null());
        command
    }

    /// Starts QEMU on `elf` with its console dropped; the log comes from the second value.
    ///
    /// # Errors
    /// If QEMU cannot be started.
    pub fn trace(elf: &Path) -> Result<(Self, BufReader<ChildStdout>), QemuError> {
        let mut child = Self::command(elf, OsStr::new("null"))
            .args(["-singlestep", "-d", "exec,cpu,int,nochain,in_asm", "-D", "/dev/stdout"])
            .stdout(Stdio::piped())
            .spawn()?;
        let log = child.stdout.take().ok_or_else(|| Error::other("no pipe"))?;
        Ok((Self { child }, BufReader::with_capacity(1 << 17, log)))
    }

    /// Waits for the end; true if the program wrote success to the exit device.
    ///
    /// # Errors
    /// If QEMU cannot be waited for.
    pub fn succeeded(mut self) -> Result<bool, QemuError> {
        Ok(self.child.wait()?.success())
    }

    /// Starts QEMU on `elf` without a log; its console is the child's standard output.
    ///
    /// # Errors
    /// If QEMU cannot be started.
    pub fn console(elf: &Path) -> Result<Child, QemuError> {
        Ok(Self::command(elf, OsStr::new("stdio")).stdout(Stdio::piped()).spawn()?)
    }
}

/// The instructions in a log, from the first one in RAM on.
pub fn parse_log(input: impl BufRead) -> impl Iterator<Item = Result<Step, QemuError>> {
    let mut parser = Parser {
        input,
        line: Vec::new(),
        fresh: None,
        code: HashMap::new(),
        open: None,
        interrupt: None,
        started: false,
    };
    std::iter::from_fn(move || parser.next())
}

/// An address, and what stands there, if it could be read.
type Code = (u32, Option<(u32, Rc<str>)>);

struct Parser<R> {
    input: R,
    line: Vec<u8>,
    /// The disassembly that waits for the block it belongs to.
    fresh: Option<Code>,
    /// The instruction in each translated block, by the block's address in QEMU: what stands at an
    /// address of the program depends on its page tables.
    code: HashMap<u64, Code>,
    /// The instruction whose registers are being read or which may still trap.
    open: Option<Step>,
    interrupt: Option<u32>,
    started: bool,
}

impl<R: BufRead> Parser<R> {
    fn next(&mut self) -> Option<Result<Step, QemuError>> {
        loop {
            self.line.clear();
            match self.input.read_until(b'\n', &mut self.line) {
                Ok(0) => return self.open.take().map(Ok),
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
            match self.take_line() {
                Ok(None) => {}
                Ok(Some(step)) => return Some(Ok(step)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn malformed(&self) -> QemuError {
        QemuError::Log(String::from_utf8_lossy(&self.line).trim_end().to_owned())
    }

    fn take_line(&mut self) -> Result<Option<Step>, QemuError> {
        if let Some(registers) = self.line.strip_prefix(b" x") {
            if let Some(step) = &mut self.open {
                // ` x8/s0    00000000 x9/s1    ...`: four of 18 bytes after a blank.
                let end = registers.iter().position(|&b| b == b'/');
                let first = end.and_then(|end| decimal(&registers[..end]));
                let fields = (0..4).map(|i| hex(self.line.get(10 + 18 * i..18 + 18 * i)?));
                for (i, value) in fields.enumerate() {
                    let slot = first.and_then(|first| step.before.get_mut(first + i));
                    match (slot, value) {
                        (Some(slot), Some(value)) => *slot = value,
                        _ => return Err(self.malformed()),
                    }
                }
            }
            return Ok(None);
        }
        if self.line.starts_with(b"Trace ") {
            return self.executed();
        }
        if self.line.starts_with(b"0x") {
            self.disassembly()?;
        } else if self.line.starts_with(b"Stopped execution") {
            // The block was entered and left before its instruction, to look for interrupts.
            if let Some(step) = self.open.take() {
                self.interrupt = step.interrupt;
            }
        } else if self.line.starts_with(b"riscv_cpu_do_interrupt") {
            return self.trapped();
        }
        Ok(None)
    }

    /// `Trace 0: 0xBLOCK [00000000/PC/FLAGS/..]`: the low bits of FLAGS are the mode.
    fn executed(&mut self) -> Result<Option<Step>, QemuError> {
        let fields = self.line.iter().position(|&b| b == b'[').and_then(|at| {
            let block = std::str::from_utf8(self.line.get(11..at)?).ok()?.trim();
            Some((
                u64::from_str_radix(block, 16).ok()?,
                hex(self.line.get(at + 10..at + 18)?)?,
                hex(self.line.get(at + 19..at + 27)?)?,
            ))
        });
        let Some((block, pc, flags)) = fields else { return Err(self.malformed()) };
        if let Some(code) = self.fresh.take_if(|code| code.0 == pc) {
            self.code.insert(block, code);
        }
        self.started |= pc >= BASE;
        if !self.started {
            return Ok(None);
        }
        let before = self.open.as_ref().map_or([0; 32], |step| step.before);
        let step = Step {
            pc,
            fetched: true,
            insn: self.code.get(&block).filter(|code| code.0 == pc).and_then(|code| code.1.clone()),
            mode: Some(flags & 3),
            trap: None,
            interrupt: self.interrupt.take(),
            before,
        };
        Ok(self.open.replace(step))
    }

    /// `0x80000004:  0ac28293          addi  t0,t0,172`, or `0x80000004:  Address 0x80000004 is out
    /// of bounds.`
    fn disassembly(&mut self) -> Result<(), QemuError> {
        let text = String::from_utf8_lossy(&self.line);
        let mut words = text.split_ascii_whitespace();
        let pc = words.next().and_then(|w| w.strip_prefix("0x")?.strip_suffix(':'));
        let pc = pc.and_then(|pc| u32::from_str_radix(pc, 16).ok());
        let Some(pc) = pc else { return Err(self.malformed()) };
        let insn = match words.next() {
            Some("Address") => None,
            Some(word) => match u32::from_str_radix(word, 16) {
                // Of an instruction on two pages the second half reads 0 if it is not readable.
                Ok(insn) if pc & 0xFFF == 0xFFE && insn & 3 == 3 && insn >> 16 == 0 => None,
                Ok(insn) => Some((insn, words.collect::<Vec<_>>().join(" ").into())),
                Err(_) => return Err(self.malformed()),
            },
            None => return Err(self.malformed()),
        };
        self.fresh = Some((pc, insn));
        Ok(())
    }

    /// `riscv_cpu_do_interrupt: hart:0, async:0, cause:00000001, epc:0x.., tval:0x.., desc=..`
    fn trapped(&mut self) -> Result<Option<Step>, QemuError> {
        let text = String::from_utf8_lossy(&self.line);
        let field = |name: &str| {
            let rest = &text[text.find(name)? + name.len()..];
            let rest = rest.strip_prefix("0x").unwrap_or(rest);
            let end = rest.find(',').unwrap_or(rest.len());
            u32::from_str_radix(rest[..end].trim(), 16).ok()
        };
        let fields = (field("async:"), field("cause:"), field("epc:"), field("tval:"));
        let (Some(is_interrupt), Some(cause), Some(epc), Some(value)) = fields else {
            return Err(self.malformed());
        };
        if is_interrupt != 0 {
            self.interrupt = Some(cause);
            return Ok(None);
        }
        let trap = Some(Trap { cause, value });
        match &mut self.open {
            Some(step) if step.pc == epc && step.trap.is_none() => step.trap = trap,
            Some(step) if step.pc == epc && !step.fetched => return Err(QemuError::Handler(epc)),
            Some(_) => {
                let fetch = Step {
                    pc: epc,
                    fetched: false,
                    insn: None,
                    mode: None,
                    trap,
                    interrupt: self.interrupt.take(),
                    before: [0; 32],
                };
                return Ok(self.open.replace(fetch));
            }
            None => {}
        }
        Ok(None)
    }
}

fn decimal(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | (digit as char).to_digit(16)?))
}
