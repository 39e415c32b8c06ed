//! A model of the epoch counter and of the fingerprint, driven by the core's own trace: counts
//! what S and U retire, computes the CRC, and compares both at each epoch interrupt with what
//! the core did and what its handler read.
//!
//! Causes and trap values are not part of a trace; they are taken from the handlers' reads of
//! the cause and trap value CSRs.

use super::rvfi::{Retired, RvfiError};

/// Cause of the epoch interrupt.
const EPOCH_CAUSE: u32 = 0x8000_0018;
const MEPOCH: u32 = 0x7C0;
const MFINGERPRINT: u32 = 0x7C2;
/// `mcause` and `mtval`, `scause` and `stval`.
const CAUSE: [u32; 2] = [0x342, 0x142];
const VALUE: [u32; 2] = [0x343, 0x143];
const MACHINE: usize = 0;
const SUPERVISOR: usize = 1;

/// The fingerprint's polynomial, without its highest term: x^32 + x^4 + x + 1.
const POLYNOMIAL: u32 = 0x13;

/// A CRC of 32 bits, highest bit first, without inversions.
fn crc(polynomial: u32, state: u32, bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(state, |state, byte| {
        (0..8).fold(state ^ u32::from(byte) << 24, |state, _| {
            (state << 1) ^ if state >> 31 != 0 { polynomial } else { 0 }
        })
    })
}

/// The fingerprint `state` after one more event, as the core computes it: `words` are pc, kind
/// (trap, register, strobes), value and address, as `rtl/core/covert_fingerprint.sv` has them.
#[must_use]
pub fn fingerprint(state: u32, words: &[u32; 4]) -> u32 {
    crc(POLYNOMIAL, state, words.iter().flat_map(|word| word.to_be_bytes()))
}

/// Places in an event.
const KIND: usize = 1;
const WRITTEN: usize = 2;

/// What one epoch amounts to.
#[derive(Default)]
struct Epoch {
    events: Vec<[u32; 4]>,
    count: u64,
    fingerprint: Option<u32>,
}

/// What [`check_epochs`] found equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EpochSummary {
    /// Epochs that ended with an interrupt.
    pub epochs: u64,
    /// Instructions and traps of S and U that went into fingerprints.
    pub events: u64,
}

struct Model {
    vectors: [u32; 2],
    epochs: Vec<Epoch>,
    /// The last trap to M and to S: epoch and event that wait for the cause to be read.
    pending: [Option<(usize, usize)>; 2],
    armed: bool,
}

/// Checks the trace of a program whose epochs have `length` instructions and whose handlers for
/// M and S stand at `vectors`.
///
/// # Errors
/// A text that says which epoch differs, and how.
pub fn check_epochs(
    trace: impl Iterator<Item = Result<Retired, RvfiError>>,
    length: u32,
    vectors: [u32; 2],
) -> Result<EpochSummary, String> {
    let mut model =
        Model { vectors, epochs: vec![Epoch::default()], pending: [None; 2], armed: false };
    let mut previous: Option<Retired> = None;
    for retired in trace {
        let retired = retired.map_err(|error| error.to_string())?;
        if let Some(before) = previous
            && retired.pc != before.pc_wdata
        {
            model.interrupted(&before, &retired);
        }
        model.retire(&retired);
        previous = Some(retired);
    }
    model.verdict(length)
}

impl Model {
    fn last(&mut self) -> &mut Epoch {
        self.epochs.last_mut().expect("never empty")
    }

    fn event(&mut self, event: [u32; 4]) -> (usize, usize) {
        let epoch = self.epochs.len() - 1;
        self.last().events.push(event);
        (epoch, self.last().events.len() - 1)
    }

    /// Something else than the successor of `before` comes next: `first`, of a handler.
    fn interrupted(&mut self, before: &Retired, first: &Retired) {
        let level = if first.mode == 3 { MACHINE } else { SUPERVISOR };
        // An interrupt of M's own is no event of the guest: then `before` was neither a guest's
        // instruction nor a return to it.
        if before.mode == 3 && !is_return(before.insn) {
            return;
        }
        let at = self.event([before.pc_wdata, 1 << 9 | 1, 0, 0]);
        self.pending[level] = Some(at);
        if level == SUPERVISOR {
            self.last().count += 1;
        }
    }

