//! What the comparator promises, in plain Rust and apart from its hardware description.

use covert_abi::Detection;
use covert_rtl::transaction::Transaction;

use crate::frame::Frame;
use crate::ports::transaction;

/// A set of tiles.
type Tiles = Vec<bool>;

/// The comparator as its page describes it, a cycle at a time.
pub(crate) struct Reference {
    tiles: usize,
    /// Transactions that have arrived and wait to be compared.
    arrived: Vec<Option<Transaction>>,
    /// What each tile said last (for the record), and whether it still counts.
    said: Vec<Transaction>,
    /// The transaction that was released, and who gets the answer.
    flight: Option<(Transaction, Tiles)>,
    /// The answer that is given in this cycle: data, error, to whom.
    answer: Option<(u32, bool, Tiles)>,
    /// The detection that is announced in this cycle, and the last one.
    announced: bool,
    verdict: (Detection, Tiles),
    stopped: bool,
    /// Cycles that the first arrival has waited for the others.
    waited: u32,
}

impl Reference {
    /// Out of reset.
    pub(crate) fn new(tiles: usize) -> Self {
        Self {
            tiles,
            arrived: vec![None; tiles],
            said: vec![Transaction::default(); tiles],
            flight: None,
            answer: None,
            announced: false,
            verdict: (Detection::None, vec![false; tiles]),
            stopped: false,
            waited: 0,
        }
    }

    /// Compares the outputs of a cycle with what was promised for it.
    pub(crate) fn check(&self, inputs: &Frame, outputs: &Frame) -> Result<(), String> {
        let expect = |what: &str, promised: u64, seen: u64| match promised == seen {
            true => Ok(()),
            false => Err(format!("{what}: promised {promised:#x}, saw {seen:#x}")),
        };
        expect("out_valid", self.flight.is_some().into(), outputs.get("out_valid"))?;
        if let Some((released, _)) = self.flight {
            let out = transaction(outputs, "out", 0);
            if out != released {
                return Err(format!("released {out:x?}, the members agreed on {released:x?}"));
            }
        }
        if let Some((data, error, _)) = &self.answer {
            expect("rsp_data", u64::from(*data), outputs.get("rsp_data"))?;
            expect("rsp_err", u64::from(*error), outputs.get("rsp_err"))?;
        }
        expect("detect", self.announced.into(), outputs.get("detect"))?;
        expect("kind", self.verdict.0 as u64, outputs.get("kind"))?;
        for tile in 0..self.tiles {
            let answered = self.answer.as_ref().is_some_and(|(_, _, to)| to[tile]);
            expect(&format!("done[{tile}]"), answered.into(), outputs.at("done", tile))?;
            let accused = self.verdict.1[tile];
            expect(&format!("accused[{tile}]"), accused.into(), outputs.at("accused", tile))?;
            let waits = self.arrived[tile].is_some() && inputs.at("members", tile) != 0;
            let there = waits || self.flight.as_ref().is_some_and(|(_, to)| to[tile]);
            let said = self.said[tile];
            let (addr, data) = match there {
                true => (said.addr & !3 | 2 | u32::from(said.write), said.data),
                false => (0, 0),
            };
            expect(&format!("said_addr[{tile}]"), addr.into(), outputs.at("said_addr", tile))?;
            expect(&format!("said_data[{tile}]"), data.into(), outputs.at("said_data", tile))?;
        }
        Ok(())
    }

    /// Who is wrong when the members disagree: those whom nobody supports, or everybody.
    fn disagreeing(&self, present: &[usize]) -> Tiles {
        let supported = |tile: &usize| {
            present.iter().any(|other| other != tile && self.arrived[*other] == self.arrived[*tile])
        };
        let alone: Vec<_> = present.iter().copied().filter(|tile| !supported(tile)).collect();
        let accused = if alone.is_empty() { present.to_vec() } else { alone };
        (0..self.tiles).map(|tile| accused.contains(&tile)).collect()
    }

    /// The verdict on what has arrived before this cycle.
    fn judge(&mut self, inputs: &Frame, members: &[usize]) -> Option<(Detection, Tiles)> {
        let here = |tile: &usize| self.arrived[*tile].is_some();
        let fails = |tile: &usize| {
            self.arrived[*tile].is_some_and(|t| t.writes_like(Transaction::VMM_FAIL))
        };
        if members.iter().any(fails) {
            let accused = (0..self.tiles).map(|tile| members.contains(&tile) && fails(&tile));
            return Some((Detection::Vmm, accused.collect()));
        }
        if self.flight.is_some() || !members.iter().any(here) {
            self.waited = 0;
            return None;
        }
        let limit = inputs.get("time_limit") as u32;
        if !members.iter().all(here) {
            if limit != 0 && self.waited >= limit {
                let missing = (0..self.tiles).map(|tile| members.contains(&tile) && !here(&tile));
                return Some((Detection::TimeLimit, missing.collect()));
            }
            self.waited += u32::from(limit != 0);
            return None;
        }
        self.waited = 0;
        let first = self.arrived[members[0]];
        if members.iter().all(|&tile| self.arrived[tile] == first) {
            let who = (0..self.tiles).map(|tile| members.contains(&tile)).collect();
            self.flight = first.map(|transaction| (transaction, who));
            return None;
        }
        let arrives =
            |tile: &usize| self.arrived[*tile].is_some_and(|t| t.writes_like(Transaction::ARRIVE));
        let kind = match members.iter().all(arrives) {
            true => Detection::Fingerprint,
            false => Detection::Output,
        };
        Some((kind, self.disagreeing(members)))
    }

