//! Which signal of one file belongs to which of the other.

use std::collections::{BTreeMap, HashMap, HashSet, btree_map::Entry};

use wellen::{Hierarchy, ScopeRef, SignalEncoding, SignalRef, Var, VarRef};

use crate::error::Error;
use crate::files::Wave;
use crate::report::{Kind, OtherKind};

/// The signals of two files, side by side.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) pairs: Pairs,
    pub(crate) only_a: Vec<String>,
    pub(crate) only_b: Vec<String>,
    pub(crate) other_kind: Vec<OtherKind>,
}

/// Signals to compare. Each file's are numbered from 0, as are the pairs.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) list: Vec<Pair>,
    pub(crate) signals_a: Vec<SignalRef>,
    pub(crate) signals_b: Vec<SignalRef>,
    /// The pairs that each of the first file's signals is in.
    pub(crate) of_a: Groups,
    /// The same of the second file's signals.
    pub(crate) of_b: Groups,
}

/// Lists of numbers, one after the other in memory: they are read with each value change.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    ends: Vec<u32>,
    members: Vec<u32>,
}

impl Groups {
    /// Groups of the numbers of these, by the group that each is in.
    fn of(groups: usize, items: impl Iterator<Item = u32> + Clone) -> Self {
        let mut ends = vec![0; groups];
        items.clone().for_each(|group| ends[group as usize] += 1);
        let mut end = 0;
        for count in &mut ends {
            // For now the start.
            end += std::mem::replace(count, end);
        }
        let mut members = vec![0; end as usize];
        for (number, group) in (0..).zip(items) {
            let end = &mut ends[group as usize];
            members[*end as usize] = number;
            *end += 1;
        }
        Self { ends, members }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(crate) fn get(&self, group: u32) -> &[u32] {
        let group = group as usize;
        let start = if group == 0 { 0 } else { self.ends[group - 1] };
        &self.members[start as usize..self.ends[group] as usize]
    }
}

/// Two recorded signals that belong together, under one path or several.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) kind: Kind,
    pub(crate) paths: Vec<String>,
}

/// Pairs the signals of two files that are in one of the scopes, or anywhere if there are none.
pub(crate) fn pair(a: &Wave, b: &Wave, scopes: &[String]) -> Result<Names, Error> {
    let (list_a, list_b) = (List::of(a.hierarchy(), scopes), List::of(b.hierarchy(), scopes));
    for scope in scopes {
        if !list_a.scopes.contains(scope) && !list_b.scopes.contains(scope) {
            return Err(Error::Scope {
                scope: scope.clone(),
                a: a.path.clone(),
                b: b.path.clone(),
                example: list_a.example.or(list_b.example).unwrap_or_else(|| "TOP.chip".into()),
            });
        }
    }
    let names = side_by_side(list_a.signals, list_b.signals);
    if names.pairs.list.is_empty() && names.other_kind.is_empty() {
        return Err(Error::NoCommon { a: a.path.clone(), b: b.path.clone() });
    }
    Ok(names)
}

/// See [`crate::ranges`].
pub(crate) fn ranges(wave: &Wave) -> HashMap<String, Option<(i64, i64)>> {
    let signals = List::of(wave.hierarchy(), &[]).signals;
    signals.into_iter().map(|signal| (signal.path, signal.range)).collect()
}

/// A signal of one file under one of its paths.
#[derive(Debug)]
struct Signal {
    /// Without a range.
    path: String,
    range: Option<(i64, i64)>,
    signal: SignalRef,
    kind: Kind,
}

/// The signals of one file that are to be compared.
#[derive(Debug, Default)]
struct List {
    signals: Vec<Signal>,
    /// Those of the scopes asked for that there are.
    scopes: HashSet<String>,
    /// A scope.
    example: Option<String>,
}

impl List {
    fn of(hierarchy: &Hierarchy, wanted: &[String]) -> Self {
        let mut list = Self::default();
        let all = wanted.is_empty();
        if all {
            hierarchy.vars().for_each(|var| list.add(hierarchy, var, ""));
        }
        let nested = |scope: ScopeRef| (scope, String::new(), all);
        let mut open: Vec<_> = hierarchy.scopes().map(nested).collect();
        while let Some((scope, parent, mut inside)) = open.pop() {
            let scope = &hierarchy[scope];
            let path = join(&parent, scope.name(hierarchy));
            if wanted.contains(&path) {
                inside = true;
                list.scopes.insert(path.clone());
            }
            if inside {
                scope.vars(hierarchy).for_each(|var| list.add(hierarchy, var, &path));
            }
            open.extend(scope.scopes(hierarchy).map(|scope| (scope, path.clone(), inside)));
            if !path.is_empty() {
                list.example.get_or_insert(path);
            }
        }
        list
    }

