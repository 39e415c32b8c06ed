//! Boards: the ones that are there are consistent, and wrong descriptions are refused with a word on what is wrong.

use std::fs;
use std::path::Path;

use covert_fpga::board::{Board, Memory, names};
use covert_fpga::error::{Error, Fault};
use covert_fpga::{files, source_tree, synth};

const GOOD: &str = r#"
device = "85k"
package = "CABGA381"
speed = "6"
defines = []
default_target = "all"
[resources]
LUT4 = 1
[chip.duo]
domain_bits = 23
io_start = 0x1000000
[target.all]
top = "top"
files = "top.f"
constraints = "top.lpf"
clocks = { clk = 25.0 }
"#;

fn load(text: &str, folder: &Path) -> Result<Board, Error> {
    let board = folder.join("one");
    fs::create_dir_all(&board).expect("a folder");
    fs::write(board.join("board.toml"), text).expect("it can be written");
    for file in ["top.f", "top.lpf"] {
        fs::write(board.join(file), "").expect("it can be written");
    }
    Board::load(folder, "one")
}

#[test]
fn every_board_can_be_built_for_each_of_its_chips() {
    let (root, boards) = (source_tree(), source_tree().join("fpga/boards"));
    let names = names(&boards);
    assert!(names.contains(&"ulx3s".into()), "{names:?}");
    for name in names {
        let board = Board::load(&boards, &name).expect("a board");
        assert!(!board.chip.is_empty(), "{name}");
        for (chip, memory) in &board.chip {
            let tiles = synth::tiles(&root, chip).expect("a chip");
            // The last domain has room for more than the VMM's part.
            assert!(memory.domain(tiles) > 1 << 20, "{name} {chip}");
            for target in board.target.values() {
                let files = files::read(&board.folder.join(&target.files)).expect("a list");
                assert!(files.iter().all(|file| file.is_file()), "{files:?}");
                for module in ["covert_chip", &target.top] {
                    let file = format!("{module}.sv");
                    assert!(files.iter().any(|path| path.ends_with(&file)), "{name}: {file}");
                }
                // The description alone says how fast clocks are.
                let constraints =
                    fs::read_to_string(board.folder.join(&target.constraints)).expect("text");
                assert!(!constraints.contains("FREQUENCY"), "{name}: {constraints}");
            }
        }
    }
}

#[test]
fn a_wrong_description_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = load(GOOD, folder.path()).expect("a board");
    assert_eq!(board.target(None).expect("a target").1.top, "top");
    assert!(matches!(board.target(Some("none")), Err(Error::UnknownTarget { .. })));
    for (from, to, said) in [
        ("speed = \"6\"", "speed = \"6\"\nsped = 1", "sped"),
        ("speed = \"6\"", "", "speed"),
        ("\"all\"", "\"none\"", "no target `none`"),
        ("top.f", "other.f", "no file other.f"),
        ("top.lpf", "other.lpf", "no file other.lpf"),
        ("25.0", "0.0", "frequency"),
        ("clk = 25.0", "", "no clock"),
        ("= 23", "= 26", "domain_bits"),
        ("[resources]", "[resources", "unclosed table"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD);
        let error = load(&text, folder.path()).expect_err(said);
        assert_eq!(error.fault(), Fault::Input);
        assert!(
            error.to_string().contains("board.toml") && error.to_string().contains(said),
            "{said}: {error}"
        );
    }
}

#[test]
fn an_unknown_board_is_refused_with_what_there_is() {
    for name in ["none", "", "..", "ulx3s/../ulx3s"] {
        let error = Board::load(&source_tree().join("fpga/boards"), name).expect_err("refused");
        assert!(error.to_string().contains("there is: ulx3s"), "{error}");
    }
}

#[test]
fn what_the_io_region_leaves_of_the_last_domain() {
    let memory = |domain_bits, io_start| Memory { domain_bits, io_start };
    assert_eq!(memory(23, 0x00F8_0000).domain(2), 0x0078_0000);
    assert_eq!(memory(22, 0x0180_0000).domain(4), 0x0040_0000);
    assert_eq!(memory(22, 0x0080_0000).domain(4), 0);
}
