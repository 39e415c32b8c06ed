//! Synthesis: the Yosys script, and the files it leaves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::board::{Board, Target};
use crate::error::Error;
use crate::netlist::{Design, Flat};

/// Modules that stay modules: nothing is shared or optimised over their borders, so that what there are several of stays
/// several. Patterns of Yosys; parameters put something before and behind a name.
const KEPT: &[(&str, &str)] = &[
    ("*covert_chip*", "the chip itself: what is counted is under it"),
    ("covert_tile covert_gate", "the replicas"),
    ("*covert_unit* covert_devices", "what is there once"),
    ("covert_dirty", "dirty bits of each tile"),
    ("*_hdl$side$?", "what the comparator collects of each tile"),
    ("*_hdl$*_q$?", "registers that group and comparator have for each tile"),
];

/// Files of a synthesis, in the build's folder.
pub const SCRIPT: &str = "synth.ys";
/// The design as it was read.
pub const READ: &str = "read.json";
/// The netlist.
pub const NETLIST: &str = "netlist.json";

/// The script for a target with `tiles` tiles. `root` is the source tree.
///
/// # Errors
/// The chip's list of files cannot be read.
pub fn script(root: &Path, board: &Board, target: &Target, tiles: u32) -> Result<String, Error> {
    let mut files = chip_files(root)?;
    files.extend(target.sources.iter().map(|file| board.folder.join(file)));
    let mut text = String::from("# Written by `covert fpga build`.\n");
    let defines: String = board.defines.iter().map(|name| format!(" -D {name}")).collect();
    for file in files {
        let _ = writeln!(text, "read_verilog -sv -defer{defines} {}", quoted(&file));
    }
    let top = &target.top;
    let _ = writeln!(text, "hierarchy -top {top} -chparam NTiles {tiles}");
    text.push_str("# The design as it was read, for the count of registers.\ndesign -save chip\n");
    let _ = writeln!(text, "proc -noopt\nopt_clean\nmemory_collect\nwrite_json {READ}");
    text.push_str("design -load chip\n");
    for (modules, why) in KEPT {
        let _ = writeln!(text, "# {why}\nsetattr -mod -set keep_hierarchy 1 {modules}");
    }
    let _ = writeln!(text, "synth_ecp5 -top {top} -json {NETLIST}");
    Ok(text)
}

/// The chip's files, in order.
fn chip_files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let path = root.join("rtl/covert.f");
    let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
    let lines = text.lines().filter_map(|line| line.split("//").next()).map(str::trim);
    Ok(lines.filter(|line| !line.is_empty()).map(|line| root.join("rtl").join(line)).collect())
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

/// Number of tiles of a configuration of the chip.
///
/// # Errors
/// The list of configurations cannot be read.
pub fn tiles(root: &Path, chip: &str) -> Result<Option<u32>, Error> {
    let path = root.join("rtl/chip/configs");
    let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
    let fields = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut found = fields.filter(|fields| fields.first() == Some(&chip));
    Ok(found.next().and_then(|fields| fields.get(1)?.parse().ok()))
}

/// Instances of the sources' own modules, with their names in the sources; registers that are modules of their own, as in
/// the generated blocks, are left out.
pub fn instances(read: &Design) -> BTreeMap<String, String> {
    let flat = Flat::new(read);
    let all = flat.instances.iter();
    all.map(|(path, instance)| (path.clone(), read.source_name(instance.kind).to_owned()))
        .filter(|(_, module)| !module.contains('$'))
        .collect()
}
