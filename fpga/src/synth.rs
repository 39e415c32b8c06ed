//! Synthesis: the Yosys script, and the files it leaves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::netlist::{Design, Flat};

/// Modules that stay modules: nothing is shared or optimised over their borders, so that what there are several of stays
/// several, and what is late has only itself behind it. Patterns of Yosys; parameters put something before and behind a name.
const KEPT: &[(&str, &str)] = &[
    ("*covert_chip*", "the chip itself: what is counted is under it"),
    ("covert_tile covert_gate", "the replicas"),
    ("*covert_unit* covert_devices", "what is there once"),
    ("covert_dirty", "dirty bits of each tile"),
    (
        "*covert_match* *covert_select* *covert_align* *covert_late*",
        "what is mapped for its own delay",
    ),
    ("*_hdl$side$?", "what the comparator collects of each tile"),
    ("*_hdl$*_q$?", "registers that group and comparator have for each tile"),
];

/// Files of a synthesis, in the build's folder.
pub const SCRIPT: &str = "synth.ys";
/// The VMM's firmware, where the target boots.
pub const FIRMWARE: &str = "firmware.hex";
/// The design as it was read.
pub const READ: &str = "read.json";
/// The netlist.
pub const NETLIST: &str = "netlist.json";

/// Files, macros to define, and parameters of the top with their values.
pub type Sources = (Vec<PathBuf>, Vec<String>, Vec<(String, String)>);

/// The script for these files with these macros and this top module, with its parameters.
pub fn script(
    files: &[PathBuf],
    defines: &[String],
    top: &str,
    parameters: &[(String, String)],
) -> String {
    let mut text = String::from("# Written by `covert fpga build`.\n");
    let defines: String = defines.iter().map(|name| format!(" -D {name}")).collect();
    for file in files {
        let _ = writeln!(text, "read_verilog -sv -defer{defines} {}", quoted(file));
    }
    let parameters: String =
        parameters.iter().map(|(name, value)| format!(" -chparam {name} {value}")).collect();
    let _ = writeln!(text, "hierarchy -top {top}{parameters}");
    text.push_str("# The design as it was read, for the count of registers.\ndesign -save chip\n");
    let _ = writeln!(text, "proc -noopt\nopt_clean\nmemory_collect\nwrite_json {READ}");
    text.push_str("design -load chip\n");
    for (modules, why) in KEPT {
        let _ = writeln!(text, "# {why}\nsetattr -mod -set keep_hierarchy 1 {modules}");
    }
    let _ = writeln!(text, "synth_ecp5 -top {top} -json {NETLIST}");
    text
}

/// A text as a parameter's value: its bytes, since Yosys takes numbers only.
pub fn string(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{}'h{digits}", 8 * text.len())
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

/// Number of tiles of a configuration of the chip, as `rtl/chip/configs` has it.
///
/// # Errors
/// The list of configurations cannot be read, or has no such chip.
pub fn tiles(root: &Path, chip: &str) -> Result<u32, Error> {
    let path = root.join("rtl/chip/configs");
    let text = std::fs::read_to_string(&path)
        .map_err(|source| Error::Read { path: path.clone(), source })?;
    let fields = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut found = fields.filter(|fields| fields.first() == Some(&chip));
    let tiles = found.next().and_then(|fields| fields.get(1)?.parse().ok());
    tiles.ok_or_else(|| Error::Board { path, why: format!("no chip `{chip}`") })
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
