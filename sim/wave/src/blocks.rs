//! The outline of an FST file: whether all of it is there, and where it ends in time.
//!
//! The library that reads the file believes the sizes in it and asks for that much memory, of which a program may die.
//! So those that are more than their block can hold are found here.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes of a block before its contents: kind and length. The length counts itself.
const HEAD: u64 = 9;
/// Length of the block that a file starts with.
pub(crate) const HEADER_LENGTH: u64 = 329;
/// How many times shorter the two ways of compression can make something.
const ZLIB: u64 = 1032;
const LZ4: u64 = 255;

/// What the outline says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outline {
    /// The last time recorded.
    Until(u64),
    /// Compressed as a whole, so that it has no outline.
    Packed,
}

/// Why a file is not whole.
#[derive(Debug)]
pub(crate) enum Fault {
    Read(io::Error),
    Torn(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// What the blocks have said so far.
#[derive(Default)]
struct Seen {
    /// Sections that there should be, once the header has been seen.
    expected: Option<u64>,
    sections: u64,
    until: u64,
    /// Signals, once the block with their widths has been seen.
    signals: Option<u64>,
    /// Signals that the sections have, which may come before it.
    in_sections: Option<u64>,
    hierarchy: bool,
}

/// Goes through the blocks of an FST file of `size` bytes.
pub(crate) fn outline(file: impl Read + Seek, size: u64) -> Result<Outline, Fault> {
    let mut file = BufReader::new(file);
    let mut seen = Seen::default();
    let mut position = 0;
    while position < size {
        file.seek(SeekFrom::Start(position))?;
        let left = size - position;
        let at = |what: &str| Fault::Torn(format!("the block at byte {position} {what}"));
        if left < HEAD {
            return Err(at("has no length"));
        }
        let kind = number::<1>(&mut file)?;
        let length = number::<8>(&mut file)?;
        match (kind, length) {
            // A section that its writer has begun.
            (255, 0) => break,
            (_, ..8) => return Err(at("has a wrong length")),
            _ if length > left - 1 => return Err(at("is not all there")),
            (254, _) if position == 0 => return Ok(Outline::Packed),
            _ => {}
        }
        if !block(&mut file, kind, length, &mut seen)? {
            return Err(at("has wrong contents"));
        }
        position += 1 + length;
    }
    let torn = |why: String| Err(Fault::Torn(why));
    match seen {
        Seen {
            expected: Some(_), signals: Some(signals), hierarchy: true, in_sections, ..
        } if in_sections.is_some_and(|other| other != signals) => {
            torn(format!("it has {signals} signals and values of others"))
        }
        Seen {
            expected: Some(all), signals: Some(_), hierarchy: true, sections, until, ..
        } => {
            if sections < all {
                return torn(format!("{sections} of its {all} sections are there"));
            }
            Ok(Outline::Until(until))
        }
        _ => torn("its writer did not finish it".into()),
    }
}

/// Looks at the contents of a block; false if they cannot be.
fn block(
    file: &mut (impl Read + Seek),
    kind: u64,
    length: u64,
    seen: &mut Seen,
) -> io::Result<bool> {
    Ok(match kind {
        0 if length == HEADER_LENGTH => {
            let _start = number::<8>(file)?;
            seen.until = number::<8>(file)?;
            // Byte order, memory used, counts of scopes, variables and signals.
            file.seek(SeekFrom::Current(5 * 8))?;
            seen.expected = Some(number::<8>(file)?);
            true
        }
        1 | 5 | 8 => section(file, length, seen)?,
        // Times without a record, of two bytes at least.
        2 => varint(file)? <= length / 2,
        3 if length >= 3 * 8 => {
            let whole = number::<8>(file)?;
            let signals = number::<8>(file)?;
            seen.signals = Some(signals);
            signals <= whole && fits(whole, length, ZLIB)
        }
        4 | 6 if length >= 2 * 8 => {
            seen.hierarchy = true;
            let ratio = if kind == 4 { ZLIB } else { LZ4 };
            fits(number::<8>(file)?, length, ratio)
        }
        // Compressed twice.
        7 if length >= 2 * 8 => {
            seen.hierarchy = true;
            let whole = number::<8>(file)?;
            let once = varint(file)?;
            fits(whole, once, LZ4) && fits(once, length, LZ4)
        }
        255 => true,
        _ => false,
    })
}

/// A section of value changes: initial values, the changes of each signal, the table of times.
fn section(file: &mut (impl Read + Seek), length: u64, seen: &mut Seen) -> io::Result<bool> {
    // Length, both times, memory needed; in the end three sizes of the table of times and one of that of signals.
    if length < (4 + 4) * 8 {
        return Ok(false);
    }
    let contents = file.stream_position()?;
    let _start = number::<8>(file)?;
    seen.until = number::<8>(file)?;
    seen.sections += 1;
    file.seek(SeekFrom::Current(8))?;
    let (whole, packed, signals) = (varint(file)?, varint(file)?, varint(file)?);
    if packed > length || !fits(whole, packed, ZLIB) {
        return Ok(false);
    }
    let frame = file.stream_position()?;
    file.seek(SeekFrom::Start(frame + packed))?;
    let same = varint(file)? == signals && seen.in_sections.is_none_or(|other| other == signals);
    seen.in_sections = Some(signals);
    file.seek(SeekFrom::Start(contents + length - 8 - 3 * 8))?;
    let (whole, packed, times) = (number::<8>(file)?, number::<8>(file)?, number::<8>(file)?);
    Ok(same && packed <= length && times <= whole && fits(whole, packed, ZLIB))
}

/// So many bytes may have been compressed to `packed`.
fn fits(whole: u64, packed: u64, ratio: u64) -> bool {
    whole / ratio <= packed
}

/// A number of `N` bytes, the highest first.
fn number<const N: usize>(file: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// A number of seven bits a byte, the lowest first. More than fit are lost, as they are in no file that is whole.
fn varint(file: &mut impl Read) -> io::Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = number::<1>(file)?;
        value |= (byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(value)
}
