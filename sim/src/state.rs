//! Names of the chip's state: from the model's hierarchy to the paths users see and type, and back.
//!
//! `tile0.core.pc_q` stands for `covert_chip.gen_tile[0].u_tile.u_core.pc_q`: the instance prefix `u_` goes, a
//! generate block gives its index to the instance inside it. One bit is `PATH[BIT]`, in a memory `PATH[WORD][BIT]`.

use std::collections::HashMap;
use std::fmt;

use covert_model::{Bit, Chip, Variable};
use serde::Serialize;

/// Register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Flip-flops.
    Register,
    /// An array of words.
    Memory,
}

/// Where state lives: inside the sphere of replication or outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a tile.
    Tile(u32),
    /// Outside the tiles: gates, comparator, devices, DMA engine.
    Unit,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tile(tile) => write!(f, "tile {tile}"),
            Self::Unit => f.write_str("isolation unit"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tile(tile) => serializer.collect_str(&format_args!("tile{tile}")),
            Self::Unit => serializer.serialize_str("unit"),
        }
    }
}

/// A register or a memory with its name.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// What users call it.
    pub path: String,
    /// Bits of a word.
    pub width: u32,
    /// Words; 1 for a register.
    pub words: u32,
    /// Register or memory.
    pub kind: Kind,
    /// Where it is.
    pub place: Place,
}

impl Entry {
    /// Bits in all.
    pub fn bits(&self) -> u64 {
        u64::from(self.width) * u64::from(self.words)
    }
}

/// A path, word and bit as typed, before it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitName {
    /// Path without indices.
    pub path: String,
    /// Indices in the order they were typed: `[BIT]` or `[WORD][BIT]`.
    pub indices: Vec<u32>,
}

impl fmt::Display for BitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        self.indices.iter().try_for_each(|index| write!(f, "[{index}]"))
    }
}

/// Why a name stands for no bit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// No such path.
    #[error("no state `{path}` on this chip{}", near_text(.near))]
    Unknown {
        /// As typed.
        path: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// The wrong number of indices.
    #[error("`{path}` is a {kind}: write {form}")]
    Indices {
        /// The path.
        path: String,
        /// What it is.
        kind: &'static str,
        /// How its bits are written.
        form: &'static str,
    },
    /// An index beyond the end.
    #[error("`{name}`: {what} {index} is out of range, `{path}` has {count}")]
    Range {
        /// As typed.
        name: String,
        /// The path.
        path: String,
        /// Word or bit.
        what: &'static str,
        /// The index.
        index: u32,
        /// How many there are.
        count: u32,
    },
}

fn near_text(near: &[String]) -> String {
    if near.is_empty() {
        return "; `covert list-state` names all of it".into();
    }
    format!("; did you mean {}?", near.join(", "))
}

/// All state of one chip.
#[derive(Clone, Debug)]
pub struct StateMap {
    entries: Vec<Entry>,
    index: HashMap<String, u32>,
}

impl StateMap {
    /// The state of a chip; empty for the fast model.
    pub fn new(chip: &Chip) -> Self {
        Self::from_variables(&chip.variables())
    }

    fn from_variables(variables: &[Variable]) -> Self {
        let mut entries: Vec<Entry> = variables
            .iter()
            .map(|variable| {
                let path = short_path(&variable.path);
                let kind = if variable.words > 1 { Kind::Memory } else { Kind::Register };
                let place = place(&path);
                Entry { path, width: variable.width, words: variable.words, kind, place }
            })
            .collect();
        let mut index = HashMap::new();
        for (number, entry) in entries.iter_mut().enumerate() {
            // Two that shorten to one name keep their long ones.
            if index.contains_key(&entry.path) {
                entry.path.clone_from(&variables[number].path);
            }
            index.insert(entry.path.clone(), number as u32);
        }
        Self { entries, index }
    }

    /// Every register and memory, in the order of the model's variables.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bits in all, of one place if given.
    pub fn bits(&self, of: impl Fn(Place) -> bool) -> u64 {
        self.entries.iter().filter(|entry| of(entry.place)).map(Entry::bits).sum()
    }

