//! Is what the chip has several times still there several times in the netlist? Synthesis is free to merge what computes
//! the same, and replicas do.
//!
//! Compared are the design as it was read (flip-flops and memories are known, nothing is optimised) and the netlist:
//! 1. each tile and each gate is a module of its own in the netlist, so that no cell belongs to two of them;
//! 2. what each input of a tile, a gate and the isolation unit is driven by: the same outputs of the others as in the sources;
//! 3. each tile and each gate has as many flip-flops and memories as the first one, under the same names;
//! 4. what the isolation unit has as a module once for each tile, likewise: as much in each;
//! 5. every bit of a register that the isolation unit has once for each tile has a flip-flop of its own. Registers at a
//!    memory's output may have gone into the memory: that one is counted.
//!
//! Registers inside a tile that are constant or that nothing reads may go; they must go in all tiles.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::error::Error;
use crate::netlist::{CONSTANTS, Design, Flat, join};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redundancy {
    /// Tiles, each with its gate.
    pub tiles: u32,
    /// Flip-flops of each tile and its gate in the netlist.
    pub tile_flip_flops: usize,
    /// Block and LUT memories of each tile and its gate in the netlist.
    pub tile_memories: usize,
    /// Bits of the isolation unit's registers that stand there once for each tile, all copies together.
    pub unit_bits: usize,
    /// Inputs of tiles, gates and the unit whose drivers were compared.
    pub links: usize,
}

/// Compares `netlist` with the design as it was read.
///
/// # Errors
/// What is not there as often as it has to be, or is driven by another.
pub fn check(read: &Design, netlist: &Design, tiles: u32) -> Result<Redundancy, Error> {
    let (read_flat, flat) = (Flat::new(read), Flat::new(netlist));
    let chip = read_flat
        .instances
        .iter()
        .find(|(_, instance)| read.source_name(instance.kind) == "covert_chip")
        .map(|(path, _)| path.clone())
        .ok_or_else(|| Error::Redundancy("there is no chip".into()))?;
    let unit = join(&chip, "u_unit");
    let domains: Vec<[String; 2]> = (0..tiles)
        .map(|tile| {
            ["u_tile", "u_gate"].map(|name| join(&chip, &format!("gen_tile[{tile}].{name}")))
        })
        .collect();
    for path in domains.iter().flatten().chain([&unit]) {
        for (flat, what) in [(&read_flat, "sources"), (&flat, "netlist")] {
            if !flat.instances.contains_key(path) {
                let text = format!("{path} is no module of its own in the {what}");
                return Err(Error::Redundancy(text));
            }
        }
    }
    let links = links(&read_flat, &flat, &domains, &unit)?;
    let (tile_flip_flops, tile_memories) = same_in_all(&flat, &domains)?;
    for instances in modules_of_tiles(&read_flat, &unit, tiles) {
        let there = instances.iter().filter(|path| flat.instances.contains_key(*path)).count();
        if there == instances.len() {
            same_in_all(&flat, &instances.into_iter().map(|path| [path]).collect::<Vec<_>>())?;
        } else if there > 0 {
            return Err(Error::Redundancy(format!("only {there} of {instances:?} are there")));
        }
        // One that was flattened: its registers are looked at below.
    }
    let unit_bits = copies(&read_flat, &flat, &unit, tiles)?;
    Ok(Redundancy { tiles, tile_flip_flops, tile_memories, unit_bits, links })
}

/// Outputs of the kept instances on each net: the instance, and the port with its bit.
fn outputs<'a>(
    flat: &Flat<'_>,
    kept: &[&'a String],
) -> HashMap<usize, BTreeSet<(&'a str, String)>> {
    let mut found: HashMap<usize, BTreeSet<(&str, String)>> = HashMap::new();
    for path in kept {
        let instance = &flat.instances[*path];
        for (name, port) in instance.module.ports.iter().filter(|(_, p)| p.direction == "output") {
            for (index, bit) in port.bits.iter().enumerate() {
                let net = flat.net(instance, bit);
                if net >= CONSTANTS {
                    found.entry(net).or_default().insert((path, format!("{name}[{index}]")));
                }
            }
        }
    }
    found
}

