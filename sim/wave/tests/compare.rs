//! Single properties of a comparison, on small files.

mod common;

use std::cell::RefCell;

use common::{Kind, Model, Var, write};
use covert_wave::{Difference, Error, Kind as Is, Options, OtherKind, Report, Window, diff};
use tempfile::TempDir;

/// Two bits and a vector in two scopes.
const HEAD: &str = "$timescale 1 ns $end
$scope module TOP $end
$var wire 1 ! clk $end
$scope module chip $end
$var wire 8 \" data [7:0] $end
$var wire 1 ! clock $end
$upscope $end
$scope module chip2 $end
$var wire 1 # valid $end
$upscope $end
$upscope $end
$enddefinitions $end
";

fn vcd(body: &str) -> String {
    format!("{HEAD}{}\n", body.trim().replace(' ', "\n").replace('_', " "))
}

fn compare(a: &str, b: &str, options: &Options) -> Result<Report, Error> {
    let folder = TempDir::new().unwrap();
    diff(&write(&folder, "a.vcd", a), &write(&folder, "b.vcd", b), options)
}

fn between(from: u64, to: u64) -> Options {
    Options { from: Some(from), to: Some(to), ..Options::default() }
}

fn inside(scopes: &[&str]) -> Options {
    Options { scopes: scopes.iter().map(|scope| scope.to_string()).collect(), ..Options::default() }
}

/// Paths and times of the differences.
fn found(report: &Report) -> Vec<(&str, u64)> {
    report.differences.iter().map(|first| (first.signal.as_str(), first.time)).collect()
}

const GOLDEN: &str = "#0 0! b0_\" x# #10 1! b101_\" 0# #20 0! b11_\" #30 1! #40";

#[test]
fn a_file_equals_itself() {
    let report = compare(&vcd(GOLDEN), &vcd(GOLDEN), &Options::default()).unwrap();
    assert_eq!((report.signals, report.equal, report.changes), (4, 4, 18));
    assert!(report.differences.is_empty() && !report.cut_a && !report.cut_b);
    assert_eq!(report.window, Window { from: 0, to: 40 });
    assert_eq!(report.timescale.unwrap().to_string(), "1 ns");
}

#[test]
fn a_flipped_bit_is_found_when_it_flips() {
    let faulty = vcd("#0 0! b0_\" x# #10 1! b101_\" 0# #15 b100_\" #20 0! b11_\" #30 1! #40");
    let report = compare(&vcd(GOLDEN), &faulty, &Options::default()).unwrap();
    let first = Difference {
        signal: "TOP.chip.data".into(),
        width: 8,
        time: 15,
        a: "00000101".into(),
        b: "00000100".into(),
    };
    assert_eq!(report.differences, [first]);
    assert_eq!((report.signals, report.equal), (4, 3));
    // The window's ends belong to it, and values are held when it begins.
    let in_window = |from, to| {
        let report = compare(&vcd(GOLDEN), &faulty, &between(from, to)).unwrap();
        assert_eq!(report.window, Window { from, to });
        report.differences.first().map(|first| first.time)
    };
    assert_eq!(in_window(0, 14), None);
    assert_eq!(in_window(0, 15), Some(15));
    assert_eq!(in_window(17, 18), Some(17));
    assert_eq!(in_window(19, 30), Some(19));
    assert_eq!(in_window(20, 40), None);
}

#[test]
fn the_last_value_at_a_time_counts() {
    let glitch = vcd("#0 0! b0_\" x# #10 1! b1_\" b101_\" 0# #20 1! 0! b11_\" #30 1! #40");
    let report = compare(&vcd(GOLDEN), &glitch, &Options::default()).unwrap();
    assert!(report.differences.is_empty());
    // Not if time goes on in between.
    let late = vcd("#0 0! b0_\" x# #10 1! b101_\" 0# #20 1! b11_\" #21 0! #30 1! #40");
    let report = compare(&vcd(GOLDEN), &late, &Options::default()).unwrap();
    assert_eq!(found(&report), [("TOP.chip.clock", 20), ("TOP.clk", 20)]);
}

#[test]
fn what_is_not_recorded_yet_does_not_differ() {
    let report =
        compare(&vcd("#0 0! #10 1# #20 #30"), &vcd("#5 0! #20 0# #30"), &Options::default());
    let report = report.unwrap();
    assert_eq!(report.window, Window { from: 5, to: 30 });
    assert_eq!(found(&report), [("TOP.chip2.valid", 20)]);
    assert_eq!(report.signals, 4);
}

