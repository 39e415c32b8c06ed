//! Builds the models of the chip: Verilator on `rtl/covert.f` for each configuration, fast and for
//! faults, then the C++ it writes, then the harness in `cpp/`.
//!
//! A model is made again only if its RTL, its options or the tool changed (a stamp beside it says from
//! what it was made): a change in the harness does not cost the minutes that the models take.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use sha2::{Digest as _, Sha256};

/// The configurations, as `rtl/chip/configs` names them.
struct Config {
    name: String,
    tiles: u32,
}

struct Paths {
    root: PathBuf,
    here: PathBuf,
    out: PathBuf,
    verilator: PathBuf,
}

fn main() {
    // Clippy runs build scripts in a folder of its own and links nothing: it has no use for the models.
    let wrapper = env::var("RUSTC_WORKSPACE_WRAPPER").unwrap_or_default();
    if wrapper.ends_with("clippy-driver") {
        println!("cargo::rustc-env=COVERT_MODEL_VERILATOR=");
        return;
    }
    if let Err(message) = build() {
        println!("cargo::error={message}");
        std::process::exit(1);
    }
}

fn build() -> Result<(), String> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let paths = Paths {
        root: here.ancestors().nth(2).unwrap_or(&here).to_path_buf(),
        out: PathBuf::from(variable("OUT_DIR")?),
        verilator: find_verilator()?,
        here,
    };
    // For the tests, which verilate on their own.
    println!("cargo::rustc-env=COVERT_MODEL_VERILATOR={}", paths.verilator.display());
    let list = paths.root.join("rtl/covert.f");
    println!("cargo::rerun-if-changed={}", list.display());
    println!("cargo::rerun-if-changed=cpp");
    println!("cargo::rerun-if-changed=rtl");
    println!("cargo::rerun-if-changed=fault.vlt");
    println!("cargo::rerun-if-changed=src/ffi.rs");
    println!("cargo::rerun-if-env-changed=COVERT_VERILATOR_ROOT");
    println!("cargo::rerun-if-env-changed=COVERT_CACHE");

    let sources = sources(&paths, &list)?;
    let configs = configs(&paths)?;
    let inputs = fingerprint(&paths, &sources)?;
    runtime(&paths)?;
    let mut models = Vec::new();
    for config in &configs {
        for fault in [false, true] {
            models.push(Model::new(&paths, config, fault));
        }
    }
    // While the RTL is being worked on, minutes count: COVERT_MODELS=duo_fast,duo_fault builds only these.
    println!("cargo::rerun-if-env-changed=COVERT_MODELS");
    if let Ok(wanted) = env::var("COVERT_MODELS") {
        models.retain(|model| wanted.split(',').any(|name| model.prefix == format!("V{name}")));
        if models.is_empty() {
            return Err(format!(
                "COVERT_MODELS={wanted}: no such model (duo_fast, quad_fault, ...)"
            ));
        }
    }
    for model in &models {
        model.make(&paths, &sources, &inputs)?;
    }
    harness(&paths, &models)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|e| format!("{name}: {e}"))
}

fn find_verilator() -> Result<PathBuf, String> {
    if let Some(root) = env::var_os("COVERT_VERILATOR_ROOT") {
        return checked_verilator(root.into());
    }
    let cache = match env::var_os("COVERT_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(variable("HOME")?).join(".cache/covert"),
    };
    let lib = cache.join("venv/lib");
    let pythons = fs::read_dir(&lib).into_iter().flatten().flatten();
    let root = pythons
        .map(|python| python.path().join("site-packages/verilator"))
        .find(|root| root.is_dir())
        .ok_or_else(|| format!("no Verilator in {}: run `make setup`", lib.display()))?;
    checked_verilator(root)
}

fn checked_verilator(root: PathBuf) -> Result<PathBuf, String> {
    if root.join("bin/verilator_bin").is_file() {
        return Ok(root);
    }
    Err(format!("no Verilator in {}: run `make setup`", root.display()))
}

/// The files of a `.f` list, those of lists inside it included.
fn sources(paths: &Paths, list: &Path) -> Result<Vec<PathBuf>, String> {
    let text = fs::read_to_string(list).map_err(|e| format!("{}: {e}", list.display()))?;
    let mut files = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or("").trim();
        if line.is_empty()
            || line.starts_with('#')
            || line.starts_with('+')
            || line.starts_with('-')
        {
            continue;
        }
        // Lists are written from the project's root or from their own folder.
        let beside = list.parent().map(|folder| folder.join(line));
        let file = [Some(paths.root.join(line)), beside]
            .into_iter()
            .flatten()
            .find(|file| file.is_file())
            .ok_or_else(|| format!("{}: no file {line}", list.display()))?;
        println!("cargo::rerun-if-changed={}", file.display());
        files.push(file);
    }
    files.push(paths.here.join("rtl/covert_sim.sv"));
    Ok(files)
}

