//! A block under test: its rust-hdl model, or its Verilated Verilog.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
};

use covert_rtl::shell::{Direction, Port, Shell};
use rust_hdl_core::prelude::{Block, Clock, simulate};

use crate::frame::{Frame, Layout};
use crate::tools;

/// Something with a block's ports that can be clocked.
pub(crate) trait Dut {
    /// Applies inputs, gives the outputs that they and the present state make, then clocks.
    fn cycle(&mut self, reset: bool, inputs: &Frame) -> Frame;
}

/// How frames reach a rust-hdl block.
pub(crate) trait Ports: Block {
    /// Drives the clock.
    fn clock(&mut self, clock: Clock);
    /// Drives the inputs.
    fn drive(&mut self, reset: bool, inputs: &Frame);
    /// Reads the outputs.
    fn read(&self, outputs: &mut Frame);
}

/// The rust-hdl model.
pub(crate) struct Model<B> {
    block: B,
    outputs: Rc<Layout>,
}

impl<B: Ports> Model<B> {
    /// A model of a block with face `shell`.
    pub(crate) fn new(mut block: B, shell: &Shell) -> Self {
        block.connect_all();
        Self { block, outputs: Layout::new(shell, Direction::Out) }
    }

    fn settle(&mut self) {
        assert!(simulate(&mut self.block, 64), "the model does not settle");
    }
}

impl<B: Ports> Dut for Model<B> {
    fn cycle(&mut self, reset: bool, inputs: &Frame) -> Frame {
        self.block.clock(Clock { clk: false });
        self.block.drive(reset, inputs);
        self.settle();
        let mut outputs = Frame::new(&self.outputs);
        self.block.read(&mut outputs);
        self.block.clock(Clock { clk: true });
        self.settle();
        outputs
    }
}

/// The Verilated Verilog, in a process of its own that is fed a frame at a time.
pub(crate) struct Verilated {
    child: Child,
    to: BufWriter<ChildStdin>,
    from: BufReader<ChildStdout>,
    outputs: Rc<Layout>,
}

impl Verilated {
    /// Builds (unless that was done before) and starts the Verilog `text` of a block.
    pub(crate) fn start(shell: &Shell, text: &str) -> Self {
        let mut child = Command::new(build(shell, text))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the driver starts");
        Self {
            to: BufWriter::new(child.stdin.take().expect("piped")),
            from: BufReader::new(child.stdout.take().expect("piped")),
            child,
            outputs: Layout::new(shell, Direction::Out),
        }
    }
}

impl Dut for Verilated {
    fn cycle(&mut self, reset: bool, inputs: &Frame) -> Frame {
        let mut words = vec![u64::from(reset)];
        words.extend(inputs.values());
        for word in words {
            self.to.write_all(&word.to_le_bytes()).expect("the driver reads");
        }
        self.to.flush().expect("the driver reads");
        let mut outputs = Frame::new(&self.outputs);
        for value in outputs.values_mut() {
            let mut bytes = [0; 8];
            self.from.read_exact(&mut bytes).expect("the driver answers");
            *value = u64::from_le_bytes(bytes);
        }
        outputs
    }
}