    /// The `number`th bit among those of the places chosen, in the order of the entries.
    pub fn nth_bit(&self, mut number: u64, of: impl Fn(Place) -> bool) -> Option<Bit> {
        for (variable, entry) in self.entries.iter().enumerate() {
            if !of(entry.place) {
                continue;
            }
            if number < entry.bits() {
                let word = (number / u64::from(entry.width)) as u32;
                let bit = (number % u64::from(entry.width)) as u32;
                return Some(Bit { variable: variable as u32, word, bit });
            }
            number -= entry.bits();
        }
        None
    }

    /// Looks a bit up.
    ///
    /// # Errors
    /// There is no such bit; the message says what is wrong and names near matches.
    pub fn find(&self, name: &BitName) -> Result<Bit, NameError> {
        let Some(&variable) = self.index.get(&name.path) else {
            return Err(NameError::Unknown {
                path: name.path.clone(),
                near: self.near(&name.path),
            });
        };
        let entry = &self.entries[variable as usize];
        let (word, bit) = match (entry.kind, name.indices.as_slice()) {
            (Kind::Register, [bit]) => (0, *bit),
            (Kind::Register, []) if entry.width == 1 => (0, 0),
            (Kind::Memory, [word, bit]) => (*word, *bit),
            (Kind::Register, _) => return Err(indices(entry, "register", "PATH[BIT]")),
            (Kind::Memory, _) => return Err(indices(entry, "memory", "PATH[WORD][BIT]")),
        };
        for (what, index, count) in [("word", word, entry.words), ("bit", bit, entry.width)] {
            if index >= count {
                let (name, path) = (name.to_string(), entry.path.clone());
                return Err(NameError::Range { name, path, what, index, count });
            }
        }
        Ok(Bit { variable, word, bit })
    }

    /// The number of a variable of this path and shape.
    pub fn variable(&self, path: &str, width: u32, words: u32) -> Option<u32> {
        let number = *self.index.get(path)?;
        let entry = &self.entries[number as usize];
        (entry.width == width && entry.words == words).then_some(number)
    }

    /// The name of a bit.
    pub fn name(&self, bit: Bit) -> String {
        let entry = &self.entries[bit.variable as usize];
        match entry.kind {
            Kind::Register => format!("{}[{}]", entry.path, bit.bit),
            Kind::Memory => format!("{}[{}][{}]", entry.path, bit.word, bit.bit),
        }
    }

    /// Where a bit is.
    pub fn place(&self, bit: Bit) -> Place {
        self.entries[bit.variable as usize].place
    }

    /// At most three names that look like `path`.
    fn near(&self, path: &str) -> Vec<String> {
        let leaf = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        let wanted = leaf(path);
        let mut scored: Vec<(usize, &str)> = self
            .entries
            .iter()
            .map(|entry| {
                // A right name in the wrong place is nearer than a wrong name.
                let whole = distance(path, &entry.path);
                let part = distance(&wanted, &leaf(&entry.path));
                (whole.min(2 * part + 1), entry.path.as_str())
            })
            .filter(|(score, _)| *score <= 3 + path.len() / 6)
            .collect();
        scored.sort_unstable();
        scored.into_iter().take(3).map(|(_, path)| path.to_owned()).collect()
    }
}

fn indices(entry: &Entry, kind: &'static str, form: &'static str) -> NameError {
    NameError::Indices { path: entry.path.clone(), kind, form }
}

