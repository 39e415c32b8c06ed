//! Random pairs of waveforms against the slow reference, and the same pairs as FST.

mod common;

use std::collections::BTreeSet;

use common::reference::{Expected, Refusal, expect};
use common::{Kind, Model, Var, write};
use covert_wave::{Error, Options, Report, diff};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const SCOPES: [&str; 5] = ["TOP", "TOP.chip", "TOP.chip.core", "TOP.chip2", "TB"];

/// A signal and how each file has it.
#[derive(Clone, Debug)]
struct Spec {
    kind: Kind,
    scope: &'static str,
    in_a: bool,
    in_b: bool,
    /// Another width in the second file.
    wider: bool,
    /// A second path in each file.
    alias: [bool; 2],
    /// 0: no range, 1: after a space, 2: without one.
    range: [u8; 2],
}

/// A change of a signal to one of few values.
type Change = (Index, u8);

#[derive(Clone, Debug)]
struct Case {
    specs: Vec<Spec>,
    units: [Option<(u32, i8)>; 2],
    /// Time since the step before, and changes.
    steps: Vec<(u64, Vec<Change>)>,
    /// More changes of the second file: step, and whether its own changes are kept.
    edits: Vec<(Index, bool, Vec<Change>)>,
    shift: u64,
    rest: [u64; 2],
    short: [bool; 2],
    sections: Vec<usize>,
    options: Options,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::Bits(1)),
        6 => (1..=80_u32).prop_map(Kind::Bits),
        1 => Just(Kind::Real),
        1 => Just(Kind::Text),
    ]
}

prop_compose! {
    fn spec()(
        kind in kind(),
        scope in select(&SCOPES[..]),
        in_a in prop::bool::weighted(0.9),
        in_b in prop::bool::weighted(0.9),
        wider in prop::bool::weighted(0.1),
        alias in any::<[bool; 2]>(),
        range in [0..3_u8, 0..3_u8],
    ) -> Spec {
        Spec { kind, scope, in_a, in_b, wider, alias, range }
    }
}

