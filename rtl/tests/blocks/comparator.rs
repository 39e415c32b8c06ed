//! The comparator: Rust model, Verilated Verilog and reference side by side; its timing; broken ones.

use covert_abi::Detection;
use covert_rtl::{
    blocks::{Generated, blocks},
    comparator::Comparator,
    shell::Direction,
    transaction::Transaction,
};

use crate::dut::{Dut, Model, Verilated};
use crate::frame::{Frame, Layout};
use crate::ports::{set_transaction, transaction};
use crate::reference::{Reference, Witness};
use crate::traffic::{Odds, Traffic};

/// Cycles of each random run.
const CYCLES: u32 = 20_000;

fn generated(tiles: usize) -> Generated {
    let name = format!("covert_comparator_n{tiles}");
    blocks().into_iter().find(|block| block.shell.name == name).expect("it is generated")
}

/// The model, the Verilated Verilog and the reference on one stimulus; the stimulus follows the
/// Verilog.
fn side_by_side<const N: usize>(text: &str, odds: Odds, seed: u64) -> Result<Witness, String> {
    let shell = generated(N).shell;
    let mut model = Model::new(Comparator::<N>::default(), &shell);
    let mut verilated = Verilated::start(&shell, text);
    let mut reference = Reference::new(N);
    let mut witness = Witness::default();
    let mut traffic = Traffic::new(&Layout::new(&shell, Direction::In), N, odds, seed);
    let mut last = None;
    for cycle in 0..CYCLES {
        let (reset, inputs) = traffic.next(last.as_ref());
        let from_model = model.cycle(reset, &inputs);
        let outputs = verilated.cycle(reset, &inputs);
        let at = |what, error| format!("seed {seed}, cycle {cycle}, {what}: {error}");
        if outputs != from_model {
            return Err(at("Verilog against model", outputs.difference(&from_model)));
        }
        reference.check(&inputs, &outputs).map_err(|error| at("reference", error))?;
        reference.advance(reset, &inputs);
        // Only gates that hold their transactions can see the promise from outside.
        if odds.chaos == 0 {
            witness.check(reset, &inputs, &outputs).map_err(|error| at("promise", error))?;
        }
        last = Some(outputs);
    }
    Ok(witness)
}

fn cosimulate<const N: usize>() {
    let text = generated(N).text;
    for seed in 0..4 {
        let odds = if seed == 3 { Odds { chaos: 100, ..Odds::MIXED } } else { Odds::MIXED };
        let seen = side_by_side::<N>(&text, odds, seed).unwrap_or_else(|error| panic!("{error}"));
        if odds.chaos == 0 {
            assert!(seen.released > 500, "only {} transactions were released", seen.released);
            // Alone, a tile can only say itself that it has failed.
            let fewest = if N == 1 { 5 } else { 30 };
            assert!(seen.detections >= fewest, "only {} detections", seen.detections);
        }
    }
}

#[test]
fn one_tile_cosimulates() {
    cosimulate::<1>();
}

#[test]
fn two_tiles_cosimulate() {
    cosimulate::<2>();
}

#[test]
fn four_tiles_cosimulate() {
    cosimulate::<4>();
}

/// A directed run on the model (which the Verilog equals).
struct Bench {
    model: Model<Comparator<2>>,
    inputs: Frame,
    cycle: u32,
}

impl Bench {
    const TRANSACTION: Transaction =
        Transaction { write: true, strb: 15, addr: 0x1000_0000, data: 0x42 };

    /// Two members out of reset; the next cycle is cycle 0.
    fn new(time_limit: u32) -> Self {
        let shell = generated(2).shell;
        let mut model = Model::new(Comparator::<2>::default(), &shell);
        let mut inputs = Frame::new(&Layout::new(&shell, Direction::In));
        model.cycle(true, &inputs);
        inputs.set("time_limit", time_limit);
        inputs.set_at("members", 0, true);
        inputs.set_at("members", 1, true);
        Self { model, inputs, cycle: 0 }
    }

    fn present(&mut self, tile: usize, transaction: Transaction) {
        self.inputs.set_at("req_valid", tile, true);
        set_transaction(&mut self.inputs, "req", tile, transaction);
    }

    fn step(&mut self) -> Frame {
        self.cycle += 1;
        self.model.cycle(false, &self.inputs)
    }

    /// Steps until `name` rises; in which cycle that was.
    fn until(&mut self, name: &str) -> (u32, Frame) {
        for _ in 0..1000 {
            let outputs = self.step();
            if outputs.is(name) {
                return (self.cycle - 1, outputs);
            }
        }
        panic!("{name} does not rise");
    }
}

#[test]
fn release_takes_two_cycles_and_the_answer_one() {
    let mut bench = Bench::new(0);
    bench.present(0, Bench::TRANSACTION);
    for _ in 0..7 {
        assert!(!bench.step().is("out_valid"));
    }
    bench.present(1, Bench::TRANSACTION);
    let arrival = bench.cycle;
    let (released, outputs) = bench.until("out_valid");
    assert_eq!(released, arrival + 2);
    assert_eq!(transaction(&outputs, "out", 0), Bench::TRANSACTION);

    bench.inputs.set("out_done", true);
    bench.inputs.set("out_rdata", 0x1234u32);
    let answered = bench.cycle;
    let (done, outputs) = bench.until("done");
    assert_eq!(done, answered + 1);
    assert_eq!((outputs.at("done", 1), outputs.get("rsp_data")), (1, 0x1234));
    assert!(!outputs.is("out_valid"));
}

