//! Boards: the ones that are there are consistent, and wrong descriptions are refused with a word on what is wrong.

use std::fs;
use std::path::Path;

use covert_fpga::board::{Board, names};
use covert_fpga::error::{Error, Fault};
use covert_fpga::{source_tree, synth};

const GOOD: &str = r#"
device = "85k"
package = "CABGA381"
speed = "6"
defines = []
chips = ["duo"]
default_target = "all"
[resources]
LUT4 = 1
[target.all]
top = "top"
sources = ["top.sv"]
constraints = "top.lpf"
clocks = { clk = 25.0 }
"#;

fn load(text: &str, folder: &Path) -> Result<Board, Error> {
    let board = folder.join("one");
    fs::create_dir_all(&board).expect("a folder");
    fs::write(board.join("board.toml"), text).expect("it can be written");
    for file in ["top.sv", "top.lpf"] {
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
        assert!(!board.chips.is_empty(), "{name}");
        for chip in &board.chips {
            let tiles = synth::tiles(&root, chip).expect("the list").expect("a chip");
            for target in board.target.values() {
                let script = synth::script(&root, &board, target, tiles).expect("a script");
                assert!(
                    script.contains("covert_chip.sv") && script.contains(&target.top),
                    "{script}"
                );
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
        ("top.sv", "other.sv", "no file other.sv"),
        ("top.lpf", "other.lpf", "no file other.lpf"),
        ("25.0", "0.0", "frequency"),
        ("clk = 25.0", "", "no clock"),
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