    fn add(&mut self, hierarchy: &Hierarchy, var: VarRef, scope: &str) {
        let var: &Var = &hierarchy[var];
        self.signals.push(Signal {
            path: join(scope, var.name(hierarchy)),
            range: var.index().map(|range| (range.msb(), range.lsb())),
            signal: var.signal_ref(),
            kind: match var.signal_encoding(hierarchy) {
                SignalEncoding::BitVector(0) => Kind::Event,
                SignalEncoding::BitVector(width) => Kind::Bits(width),
                SignalEncoding::Real => Kind::Real,
                SignalEncoding::String => Kind::Text,
            },
        });
    }
}

fn join(parent: &str, name: &str) -> String {
    let dot = if parent.is_empty() || name.is_empty() || name.starts_with('[') { "" } else { "." };
    [parent, dot, name].concat()
}

/// Name to match by, how many other signals of that name came before in the file, and the signal.
type Keyed = BTreeMap<(String, usize), (SignalRef, Kind)>;

fn side_by_side(list_a: Vec<Signal>, list_b: Vec<Signal>) -> Names {
    let mut several = several_ranges(&list_a);
    several.extend(several_ranges(&list_b));
    let (keyed_a, mut keyed_b) = (keyed(list_a, &several), keyed(list_b, &several));
    let mut names = Names {
        pairs: Pairs::default(),
        only_a: Vec::new(),
        only_b: Vec::new(),
        other_kind: Vec::new(),
    };
    let mut numbers = Numbers::default();
    for (key, (a, kind_a)) in keyed_a {
        match keyed_b.remove(&key) {
            None => names.only_a.push(key.0),
            Some((_, kind_b)) if kind_a != kind_b => {
                names.other_kind.push(OtherKind { signal: key.0, a: kind_a, b: kind_b });
            }
            Some((b, _)) => names.pairs.add(&mut numbers, a, b, kind_a, key.0),
        }
    }
    let pairs = &mut names.pairs;
    pairs.of_a = Groups::of(pairs.signals_a.len(), pairs.list.iter().map(|pair| pair.a));
    pairs.of_b = Groups::of(pairs.signals_b.len(), pairs.list.iter().map(|pair| pair.b));
    names.only_b.extend(keyed_b.into_keys().map(|(path, _)| path));
    names
}

/// Paths that a file has with more than one range.
fn several_ranges(list: &[Signal]) -> HashSet<String> {
    let mut ranges = HashMap::new();
    let mut several = HashSet::new();
    for Signal { path, range, .. } in list {
        if ranges.insert(path, range).is_some_and(|before| before != range) {
            several.insert(path.clone());
        }
    }
    several
}

fn keyed(list: Vec<Signal>, several: &HashSet<String>) -> Keyed {
    let mut keyed = Keyed::new();
    for Signal { path, range, signal, kind } in list {
        let name = match range {
            Some((left, right)) if several.contains(&path) && left == right => {
                format!("{path}[{left}]")
            }
            Some((left, right)) if several.contains(&path) => format!("{path}[{left}:{right}]"),
            _ => path,
        };
        for before in 0.. {
            match keyed.entry((name.clone(), before)) {
                Entry::Vacant(entry) => {
                    entry.insert((signal, kind));
                    break;
                }
                // The same once more.
                Entry::Occupied(entry) if entry.get().0 == signal => break,
                Entry::Occupied(_) => {}
            }
        }
    }
    keyed
}

/// Numbers given so far.
#[derive(Default)]
struct Numbers {
    a: HashMap<SignalRef, u32>,
    b: HashMap<SignalRef, u32>,
    pairs: HashMap<(u32, u32), u32>,
}

impl Pairs {
    fn add(&mut self, numbers: &mut Numbers, a: SignalRef, b: SignalRef, kind: Kind, path: String) {
        let a = number(&mut numbers.a, &mut self.signals_a, a);
        let b = number(&mut numbers.b, &mut self.signals_b, b);
        let pair = *numbers.pairs.entry((a, b)).or_insert_with(|| {
            let pair = self.list.len() as u32;
            self.list.push(Pair { a, b, kind, paths: Vec::new() });
            pair
        });
        self.list[pair as usize].paths.push(path);
    }
}

fn number(
    numbers: &mut HashMap<SignalRef, u32>,
    signals: &mut Vec<SignalRef>,
    signal: SignalRef,
) -> u32 {
    *numbers.entry(signal).or_insert_with(|| {
        signals.push(signal);
        signals.len() as u32 - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        let groups = Groups::of(4, [2, 0, 2, 1].into_iter());
        let all: Vec<_> = (0..4).map(|group| groups.get(group)).collect();
        assert_eq!(all, [&[1][..], &[3], &[0, 2], &[]]);
    }
}
