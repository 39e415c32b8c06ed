//! The same comparison done again, slowly and another way: a VCD reader of its own, a table with every signal's value
//! at every time, and a search through it.

use std::collections::{BTreeMap, BTreeSet};

use covert_wave::Options;

/// What is expected. Times are in common units.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) signals: usize,
    /// Path, time and both values.
    pub(crate) differences: BTreeSet<(u64, String, String, String)>,
    pub(crate) only_a: Vec<String>,
    pub(crate) only_b: Vec<String>,
    pub(crate) other: Vec<String>,
}

/// Why nothing is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Window,
    Scope,
    NoCommon,
    NoValue,
    NoOverlap,
}

struct Vcd {
    /// In femtoseconds.
    unit: Option<u64>,
    scopes: BTreeSet<String>,
    /// By path: kind, width and identifier.
    vars: BTreeMap<String, (String, usize, String)>,
    /// Time, identifier and value.
    changes: Vec<(u64, String, String)>,
    end: u64,
}

fn parse(text: &str) -> Vcd {
    let mut vcd = Vcd {
        unit: None,
        scopes: BTreeSet::new(),
        vars: BTreeMap::new(),
        changes: Vec::new(),
        end: 0,
    };
    let (header, body) = text.split_once("$enddefinitions $end").unwrap();
    let mut scope: Vec<&str> = Vec::new();
    for command in header.split("$end") {
        match *command.split_whitespace().collect::<Vec<_>>() {
            ["$timescale", factor, unit] => {
                let place = ["fs", "ps", "ns", "us", "ms", "s"].iter().position(|u| *u == unit);
                vcd.unit =
                    Some(factor.parse::<u64>().unwrap() * 1000_u64.pow(place.unwrap() as u32));
            }
            ["$scope", _, name] => {
                scope.push(name);
                vcd.scopes.insert(scope.join("."));
            }
            ["$upscope"] => _ = scope.pop(),
            ["$var", kind, width, id, name, ..] => {
                let name = name.find(':').map_or(name, |_| &name[..name.rfind('[').unwrap()]);
                let path = format!("{}.{name}", scope.join("."));
                vcd.vars.insert(path, (kind.into(), width.parse().unwrap(), id.into()));
            }
            _ => {}
        }
    }
    let widths: BTreeMap<_, _> =
        vcd.vars.values().map(|(kind, width, id)| (id.as_str(), (kind.as_str(), *width))).collect();
    for line in body.lines().filter(|line| !line.is_empty()) {
        if let Some(time) = line.strip_prefix('#') {
            vcd.end = time.parse().unwrap();
            continue;
        }
        // The first letter of a value before a space says its kind.
        let long = line.split_once(' ').map(|(value, id)| (&value[1..], id));
        let (value, id) = long.unwrap_or_else(|| line.split_at(1));
        let Some((kind, width)) = widths.get(id) else { continue };
        let value = match *kind {
            "real" => value.parse::<f64>().unwrap().to_string(),
            "string" => value.to_owned(),
            _ => {
                let fill = if value.starts_with('1') { "0" } else { &value[..1] };
                fill.repeat(width - value.len()) + value
            }
        };
        vcd.changes.push((vcd.end, id.to_owned(), value));
    }
    vcd
}

/// The comparison, and common units in one of the first file.
pub(crate) fn expect(a: &str, b: &str, options: &Options) -> Result<(Expected, u64), Refusal> {
    if options.from.zip(options.to).is_some_and(|(from, to)| from > to) {
        return Err(Refusal::Window);
    }
    let (a, b) = (parse(a), parse(b));
    if !options.scopes.iter().all(|scope| a.scopes.contains(scope) || b.scopes.contains(scope)) {
        return Err(Refusal::Scope);
    }
    let inside = |path: &&String| {
        let mut scopes = options.scopes.iter();
        options.scopes.is_empty() || scopes.any(|scope| path.starts_with(&format!("{scope}.")))
    };
    let units = [a.unit.or(b.unit).unwrap_or(1), b.unit.or(a.unit).unwrap_or(1)];
    let common = units[0].min(units[1]);
    let [scale_a, scale_b] = units.map(|unit| unit / common);
    let same_kind = |path: &&String| {
        let kind = |vcd: &Vcd| vcd.vars.get(*path).map(|(kind, width, _)| (kind.clone(), *width));
        kind(&a) == kind(&b)
    };
    let both: Vec<_> = a.vars.keys().filter(inside).filter(|p| b.vars.contains_key(*p)).collect();
    let (signals, other): (Vec<&String>, Vec<&String>) = both.iter().partition(|p| same_kind(p));
    let only = |x: &Vcd, y: &Vcd| {
        let mine = x.vars.keys().filter(inside);
        mine.filter(|path| !y.vars.contains_key(*path)).cloned().collect::<Vec<_>>()
    };
    if both.is_empty() {
        return Err(Refusal::NoCommon);
    }
    let end = (a.end * scale_a).min(b.end * scale_b);
    let to = options.to.map_or(end, |to| end.min(to * scale_a));
    let mut from = options.from.unwrap_or(0) * scale_a;
    for (vcd, scale) in [(&a, scale_a), (&b, scale_b)] {
        let ids: BTreeSet<_> = signals.iter().map(|path| &vcd.vars[*path].2).collect();
        let first = vcd.changes.iter().find(|(_, id, _)| ids.contains(id));
        let first = first.map(|(time, ..)| time * scale).filter(|time| *time / scale <= to / scale);
        if !signals.is_empty() {
            from = from.max(first.ok_or(Refusal::NoValue)?);
        }
    }
    if from > to {
        return Err(Refusal::NoOverlap);
    }
    let mut differences = BTreeSet::new();
    for path in &signals {
        let (x, y) = (table(&a, scale_a, path, to), table(&b, scale_b, path, to));
        for time in from..=to {
            let (Some(x), Some(y)) = (x[time as usize], y[time as usize]) else { continue };
            let zero = x.trim_start_matches('-') == "0" && y.trim_start_matches('-') == "0";
            if x != y && !(zero && a.vars[*path].0 == "real") {
                differences.insert((time, path.to_string(), x.to_owned(), y.to_owned()));
                break;
            }
        }
    }
    let other = other.into_iter().cloned().collect();
    let (only_a, only_b) = (only(&a, &b), only(&b, &a));
    let signals = signals.len();
    Ok((Expected { from, to, signals, differences, only_a, only_b, other }, scale_a))
}

/// The value of a signal at each time up to the last.
fn table<'v>(vcd: &'v Vcd, scale: u64, path: &str, last: u64) -> Vec<Option<&'v str>> {
    let mut table = vec![None; last as usize + 1];
    for (time, id, value) in &vcd.changes {
        if *id == vcd.vars[path].2 && time * scale <= last {
            table[(time * scale) as usize..].fill(Some(value.as_str()));
        }
    }
    table
}