fn links(
    read: &Flat<'_>,
    netlist: &Flat<'_>,
    domains: &[[String; 2]],
    unit: &String,
) -> Result<usize, Error> {
    let kept: Vec<&String> = domains.iter().flatten().chain([unit]).collect();
    let (read_outputs, outputs) = (outputs(read, &kept), outputs(netlist, &kept));
    let none = BTreeSet::new();
    let (mut compared, mut constant) = (0, vec![BTreeSet::new(); domains.len()]);
    for path in &kept {
        let (before, after) = (&read.instances[*path], &netlist.instances[*path]);
        for (name, port) in before.module.ports.iter().filter(|(_, p)| p.direction == "input") {
            // Synthesis removes no port of a module that it keeps.
            let now = after.module.ports.get(name).map(|port| &port.bits);
            for (index, bit) in port.bits.iter().enumerate() {
                let wanted = read_outputs.get(&read.net(before, bit)).unwrap_or(&none);
                let net = now.and_then(|bits| bits.get(index)).map(|bit| netlist.net(after, bit));
                let Some(net) = net else {
                    return Err(Error::Redundancy(format!("{path} has no {name}[{index}]")));
                };
                let found = outputs.get(&net).unwrap_or(&none);
                if net < CONSTANTS {
                    // A bit that never changes; which ones is compared between the tiles.
                    if let Some(tile) = domains.iter().position(|paths| paths.contains(path)) {
                        let of = usize::from(domains[tile][1] == **path);
                        constant[tile].insert((of, name.clone(), index, net));
                    }
                    continue;
                }
                let owners = |set: &BTreeSet<(&str, String)>| -> BTreeSet<String> {
                    set.iter().map(|(owner, _)| (*owner).to_owned()).collect()
                };
                if !wanted.is_subset(found) || owners(wanted) != owners(found) {
                    return Err(Error::Redundancy(format!(
                        "{path}.{name}[{index}] is driven by {found:?} instead of {wanted:?}"
                    )));
                }
                compared += 1;
            }
        }
    }
    for (tile, bits) in constant.iter().enumerate() {
        // Each tile has its own number.
        let differ: Vec<_> = bits
            .symmetric_difference(&constant[0])
            .filter(|(_, name, ..)| name != "tile_i" && name != "host_sync_i")
            .collect();
        if !differ.is_empty() {
            return Err(Error::Redundancy(format!(
                "inputs of tile {tile} are constant: {differ:?}"
            )));
        }
    }
    Ok(compared)
}

/// Cells of the device that hold something, and their outputs.
fn storage(kind: &str, port: &str) -> bool {
    match kind {
        "TRELLIS_FF" => port == "Q",
        "DP16KD" => port.starts_with("DO"),
        "PDPW16KD" | "TRELLIS_DPR16X4" => port.starts_with("DO"),
        "MULT18X18D" => port.starts_with('P'),
        _ => false,
    }
}

/// Flip-flops and memories of each tile and its gate: as many, under the same names, in all of them.
fn same_in_all<const N: usize>(
    flat: &Flat<'_>,
    domains: &[[String; N]],
) -> Result<(usize, usize), Error> {
    let mut found: Vec<BTreeSet<(usize, String, &str)>> = vec![BTreeSet::new(); domains.len()];
    for cell in flat
        .cells
        .iter()
        .filter(|cell| cell.cell.connections.keys().any(|port| storage(&cell.cell.kind, port)))
    {
        for (tile, paths) in domains.iter().enumerate() {
            for (of, path) in paths.iter().enumerate() {
                let rest = cell.parent.strip_prefix(path.as_str());
                if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('.')) {
                    found[tile].insert((of, join(rest, cell.name), &cell.cell.kind));
                }
            }
        }
    }
    for (tile, cells) in found.iter().enumerate() {
        if let Some((of, name, kind)) = cells.symmetric_difference(&found[0]).next() {
            let of = &domains[tile][*of];
            return Err(Error::Redundancy(format!(
                "tile 0 and tile {tile} differ: {kind} {name} of {of}"
            )));
        }
    }
    let flip_flops = found[0].iter().filter(|(_, _, kind)| *kind == "TRELLIS_FF").count();
    if flip_flops == 0 {
        return Err(Error::Redundancy(format!("{} has no flip-flops", domains[0][0])));
    }
    Ok((flip_flops, found[0].len() - flip_flops))
}

/// Instances in the unit that stand there once for each tile, in the order of the tiles; not those inside such a one.
fn modules_of_tiles(read: &Flat<'_>, unit: &str, tiles: u32) -> Vec<Vec<String>> {
    let inside = format!("{unit}.");
    let mut families: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
    for path in read.instances.keys().filter(|path| path.starts_with(&inside)) {
        let outer = path.rfind('.').map_or("", |at| &path[..at]);
        if let Some((family, tile)) = family(path, tiles)
            && self::family(outer, tiles).is_none()
        {
            families.entry(family).or_default().insert(tile, path.clone());
        }
    }
    let whole = families.into_values().filter(|copies| copies.len() == tiles as usize);
    whole.map(|copies| copies.into_values().collect()).collect()
}

/// Registers whose input is a word of a memory, as it is or held by an enable.
fn behind_memories(read: &Flat<'_>) -> BTreeSet<usize> {
    let mut words: BTreeSet<usize> = BTreeSet::new();
    for cell in read.cells.iter().filter(|cell| cell.cell.kind.starts_with("$mem")) {
        words.extend(read.port(cell, "RD_DATA"));
    }
    let direct = words.clone();
    for cell in read.cells.iter().filter(|cell| cell.cell.kind == "$mux") {
        let (a, b, y) = (read.port(cell, "A"), read.port(cell, "B"), read.port(cell, "Y"));
        let held = |index: &usize| direct.contains(&a[*index]) || direct.contains(&b[*index]);
        words.extend((0..y.len()).filter(held).map(|index| y[index]));
    }
    let mut registers = BTreeSet::new();
    for cell in read.cells.iter().filter(|cell| is_register(&cell.cell.kind)) {
        let bits = read.port(cell, "D").into_iter().zip(read.port(cell, "Q"));
        registers.extend(bits.filter(|(d, _)| words.contains(d)).map(|(_, q)| q));
    }
    registers
}

