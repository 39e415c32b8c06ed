//! The comparison: two streams of value changes, step by step in the order of time.

use std::path::Path;

use crate::error::Error;
use crate::feed::{Block, Blocks};
use crate::names::{Groups, Pair, Pairs};
use crate::report::Kind;
use crate::time::{Clock, narrow};
use crate::value;

/// How often progress is told.
const REPORTS: u128 = 500;

/// What was found. Times are in common units.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) from: u128,
    pub(crate) to: u128,
    pub(crate) differences: Vec<First>,
    pub(crate) changes: u64,
}

/// The first difference of a pair.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) pair: u32,
    pub(crate) time: u128,
    pub(crate) a: String,
    pub(crate) b: String,
}

/// One file: its signals' values at a time, and what comes after.
pub(crate) struct Side<'p> {
    blocks: Blocks,
    block: Block,
    /// Steps and changes of the block that are done.
    step: usize,
    change: usize,
    /// Bytes of values that are done.
    bytes: usize,
    scale: u128,
    /// By signal; empty until there is one.
    values: Vec<Vec<u8>>,
    pairs: &'p Groups,
    changes: u64,
}

impl<'p> Side<'p> {
    pub(crate) fn new(blocks: Blocks, scale: u128, pairs: &'p Groups) -> Self {
        Self {
            blocks,
            block: Block::default(),
            step: 0,
            change: 0,
            bytes: 0,
            scale,
            values: vec![Vec::new(); pairs.len()],
            pairs,
            changes: 0,
        }
    }

    /// The time of the next step; none after the last.
    fn time(&mut self) -> Result<Option<u128>, Error> {
        while self.step == self.block.steps.len() {
            let Ok(block) = self.blocks.recv() else { return Ok(None) };
            self.block = block?;
            (self.step, self.change, self.bytes) = (0, 0, 0);
        }
        Ok(Some(u128::from(self.block.steps[self.step].0).saturating_mul(self.scale)))
    }

    /// Takes all steps at a time and adds the pairs that they touch.
    fn advance(&mut self, time: u128, touched: &mut Vec<u32>) -> Result<(), Error> {
        while self.time()? == Some(time) {
            let end = self.block.steps[self.step].1 as usize;
            for &(signal, value_end) in &self.block.changes[self.change..end] {
                let value = &mut self.values[signal as usize];
                value.clear();
                value.extend_from_slice(&self.block.values[self.bytes..value_end as usize]);
                if value::is_event(value) {
                    // So that two events are equal if they are at one time.
                    value.extend(time.to_le_bytes());
                }
                touched.extend_from_slice(self.pairs.get(signal));
                self.bytes = value_end as usize;
            }
            self.changes += (end - self.change) as u64;
            self.change = end;
            self.step += 1;
        }
        Ok(())
    }
}

/// A comparison under way.
pub(crate) struct Merge<'p> {
    a: Side<'p>,
    b: Side<'p>,
    pairs: &'p [Pair],
    /// Pairs whose first difference is known.
    done: Vec<bool>,
    differences: Vec<First>,
}

impl<'p> Merge<'p> {
    pub(crate) fn new(pairs: &'p Pairs, a: Side<'p>, b: Side<'p>) -> Self {
        let done = vec![false; pairs.list.len()];
        Self { a, b, pairs: &pairs.list, done, differences: Vec::new() }
    }

    /// Goes through the window.
    pub(crate) fn run(
        mut self,
        clock: &Clock,
        paths: [&Path; 2],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Found, Error> {
        let mut from = clock.from;
        let to = clock.last;
        let starts = [self.a.time()?, self.b.time()?];
        if !self.pairs.is_empty() {
            for (start, path) in starts.into_iter().zip(paths) {
                from = from.max(start.ok_or_else(|| Error::NoValue { path: path.into() })?);
            }
        }
        if from > to {
            let (window, timescale) = clock.window(from, to);
            let [a, b] = paths.map(Into::into);
            return Err(Error::NoOverlap { a, b, window, timescale });
        }
        let total = narrow(to);
        let mut next_report = 0;
        let mut inside = false;
        let mut touched = Vec::new();
        while self.differences.len() < self.pairs.len() {
            let next = match (self.a.time()?, self.b.time()?) {
                (Some(a), Some(b)) => a.min(b),
                (Some(time), None) | (None, Some(time)) => time,
                (None, None) => break,
            };
            if next > to {
                break;
            }
            if next >= next_report {
                progress(narrow(next), total);
                next_report = next + (to / REPORTS).max(1);
            }
            if !inside && next > from {
                inside = true;
                self.compare_held(from);
            }
            self.a.advance(next, &mut touched)?;
            self.b.advance(next, &mut touched)?;
            if next >= from {
                for pair in touched.iter() {
                    self.compare(*pair, next);
                }
            }
            touched.clear();
        }
        if !inside {
            self.compare_held(from);
        }
        progress(total, total);
        let changes = self.a.changes + self.b.changes;
        Ok(Found { from, to, differences: self.differences, changes })
    }

    /// Compares all values at the window's first time. Events are not held.
    fn compare_held(&mut self, time: u128) {
        for (pair, Pair { kind, .. }) in (0..).zip(self.pairs) {
            if *kind != Kind::Event {
                self.compare(pair, time);
            }
        }
    }

    #[inline]
    fn compare(&mut self, number: u32, time: u128) {
        if self.done[number as usize] {
            return;
        }
        let pair = &self.pairs[number as usize];
        let a = &self.a.values[pair.a as usize];
        let b = &self.b.values[pair.b as usize];
        let unknown = a.is_empty() || b.is_empty();
        if unknown || value::same(a, b, pair.kind) {
            return;
        }
        self.done[number as usize] = true;
        let [a, b] = [a, b].map(|value| value::text(value, pair.kind, time));
        self.differences.push(First { pair: number, time, a, b });
    }
}
