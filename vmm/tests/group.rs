//! Properties of the replication logic, checked on a model of the chip with random guests, random inputs,
//! random requests for redundancy, and random faults.
//!
//! The reference is a machine that no fault ever touched: alone on a chip of one tile, it is given the answers
//! that the protected group got from the devices, and must do exactly the same accesses, in the same order.
//! So nothing was printed twice, left out, or printed wrong, and redundancy is invisible to the guest.

#[expect(unreachable_pub, reason = "the model is a module of this test alone")]
mod model;

use std::slice;

use covert_abi::{Detection, Mode, io::BLK_FAILED};
use covert_vmm::ReplicaState;
use model::{
    Checkers, Model, Outcome, Plan,
    device::{Access, Answer, World},
};
use proptest::prelude::*;

const TURNS_MAX: u64 = 200_000;

fn plan() -> impl Strategy<Value = Plan> {
    (
        2..=4u32,
        prop_oneof![Just(160u32), Just(400), Just(2048)],
        100..2000u32,
        1..20u32,
        50..1500u32,
    )
        .prop_map(|(tiles, log_depth, epoch, checkpoint_every, life)| Plan {
            tiles,
            log_depth,
            epoch,
            checkpoint_every,
            max_attempts: 3,
            life,
        })
}

/// Requests for redundancy at certain input sets.
fn modes() -> impl Strategy<Value = Vec<(u32, u32)>> {
    let mode = prop_oneof![Just(Mode::None as u32), Just(Mode::Dmr as u32), Just(Mode::Tmr as u32)];
    (any::<bool>(), proptest::collection::vec((1..60u32, mode), 0..4)).prop_map(|(early, later)| {
        let mut modes = vec![(0, if early { Mode::Dmr as u32 } else { Mode::None as u32 })];
        let mut from = 0;
        for (after, mode) in later {
            from += after;
            modes.push((from, mode));
        }
        modes
    })
}

/// The accesses of a machine alone that gets these answers, and the disk that it leaves.
fn reference(plan: &Plan, modes: &[(u32, u32)], seed: u64, input: u32) -> World {
    let plan = Plan { tiles: 1, ..plan.clone() };
    let mut alone = Model::new(plan, World::new(seed, input, modes.to_vec()));
    while alone.turn().is_none() {
        assert!(alone.turns < TURNS_MAX, "the reference does not end");
    }
    assert!(alone.detections.is_empty());
    alone.world
}

/// Where two histories part, or where the first ends.
fn agreement(history: &[(Access, Answer)], reference: &[(Access, Answer)]) -> usize {
    history.iter().zip(reference).take_while(|(a, b)| a == b).count()
}

/// Runs to the end; `before` may do something before each turn.
fn run(model: &mut Model, mut before: impl FnMut(&mut Model) -> Option<Outcome>) -> Outcome {
    while model.turns < TURNS_MAX {
        if let Some(outcome) = before(model).or_else(|| model.turn()) {
            return outcome;
        }
    }
    Outcome::Hang
}

/// The words of a replica state.
fn words(state: &mut ReplicaState) -> &mut [u32] {
    let count = size_of::<ReplicaState>() / 4;
    // SAFETY: the structure consists of words without padding (its size and alignment are multiples of 4),
    // and every bit pattern is valid.
    unsafe { slice::from_raw_parts_mut((&raw mut *state).cast(), count) }
}

/// A bit of a member, in its replica state or in its guest's RAM.
#[derive(Clone, Copy, Debug)]
struct Flip {
    /// Turns since the last one.
    after: u64,
    member: usize,
    in_ram: bool,
    bit: usize,
}

fn flip() -> impl Strategy<Value = Flip> {
    (1..400u64, 0..4usize, any::<bool>(), any::<usize>())
        .prop_map(|(after, member, in_ram, bit)| Flip { after, member, in_ram, bit })
}

