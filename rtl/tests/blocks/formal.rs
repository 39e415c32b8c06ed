//! Proof of the comparator's promise (rtl/formal) by induction over the generated Verilog, and that
//! the proof fails where the comparator is broken.

use std::{fmt::Write as _, fs};

use covert_rtl::blocks::{Generated, blocks};

use crate::tools;

fn generated(tiles: usize) -> Generated {
    let name = format!("covert_comparator_n{tiles}");
    blocks().into_iter().find(|block| block.shell.name == name).expect("it is generated")
}

/// The module that connects the comparator, registers exposed, with its properties.
fn top(tiles: usize) -> String {
    let per_tile = |width: usize| width * tiles - 1;
    let mut text = String::from("module top (\n  input logic clock, reset, freeze, flush,\n");
    let _ = write!(
        text,
        "  input logic [{}:0] members, req_valid,\n  input logic [{}:0] req_we,\n  \
         input logic [{}:0] req_strb,\n  input logic [{}:0] req_addr, req_data,\n  \
         input logic [31:0] time_limit, out_rdata,\n  input logic out_done, out_err);\n  \
         logic [{}:0] done, held, released;\n  logic [{}:0] req, word;\n  \
         logic [31:0] timer;\n  logic out_valid, detect, stopped;\n  logic [68:0] out;\n",
        per_tile(1),
        per_tile(1),
        per_tile(4),
        per_tile(32),
        per_tile(1),
        per_tile(69)
    );
    for i in 0..tiles {
        let _ = writeln!(
            text,
            "  assign req[{0}+:69] = {{req_we[{i}], req_strb[{1}+:4], req_addr[{2}+:32], req_data[{2}+:32]}};",
            69 * i,
            4 * i,
            32 * i
        );
    }
    let _ = write!(
        text,
        "  covert_comparator_n{tiles} u_comparator (.*, .rsp_data(), .rsp_err(),\n    \
         .kind(), .accused(), .said_addr(), .said_data(),\n    \
         .out_we(out[68]), .out_strb(out[67:64]), .out_addr(out[63:32]), .out_data(out[31:0]),\n    \
         .\\u_hdl.stopped_q.state_q (stopped),\n    .\\u_hdl.timer_q.state_q (timer)"
    );
    for i in 0..tiles {
        for (register, port) in
            [("held_q", format!("held[{i}]")), ("released_q", format!("released[{i}]"))]
        {
            let _ = write!(text, ",\n    .\\u_hdl.side${i}.{register}.state_q ({port})");
        }
        let _ = write!(text, ",\n    .\\u_hdl.side${i}.word_q.state_q (word[{}+:69])", 69 * i);
    }
    let _ = write!(
        text,
        ");\n  covert_comparator_props #(.N({tiles})) u_props (.clk_i(clock), .rst_i(reset)"
    );
    let ports = "members freeze flush time_limit req_valid req done out_valid out out_done detect \
                 held released word stopped timer";
    for port in ports.split_whitespace() {
        let _ = write!(text, ", .{port}_i({port})");
    }
    text.push_str(");\nendmodule\n");
    text
}

/// What Yosys makes of the properties.
#[derive(Debug, PartialEq)]
enum Verdict {
    Proved,
    Refuted,
}

/// Tries to prove the properties for the Verilog `text`; `options` go to the properties' reader.
fn prove(tiles: usize, text: &str, options: &str) -> Verdict {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| dir.path().join(name).display().to_string();
    fs::write(file("dut.v"), text).expect("writable");
    fs::write(file("top.sv"), top(tiles)).expect("writable");
    let props = tools::project().join("rtl/formal/covert_comparator_props.sv");
    let script = format!(
        "read_verilog -sv {}; hierarchy -check -top covert_comparator_n{tiles}; proc; flatten; \
         expose w:u_hdl.stopped_q.state_q w:u_hdl.timer_q.state_q \
         w:u_hdl.side*.held_q.state_q w:u_hdl.side*.released_q.state_q w:u_hdl.side*.word_q.state_q; \
         read_verilog -sv -formal {options} {} {}; hierarchy -check -top top; proc; flatten; chformal -lower; \
         opt; check -assert; \
         sat -tempinduct -prove-asserts -set-assumes -seq 1 -maxsteps 6 -timeout 300 -verify top",
        file("dut.v"),
        props.display(),
        file("top.sv")
    );
    let output = tools::yosys(&script).output().expect("Yosys starts");
    let said = tools::text(&output);
    // A counterexample is what refutes: not a step limit, not an error of the script.
    match (output.status.success(), said.contains("model found for base case: FAIL!")) {
        (true, false) if said.contains("Induction step proven: SUCCESS!") => Verdict::Proved,
        (false, true) => Verdict::Refuted,
        _ => {
            let tail: Vec<_> = said.lines().rev().take(60).collect();
            panic!("neither proved nor refuted (last lines first):\n{}", tail.join("\n"))
        }
    }
}

#[test]
fn promise_is_proved_for_one_tile() {
    assert_eq!(prove(1, &generated(1).text, ""), Verdict::Proved);
}

#[test]
fn promise_is_proved_for_two_tiles() {
    assert_eq!(prove(2, &generated(2).text, ""), Verdict::Proved);
}

#[test]
fn promise_is_proved_for_four_tiles() {
    assert_eq!(prove(4, &generated(4).text, ""), Verdict::Proved);
}

#[test]
fn proof_is_not_empty() {
    let verdict = prove(2, &generated(2).text, "-DCOVERT_NEVER_ANSWERED");
    assert_eq!(verdict, Verdict::Refuted);
}

#[test]
fn broken_comparators_are_refuted() {
    let equal =
        [("(side$0$word == side$1$word)", "(1'b1)"), ("(side$1$word == side$0$word)", "(1'b1)")];
    let released_after_detection = [("stopped_q$d = 1'b1;", "stopped_q$d = 1'b0;")];
    let released_twice = [(" & ~done_q$q", "")];
    let waits_for_ever = [("late = active", "late = 1'b0 & active")];
    for mutation in
        [&equal[..], &released_after_detection[..], &released_twice[..], &waits_for_ever[..]]
    {
        let mut text = generated(2).text;
        for (from, to) in mutation {
            assert!(text.contains(from), "the generated Verilog has no `{from}` to break");
            text = text.replace(from, to);
        }
        assert_eq!(prove(2, &text, ""), Verdict::Refuted, "{mutation:?}");
    }
}
