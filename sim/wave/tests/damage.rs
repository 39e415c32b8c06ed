//! Files that are cut, spoilt or something else: an error or a report, never a panic, and one line each.

mod common;

use std::path::Path;

use common::{Kind, Model, Var, write};
use covert_wave::{Error, Options, Report, diff};
use tempfile::TempDir;

/// A few signals, and values long enough that sections are compressed.
fn model() -> Model {
    let var = |scope, name: &str, signal| Var { scope, name: name.into(), signal };
    let value = |step: u64| format!("{:033b}", step.wrapping_mul(0x9E37_79B9) & 0x1_FFFF_FFFF);
    Model {
        unit: Some((1, -9)),
        signals: vec![Kind::Bits(33), Kind::Bits(1), Kind::Real],
        vars: vec![var("TOP", "word [32:0]", 0), var("TOP.chip", "bit", 1), var("TOP", "real", 2)],
        steps: (0..60)
            .map(|step| {
                let bit = ["0", "1", "x", "z"][step as usize % 4].to_owned();
                (step * 5, vec![(0, value(step)), (1, bit), (2, format!("{}.5", step / 3))])
            })
            .collect(),
        end: 300,
    }
}

/// What came of two files. An error is one line that names a file.
fn outcome(a: &Path, b: &Path) -> Result<Report, Error> {
    let result = diff(a, b, &Options::default());
    if let Err(error) = &result {
        let text = error.to_string();
        assert!(!text.contains('\n') && text.len() < 500, "{text}");
        assert!(text.contains(b.to_str().unwrap()), "{text}");
    }
    result
}

#[test]
fn fst_files_cut_at_every_byte() {
    let folder = TempDir::new().unwrap();
    let whole = folder.path().join("whole.fst");
    model().fst(&whole, &[20, 40]);
    let bytes = std::fs::read(&whole).unwrap();
    for length in 0..bytes.len() {
        let cut = write(&folder, "cut.fst", &bytes[..length]);
        let error = outcome(&whole, &cut).expect_err("a part of it is not there");
        let expected = matches!(error, Error::Damaged { .. } | Error::Format { .. });
        assert!(expected && (length >= 9) == matches!(error, Error::Damaged { .. }), "{error}");
    }
}

#[test]
fn vcd_files_cut_at_every_byte() {
    let folder = TempDir::new().unwrap();
    let whole = write(&folder, "whole.vcd", model().vcd(true));
    let text = model().vcd(true);
    let body = text.find("#0\n").unwrap();
    for length in 0..text.len() {
        let cut = write(&folder, "cut.vcd", &text[..length]);
        match outcome(&whole, &cut) {
            Ok(report) => {
                let whole_line = text[..length].ends_with('\n');
                assert_eq!(report.cut_b, !whole_line);
                // What is there is as it was. A cut between two lines cannot be seen.
                let mut times = report.differences.iter().map(|first| first.time);
                let as_it_was = times.all(|time| whole_line && time == report.window.to);
                assert!(as_it_was && length > body, "{length}: {:?}", report.differences);
            }
            Err(Error::Damaged { .. }) => assert!((5..body + 80).contains(&length), "{length}"),
            Err(Error::Format { .. }) => assert!(length < 5, "{length}"),
            Err(Error::NoValue { .. }) => assert!((body..body + 80).contains(&length), "{length}"),
            Err(error) => panic!("{length}: {error}"),
        }
    }
}

#[test]
fn spoilt_bytes() {
    let folder = TempDir::new().unwrap();
    let whole = folder.path().join("whole.fst");
    model().fst(&whole, &[20]);
    let fst = std::fs::read(&whole).unwrap();
    let vcd = model().vcd(false).into_bytes();
    for (bytes, name) in [(fst, "spoilt.fst"), (vcd, "spoilt.vcd")] {
        for (at, flip) in (0..bytes.len()).step_by(3).zip([1, 0x10, 0xc1].into_iter().cycle()) {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= flip;
            let _ = outcome(&whole, &write(&folder, name, &spoilt));
        }
    }
}

#[test]
fn files_that_are_no_waveforms() {
    let folder = TempDir::new().unwrap();
    let good = write(&folder, "good.vcd", model().vcd(false));
    let refused =
        |name: &str, contents: &[u8]| outcome(&good, &write(&folder, name, contents)).unwrap_err();
    for contents in [&b""[..], b"\0", b"\x7fELF", b"hello", b"$hello $end\n", b"#0\n1!\n", b"  \n"]
    {
        let error = refused("other", contents);
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
    assert!(matches!(refused("ghw", b"GHDLwave\n\x10\n"), Error::Ghw { .. }));
    for contents in [&b"$date"[..], b"$date\n", b"$var wire 1 ! a $end\n"] {
        let error = refused("cut", contents);
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
    let error = outcome(&good, folder.path()).unwrap_err();
    assert!(error.to_string().ends_with(": is not a file"), "{error}");
    let error = outcome(&good, &folder.path().join("none.fst")).unwrap_err();
    assert!(error.to_string().ends_with("none.fst: no such file"), "{error}");
    // The reader stops with a panic here.
    let broken = "$scope module TOP $end $upscope $end $upscope $end $upscope $end
        $enddefinitions $end\n";
    let error = refused("broken", broken.as_bytes());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}