#[test]
fn unknown_and_open_bits_compare_as_text() {
    let value = |value: &str| vcd(&format!("#0 {value} #1"));
    let first = |a: &str, b: &str| {
        let report = compare(&value(a), &value(b), &Options::default()).unwrap();
        report.differences.into_iter().next().map(|first| (first.a, first.b))
    };
    let texts = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    // Leading characters that VCD leaves out are the same as those written.
    assert_eq!(first("b00001x1z_\"", "b1X1Z_\""), None);
    assert_eq!(first("bx_\"", "bxxxxxxxx_\""), None);
    assert_eq!(first("bz01_\"", "bzzzzzz01_\""), None);
    assert_eq!(first("bx_\"", "b0x_\""), texts("xxxxxxxx", "0000000x"));
    assert_eq!(first("x#", "z#"), texts("x", "z"));
    assert_eq!(first("b1_\"", "buuuu--01_\""), texts("00000001", "uuuu--01"));
}

#[test]
fn reals_texts_and_events() {
    let head = "$scope module TOP $end $var real 64 ! r $end $var string 1 \" s $end
        $var event 1 # e $end $upscope $end $enddefinitions $end\n";
    let file = |body: &str| format!("{head}{}\n", body.replace(' ', "\n").replace('_', " "));
    let run = |a: &str, b: &str, options: &Options| {
        let report = compare(&file(a), &file(b), options).unwrap();
        let differences = report.differences.into_iter();
        differences.map(|d| (d.signal, d.width, d.time, d.a, d.b)).collect::<Vec<_>>()
    };
    let row = |signal: &str, width, time, a: &str, b: &str| {
        (format!("TOP.{signal}"), width, time, a.to_owned(), b.to_owned())
    };
    let all = Options::default();
    assert_eq!(
        run("#0 r1.5_! srun_\" #9", "#0 r1.50_! srun_\" #4 r-2_! sstop_\" #9", &all),
        [row("r", 64, 4, "1.5", "-2"), row("s", 0, 4, "run", "stop")]
    );
    assert_eq!(run("#0 rnan_! #1 r0_! #9", "#0 rNaN_! #1 r-0_! #9", &all), []);
    let (a, b) = ("#0 1# #3 1# #5 1# #9", "#0 1# #5 1# #7 1# #9");
    assert_eq!(run(a, b, &all), [row("e", 0, 3, "event", "none")]);
    assert_eq!(run(a, b, &between(4, 9)), [row("e", 0, 7, "none", "event")]);
    assert_eq!(run(a, b, &between(4, 6)), []);
    assert_eq!(run(a, b, &between(7, 7)), [row("e", 0, 7, "none", "event")]);
}

#[test]
fn signals_in_one_file_and_of_other_widths() {
    let head = |vars: &str| {
        let var = |var: &str| format!("$var {} $end\n", var.replace('_', " "));
        let vars: String = vars.split(' ').map(var).collect();
        format!("$scope module TOP $end\n{vars}$upscope $end $enddefinitions $end\n#0\n1!\n#9\n")
    };
    let a = head("wire_1_!_a wire_4_\"_w wire_2_#_only2 wire_2_$_only1 real_64_%_r");
    let b = head("wire_1_!_a wire_5_\"_w_[4:0] wire_2_#_other wire_64_%_r");
    let report = compare(&a, &b, &Options::default()).unwrap();
    assert_eq!((report.signals, report.equal), (1, 1));
    assert_eq!(report.only_a, ["TOP.only1", "TOP.only2"]);
    assert_eq!(report.only_b, ["TOP.other"]);
    let other = |signal: &str, a, b| OtherKind { signal: format!("TOP.{signal}"), a, b };
    let expected = [other("r", Is::Real, Is::Bits(64)), other("w", Is::Bits(4), Is::Bits(5))];
    assert_eq!(report.other_width, expected);
    let scoped =
        compare(&a.replace("1_!", "2_!").replace("wire 1 !", "wire 2 !"), &b, &inside(&["TOP"]));
    assert_eq!(scoped.unwrap().other_width.len(), 3, "nothing is left to compare");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["other_width"][1]["a"]["bits"], 4);
    assert_eq!(json["window"]["to"], 9);
}

#[test]
fn only_signals_in_the_scopes() {
    let faulty = vcd("#0 1! b1_\" 1# #40");
    let run = |scopes: &[&str]| {
        let report = compare(&vcd(GOLDEN), &faulty, &inside(scopes)).unwrap();
        (report.signals, report.differences.len())
    };
    assert_eq!(run(&[]), (4, 4));
    assert_eq!(run(&["TOP"]), (4, 4));
    assert_eq!(run(&["TOP.chip"]), (2, 2), "not TOP.chip2");
    assert_eq!(run(&["TOP.chip2", "TOP.chip"]), (3, 3));
    assert_eq!(run(&["TOP", "TOP.chip"]), (4, 4));
    for unknown in ["TOP.chi", "chip", "TOP.chip.data", "TOP.", ""] {
        let error = compare(&vcd(GOLDEN), &faulty, &inside(&["TOP", unknown])).unwrap_err();
        assert!(matches!(&error, Error::Scope { scope, .. } if scope == unknown), "{error}");
    }
}

