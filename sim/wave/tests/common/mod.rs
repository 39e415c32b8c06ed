//! Waveforms made up for tests, written as VCD and FST.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod reference;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fst_writer::{
    FstFileType, FstInfo, FstScopeType, FstSignalId, FstSignalType, FstVarDirection, FstVarType,
    open_fst,
};

/// What a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bits(u32),
    Real,
    Text,
}

/// A path of a signal.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub(crate) scope: &'static str,
    /// With its range, if any.
    pub(crate) name: String,
    pub(crate) signal: usize,
}

/// A waveform.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// Factor and power of ten of a second.
    pub(crate) unit: Option<(u32, i8)>,
    pub(crate) signals: Vec<Kind>,
    pub(crate) vars: Vec<Var>,
    /// Times never fall. Bits are full.
    pub(crate) steps: Vec<(u64, Vec<(usize, String)>)>,
    pub(crate) end: u64,
}

impl Model {
    /// Every signal has a value at time 0, as in any FST file, and time goes on: the writer loses the start otherwise.
    pub(crate) fn with_start(mut self) -> Self {
        let recorded = |signal: &usize| self.vars.iter().any(|var| var.signal == *signal);
        let start = (0..self.signals.len()).filter(recorded).map(|signal| {
            let value = match self.signals[signal] {
                Kind::Bits(width) => "x".repeat(width as usize),
                Kind::Real => "0".into(),
                Kind::Text => "none".into(),
            };
            (signal, value)
        });
        let start = start.collect();
        self.steps.insert(0, (0, start));
        self.end = self.end.max(1);
        self
    }

    /// As VCD; `short` leaves out the characters that readers add in front.
    pub(crate) fn vcd(&self, short: bool) -> String {
        let mut text = String::from("$date today $end\n");
        if let Some((factor, exponent)) = self.unit {
            let unit =
                ["s", "ms", "us", "ns", "ps", "fs"][usize::from(exponent.unsigned_abs()) / 3];
            let _ = writeln!(text, "$timescale {factor} {unit} $end");
        }
        for var in &self.vars {
            let scopes: Vec<_> = var.scope.split('.').collect();
            for scope in &scopes {
                let _ = writeln!(text, "$scope module {scope} $end");
            }
            let (kind, width) = match self.signals[var.signal] {
                Kind::Bits(width) => ("wire", width),
                Kind::Real => ("real", 64),
                Kind::Text => ("string", 1),
            };
            let _ = writeln!(text, "$var {kind} {width} {} {} $end", id(var.signal), var.name);
            text += &"$upscope $end\n".repeat(scopes.len());
        }
        text += "$enddefinitions $end\n";
        for (time, changes) in &self.steps {
            let _ = writeln!(text, "#{time}");
            for (signal, value) in changes {
                let id = id(*signal);
                let _ = match self.signals[*signal] {
                    Kind::Bits(1) => writeln!(text, "{value}{id}"),
                    Kind::Bits(_) if short => writeln!(text, "b{} {id}", shortened(value)),
                    Kind::Bits(_) => writeln!(text, "b{value} {id}"),
                    Kind::Real => writeln!(text, "r{value} {id}"),
                    Kind::Text => writeln!(text, "s{value} {id}"),
                };
            }
        }
        let _ = writeln!(text, "#{}", self.end);
        text
    }

    /// As FST with a section that ends before each of some steps. Texts cannot be written.
    pub(crate) fn fst(&self, path: &Path, sections: &[usize]) {
        let (factor, exponent) = self.unit.expect("FST has a unit");
        let info = FstInfo {
            start_time: 0,
            timescale_exponent: exponent + factor.ilog10() as i8,
            version: "test".into(),
            date: "today".into(),
            file_type: FstFileType::Verilog,
        };
        let mut header = open_fst(path, &info).unwrap();
        let mut ids: Vec<Option<FstSignalId>> = vec![None; self.signals.len()];
        for var in &self.vars {
            let scopes: Vec<_> = var.scope.split('.').collect();
            for scope in &scopes {
                header.scope(scope, "", FstScopeType::Module).unwrap();
            }
            let (signal, kind) = match self.signals[var.signal] {
                Kind::Bits(width) => (FstSignalType::bit_vec(width), FstVarType::Wire),
                Kind::Real => (FstSignalType::real(), FstVarType::Real),
                Kind::Text => panic!("no texts"),
            };
            let id = &mut ids[var.signal];
            *id =
                Some(header.var(&var.name, signal, kind, FstVarDirection::Implicit, *id).unwrap());
            scopes.iter().for_each(|_| header.up_scope().unwrap());
        }
        let mut body = header.finish().unwrap();
        let mut before = 0;
        for (number, (time, changes)) in self.steps.iter().enumerate() {
            // The writer can end a section only where time goes on.
            if before > 0 && before < *time && sections.contains(&number) {
                body.flush().unwrap();
            }
            body.time_change(*time).unwrap();
            before = *time;
            for (signal, value) in changes {
                let Some(id) = ids[*signal] else { continue };
                match self.signals[*signal] {
                    Kind::Real => {
                        let number: f64 = value.parse().unwrap();
                        body.signal_change(id, &number.to_le_bytes()).unwrap();
                    }
                    _ => body.signal_change(id, value.as_bytes()).unwrap(),
                }
            }
        }
        body.time_change(self.end).unwrap();
        body.finish().unwrap();
    }

    /// An FST file has this waveform's times. The writer spoils them if they are as long compressed as they were.
    pub(crate) fn has_times(&self, path: &Path) -> bool {
        let times: BTreeSet<u64> = self.steps.iter().map(|step| step.0).chain([self.end]).collect();
        let read =
            catch_unwind(|| wellen::simple::read(path).map(|wave| wave.time_table().to_vec()));
        matches!(read, Ok(Ok(read)) if read.iter().eq(&times))
    }
}

/// The identifier of a signal in VCD.
pub(crate) fn id(signal: usize) -> String {
    char::from(b'!' + u8::try_from(signal).unwrap()).into()
}

/// Without the characters in front that a reader adds again.
fn shortened(value: &str) -> &str {
    let bytes = value.as_bytes();
    let same = bytes.iter().take_while(|byte| **byte == bytes[0]).count();
    match bytes[0] {
        b'x' | b'z' => &value[same - 1..],
        b'0' if same == bytes.len() => "0",
        b'0' if bytes[same] == b'1' => &value[same..],
        b'0' => &value[same - 1..],
        _ => value,
    }
}

/// Writes a text to a file of a folder.
pub(crate) fn write(folder: &tempfile::TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}
