//! One file's value changes, decoded by a thread of its own and passed on in blocks.

use std::sync::mpsc::{Receiver, SyncSender};

use wellen::stream::{Filter, StreamError};
use wellen::{Hierarchy, SignalRef, SignalValueRef};

use crate::error::Error;
use crate::files::{Wave, reason};
use crate::guard::catch;
use crate::value;

/// Blocks of one file that may wait to be compared.
pub(crate) const QUEUE: usize = 16;
/// Value changes in a block.
const BLOCK: usize = 8192;
/// Bytes of values in a block, after which it ends early.
const BLOCK_BYTES: usize = 256 << 10;
/// A signal that is not compared.
const UNWANTED: u32 = u32::MAX;

/// Where a file's blocks are sent.
pub(crate) type Channel = SyncSender<Result<Block, Error>>;
/// Where they arrive; at the end of the file it is closed.
pub(crate) type Blocks = Receiver<Result<Block, Error>>;

/// Value changes in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Times in the file's units, rising, each with the end of its changes. A block may go on at the last one's time.
    pub(crate) steps: Vec<(u64, u32)>,
    /// Number of the signal and end of its value.
    pub(crate) changes: Vec<(u32, u32)>,
    pub(crate) values: Vec<u8>,
}

impl Block {
    fn new() -> Self {
        Self { steps: Vec::new(), changes: Vec::with_capacity(BLOCK), values: Vec::new() }
    }

    #[inline]
    fn add(&mut self, time: u64, signal: u32, value: SignalValueRef<'_>) {
        value::append(value, &mut self.values);
        self.changes.push((signal, self.values.len() as u32));
        let end = self.changes.len() as u32;
        match self.steps.last_mut() {
            Some(last) if last.0 == time => last.1 = end,
            _ => self.steps.push((time, end)),
        }
    }

    fn is_full(&self) -> bool {
        self.changes.len() >= BLOCK || self.values.len() >= BLOCK_BYTES
    }
}

/// No more is wanted.
struct Enough;

/// Sends the changes of these signals up to a time, itself included, or the reason why it cannot.
pub(crate) fn run(wave: &mut Wave, signals: &[SignalRef], last: u64, channel: &Channel) {
    let path = wave.path.clone();
    let result = match catch(|| stream(wave, signals, last, channel)) {
        Ok(Ok(()) | Err(StreamError::Callback(Enough))) => return,
        Ok(Err(StreamError::Wellen(error))) => reason(&error),
        Err(panic) => panic,
    };
    // Nobody listens any more if enough was known before.
    let _ = channel.send(Err(Error::damaged(&path, &result)));
}

fn stream(
    wave: &mut Wave,
    signals: &[SignalRef],
    last: u64,
    channel: &Channel,
) -> Result<(), StreamError<Enough>> {
    let hierarchy = wave.hierarchy();
    let numbers = numbers(signals);
    let filter = Filter {
        // A later start would save time, but the FST reader then loses values held from before it.
        start: 0,
        end: Some(last),
        signals: (!nearly_all(hierarchy, signals)).then_some(signals),
    };
    let mut block = Block::new();
    wave.stream
        .stream_changes(filter, |time, signal, value| {
            if time > last {
                return Err(Enough);
            }
            let number = numbers.get(signal.index()).copied().unwrap_or(UNWANTED);
            if number != UNWANTED {
                block.add(time, number, value);
                if block.is_full() {
                    let full = std::mem::replace(&mut block, Block::new());
                    channel.send(Ok(full)).map_err(|_| Enough)?;
                }
            }
            Ok(())
        })
        .or_else(|error| match error {
            // What is before the end still counts.
            StreamError::Callback(Enough) => Ok(()),
            other => Err(other),
        })?;
    channel.send(Ok(block)).map_err(|_| StreamError::Callback(Enough))
}

/// To look up each change's signal takes time, so that leaving some out pays only if they are many. The reader's
/// choice of signals does not work for those that it puts together from others.
fn nearly_all(hierarchy: &Hierarchy, signals: &[SignalRef]) -> bool {
    hierarchy.has_derived_signals() || signals.len() * 4 >= hierarchy.signals().count() * 3
}

/// By the index of a signal, its number.
fn numbers(signals: &[SignalRef]) -> Vec<u32> {
    let size = signals.iter().map(|signal| signal.index() + 1).max().unwrap_or(0);
    let mut numbers = vec![UNWANTED; size];
    for (number, signal) in (0..).zip(signals) {
        numbers[signal.index()] = number;
    }
    numbers
}
