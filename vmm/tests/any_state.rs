//! Every bit pattern of the replica state is harmless: whatever a fault has made of it, a step ends, without a panic,
//! and asks for copies of whole words only. Where they lead is the gates' and the I/O controller's to refuse.

use std::slice;

use covert_abi::{
    BootDescriptor, Segment,
    boot::{self, MAX_SEGMENTS},
    io::NET_PRESENT,
    layout::{GUEST_BASE, REGION_STRIDE},
};
use covert_vmm::{
    Action, Chip, Event, Exit, Inputs, ReplicaState,
    memory::{BUFFER_SIZE, Slices},
    step,
};
use proptest::prelude::*;

const RAM: usize = 0x4000;
const WORDS: usize = size_of::<ReplicaState>() / 4;

/// Numbers as they stand in states and rings, and some that do not.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..16u32,
        (0..RAM as u32).prop_map(|at| GUEST_BASE + (at & !3)),
        Just(u32::MAX),
        Just(0x8000_0000),
        any::<u32>(),
        (0..32u32).prop_map(|bit| 1 << bit),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let device = prop_oneof![
        (0..0x200u32, 0..4u32).prop_map(|(at, device)| 0x1000_1000 + 0x1000 * device + (at & !3)),
        (0..8u32).prop_map(|at| 0x1000_0000 + at),
        Just(0x0C20_1004),
        any::<u32>(),
    ];
    prop_oneof![
        4 => (device, any::<bool>()).prop_map(|(value, store)| {
            Event::Exit(Exit::Fault { cause: if store { 7 } else { 5 }, value })
        }),
        2 => Just(Event::Exit(Exit::Call)),
        2 => Just(Event::Exit(Exit::Epoch)),
        1 => prop_oneof![Just(0x1050_0073), Just(0xC010_2573), any::<u32>()]
            .prop_map(|instruction| Event::Exit(Exit::Illegal { instruction })),
        3 => (any::<u64>(), word(), word()).prop_map(|(time, flags, log_level)| {
            Event::EpochEnded(Inputs { time, flags, log_level })
        }),
        6 => (word(), 0..100u32).prop_map(|(value, log_level)| Event::IoDone { value, log_level }),
        2 => (0..100u32, any::<bool>(), any::<u8>()).prop_map(|(count, end, byte)| {
            Event::ConsoleDone { count, end, byte, log_level: 0 }
        }),
        1 => (any::<bool>(), any::<bool>(), 0..16u32).prop_map(|(busy, checkpoint_valid, members)| {
            Event::CommandDone { busy, checkpoint_valid, members }
        }),
        1 => (0..16u32).prop_map(|members| Event::Resumed { members }),
    ]
}

fn cold() -> ReplicaState {
    let descriptor = BootDescriptor {
        magic: boot::MAGIC,
        version: boot::VERSION,
        image_len: 0x3000,
        guest_size: RAM as u32,
        guest_entry: GUEST_BASE,
        guest_dtb: 0,
        epoch: 1000,
        checkpoint_every: 10,
        time_limit: 10_000,
        max_attempts: 3,
        io_size: REGION_STRIDE,
        segment_count: 0,
        segments: [Segment::default(); MAX_SEGMENTS],
    };
    let chip = Chip {
        tiles: 2,
        log_depth: 2048,
        members: 1,
        sectors: 64,
        read_only: false,
        mac: [1, NET_PRESENT],
    };
    ReplicaState::cold(&descriptor, chip).unwrap()
}

/// Random cases of the property; `COVERT_TEST_FULL` asks for many.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("COVERT_TEST_FULL").is_some_and(|value| value == "1") {
        20_000
    } else {
        256
    };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_state_is_harmless(
        changes in proptest::collection::vec((0..WORDS, word()), 0..200),
        ram in proptest::collection::vec((0..RAM / 4, word()), 0..200),
        events in proptest::collection::vec((event(), 0..11u32), 1..40),
    ) {
        let mut state = cold();
        let mut bytes = vec![0; RAM];
        let mut buffer = vec![0; BUFFER_SIZE as usize];
        {
            // SAFETY: the structure consists of words without padding (its size and alignment are multiples of 4), and
            // every bit pattern is valid.
            let words = unsafe { slice::from_raw_parts_mut((&raw mut state).cast::<u32>(), WORDS) };
            for (at, value) in changes {
                words[at] = value;
            }
        }
        for (at, value) in ram {
            bytes[4 * at..][..4].copy_from_slice(&value.to_le_bytes());
        }
        for (event, phase) in events {
            // Any phase, so that answers are not only refused.
            if phase != 0 {
                state.phase = phase;
            }
            let mut memory = Slices { ram: &mut bytes, buffer: &mut buffer };
            if let Action::CopyIn { io, domain, len } | Action::CopyOut { domain, io, len } =
                step(&mut state, &mut memory, event)
            {
                prop_assert_eq!((domain | len) & 3, 0, "{:x} {:x} {:x}", io, domain, len);
            }
        }
    }
}
