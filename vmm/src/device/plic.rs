//! The interrupt controller: register layout and behaviour of the SiFive PLIC (RISC-V PLIC specification 1.0.0), with
//! 31 sources and two contexts.

/// Sources, the absent number 0 included.
pub const SOURCES: u32 = 32;
/// Context of the hart's S-mode.
pub const SUPERVISOR: usize = 1;
/// Bytes of the register window.
pub const SIZE: u32 = 0x0060_0000;

const CONTEXTS: u32 = 2;
/// Priorities are 0 (never) to 7.
const PRIORITY_MASK: u8 = 7;
const PENDING: u32 = 0x1000;
const ENABLE: u32 = 0x2000;
const ENABLE_STRIDE: u32 = 0x80;
const CONTEXT: u32 = 0x20_0000;
const CONTEXT_STRIDE: u32 = 0x1000;

/// The PLIC's state; sources are bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Plic {
    /// 1: the S-mode context has an interrupt (SEIP).
    pub external: u32,
    /// Lines of the devices.
    levels: u32,
    /// Requests that wait to be claimed.
    pending: u32,
    /// Requests that were claimed and are not complete.
    claimed: u32,
    /// By context: enabled sources.
    enabled: [u32; CONTEXTS as usize],
    /// By context: the priority that a source must exceed.
    threshold: [u32; CONTEXTS as usize],
    /// By source.
    priority: [u8; SOURCES as usize],
}

/// What an offset in the window is.
enum Place {
    Priority(usize),
    Pending,
    Enable(usize),
    Threshold(usize),
    Claim(usize),
}

fn place(offset: u32) -> Option<Place> {
    let in_context = offset.wrapping_sub(CONTEXT);
    let in_enable = offset.wrapping_sub(ENABLE);
    Some(if in_context < CONTEXTS * CONTEXT_STRIDE {
        let context = (in_context / CONTEXT_STRIDE) as usize;
        match in_context % CONTEXT_STRIDE {
            0 => Place::Threshold(context),
            4 => Place::Claim(context),
            _ => return None,
        }
    } else if offset < 4 * SOURCES {
        Place::Priority((offset / 4) as usize)
    } else if offset == PENDING {
        Place::Pending
    } else if in_enable < CONTEXTS * ENABLE_STRIDE && in_enable.is_multiple_of(ENABLE_STRIDE) {
        Place::Enable((in_enable / ENABLE_STRIDE) as usize)
    } else {
        return None;
    })
}

impl Plic {
    /// Takes the devices' lines.
    pub fn set_levels(&mut self, levels: u32) {
        if levels != self.levels {
            self.levels = levels;
            self.evaluate();
        }
    }

    /// Lets in the requests that can come in, and says what they mean for S-mode.
    fn evaluate(&mut self) {
        self.pending |= self.levels & !self.claimed;
        let threshold = self.threshold[SUPERVISOR];
        let best = self.best(SUPERVISOR);
        self.external = u32::from(best.is_some_and(|(_, priority)| priority > threshold));
    }

    /// The pending, enabled source of the highest priority, the lowest number of several, and its priority.
    fn best(&self, context: usize) -> Option<(u32, u32)> {
        let mut candidates = self.pending & self.enabled[context];
        let mut best = None;
        while candidates != 0 {
            let source = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let priority = u32::from(self.priority[source as usize] & PRIORITY_MASK);
            if priority > best.map_or(0, |(_, best)| best) {
                best = Some((source, priority));
            }
        }
        best
    }

    /// Reads the word at an offset; a read of a claim register claims.
    pub fn read(&mut self, offset: u32) -> u32 {
        match place(offset) {
            Some(Place::Priority(source)) => u32::from(self.priority[source]),
            Some(Place::Pending) => self.pending,
            Some(Place::Enable(context)) => self.enabled[context],
            Some(Place::Threshold(context)) => self.threshold[context],
            Some(Place::Claim(context)) => self.claim(context),
            None => 0,
        }
    }

