//! Lists of Verilog files: a path a line, relative to the list, `-F LIST` for another list, `//` before a remark. Verilator
//! reads the same with its option `-F`.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The files of a list, in order, each once.
///
/// # Errors
/// A list cannot be read, or has another option.
pub fn read(list: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    add(list, 0, &mut files)?;
    Ok(files)
}

/// Lists within lists, at most.
const DEPTH: u32 = 10;

fn add(list: &Path, depth: u32, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let wrong = |why: String| Error::Board { path: list.to_owned(), why };
    if depth == DEPTH {
        return Err(wrong(format!("{DEPTH} lists within each other")));
    }
    let text = std::fs::read_to_string(list)
        .map_err(|source| Error::Read { path: list.to_owned(), source })?;
    let folder = list.parent().unwrap_or(Path::new(""));
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        if let Some(other) = line.strip_prefix("-F ") {
            add(&folder.join(other.trim()), depth + 1, files)?;
        } else if line.starts_with(['-', '+']) {
            return Err(wrong(format!("`{line}` is neither a file nor -F")));
        } else if !line.is_empty() {
            let file = folder.join(line);
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lists_within_lists() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, text).expect("written");
            path
        };
        write("chip/chip.f", "// all\npkg.sv\n\n  core.sv // the core\n");
        let list = write("top.f", "-F chip/chip.f\nchip/pkg.sv\ntop.sv\n");
        let expected =
            ["chip/pkg.sv", "chip/core.sv", "top.sv"].map(|name| folder.path().join(name));
        assert_eq!(read(&list).expect("files"), expected);

        for (text, said) in [
            ("+incdir+x\n", "neither a file nor -F"),
            ("-F none.f\n", "none.f"),
            ("-F top.f\n", "within each other"),
        ] {
            let error = read(&write("top.f", text)).expect_err(said).to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
