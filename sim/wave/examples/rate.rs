//! How fast large files compare, some hundred megabytes of them: `cargo run --release -p covert-wave --example rate`

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use covert_wave::{Options, diff};
use fst_writer::{
    FstFileType, FstInfo, FstScopeType, FstSignalType, FstVarDirection, FstVarType, open_fst,
};

const SIGNALS: usize = 5_000;
const STEPS: u64 = 20_000;
/// One signal in so many changes at a step.
const IDLE: usize = 10;
/// Steps in a section of FST.
const SECTION: u64 = 5_000;

/// As flip-flops of a chip: half of one bit, most others of 32.
fn width(signal: usize) -> u32 {
    [1, 32, 1, 8, 1, 64, 1, 32][signal % 8]
}

/// Calls for each change with step, signal and value; the second file has one bit flipped near the end.
fn changes(faulty: bool, mut change: impl FnMut(u64, usize, &[u8])) {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut text = Vec::new();
    for step in 0..STEPS {
        let active = |signal: &usize| (signal + step as usize * 7).is_multiple_of(IDLE);
        for signal in (0..SIGNALS).filter(|signal| step == 0 || active(signal)) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let flip = u64::from(faulty && step == STEPS - 100 && signal % 1000 < 10);
            text.clear();
            let value = random ^ flip << (width(signal) - 1);
            let bits = (0..width(signal)).rev().map(|bit| b'0' + (value >> bit & 1) as u8);
            text.extend(bits);
            change(step, signal, &text);
        }
    }
}

fn write_fst(path: &Path, faulty: bool) {
    let info = FstInfo {
        start_time: 0,
        timescale_exponent: -9,
        version: String::new(),
        date: String::new(),
        file_type: FstFileType::Verilog,
    };
    let mut header = open_fst(path, &info).unwrap();
    header.scope("TOP", "", FstScopeType::Module).unwrap();
    let mut var = |signal: usize| {
        let kind = FstSignalType::bit_vec(width(signal));
        let name = format!("s{signal}");
        header.var(name, kind, FstVarType::Wire, FstVarDirection::Implicit, None).unwrap()
    };
    let ids: Vec<_> = (0..SIGNALS).map(&mut var).collect();
    header.up_scope().unwrap();
    let mut body = header.finish().unwrap();
    let mut now = 0;
    changes(faulty, |step, signal, value| {
        if step != now {
            if step % SECTION == 0 {
                body.flush().unwrap();
            }
            body.time_change(step * 10).unwrap();
            now = step;
        }
        body.signal_change(ids[signal], value).unwrap();
    });
    body.finish().unwrap();
}

fn write_vcd(path: &Path, faulty: bool) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "$timescale 1 ns $end\n$scope module TOP $end").unwrap();
    let id = |signal: usize| {
        let digit = |number: usize| char::from(b'!' + (number % 94) as u8);
        [digit(signal), digit(signal / 94)].iter().collect::<String>()
    };
    for signal in 0..SIGNALS {
        writeln!(file, "$var wire {} {} s{signal} $end", width(signal), id(signal)).unwrap();
    }
    writeln!(file, "$upscope $end\n$enddefinitions $end").unwrap();
    let mut now = u64::MAX;
    changes(faulty, |step, signal, value| {
        if step != now {
            writeln!(file, "#{}", step * 10).unwrap();
            now = step;
        }
        let value = str::from_utf8(value).unwrap();
        let value = if value.len() == 1 { value.into() } else { format!("b{value} ") };
        writeln!(file, "{value}{}", id(signal)).unwrap();
    });
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_fst(&path("a.fst"), false);
    write_fst(&path("b.fst"), true);
    write_vcd(&path("b.vcd"), true);
    for (a, b) in [("a.fst", "b.fst"), ("a.fst", "b.vcd")] {
        let size = |name: &str| std::fs::metadata(path(name)).unwrap().len();
        let megabytes = (size(a) + size(b)) as f64 / 1e6;
        let start = Instant::now();
        let report = diff(&path(a), &path(b), &Options::default()).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(report.differences.len(), 50 / 10);
        println!(
            "{a} {b}: {} signals, {megabytes:.0} MB, {:.1} million changes in {seconds:.2} s: \
             {:.1} million changes/s, {:.0} MB/s",
            report.signals,
            report.changes as f64 / 1e6,
            report.changes as f64 / 1e6 / seconds,
            megabytes / seconds,
        );
    }
}