/// `name tiles` lines of the one place that lists the configurations.
fn configs(paths: &Paths) -> Result<Vec<Config>, String> {
    let file = paths.root.join("rtl/chip/configs");
    println!("cargo::rerun-if-changed={}", file.display());
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut configs = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        let mut words =
            line.split(|c: char| c.is_whitespace() || c == '=').filter(|w| !w.is_empty());
        let Some(name) = words.next() else { continue };
        let tiles = words.find_map(|word| word.parse().ok());
        let tiles =
            tiles.ok_or_else(|| format!("{}: no number of tiles: {line}", file.display()))?;
        configs.push(Config { name: name.to_owned(), tiles });
    }
    Ok(configs)
}

fn fingerprint(paths: &Paths, sources: &[PathBuf]) -> Result<String, String> {
    let mut hash = Sha256::new();
    hash.update(paths.verilator.display().to_string());
    // The compiler's flags are here.
    hash.update(include_str!("build.rs"));
    let extra = paths.here.join("fault.vlt");
    for file in sources.iter().chain([&extra]) {
        let bytes = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
        hash.update(bytes.len().to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// A compiler run for Verilator's C++; `tool` itself decides on the optimisation of each set of files.
fn compiler(paths: &Paths, optimise: u32) -> cc::Build {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(optimise)
        .debug(false)
        .warnings(false)
        .include(paths.verilator.join("include"))
        .include(paths.verilator.join("include/vltstd"))
        .define("VERILATOR", "1")
        .define("VM_TRACE", "1")
        .define("VM_TRACE_FST", "1")
        .define("VM_COVERAGE", "0")
        .define("VM_SC", "0")
        .define("VM_TIMING", "0")
        .define("VL_TIME_CONTEXT", None)
        .define("VL_USER_FATAL", None)
        .flag("-fno-stack-protector")
        .flag("-w");
    // The fingerprint is parities.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64") {
        build.flag("-mpopcnt");
    }
    build
}

fn runtime(paths: &Paths) -> Result<(), String> {
    let include = paths.verilator.join("include");
    let stamp = paths.out.join("runtime.stamp");
    let key = format!("2 {}", paths.verilator.display());
    if fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        link(paths, "covert_verilated");
    } else {
        let mut build = compiler(paths, 2);
        build.include(include.join("fstcpp"));
        for file in ["verilated.cpp", "verilated_threads.cpp", "verilated_fst_c.cpp"] {
            build.file(include.join(file));
        }
        build.try_compile("covert_verilated").map_err(|e| e.to_string())?;
        fs::write(&stamp, key).map_err(|e| e.to_string())?;
    }
    println!("cargo::rustc-link-lib=lz4");
    println!("cargo::rustc-link-lib=z");
    Ok(())
}

fn link(paths: &Paths, library: &str) {
    println!("cargo::rustc-link-search=native={}", paths.out.display());
    println!("cargo::rustc-link-lib=static={library}");
}

struct Model {
    /// Prefix of the generated classes, and so their C++ name.
    prefix: String,
    folder: PathBuf,
    tiles: u32,
    fault: bool,
}

impl Model {
    fn new(paths: &Paths, config: &Config, fault: bool) -> Self {
        let kind = if fault { "fault" } else { "fast" };
        let prefix = format!("V{}_{kind}", config.name);
        let folder = paths.out.join(&prefix);
        Self { prefix, folder, tiles: config.tiles, fault }
    }

    fn arguments(&self, paths: &Paths) -> Vec<String> {
        let mut arguments: Vec<String> = [
            "--cc",
            "--top-module",
            "covert_sim",
            "-O3",
            "--x-assign",
            "fast",
            "--x-initial",
            "fast",
            "--no-assert",
            "--no-timing",
            "-Wno-fatal",
            "-Wno-lint",
            "-Wno-style",
            "--output-split",
            "20000",
            "--quiet",
            // Decision trees for `case` take more instructions than what the compiler makes of comparisons, and processes
            // that are split into their variables evaluate what a branch would pass by.
            "-fno-case",
            "-fno-split",
            "+define+COVERT_RVFI",
        ]
        .map(String::from)
        .to_vec();
        arguments.push(format!("-GNTiles={}", self.tiles));
        arguments.extend(["--prefix".into(), self.prefix.clone()]);
        if self.fault {
            arguments.extend(["--trace-fst".into(), "+define+COVERT_RVFI_PORTS".into()]);
            arguments.push(paths.here.join("fault.vlt").display().to_string());
        }
        arguments
    }

    fn make(&self, paths: &Paths, sources: &[PathBuf], inputs: &str) -> Result<(), String> {
        let arguments = self.arguments(paths);
        let key = format!("{inputs} {arguments:?}");
        let stamp = paths.out.join(format!("{}.stamp", self.prefix));
        if fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
            link(paths, &self.prefix);
            return Ok(());
        }
        let _ = fs::remove_file(&stamp);
        let _ = fs::remove_dir_all(&self.folder);
        let tool = paths.verilator.join("bin/verilator_bin");
        let output = Command::new(&tool)
            .env("VERILATOR_ROOT", &paths.verilator)
            .args(&arguments)
            .arg("--Mdir")
            .arg(&self.folder)
            .args(sources)
            .output()
            .map_err(|e| format!("{}: {e}", tool.display()))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let first = text.lines().find(|l| l.contains("%Error")).unwrap_or("no message");
            for line in text.lines() {
                eprintln!("{line}");
            }
            return Err(format!("Verilator failed on {}: {first}", self.prefix));
        }
        self.compile(paths)?;
        fs::write(&stamp, key).map_err(|e| e.to_string())
    }

    fn compile(&self, paths: &Paths) -> Result<(), String> {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.folder)
            .map_err(|e| e.to_string())?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "cpp"))
            .collect();
        files.sort();
        // What runs once per simulation is most of the text. The settle region is among it, and runs
        // once per flip.
        let slow = |path: &PathBuf| path.to_string_lossy().contains("__Slow");
        let (slow, fast): (Vec<_>, Vec<_>) = files.into_iter().partition(slow);
        let objects = compiler(paths, 1)
            .include(&self.folder)
            .files(slow)
            .try_compile_intermediates()
            .map_err(|e| e.to_string())?;
        let mut build = compiler(paths, 3);
        build.include(&self.folder).files(fast);
        for object in objects {
            build.object(object);
        }
        build.try_compile(&self.prefix).map_err(|e| e.to_string())
    }

    /// The C++ that gives this model the face of `ChipModel`.
    fn instance(&self) -> String {
        let Self { prefix, tiles, fault, .. } = self;
        // Verilator's own functions for the regions of a time step: its eval() calls them until nothing changes.
        let root = format!("{prefix}___024root");
        format!(
            "#include \"chip_model.h\"\n#include \"models.h\"\n#include \"{prefix}.h\"\n#include \"{root}.h\"\n\
             bool {root}___eval_phase__ico({root}*);\n\
             bool {root}___eval_phase__act({root}*);\n\
             bool {root}___eval_phase__nba({root}*);\n\
             void {root}___eval_settle({root}*);\n\
             namespace covert {{\nnamespace {{\nstruct Wrapped {{\n    using Model = {prefix};\n    \
             static constexpr unsigned Tiles = {tiles};\n    static constexpr bool Fault = {fault};\n    \
             static void settle(Model& model) {{ {root}___eval_settle(model.rootp); }}\n    \
             static void fall(Model& model) {{ look(model.rootp); }}\n    \
             static void rise(Model& model) {{ look(model.rootp); {root}___eval_phase__nba(model.rootp); }}\n    \
             static void look({root}* root) {{\n        root->__VicoFirstIteration = 1;\n        \
             {root}___eval_phase__ico(root);\n        root->__VicoFirstIteration = 0;\n        \
             {root}___eval_phase__act(root);\n    }}\n}};\n}}\n\
             std::unique_ptr<Chip> make_{prefix}(const Setup& setup) {{ \
             return std::make_unique<ChipModel<Wrapped>>(setup); }}\n}}\n"
        )
    }
}