#[test]
fn every_path_of_a_signal_is_reported() {
    // `clk` and `clock` are one signal in one file and two in the other.
    let split = vcd(GOLDEN).replace("! clock", "& clock").replace("#30", "#25\n0&\n#30");
    let report = compare(&vcd(GOLDEN), &split.replace("#25\n0&", "#25\n1&"), &Options::default());
    assert_eq!(found(&report.unwrap()), [("TOP.chip.clock", 25)]);
    let report = compare(&vcd(GOLDEN), &vcd("#0 0! #10 0! #40"), &Options::default()).unwrap();
    assert_eq!(found(&report), [("TOP.chip.clock", 10), ("TOP.clk", 10)]);
}

#[test]
fn names_with_indices_and_parts() {
    let file = |vars: &str, body: &str| {
        format!("$scope module T $end\n{vars}\n$upscope $end $enddefinitions $end\n{body}\n#9\n")
    };
    let a = "$var reg 8 ! m[0] [7:0] $end $var reg 8 \" m[1] [7:0] $end
        $var wire 2 # v [5:4] $end $var wire 2 % v [1:0] $end $var wire 4 & whole [3:0] $end";
    // Bits of one name side by side are one signal.
    let b = "$var reg 8 ! m[0][7:0] $end $var reg 8 \" m[1] $end
        $var wire 2 # v [5:4] $end $var wire 2 % v [1:0] $end
        $var wire 2 & whole [3:2] $end $var wire 2 ' whole [1:0] $end";
    let body = "#0\nb1 !\nb1 \"\nb1 #\nb10 %\n";
    let a = file(a, &format!("{body}b1001 &\n#3\nb0 &"));
    let b = file(b, &format!("{body}b10 &\nb1 '\n#3\nb0 &\n#4\nb0 '\nb0 \"\n#5\nb11 %"));
    let report = compare(&a, &b, &Options::default()).unwrap();
    assert_eq!(found(&report), [("T.whole", 3), ("T.m[1]", 4), ("T.v[1:0]", 5)]);
    assert_eq!(report.differences[0].b, "0001");
    assert_eq!((report.signals, report.only_a.len(), report.only_b.len()), (5, 0, 0));
    let report = compare(&a, &b, &inside(&["T.m"])).unwrap();
    assert_eq!(report.signals, 2);
    // Scopes without a name.
    let nameless = |text: &str| {
        let text = text.replace("$scope module T", "$scope module $end $scope module T");
        text.replace("$upscope", "$upscope $end $var wire 1 ~ x $end $upscope")
    };
    let report = compare(&nameless(&a), &b, &Options::default()).unwrap();
    assert_eq!((report.signals, report.only_a.as_slice()), (5, &["x".to_owned()][..]));
    let report = compare(&nameless(&a), &nameless(&b), &inside(&["T"])).unwrap();
    assert_eq!((report.signals, report.differences.len()), (5, 3));
}

#[test]
fn times_are_in_the_first_files_unit_if_they_can_be() {
    let fine = |body: &str| vcd(body).replace("1 ns", "10 ps");
    let run = |a: &str, b: &str| {
        let report = compare(a, b, &Options::default()).unwrap();
        let unit = report.timescale.clone().unwrap().to_string();
        (unit, report.window.to, report.differences.first().map(|first| first.time))
    };
    let coarse = vcd("#0 0! #2 1! #4");
    assert_eq!(run(&coarse, &fine("#0 0! #200 1! #400")), ("1 ns".into(), 4, None));
    assert_eq!(run(&coarse, &fine("#0 0! #100 1! #400")), ("1 ns".into(), 4, Some(1)));
    assert_eq!(run(&coarse, &fine("#0 0! #150 1! #400")), ("10 ps".into(), 400, Some(150)));
    assert_eq!(run(&fine("#0 0! #150 1! #401"), &coarse), ("10 ps".into(), 400, Some(150)));
    let none = coarse.replace("$timescale 1 ns $end", "");
    assert_eq!(run(&none, &fine("#0 0! #2 1! #4")), ("10 ps".into(), 4, None));
    let report = compare(&none, &none, &between(1, 3)).unwrap();
    assert_eq!((report.timescale, report.window), (None, Window { from: 1, to: 3 }));
}

