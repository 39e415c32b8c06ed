//! Times of two files in one unit.

use crate::Options;
use crate::files::Wave;
use crate::report::{Timescale, Window};

/// Units from the finest to the coarsest, a factor of 1000 apart; the first is the zeptosecond.
const UNITS: [&str; 8] = ["zs", "as", "fs", "ps", "ns", "us", "ms", "s"];

/// The common unit of two files (the largest in which the times of both are whole) and the window in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Common units in one of the first file.
    pub(crate) scale_a: u128,
    /// Common units in one of the second file.
    pub(crate) scale_b: u128,
    /// First time of the window asked for.
    pub(crate) from: u128,
    /// Last time that is in the window and in both files. It fits into 64 bits.
    pub(crate) last: u128,
    unit_a: Option<Timescale>,
    unit: Option<Timescale>,
}

impl Clock {
    pub(crate) fn new(a: &Wave, b: &Wave, options: &Options) -> Self {
        let [unit_a, unit_b] = [a, b].map(|wave| wave.hierarchy().timescale().and_then(zepto));
        Self::of(unit_a, unit_b, [a.end, b.end], options)
    }

    /// Units in zeptoseconds; a file without one has the other's.
    fn of(
        unit_a: Option<u128>,
        unit_b: Option<u128>,
        ends: [u64; 2],
        Options { from, to, .. }: &Options,
    ) -> Self {
        let either = unit_a.or(unit_b);
        let (a, b) = (unit_a.or(either).unwrap_or(1), unit_b.or(either).unwrap_or(1));
        let common = greatest_divisor(a, b);
        let (scale_a, scale_b) = (a / common, b / common);
        // What does not fit is later than anything in the other file.
        let times = |time: u64, scale: u128| u128::from(time).saturating_mul(scale);
        let end = times(ends[0], scale_a).min(times(ends[1], scale_b)).min(u64::MAX.into());
        Self {
            scale_a,
            scale_b,
            from: times(from.unwrap_or(0), scale_a),
            last: to.map_or(end, |to| times(to, scale_a).min(end)),
            unit_a: either.map(|_| timescale(a)),
            unit: either.map(|_| timescale(common)),
        }
    }

    /// Last time of the window in units of the first file.
    pub(crate) fn last_a(&self) -> u64 {
        narrow(self.last / self.scale_a)
    }

    /// Last time of the window in units of the second file.
    pub(crate) fn last_b(&self) -> u64 {
        narrow(self.last / self.scale_b)
    }

    /// The unit in which these times are whole, and how many common units it has: the first file's if it can be.
    pub(crate) fn unit_for(
        &self,
        times: impl IntoIterator<Item = u128>,
    ) -> (Option<Timescale>, u128) {
        if times.into_iter().all(|time| time.is_multiple_of(self.scale_a)) {
            (self.unit_a.clone(), self.scale_a)
        } else {
            (self.unit.clone(), 1)
        }
    }

    /// A window for a message.
    pub(crate) fn window(&self, from: u128, to: u128) -> (Window, Option<Timescale>) {
        let (unit, scale) = self.unit_for([from, to]);
        (Window { from: narrow(from / scale), to: narrow(to / scale) }, unit)
    }
}

/// A time in the window, which fits.
pub(crate) fn narrow(time: u128) -> u64 {
    u64::try_from(time).unwrap_or(u64::MAX)
}

fn zepto(unit: wellen::Timescale) -> Option<u128> {
    let exponent = u32::try_from(unit.unit.to_exponent()? + 21).ok()?;
    // A file that says 0 says nothing.
    (unit.factor > 0).then(|| u128::from(unit.factor) * 10_u128.pow(exponent))
}

fn timescale(zepto: u128) -> Timescale {
    let (mut factor, mut unit) = (zepto, 0);
    while factor.is_multiple_of(1000) && unit + 1 < UNITS.len() {
        factor /= 1000;
        unit += 1;
    }
    Timescale { factor: narrow(factor), unit: UNITS[unit].to_owned() }
}

fn greatest_divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    const PS: u128 = 1_000_000_000;

    fn unit(factor: u64, unit: &str) -> Option<Timescale> {
        Some(Timescale { factor, unit: unit.into() })
    }

    #[test]
    fn the_finer_unit_is_common() {
        let options = Options { from: Some(2), to: Some(7), scopes: Vec::new() };
        let clock = Clock::of(Some(1000 * PS), Some(10 * PS), [9, 650], &options);
        assert_eq!((clock.scale_a, clock.scale_b), (100, 1));
        assert_eq!((clock.from, clock.last, clock.last_a(), clock.last_b()), (200, 650, 6, 650));
        assert_eq!(clock.unit_for([200, 600]), (unit(1, "ns"), 100));
        assert_eq!(clock.unit_for([200, 650]), (unit(10, "ps"), 1));
    }

    #[test]
    fn units_of_which_neither_divides_the_other() {
        let clock = Clock::of(Some(2 * PS), Some(5 * PS), [10, 10], &Options::default());
        assert_eq!((clock.scale_a, clock.scale_b, clock.last), (2, 5, 20));
        assert_eq!(clock.unit_for([3]), (unit(1, "ps"), 1));
    }

    #[test]
    fn a_file_without_a_unit_has_the_others() {
        let clock = Clock::of(None, Some(100 * PS), [4, 5], &Options::default());
        assert_eq!((clock.scale_a, clock.scale_b, clock.last), (1, 1, 4));
        assert_eq!(clock.unit_for([3]), (unit(100, "ps"), 1));
        let clock = Clock::of(None, None, [4, 5], &Options::default());
        assert_eq!(clock.unit_for([3]), (None, 1));
    }

    #[test]
    fn times_beyond_all_bounds() {
        let second = 10_u128.pow(21);
        let clock = Clock::of(Some(second), Some(1), [u64::MAX, u64::MAX], &Options::default());
        assert_eq!((clock.last, clock.last_a()), (u64::MAX.into(), 0));
    }
}