    fn retire(&mut self, r: &Retired) {
        self.csr_access(r);
        if r.mode == 3 || !self.armed {
            return;
        }
        if r.trap {
            let level = usize::from(r.pc_wdata == self.vectors[SUPERVISOR]);
            let at = self.event([r.pc, 1 << 9, 0, 0]);
            self.pending[level] = Some(at);
            self.last().count += u64::from(level == SUPERVISOR);
            return;
        }
        let (addr, data, strobes) =
            if r.mem_wmask != 0 { (r.mem_addr & !3, r.mem_wdata, r.mem_wmask) } else { (0, 0, 0) };
        self.event([r.pc, r.rd << 4 | strobes, r.rd_wdata ^ data.rotate_left(16), addr]);
        self.last().count += 1;
    }

    /// Fills in causes and values where a handler reads them, and takes the fingerprint.
    fn csr_access(&mut self, r: &Retired) {
        if r.insn & 0x7F != 0x73 || r.insn >> 12 & 3 == 0 || r.trap {
            return;
        }
        let number = r.insn >> 20;
        for level in [MACHINE, SUPERVISOR] {
            let Some((epoch, event)) = self.pending[level] else { continue };
            if number == CAUSE[level] {
                self.epochs[epoch].events[event][KIND] |= (r.rd_wdata & 0x1F) << 4;
                if r.rd_wdata == EPOCH_CAUSE {
                    self.epochs.push(Epoch::default());
                }
            }
            if number == VALUE[level] {
                self.epochs[epoch].events[event][WRITTEN] = r.rd_wdata;
                self.pending[level] = None;
            }
        }
        if number == MEPOCH {
            self.armed = true;
        }
        if number == MFINGERPRINT && self.epochs.len() > 1 {
            let ended = self.epochs.len() - 2;
            self.epochs[ended].fingerprint = Some(r.rd_wdata);
        }
    }

    fn verdict(&self, length: u32) -> Result<EpochSummary, String> {
        let mut summary = EpochSummary::default();
        for (i, epoch) in self.epochs.iter().enumerate() {
            let Some(have) = epoch.fingerprint else { break };
            if epoch.count != u64::from(length) {
                return Err(format!("epoch {i} counted {}, should be {length}", epoch.count));
            }
            let want = epoch.events.iter().fold(0, fingerprint);
            if want != have {
                return Err(format!(
                    "fingerprint of epoch {i} is {have:08x}, should be {want:08x}"
                ));
            }
            summary.epochs += 1;
            summary.events += epoch.events.len() as u64;
        }
        Ok(summary)
    }
}

fn is_return(insn: u32) -> bool {
    insn == 0x3020_0073
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32/MPEG-2, which differs in its polynomial only.
    #[test]
    fn crc_has_the_check_value_of_mpeg2() {
        assert_eq!(crc(0x04C1_1DB7, u32::MAX, *b"123456789"), 0x0376_E6E7);
    }

    /// x^32 + x^4 + x + 1 is x + 1 times an irreducible polynomial of degree 31, a Mersenne prime's
    /// exponent: x has the order 2^31 - 1, so two flipped bits that are less far apart are noticed.
    #[test]
    fn the_polynomial_notices_two_flips_in_any_epoch() {
        let powers = |exponent: u32| {
            (0..exponent).fold(2_u64, |a, _| {
                let square =
                    (0..32).fold(0_u64, |sum, i| if a >> i & 1 != 0 { sum ^ a << i } else { sum });
                (32..64).rev().fold(square, |rest, i| {
                    if rest >> i & 1 != 0 {
                        rest ^ (1 << 32 | u64::from(POLYNOMIAL)) << (i - 32)
                    } else {
                        rest
                    }
                })
            })
        };
        // x to the power 2^31, and to a smaller one.
        assert_eq!(powers(31), 2);
        assert_ne!(powers(1), 2);
        // An odd number of flips: every multiple of x + 1 has an even number of terms.
        assert_eq!((POLYNOMIAL.count_ones() + 1) % 2, 0);
    }
}
