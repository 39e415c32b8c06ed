//! Writes the generated Verilog of the isolation unit and the register page.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Parser;

/// Generate the isolation unit's Verilog (rust-hdl blocks, SystemVerilog package) and docs/registers.md.
#[derive(Parser)]
struct Args {
    /// Where the Verilog goes [default: rtl/unit/gen of the source tree].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where registers.md goes [default: docs of the source tree, or DIR with --out].
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
}

/// Writes a file only where it changes, so that builds depending on it stay fresh.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn main() -> Result<()> {
    let args = Args::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = args.docs.or_else(|| args.out.clone()).unwrap_or_else(|| root.join("../docs"));
    let out = args.out.unwrap_or_else(|| root.join("unit/gen"));
    for dir in [&out, &docs] {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    }
    for file in covert_rtl::files() {
        write(&out.join(&file.name), &file.text)?;
    }
    write(&docs.join("registers.md"), &covert_rtl::registers_page())
}