    /// Goes on to the next cycle.
    pub(crate) fn advance(&mut self, reset: bool, inputs: &Frame) {
        if reset {
            *self = Self::new(self.tiles);
            return;
        }
        let members: Vec<_> = (0..self.tiles).filter(|&t| inputs.at("members", t) != 0).collect();
        for tile in (0..self.tiles).filter(|tile| !members.contains(tile)) {
            self.arrived[tile] = None;
        }
        let answering = self.answer.take().map(|(_, _, to)| to);
        let before: Vec<_> = self.arrived.iter().map(Option::is_some).collect();
        let flight_before = self.flight.clone();

        let flush = inputs.is("flush");
        let verdict = match flush || self.stopped || inputs.is("freeze") {
            true => {
                // Frozen, the clock of the first arrival stands still.
                if flush || !inputs.is("freeze") {
                    self.waited = 0;
                }
                None
            }
            false => self.judge(inputs, &members),
        };
        let judged = verdict.is_some();
        if let (None, Some((_, who))) = (&flight_before, &self.flight) {
            for tile in (0..self.tiles).filter(|&tile| who[tile]) {
                self.arrived[tile] = None;
            }
        }

        // New arrivals: of members, not what is in flight or answered in this very cycle.
        for &tile in &members {
            let busy = before[tile]
                || flight_before.as_ref().is_some_and(|(_, to)| to[tile])
                || answering.as_ref().is_some_and(|to| to[tile]);
            let open = !busy && !judged && !self.stopped && !flush;
            if open && inputs.at("req_valid", tile) != 0 {
                self.said[tile] = transaction(inputs, "req", tile);
                self.arrived[tile] = Some(self.said[tile]);
            }
        }

        // The answer goes to all that are still there.
        if let Some((_, who)) = &mut self.flight {
            for (tile, owed) in who.iter_mut().enumerate() {
                *owed &= members.contains(&tile) && !flush;
            }
        }
        if flight_before.is_some() && inputs.is("out_done") {
            let (_, who) = self.flight.take().expect("in flight");
            self.answer = Some((inputs.get("out_rdata") as u32, inputs.is("out_err"), who));
        }

        self.announced = judged;
        if let Some(verdict) = verdict {
            self.verdict = verdict;
            self.stopped = true;
        }
        if flush {
            self.stopped = false;
            self.arrived = vec![None; self.tiles];
        }
    }
}

/// The promise in one sentence, from the ports alone: what is released is what every member has
/// been presenting, every member is answered once for it, and nothing is released after a detection.
/// Holds where gates hold their transactions.
#[derive(Default)]
pub(crate) struct Witness {
    /// Inputs of the last two cycles, newest first.
    past: Vec<Frame>,
    was_valid: bool,
    /// Tiles that have still to be answered, and for what.
    owed: Vec<Option<Transaction>>,
    stopped: bool,
    /// Transactions released so far.
    pub(crate) released: u64,
    /// Detections so far.
    pub(crate) detections: u64,
}

impl Witness {
    /// Looks at one cycle.
    pub(crate) fn check(
        &mut self,
        reset: bool,
        inputs: &Frame,
        outputs: &Frame,
    ) -> Result<(), String> {
        let tiles = inputs.layout().ports.iter().find_map(|port| port.tiles).unwrap_or(1);
        self.owed.resize(tiles, None);
        let valid = outputs.is("out_valid");
        if valid && !self.was_valid {
            self.released += 1;
            let out = transaction(outputs, "out", 0);
            if self.stopped {
                return Err(format!("{out:x?} released after a detection"));
            }
            for tile in (0..tiles).filter(|&tile| self.past[0].at("members", tile) != 0) {
                for frame in &self.past {
                    if frame.at("req_valid", tile) == 0 || transaction(frame, "req", tile) != out {
                        return Err(format!("{out:x?} released, but tile {tile} did not say so"));
                    }
                }
                if self.owed[tile].replace(out).is_some() {
                    return Err(format!("tile {tile} was not answered"));
                }
            }
        }
        for tile in 0..tiles {
            let member = inputs.at("members", tile) != 0;
            // Its gate is reset in these cycles: it shows nothing, and is owed nothing.
            let gone = !member || inputs.is("flush") || reset;
            if outputs.at("done", tile) != 0 {
                let said = transaction(inputs, "req", tile);
                match self.owed[tile].take() {
                    Some(released) if gone || released == said => {}
                    Some(_) => return Err(format!("tile {tile} answered for something else")),
                    None => return Err(format!("tile {tile} answered without a release")),
                }
            }
            if gone {
                self.owed[tile] = None;
            }
        }
        self.was_valid = valid && !reset;
        self.detections += u64::from(outputs.is("detect"));
        self.stopped = (self.stopped || outputs.is("detect")) && !inputs.is("flush") && !reset;
        self.past.insert(0, inputs.clone());
        self.past.truncate(2);
        Ok(())
    }
}