#[test]
fn windows_in_which_nothing_is() {
    let run = |a: &str, b: &str, options: &Options| compare(&vcd(a), &vcd(b), options).unwrap_err();
    let error = run(GOLDEN, GOLDEN, &between(9, 8));
    assert_eq!(error.to_string(), "the window ends before it begins (9 to 8): swap the two times");
    let error = run(GOLDEN, GOLDEN, &between(41, 50)).to_string();
    assert!(error.contains("from 41 to 40 (in units of 1 ns)"), "{error}");
    let error = run("#0 0! #10", "#20 0! #30", &Options::default());
    assert!(matches!(error, Error::NoValue { ref path } if path.ends_with("b.vcd")), "{error}");
    let error = run("#0 #10", "#0 0! #30", &Options::default());
    assert!(matches!(error, Error::NoValue { ref path } if path.ends_with("a.vcd")), "{error}");
    let error = run("#0 0! #10", "#10 0! #30", &between(0, 9));
    assert!(matches!(error, Error::NoValue { .. }), "{error}");
    let other = vcd(GOLDEN).replace("TOP", "BOTTOM");
    let error = compare(&vcd(GOLDEN), &other, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::NoCommon { .. }), "{error}");
}

/// A counter with a bit flipped at a step, in a scope of each length of path.
fn counter(steps: u64, flipped: Option<u64>) -> Model {
    let var = |scope, name: &str, signal| Var { scope, name: name.into(), signal };
    let value = |step: u64| {
        let flip = if flipped == Some(step) { 1 << 40 } else { 0 };
        format!("{:080b}", u128::from(step ^ flip) * 0x1_0001)
    };
    Model {
        unit: Some((1, -9)),
        signals: vec![Kind::Bits(80), Kind::Bits(1)],
        vars: vec![
            var("TOP", "count [79:0]", 0),
            var("TOP.chip", "value", 0),
            var("TOP", "clk", 1),
        ],
        steps: (0..steps)
            .map(|step| (step * 10, vec![(0, value(step)), (1, (step % 2).to_string())]))
            .collect(),
        end: steps * 10,
    }
}

#[test]
fn fst_files_with_sections_and_aliases() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    counter(200, None).fst(&path("a.fst"), &[50, 51, 120]);
    counter(200, Some(130)).fst(&path("b.fst"), &[7]);
    let options = Options { from: Some(600), ..Options::default() };
    let report = diff(&path("a.fst"), &path("b.fst"), &options).unwrap();
    assert_eq!(found(&report), [("TOP.chip.value", 1300), ("TOP.count", 1300)]);
    assert_eq!(report.window, Window { from: 600, to: 2000 });
    for window in [between(0, 1299), between(1310, 2000), between(1310, 1310)] {
        let report = diff(&path("a.fst"), &path("b.fst"), &window).unwrap();
        assert!(report.differences.is_empty());
    }
    let report = diff(&path("a.fst"), &path("b.fst"), &between(1305, 1306)).unwrap();
    assert_eq!(found(&report), [("TOP.chip.value", 1305), ("TOP.count", 1305)]);
    // Against VCD, in which the value is written without its leading zeros.
    let text = write(&folder, "b.vcd", counter(200, Some(130)).vcd(true));
    let report = diff(&path("a.fst"), &text, &inside(&["TOP.chip"])).unwrap();
    assert_eq!(found(&report), [("TOP.chip.value", 1300)]);
    let report = diff(&path("b.fst"), &text, &Options::default()).unwrap();
    assert_eq!((report.signals, report.equal), (3, 3));
}

#[test]
fn an_fst_file_compressed_as_a_whole() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("a.fst");
    counter(200, None).fst(&plain, &[50]);
    let contents = std::fs::read(&plain).unwrap();
    // As gzip that leaves the bytes as they are.
    let mut packed = vec![254];
    packed.extend([0; 8]);
    packed.extend((contents.len() as u64).to_be_bytes());
    packed.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let length = u16::try_from(contents.len()).unwrap();
    packed.push(1);
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(contents);
    let length = packed.len() as u64 - 1;
    packed[1..9].copy_from_slice(&length.to_be_bytes());
    let packed = write(&folder, "packed.fst", packed);
    let report = diff(&plain, &packed, &Options::default()).unwrap();
    assert_eq!((report.signals, report.equal), (3, 3));
    assert_eq!(report.window, Window { from: 0, to: 2000 });
}

#[test]
fn progress_rises_to_the_end() {
    let folder = TempDir::new().unwrap();
    let file = write(&folder, "a.vcd", counter(5000, None).vcd(false));
    let told = RefCell::new(Vec::new());
    let tell = |done, total| told.borrow_mut().push((done, total));
    covert_wave::diff_with(&file, &file, &Options::default(), tell).unwrap();
    let told = told.into_inner();
    assert!(told.is_sorted() && (100..1000).contains(&told.len()), "{}", told.len());
    assert_eq!(told.last(), Some(&(50_000, 50_000)));
}