#[test]
fn time_limit_is_exact_to_the_cycle() {
    for limit in [1u32, 2, 3, 10, 100] {
        // The last cycle in which the other may come.
        let mut bench = Bench::new(limit);
        bench.present(0, Bench::TRANSACTION);
        for _ in 0..limit {
            bench.step();
        }
        bench.present(1, Bench::TRANSACTION);
        let (released, _) = bench.until("out_valid");
        assert_eq!(released, limit + 2);

        // One cycle later is too late, and stays so.
        let mut bench = Bench::new(limit);
        bench.present(0, Bench::TRANSACTION);
        for _ in 0..=limit {
            assert!(!bench.step().is("detect"));
        }
        bench.present(1, Bench::TRANSACTION);
        let (detected, outputs) = bench.until("detect");
        assert_eq!(detected, limit + 2);
        assert_eq!(outputs.get("kind"), Detection::TimeLimit as u64);
        assert_eq!((outputs.at("accused", 0), outputs.at("accused", 1)), (0, 1));
        assert_eq!(outputs.at("said_addr", 1), 0, "the record says that it was not there");
        for _ in 0..20 {
            assert!(!bench.step().is("out_valid"));
        }
    }
}

#[test]
fn disagreement_names_what_each_said() {
    let mut bench = Bench::new(0);
    bench.present(0, Transaction { data: 1, ..Transaction::ARRIVE });
    bench.present(1, Transaction { data: 2, ..Transaction::ARRIVE });
    let (detected, outputs) = bench.until("detect");
    assert_eq!(detected, 2);
    assert_eq!(outputs.get("kind"), Detection::Fingerprint as u64);
    for tile in 0..2 {
        assert_eq!(outputs.at("accused", tile), 1);
        assert_eq!(outputs.at("said_addr", tile), u64::from(Transaction::ARRIVE.addr) | 0b11);
        assert_eq!(outputs.at("said_data", tile), tile as u64 + 1);
    }
}

#[test]
fn vmm_fail_is_not_waited_for_and_never_released() {
    let mut bench = Bench::new(0);
    bench.present(0, Transaction { data: 7, ..Transaction::VMM_FAIL });
    let (detected, outputs) = bench.until("detect");
    assert_eq!(detected, 2);
    assert_eq!(outputs.get("kind"), Detection::Vmm as u64);
    assert_eq!((outputs.at("accused", 0), outputs.at("accused", 1)), (1, 0));
    assert_eq!(outputs.at("said_data", 0), 7);
    bench.present(1, Transaction { data: 7, ..Transaction::VMM_FAIL });
    for _ in 0..20 {
        assert!(!bench.step().is("out_valid"));
    }
}

/// Generated Verilog of two tiles with `from` replaced by `to`, wherever it stands.
fn mutant(from: &str, to: &str) -> String {
    let text = generated(2).text;
    assert!(text.contains(from), "the generated Verilog has no `{from}` to break");
    text.replace(from, to)
}

/// Runs a broken comparator: who notices, and what they say.
struct Broken {
    by_model: Option<String>,
    by_reference: Option<String>,
    by_promise: Option<String>,
}

impl Broken {
    fn run(text: &str) -> Self {
        let shell = generated(2).shell;
        let mut verilated = Verilated::start(&shell, text);
        let mut reference = Reference::new(2);
        let mut witness = Witness::default();
        let mut traffic = Traffic::new(&Layout::new(&shell, Direction::In), 2, Odds::MIXED, 1);
        let mut last = None;
        let (mut by_reference, mut by_promise) = (None, None);
        for _ in 0..CYCLES {
            let (reset, inputs) = traffic.next(last.as_ref());
            let outputs = verilated.cycle(reset, &inputs);
            if by_reference.is_none() {
                by_reference = reference.check(&inputs, &outputs).err();
                reference.advance(reset, &inputs);
            }
            if by_promise.is_none() {
                by_promise = witness.check(reset, &inputs, &outputs).err();
            }
            last = Some(outputs);
        }
        let by_model = side_by_side::<2>(text, Odds::MIXED, 1).err();
        Self { by_model, by_reference, by_promise }
    }
}

#[test]
fn comparison_forced_equal_is_found() {
    let text = mutant("(side$0$word == side$1$word)", "(1'b1)");
    let found = Broken::run(&text.replace("(side$1$word == side$0$word)", "(1'b1)"));
    assert!(found.by_model.is_some() && found.by_reference.is_some());
    let said = found.by_promise.expect("the promise is broken");
    assert!(said.contains("did not say so"), "{said}");
}

#[test]
fn comparison_of_all_but_one_bit_is_found() {
    let text = mutant("side$1$word == side$0$word", "side$1$word[67:0] == side$0$word[67:0]");
    let text = text.replace("side$0$word == side$1$word", "side$0$word[67:0] == side$1$word[67:0]");
    let found = Broken::run(&text);
    assert!(found.by_model.is_some() && found.by_reference.is_some() && found.by_promise.is_some());
}

#[test]
fn release_after_a_detection_is_found() {
    let found = Broken::run(&mutant("stopped_q$d = 1'b1;", "stopped_q$d = 1'b0;"));
    assert!(found.by_model.is_some() && found.by_reference.is_some());
    let said = found.by_promise.expect("the promise is broken");
    assert!(said.contains("after a detection"), "{said}");
}

#[test]
fn transaction_released_twice_is_found() {
    let found = Broken::run(&mutant(" & ~done_q$q", ""));
    assert!(found.by_model.is_some() && found.by_reference.is_some() && found.by_promise.is_some());
}

#[test]
fn dead_time_limit_is_found() {
    let found = Broken::run(&mutant("late = active", "late = 1'b0 & active"));
    assert!(found.by_model.is_some() && found.by_reference.is_some());
}