/// Edit distance (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The path users see, from Verilator's `covert_sim.u_chip.gen_tile[0].u_tile.u_core.pc_q`.
fn short_path(path: &str) -> String {
    let mut parts = Vec::new();
    let mut index: Option<(&str, &str)> = None;
    for part in path.split('.') {
        if matches!(part, "covert_sim" | "covert_chip" | "u_chip") {
            continue;
        }
        if let Some(block) = part.strip_prefix("gen_") {
            // A plain generate block (a condition) is no level of its own.
            let (name, number) = block.split_once('[').unwrap_or((block, ""));
            if !number.is_empty()
                && let Some((name, number)) = index.replace((name, number.trim_end_matches(']')))
            {
                parts.push(format!("{name}{number}"));
            }
            continue;
        }
        let name = part.strip_prefix("u_").unwrap_or(part);
        match index.take() {
            // The instance a block repeats carries the block's name as a rule; else both are said.
            Some((block, number)) if name == block || part.starts_with("u_") => {
                parts.push(format!("{name}{number}"));
            }
            Some((block, number)) => {
                parts.push(format!("{block}{number}"));
                parts.push(name.to_owned());
            }
            None => parts.push(name.to_owned()),
        }
    }
    // A block in rust-hdl has a module for each register: `done_q.state_q` is the register `done_q`.
    if let [.., block, "state_q"] = &parts.iter().map(String::as_str).collect::<Vec<_>>()[..]
        && block.contains("_q")
    {
        parts.pop();
    }
    parts.join(".").replace('$', "")
}

fn place(path: &str) -> Place {
    let first = path.split('.').next().unwrap_or(path);
    match first.strip_prefix("tile").map(str::parse) {
        Some(Ok(tile)) => Place::Tile(tile),
        _ => Place::Unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> StateMap {
        let variable = |path: &str, width, words| Variable { path: path.into(), width, words };
        StateMap::from_variables(&[
            variable("covert_sim.u_chip.gen_tile[0].u_tile.u_core.pc_q", 32, 1),
            variable("covert_sim.u_chip.gen_tile[1].u_tile.u_core.regs_q", 32, 31),
            variable("covert_sim.u_chip.gen_tile[1].u_gate.busy_q", 1, 1),
            variable("covert_sim.u_chip.u_unit.gen_log.level_q", 12, 1),
            variable("covert_sim.u_chip.u_unit.u_hdl.side$0.done_q.state_q", 1, 1),
        ])
    }

    fn name(path: &str, indices: &[u32]) -> BitName {
        BitName { path: path.into(), indices: indices.to_vec() }
    }

    #[test]
    fn paths_are_short() {
        let map = map();
        let paths: Vec<_> = map.entries().iter().map(|e| e.path.as_str()).collect();
        assert_eq!(paths[..2], ["tile0.core.pc_q", "tile1.core.regs_q"]);
        assert_eq!(paths[2..], ["gate1.busy_q", "unit.level_q", "unit.hdl.side0.done_q"]);
        assert_eq!(map.entries()[1].place, Place::Tile(1));
        assert_eq!(map.entries()[2].place, Place::Unit);
    }

    #[test]
    fn every_bit_has_a_number_and_a_name() {
        let map = map();
        let tiles = |place| matches!(place, Place::Tile(_));
        assert_eq!(map.bits(tiles), 32 + 32 * 31);
        for number in [0, 31, 32, 32 + 32 * 31 - 1] {
            let bit = map.nth_bit(number, tiles).expect("in range");
            let (path, indices) = map.name(bit).split_once('[').map_or_else(
                || unreachable!("every name has an index"),
                |(path, rest)| (path.to_owned(), rest.trim_end_matches(']').to_owned()),
            );
            let indices: Vec<u32> =
                indices.split("][").map(|i| i.parse().expect("number")).collect();
            assert_eq!(map.find(&name(&path, &indices)), Ok(bit));
        }
        assert_eq!(map.nth_bit(32 + 32 * 31, tiles), None);
    }

    #[test]
    fn wrong_names_are_explained() {
        let map = map();
        let message = |n: BitName| map.find(&n).expect_err("wrong").to_string();
        assert!(message(name("tile0.core.pc", &[3])).contains("did you mean tile0.core.pc_q?"));
        assert!(message(name("tile1.core.pc_q", &[3])).contains("tile0.core.pc_q"));
        assert!(message(name("nonsense", &[3])).contains("covert list-state"));
        assert!(message(name("tile0.core.pc_q", &[32])).contains("bit 32 is out of range"));
        assert!(message(name("tile1.core.regs_q", &[31, 0])).contains("word 31 is out of range"));
        assert!(message(name("tile1.core.regs_q", &[3])).contains("PATH[WORD][BIT]"));
        assert!(map.find(&name("gate1.busy_q", &[])).is_ok());
    }
}
