//! Values as bytes that are equal if the values are, nearly always: a byte that says the kind, then the contents.

use wellen::{BitVecRef, SignalValueRef, States};

use crate::report::Kind;

const REAL: u8 = 3;
const TEXT: u8 = 4;
const EVENT: u8 = 5;

/// Appends a value. Bits are stored in 1, 2 or 4 bits each, whichever suffices for all of them.
#[inline]
pub(crate) fn append(value: SignalValueRef<'_>, bytes: &mut Vec<u8>) {
    match value {
        SignalValueRef::BitVec(bits) => {
            bytes.push(bits.states() as u8);
            bits.append_to_vec(bytes);
        }
        SignalValueRef::Real(real) => {
            bytes.push(REAL);
            bytes.extend(real.to_le_bytes());
        }
        SignalValueRef::String(text) => {
            bytes.push(TEXT);
            bytes.extend(text.as_bytes());
        }
        SignalValueRef::Event => bytes.push(EVENT),
    }
}

/// A value of an event, which has no contents.
#[inline]
pub(crate) fn is_event(value: &[u8]) -> bool {
    value == [EVENT]
}

/// The two values are the same.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8], kind: Kind) -> bool {
    a == b || same_after_all(a, b, kind)
}

/// Of values whose bytes differ: some numbers have two forms, and so have bits stored wider than they need.
#[cold]
fn same_after_all(a: &[u8], b: &[u8], kind: Kind) -> bool {
    match (a, b) {
        ([REAL, ..], [REAL, ..]) => {
            let (a, b) = (real(a), real(b));
            a == b || a.is_nan() && b.is_nan()
        }
        ([a_states @ 0..REAL, ..], [b_states @ 0..REAL, ..]) => {
            a_states != b_states && text(a, kind, 0) == text(b, kind, 0)
        }
        _ => false,
    }
}

/// A value as it is shown. An event's contents are the time at which it was last, in the unit of `now`.
pub(crate) fn text(value: &[u8], kind: Kind, now: u128) -> String {
    match (value, kind) {
        ([states @ 0..REAL, bits @ ..], Kind::Bits(width)) => {
            let states = [States::Two, States::Four, States::Nine][usize::from(*states)];
            BitVecRef::new(states, width, bits).bit_string()
        }
        ([REAL, ..], _) => real(value).to_string(),
        ([TEXT, text @ ..], _) => String::from_utf8_lossy(text).into_owned(),
        ([EVENT, last @ ..], _) if *last == now.to_le_bytes() => "event".into(),
        _ => "none".into(),
    }
}

fn real(value: &[u8]) -> f64 {
    let bytes = value.get(1..9).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(f64::NAN, f64::from_le_bytes)
}
