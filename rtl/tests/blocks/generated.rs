//! The generated text itself: committed files are fresh, and the tools take them.

use std::fs;

use covert_rtl::{blocks, files, registers_page};

use crate::tools;

#[test]
fn committed_files_are_what_the_generator_writes() {
    let dir = tools::project().join("rtl/unit/gen");
    let mut names = vec![];
    for file in files() {
        let committed = fs::read_to_string(dir.join(&file.name)).unwrap_or_default();
        assert!(committed == file.text, "{} is out of date: run make generate", file.name);
        names.push(file.name);
    }
    for entry in fs::read_dir(&dir).expect("rtl/unit/gen is there") {
        let name = entry.expect("readable").file_name().into_string().expect("a plain name");
        assert!(names.contains(&name), "{name} is not generated any more");
    }
    let page = fs::read_to_string(tools::project().join("docs/registers.md")).unwrap_or_default();
    assert!(page == registers_page(), "docs/registers.md is out of date: run make generate");
}

#[test]
fn generation_is_deterministic() {
    let (first, second) = (files(), files());
    assert!(first.iter().zip(&second).all(|(a, b)| a.name == b.name && a.text == b.text));
}

#[test]
fn verilator_finds_no_fault() {
    let dir = tools::project().join("rtl/unit/gen");
    for block in blocks() {
        let name = &block.shell.name;
        let output = tools::run(
            tools::verilator()
                .args(["--lint-only", "-Wall", "--top-module", name])
                .arg(dir.join(format!("{name}.v"))),
        );
        assert!(!tools::text(&output).contains("%Warning"), "{}", tools::text(&output));
    }
    tools::run(tools::verilator().args(["--lint-only", "-Wall"]).arg(dir.join("covert_pkg.sv")));
}

#[test]
fn yosys_finds_no_fault_and_no_latch() {
    let dir = tools::project().join("rtl/unit/gen");
    for block in blocks() {
        let name = &block.shell.name;
        let file = dir.join(format!("{name}.v"));
        tools::run(&mut tools::yosys(&format!(
            "read_verilog -sv {}; hierarchy -check -top {name}; proc; select -assert-none t:$dlatch; \
             opt; check -assert; flatten; opt; check -assert; select -assert-none t:$dlatch",
            file.display()
        )));
    }
}

/// The rule by which fault injection and reports recognise registers of generated modules.
#[test]
fn every_flip_flop_is_state_q_of_a_register() {
    let dir = tools::project().join("rtl/unit/gen");
    for block in blocks() {
        let name = &block.shell.name;
        let file = dir.join(format!("{name}.v"));
        let names = "w:*_q.state_q w:*_q$?.state_q %u";
        let outputs = "t:$*dff* %co1:+[Q] w:* %i";
        let output = tools::run(&mut tools::yosys(&format!(
            "read_verilog -sv {}; hierarchy -check -top {name}; proc; flatten; \
             select -assert-none {outputs} {names} %d; select -count t:$*dff*; \
             select -count {names}",
            file.display()
        )));
        let said = tools::text(&output);
        let counts: Vec<_> = said.lines().filter(|line| line.ends_with(" objects.")).collect();
        assert!(counts.len() == 2 && counts[0] == counts[1], "{name}: {counts:?}");
        assert_ne!(counts[0], "0 objects.");
    }
}