impl Flip {
    fn apply(self, model: &mut Model) {
        let tiles = model.tiles();
        let replica = &mut model.replicas[tiles[self.member % tiles.len()]];
        if self.in_ram {
            let bit = self.bit % (8 * replica.ram.len());
            replica.ram[bit / 8] ^= 1 << (bit % 8);
        } else {
            let words = words(&mut replica.state);
            let bit = self.bit % (32 * words.len());
            words[bit / 32] ^= 1 << (bit % 32);
        }
    }
}

/// Runs with flips, each while there is a checkpoint.
fn run_with_flips(model: &mut Model, flips: &[Flip]) -> Outcome {
    let mut flips = flips.iter();
    let mut next = flips.next().copied();
    let mut last = 0;
    run(model, |model| {
        if let Some(flip) = next.filter(|flip| model.turns >= last + flip.after)
            && model.protected()
            // A member may leave now: what hits the other from here on, hits it alone.
            && !model.committed
        {
            flip.apply(model);
            last = model.turns;
            next = flips.next().copied();
        }
        None
    })
}

/// Random cases of each property; `COVERT_TEST_FULL` asks for many.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("COVERT_TEST_FULL").is_some_and(|value| value == "1") {
        2000
    } else {
        48
    };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Without a fault: members bit-identical at every step, no detection, and the same as alone.
    #[test]
    fn replicas_stay_identical_and_redundancy_is_invisible(
        plan in plan(), modes in modes(), seed: u64, input in 0..3000u32,
    ) {
        let mut model = Model::new(plan.clone(), World::new(seed, input, modes.clone()));
        let outcome = run(&mut model, |model| {
            let tiles = model.tiles();
            for pair in tiles.windows(2) {
                assert!(model.replicas[pair[0]] == model.replicas[pair[1]], "members differ");
            }
            None
        });
        prop_assert_eq!(outcome, Outcome::PoweredOff(0x5555));
        prop_assert_eq!(&model.detections, &[]);
        let reference = reference(&plan, &modes, seed, input);
        prop_assert!(model.world.history == reference.history, "not what a machine alone does");
        prop_assert!(model.world.disk == reference.disk, "not the same disk");
    }

    /// A rollback at any step (nothing is wrong, the unit only says so) changes nothing that is visible.
    #[test]
    fn rollback_at_any_step_is_invisible(
        plan in plan(), modes in modes(), seed: u64, input in 0..3000u32,
        after in proptest::collection::vec(1..300u64, 1..20),
    ) {
        let mut model = Model::new(plan.clone(), World::new(seed, input, modes.clone()));
        let mut after = after.into_iter();
        let mut next = after.next();
        let (mut last, mut checkpoints) = (0, 0);
        let outcome = run(&mut model, |model| {
            // One between two checkpoints, so that attempts do not run out.
            if next.is_some_and(|next| model.turns >= last + next)
                && model.protected() && model.checkpoints > checkpoints
            {
                (last, checkpoints) = (model.turns, model.checkpoints);
                next = after.next();
                return model.detect(Detection::Gate);
            }
            None
        });
        prop_assert_eq!(outcome, Outcome::PoweredOff(0x5555));
        let reference = reference(&plan, &modes, seed, input);
        prop_assert!(model.world.history == reference.history, "not what a machine alone does");
        prop_assert!(model.world.disk == reference.disk, "not the same disk");
    }

    /// Flips in one member at a time: the right output, or a DUE after nothing but right output.
    #[test]
    fn flips_are_never_silent(
        plan in plan(), modes in modes(), seed: u64, input in 0..3000u32,
        flips in proptest::collection::vec(flip(), 1..12),
    ) {
        let mut model = Model::new(plan.clone(), World::new(seed, input, modes.clone()));
        let outcome = run_with_flips(&mut model, &flips);
        let reference = reference(&plan, &modes, seed, input);
        let history = &model.world.history;
        prop_assert_eq!(agreement(history, &reference.history), history.len());
        if outcome == Outcome::PoweredOff(0x5555) {
            prop_assert_eq!(history.len(), reference.history.len());
            prop_assert!(model.world.disk == reference.disk, "not the same disk");
        } else {
            prop_assert!(matches!(outcome, Outcome::Due(_)), "{:?}", outcome);
        }
    }

    /// The same events on a copy of the state give the same state and the same action.
    #[test]
    fn snapshots_go_on_as_the_original(plan in plan(), modes in modes(), seed: u64, input in 0..500u32) {
        let first = {
            let mut model = Model::new(plan.clone(), World::new(seed, input, modes.clone()));
            run(&mut model, |_| None);
            (model.world.history, model.turns, model.checkpoints)
        };
        let mut model = Model::new(plan, World::new(seed, input, modes));
        run(&mut model, |model| {
            for replica in &mut model.replicas {
                let mut copy = ReplicaState::default();
                words(&mut copy).copy_from_slice(words(&mut replica.state));
                replica.state = copy;
            }
            None
        });
        prop_assert!(first == (model.world.history, model.turns, model.checkpoints));
    }
}