    /// Writes the word at an offset; a write of a claim register completes.
    pub fn write(&mut self, offset: u32, value: u32) {
        match place(offset) {
            // Source 0 does not exist.
            Some(Place::Priority(source)) if source != 0 => {
                self.priority[source] = value as u8 & PRIORITY_MASK;
            }
            Some(Place::Enable(context)) => self.enabled[context] = value & !1,
            Some(Place::Threshold(context)) => {
                self.threshold[context] = value & u32::from(PRIORITY_MASK);
            }
            // Only a source that the context has enabled can be completed by it.
            Some(Place::Claim(context)) if value < SOURCES => {
                self.claimed &= !(1 << value & self.enabled[context]);
            }
            _ => return,
        }
        self.evaluate();
    }

    fn claim(&mut self, context: usize) -> u32 {
        let Some((source, _)) = self.best(context) else { return 0 };
        self.pending &= !(1 << source);
        self.claimed |= 1 << source;
        self.evaluate();
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S_ENABLE: u32 = 0x2080;
    const S_THRESHOLD: u32 = 0x20_1000;
    const S_CLAIM: u32 = 0x20_1004;

    fn plic(sources: u32) -> Plic {
        let mut plic = Plic::default();
        for source in 1..SOURCES {
            plic.write(4 * source, 1);
        }
        plic.write(S_ENABLE, sources);
        plic
    }

    #[test]
    fn a_request_is_claimed_once_until_it_is_complete() {
        let mut plic = plic(1 << 10);
        plic.set_levels(1 << 10);
        assert_eq!(plic.external, 1);
        assert_eq!(plic.read(0x1000), 1 << 10);
        assert_eq!(plic.read(S_CLAIM), 10);
        assert_eq!((plic.external, plic.read(S_CLAIM)), (0, 0));
        // The line is still up when it is complete: a new request.
        plic.write(S_CLAIM, 10);
        assert_eq!((plic.external, plic.read(S_CLAIM)), (1, 10));
        plic.set_levels(0);
        plic.write(S_CLAIM, 10);
        assert_eq!((plic.external, plic.read(S_CLAIM)), (0, 0));
    }

    #[test]
    fn a_request_stays_when_the_line_goes_down_before_the_claim() {
        let mut plic = plic(2);
        plic.set_levels(2);
        plic.set_levels(0);
        assert_eq!((plic.external, plic.read(S_CLAIM), plic.external), (1, 1, 0));
    }

    #[test]
    fn priorities_and_thresholds() {
        let mut plic = plic(0b1110);
        plic.write(4 * 2, 3);
        plic.write(4 * 3, 0);
        plic.set_levels(0b1110);
        plic.write(S_THRESHOLD, 3);
        assert_eq!(plic.external, 0);
        plic.write(S_THRESHOLD, 2);
        assert_eq!(plic.external, 1);
        // A claim does not ask for the threshold.
        assert_eq!((plic.read(S_CLAIM), plic.external), (2, 0));
        assert_eq!((plic.read(S_CLAIM), plic.read(S_CLAIM)), (1, 0));
    }

    #[test]
    fn completion_needs_a_source_that_is_enabled() {
        let mut plic = plic(2);
        plic.set_levels(2);
        assert_eq!(plic.read(S_CLAIM), 1);
        plic.write(S_ENABLE, 0);
        plic.write(S_CLAIM, 1);
        plic.write(S_CLAIM, 77);
        plic.write(S_ENABLE, 2);
        assert_eq!(plic.external, 0);
        plic.write(S_CLAIM, 1);
        assert_eq!(plic.external, 1);
    }

    #[test]
    fn the_machine_context_leads_nowhere() {
        let mut plic = plic(0);
        plic.write(0x2000, 2);
        plic.set_levels(2);
        assert_eq!((plic.external, plic.read(0x20_0004)), (0, 1));
    }

    #[test]
    fn registers_keep_what_they_can_hold() {
        let mut plic = Plic::default();
        for (offset, held) in [
            (0, 0),
            (4, 7),
            (4 * 31, 7),
            (4 * 32, 0),
            (0x1000, 0),
            (0x2000, !1),
            (0x2004, 0),
            (S_ENABLE, !1),
            (0x2100, 0),
            (S_THRESHOLD, 7),
            (0x20_2000, 0),
            (SIZE - 4, 0),
            (u32::MAX, 0),
        ] {
            plic.write(offset, u32::MAX);
            assert_eq!(plic.read(offset), held, "{offset:#x}");
        }
    }
}