impl Drop for Verilated {
    fn drop(&mut self) {
        // It would end at the end of its input; there is nothing to be said if it has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// C++ that moves one element between a frame and the model's port: bits `[width*tile +: width]`.
fn element(port: &Port, tile: usize) -> String {
    let (low, width) = (port.width * tile, port.width);
    let name = port.name;
    // Verilator keeps up to 64 bits in one integer and more in an array of 32-bit words. No element
    // of a wide port crosses a word.
    let (target, low) = match port.bits() {
        0..=64 => (format!("dut.{name}"), low),
        _ => {
            assert!(low / 32 == (low + width - 1) / 32, "{name}: element across words");
            (format!("dut.{name}[{}]", low / 32), low % 32)
        }
    };
    let mask = u64::MAX >> (64 - width);
    match port.direction {
        Direction::In => format!(
            "    {target} = ({target} & ~(0x{mask:x}ull << {low})) | ((take() & 0x{mask:x}ull) << {low});\n"
        ),
        Direction::Out => format!("    give((uint64_t({target}) >> {low}) & 0x{mask:x}ull);\n"),
    }
}

/// The driver's source: reads input frames, writes output frames, one a cycle.
fn driver(shell: &Shell) -> String {
    let elements = |direction| {
        shell
            .ports
            .iter()
            .filter(|port| port.direction == direction)
            .flat_map(|port| (0..port.tiles.unwrap_or(1)).map(|tile| element(port, tile)))
            .collect::<String>()
    };
    format!(
        "#include <cstdint>\n#include <cstdio>\n#include <cstdlib>\n#include \"Vdut.h\"\n\
         static uint64_t take() {{\n  uint64_t word;\n  \
         if (fread(&word, sizeof word, 1, stdin) != 1) exit(0);\n  return word;\n}}\n\
         static void give(uint64_t word) {{ fwrite(&word, sizeof word, 1, stdout); }}\n\
         int main() {{\n  Vdut dut;\n  for (;;) {{\n    dut.clock = 0;\n    dut.reset = take();\n\
         {}    dut.eval();\n{}    fflush(stdout);\n    dut.clock = 1;\n    dut.eval();\n  }}\n}}\n",
        elements(Direction::In),
        elements(Direction::Out)
    )
}

/// Files below `dir` with this extension, sorted.
fn sources(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .expect("Verilator's output")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// The C++ compiler as every model needs it.
fn compiler() -> Command {
    let include = tools::verilator_root().join("include");
    let mut command = Command::new("c++");
    command.args(["-std=c++17", "-O1", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0"]);
    command.args(["-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_TRACE_VCD=0"]);
    command.arg("-I").arg(&include).arg("-I").arg(include.join("vltstd"));
    command
}

/// Makes `path` with `make` unless it is there; safe against other test processes.
fn once(path: &Path, make: impl FnOnce(&Path)) {
    if path.exists() {
        return;
    }
    fs::create_dir_all(path.parent().expect("has a parent")).expect("target is writable");
    let lock = File::create(path.with_extension("lock")).expect("target is writable");
    lock.lock().expect("file locks work");
    if !path.exists() {
        let fresh = path.with_extension("new");
        make(&fresh);
        fs::rename(&fresh, path).expect("target is writable");
    }
}

/// The program that simulates the Verilog `text`.
fn build(shell: &Shell, text: &str) -> PathBuf {
    let driver = driver(shell);
    let root = tools::verilator_root();
    let mut hasher = DefaultHasher::new();
    (text, &driver, &root).hash(&mut hasher);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verilated");

    let mut runtime_key = DefaultHasher::new();
    root.hash(&mut runtime_key);
    let runtime = ["verilated", "verilated_threads"].map(|part| {
        let object = target.join(format!("{part}-{:016x}.o", runtime_key.finish()));
        once(&object, |object| {
            let source = root.join(format!("include/{part}.cpp"));
            tools::run(compiler().arg("-c").arg(source).arg("-o").arg(object));
        });
        object
    });

    let program = target.join(format!("{}-{:016x}", shell.name, hasher.finish()));
    once(&program, |program| {
        let dir = tempfile::tempdir_in(&target).expect("target is writable");
        let source = dir.path().join(format!("{}.v", shell.name));
        fs::write(&source, text).expect("target is writable");
        fs::write(dir.path().join("driver.cpp"), driver).expect("target is writable");
        tools::run(
            tools::verilator()
                .args(["--cc", "--prefix", "Vdut", "--x-initial", "0", "--x-assign", "0"])
                .args(["--top-module", &shell.name, "--Mdir"])
                .arg(dir.path())
                .arg(&source),
        );
        // One translation unit: most of the time goes into reading Verilator's headers.
        let unity: String = sources(dir.path(), "cpp")
            .iter()
            .map(|path| format!("#include \"{}\"\n", path.display()))
            .collect();
        let unity_source = dir.path().join("unity.cpp");
        fs::write(&unity_source, unity).expect("target is writable");
        tools::run(
            compiler().arg(unity_source).args(&runtime).args(["-pthread", "-o"]).arg(program),
        );
    });
    program
}