/// The model's guest does with its devices what the properties above are about.
#[test]
fn every_device_is_reached() {
    let plan = Plan {
        tiles: 2,
        log_depth: 400,
        epoch: 700,
        checkpoint_every: 5,
        max_attempts: 3,
        life: 4000,
    };
    let mut model = Model::new(plan, World::new(7, 500, vec![(0, Mode::Dmr as u32)]));
    assert_eq!(run(&mut model, |_| None), Outcome::PoweredOff(0x5555));
    let count = |kind: fn(&Access, &Answer) -> bool| {
        model.world.history.iter().filter(|(access, answer)| kind(access, answer)).count()
    };
    for (least, kind) in [
        (
            20,
            (|a, _| matches!(a, Access::Block { command: 1, .. })) as fn(&Access, &Answer) -> bool,
        ),
        (10, |a, _| matches!(a, Access::Written(_))),
        (2, |a, _| matches!(a, Access::Block { command: 3, .. })),
        (2, |a, answer| *a == Access::BlockStatus && answer.word & BLK_FAILED != 0),
        (20, |a, _| matches!(a, Access::Frame(..))),
        (10, |a, answer| *a == Access::Length && answer.word != 0),
        (10, |a, _| *a == Access::Random),
        (100, |a, answer| *a == Access::Receive && answer.word != 0),
        (100, |a, _| matches!(a, Access::Send(_))),
        (1, |a, _| matches!(a, Access::Inputs { mask: 1.., .. })),
    ] {
        let found = count(kind);
        assert!(found >= least, "{found} of {least}");
    }
}

/// Seeds for which flips end in wrong output, with these checkers.
fn silent(checkers: Checkers) -> usize {
    (0..60u64)
        .filter(|seed| {
            let plan = Plan {
                tiles: 2,
                log_depth: 2048,
                epoch: 500,
                checkpoint_every: 6,
                max_attempts: 3,
                life: 400,
            };
            let modes = vec![(0, Mode::Dmr as u32)];
            let mut model = Model::new(plan.clone(), World::new(seed + 1, 300, modes.clone()));
            model.checkers = checkers;
            // The member whose word counts in the model is the lowest.
            let bit = 0x9E37_79B9usize.wrapping_mul(*seed as usize + 1);
            let flips = [Flip { after: 40 + 3 * seed, member: 0, in_ram: seed % 2 == 0, bit }];
            let outcome = run_with_flips(&mut model, &flips);
            let reference = reference(&plan, &modes, seed + 1, 300);
            let history = &model.world.history;
            let right = agreement(history, &reference.history) == history.len();
            !right
                || (matches!(outcome, Outcome::PoweredOff(_))
                    && history.len() != reference.history.len())
        })
        .count()
}

/// The tests above can fail: without the comparisons the same flips do reach the output.
#[test]
fn broken_checkers_are_noticed() {
    let working = Checkers { outputs: true, fingerprints: true, checkpoints: true };
    assert_eq!(silent(working), 0, "working checkers");
    assert!(silent(Checkers { outputs: false, fingerprints: false, checkpoints: false }) > 5);
    assert!(silent(Checkers { outputs: false, ..working }) > 0);
}