/// Compiles `cpp/`, one instance per model, and the bridge.
fn harness(paths: &Paths, models: &[Model]) -> Result<(), String> {
    let generated = paths.out.join("harness");
    fs::create_dir_all(&generated).map_err(|e| e.to_string())?;
    let mut table = String::from(
        "#pragma once\n#include <memory>\n#include \"chip.h\"\nnamespace covert {\n\
         struct ModelEntry { uint32_t tiles; bool fault; std::unique_ptr<Chip> (*make)(const Setup&); };\n",
    );
    let mut rows = String::new();
    let mut build = cxx_build::bridge("src/ffi.rs");
    build.std("c++17").opt_level(3).debug(false).warnings(false).flag("-w");
    for model in models {
        let file = generated.join(format!("{}_instance.cpp", model.prefix));
        write_if_changed(&file, &model.instance())?;
        build.file(&file).include(&model.folder);
        let _ = writeln!(table, "std::unique_ptr<Chip> make_{}(const Setup&);", model.prefix);
        let _ = write!(rows, "{{{}, {}, make_{}}}, ", model.tiles, model.fault, model.prefix);
    }
    let _ = writeln!(table, "inline constexpr ModelEntry models[] = {{{rows}}};\n}}");
    write_if_changed(&generated.join("models.h"), &table)?;
    for file in ["chip.cpp", "htif.cpp", "memory.cpp", "state.cpp"] {
        build.file(paths.here.join("cpp").join(file));
    }
    build
        .include(paths.here.join("cpp"))
        .include(&generated)
        .include(paths.verilator.join("include"))
        .include(paths.verilator.join("include/vltstd"))
        .define("VERILATOR", "1")
        .define("VM_TRACE", "1")
        .define("VM_TRACE_FST", "1")
        .define("VM_COVERAGE", "0")
        .define("VM_SC", "0")
        .define("VM_TIMING", "0")
        .define("VL_TIME_CONTEXT", None)
        .flag("-fno-stack-protector");
    build.try_compile("covert_harness").map_err(|e| e.to_string())
}

fn write_if_changed(file: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))
}