/// Bits of registers that stand in the unit once for each tile: their names differ in the tile's number only.
fn copies(read: &Flat<'_>, netlist: &Flat<'_>, unit: &str, tiles: u32) -> Result<usize, Error> {
    let inside = |path: &str| path.strip_prefix(unit).is_some_and(|rest| rest.starts_with('.'));
    let mut registers = BTreeSet::new();
    for cell in read.cells.iter().filter(|cell| is_register(&cell.cell.kind)) {
        if cell.parent == unit || inside(&cell.parent) {
            registers.extend(read.port(cell, "Q"));
        }
    }
    let in_memories = behind_memories(read);
    let mut families: BTreeMap<(String, usize), BTreeMap<u32, usize>> = BTreeMap::new();
    let mut names: HashMap<usize, Vec<(String, usize)>> = HashMap::new();
    read.for_each_name(|name, index, net| {
        if registers.contains(&net) {
            if inside(&name)
                && let Some((family, tile)) = family(&name, tiles)
            {
                families.entry((family, index)).or_default().insert(tile, net);
            }
            names.entry(net).or_default().push((name, index));
        }
    });
    let mut drivers: HashMap<usize, usize> = HashMap::new();
    for (number, cell) in netlist.cells.iter().enumerate() {
        for port in cell.cell.connections.keys().filter(|port| storage(&cell.cell.kind, port)) {
            drivers.extend(netlist.port(cell, port).into_iter().map(|net| (net, number)));
        }
    }
    let mut nets: HashMap<(String, usize), usize> = HashMap::new();
    netlist.for_each_name(|name, index, net| {
        if drivers.contains_key(&net) {
            nets.insert((name, index), net);
        }
    });
    // A register may have several names, and shows up in as many families.
    let mut owner: BTreeMap<usize, usize> = BTreeMap::new();
    for ((family, index), copies) in families.iter().filter(|(_, c)| c.len() == tiles as usize) {
        // One register that all tiles' names lead to is no redundant one.
        if copies.values().collect::<BTreeSet<_>>().len() < copies.len() {
            continue;
        }
        for (tile, register) in copies {
            let net = names[register].iter().find_map(|name| nets.get(name));
            let Some(net) = net else {
                if in_memories.contains(register) {
                    continue;
                }
                return Err(Error::Redundancy(format!(
                    "tile {tile}'s {family}[{index}] has no flip-flop"
                )));
            };
            if owner.insert(*net, *register).is_some_and(|other| other != *register) {
                return Err(Error::Redundancy(format!(
                    "tile {tile}'s {family}[{index}] has no flip-flop of its own"
                )));
            }
        }
    }
    if owner.is_empty() {
        return Err(Error::Redundancy("the isolation unit has no register for each tile".into()));
    }
    Ok(owner.len())
}

/// Flip-flops as Yosys has them before they are mapped.
fn is_register(kind: &str) -> bool {
    let kind = kind.strip_prefix('$').unwrap_or("");
    matches!(
        kind,
        "ff" | "dff" | "dffe" | "sdff" | "sdffe" | "sdffce" | "adff" | "adffe" | "aldff" | "dffsr"
    )
}

/// A name without the tile's number, and the number: `side$1.word_q`, `gen_dirty[1].u_dirty`.
fn family(name: &str, tiles: u32) -> Option<(String, u32)> {
    for (open, close) in [("$", ""), ("gen_dirty[", "]")] {
        for (at, _) in name.match_indices(open) {
            let digits = &name[at + open.len()..];
            let length = digits.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = digits.split_at(length);
            let Ok(tile) = digits.parse::<u32>() else { continue };
            let ends = rest.is_empty() || rest.starts_with(['.', '$', ']', '_']);
            if tile < tiles && ends && rest.starts_with(close) {
                let family = format!("{}{open}*{rest}", &name[..at]);
                return Some((family, tile));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_copies_differ_in_the_tile_only() {
        assert_eq!(family("u.side$1.word_q.q", 2), Some(("u.side$*.word_q.q".into(), 1)));
        assert_eq!(family("u.det_addr_q$0.q", 2), Some(("u.det_addr_q$*.q".into(), 0)));
        assert_eq!(
            family("u.gen_dirty[1].u_dirty.read_q", 2),
            Some(("u.gen_dirty[*].u_dirty.read_q".into(), 1))
        );
        assert_eq!(family("u.side$2.word_q.q", 2), None);
        assert_eq!(family("u.gen_way[1].data_q", 2), None);
    }
}