fn unit() -> impl Strategy<Value = Option<(u32, i8)>> {
    prop_oneof![
        4 => Just(Some((1, -9))),
        2 => Just(Some((10, -9))),
        2 => Just(Some((100, -12))),
        1 => Just(None),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let time = || prop::option::of(0..40_u64);
    let scope = prop_oneof![
        12 => select(&SCOPES[..]).prop_map(str::to_owned),
        1 => Just("TOP.chi".to_owned()),
    ];
    (time(), time(), prop::collection::vec(scope, 0..3)).prop_map(|(from, to, scopes)| {
        let swapped = from.zip(to).is_some_and(|(from, to)| from > to + 20);
        let (from, to) = if swapped { (to, from) } else { (from, to) };
        Options { from, to, scopes }
    })
}

prop_compose! {
    fn case()(
        specs in prop::collection::vec(spec(), 1..7),
        units in [unit(), unit()],
        steps in prop::collection::vec(
            (0..4_u64, prop::collection::vec(any::<Change>(), 0..6)), 0..16),
        edits in prop::collection::vec(
            (any::<Index>(), any::<bool>(), prop::collection::vec(any::<Change>(), 0..3)), 0..4),
        shift in prop_oneof![4 => Just(0), 1 => 0..30_u64],
        rest in [0..5_u64, 0..5_u64],
        short in any::<[bool; 2]>(),
        sections in prop::collection::vec(1..16_usize, 0..3),
        options in options(),
    ) -> Case {
        Case { specs, units, steps, edits, shift, rest, short, sections, options }
    }
}

/// One of few values of a kind.
fn value(kind: Kind, choice: u8) -> String {
    let Kind::Bits(width) = kind else {
        let reals = ["0", "-0", "1.5", "-2.25", "1e300"];
        let texts = ["idle", "run", "a_b", "-", "x"];
        let list = if kind == Kind::Real { reals } else { texts };
        return list[usize::from(choice) % 5].into();
    };
    let pattern = ["0", "1", "x", "z", "01", "0x", "zx1", "10010", "000000000000001"];
    let pattern = pattern[usize::from(choice) % pattern.len()];
    pattern.chars().cycle().take(width as usize).collect::<Vec<_>>().into_iter().rev().collect()
}

impl Case {
    /// The first or the second waveform.
    fn model(&self, file: usize) -> Model {
        let kind = |spec: &Spec| match spec.kind {
            Kind::Bits(width) if spec.wider && file == 1 => Kind::Bits(width + 1),
            kind => kind,
        };
        let signals: Vec<Kind> = self.specs.iter().map(kind).collect();
        let mut vars = Vec::new();
        for (signal, spec) in self.specs.iter().enumerate() {
            if ![spec.in_a, spec.in_b][file] {
                continue;
            }
            let mut name = format!("s{signal}");
            if let Kind::Bits(width @ 2..) = signals[signal] {
                name += &match spec.range[file] {
                    0 => String::new(),
                    1 => format!(" [{}:0]", width - 1),
                    _ => format!("[{}:4]", width + 3),
                };
            }
            vars.push(Var { scope: spec.scope, name, signal });
            if spec.alias[file] {
                vars.push(Var { scope: "TOP.chip", name: format!("t{signal}"), signal });
            }
        }
        // Times in units of 100 ps, then in the file's.
        let unit = self.units[file].or(self.units[1 - file]);
        let coarse = match unit {
            Some((10, _)) => 100,
            Some((1, _)) => 10,
            _ => 1,
        };
        let finest = if self.units.contains(&Some((100, -12))) { 10 } else { 1 };
        let mut time = self.shift * 3 * finest * file as u64;
        let mut steps = Vec::new();
        for (number, (pause, changes)) in self.steps.iter().enumerate() {
            time += pause * finest * 7;
            let edits = self
                .edits
                .iter()
                .filter(|(step, ..)| file == 1 && step.index(self.steps.len()) == number);
            let keep = edits.clone().all(|(_, keep, _)| *keep);
            let own = changes.iter().filter(|_| keep);
            let all = own.chain(edits.flat_map(|(.., changes)| changes));
            let all = all.map(|(signal, choice)| {
                let signal = signal.index(signals.len());
                (signal, value(signals[signal], *choice))
            });
            let in_file = |(signal, _): &(usize, String)| {
                [self.specs[*signal].in_a, self.specs[*signal].in_b][file]
            };
            steps.push((time / coarse, all.filter(in_file).collect::<Vec<_>>()));
        }
        let end = time / coarse + self.rest[file];
        Model { unit: self.units[file], signals, vars, steps, end }
    }
}

/// A report in the form of what is expected, with times in common units.
fn seen(report: &Report, scale_a: u64, unit_a: Option<(u32, i8)>) -> Expected {
    let times = report.differences.iter().map(|difference| difference.time);
    let mut scale = 1;
    if let (Some(unit), Some((factor, exponent))) = (&report.timescale, unit_a) {
        let name = if exponent == -9 { "ns" } else { "ps" };
        if (unit.factor, unit.unit.as_str()) == (factor.into(), name) {
            scale = scale_a;
        } else {
            // The finer unit is there because a time needs it.
            let mut times = times.chain([report.window.from, report.window.to]);
            assert!(times.any(|time| time % scale_a != 0), "{report:?}");
        }
    }
    let mut sorted = report.differences.clone();
    sorted.sort_by_key(|difference| (difference.time, difference.signal.clone()));
    assert_eq!(sorted, report.differences);
    assert_eq!(report.equal + report.differences.len(), report.signals);
    Expected {
        from: report.window.from * scale,
        to: report.window.to * scale,
        signals: report.signals,
        differences: sorted
            .into_iter()
            .map(|first| (first.time * scale, first.signal, first.a, first.b))
            .collect::<BTreeSet<_>>(),
        only_a: report.only_a.clone(),
        only_b: report.only_b.clone(),
        other: report.other_width.iter().map(|other| other.signal.clone()).collect(),
    }
}

fn refusal(error: &Error) -> Option<Refusal> {
    Some(match error {
        Error::Window { .. } => Refusal::Window,
        Error::Scope { .. } => Refusal::Scope,
        Error::NoCommon { .. } => Refusal::NoCommon,
        Error::NoValue { .. } => Refusal::NoValue,
        Error::NoOverlap { .. } => Refusal::NoOverlap,
        _ => return None,
    })
}

fn check(result: &Result<Report, Error>, a: &Model, texts: [&str; 2], options: &Options) {
    let expected = expect(texts[0], texts[1], options);
    let result = result.as_ref();
    match expected {
        Err(expected) => assert_eq!(result.err().and_then(refusal), Some(expected), "{result:?}"),
        Ok((expected, scale)) => {
            let report = result.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(seen(report, scale, a.unit), expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn vcd_files_compare_as_the_reference_says(case in case()) {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (case.model(0), case.model(1));
        let (text_a, text_b) = (a.vcd(case.short[0]), b.vcd(case.short[1]));
        let (file_a, file_b) = (write(&folder, "a", &text_a), write(&folder, "b", &text_b));
        let result = diff(&file_a, &file_b, &case.options);
        check(&result, &a, [&text_a, &text_b], &case.options);
    }

    #[test]
    fn fst_files_compare_as_vcd_files_do(mut case in case()) {
        case.specs.iter_mut().filter(|spec| spec.kind == Kind::Text).for_each(|spec| {
            spec.kind = Kind::Bits(33);
        });
        case.units.iter_mut().for_each(|unit| _ = unit.get_or_insert((1, -9)));
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (case.model(0).with_start(), case.model(1).with_start());
        let (text_a, text_b) = (a.vcd(case.short[0]), b.vcd(case.short[1]));
        let (vcd_a, vcd_b) = (write(&folder, "a", &text_a), write(&folder, "b", &text_b));
        let (fst_a, fst_b) = (folder.path().join("a.fst"), folder.path().join("b.fst"));
        a.fst(&fst_a, &case.sections);
        b.fst(&fst_b, &case.sections);
        prop_assume!(a.has_times(&fst_a) && b.has_times(&fst_b));
        for (file_a, file_b) in [(&fst_a, &fst_b), (&fst_a, &vcd_b), (&vcd_a, &fst_b)] {
            let result = diff(file_a, file_b, &case.options);
            check(&result, &a, [&text_a, &text_b], &case.options);
        }
    }
}
