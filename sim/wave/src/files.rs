//! Opening a waveform: which format it has, whether it is whole, when it ends.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use wellen::stream::{self, StreamingWaveform};
use wellen::{Hierarchy, LoadOptions, WellenError, viewers};

use crate::blocks::{self, Fault, Outline};
use crate::bounded::Bounded;
use crate::error::Error;
use crate::guard::catch;

/// Bytes looked at to tell the format.
const FRONT: usize = 4096;
/// Bytes at the end of a VCD file looked at first for its last time stamp.
const TAIL: u64 = 64 << 10;
/// The words that may stand first in a VCD file.
const VCD_WORDS: [&str; 7] =
    ["$attrbegin", "$comment", "$date", "$scope", "$timescale", "$var", "$version"];

/// An open waveform; its value changes are still to be read.
pub(crate) struct Wave {
    pub(crate) path: PathBuf,
    pub(crate) stream: StreamingWaveform<Bounded>,
    /// The last time recorded, in its own units.
    pub(crate) end: u64,
    /// A VCD file's last line has no end; what it may be part of is left out.
    pub(crate) cut: bool,
}

impl Wave {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::open(path, &error);
        // Before it is opened: a pipe would wait for its writer.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Error::Open { path: path.into(), why: "is not a file".into() });
        }
        let mut file = File::open(path).map_err(failed)?;
        let size = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let front = bytes(&mut file, 0, size.min(FRONT as u64)).map_err(failed)?;
        let (bound, end, cut) = match format(&front) {
            Format::Fst => (size, fst_end(path, &mut file, size)?, false),
            Format::Vcd => {
                let tail = Tail::of(&mut file, size).map_err(failed)?;
                let none = || Error::damaged(path, "it ends in its first time step");
                (tail.whole, tail.end.ok_or_else(none)?, tail.cut)
            }
            Format::Ghw => return Err(Error::Ghw { path: path.into() }),
            Format::Other => return Err(Error::Format { path: path.into() }),
        };
        let file = Bounded::new(file, bound).map_err(failed)?;
        let stream = catch(|| stream::read(file, &LoadOptions::default()));
        let stream = stream.map_err(|why| Error::damaged(path, &why))?;
        let stream = stream.map_err(|error| Error::damaged(path, &reason(&error)))?;
        Ok(Self { path: path.into(), stream, end, cut })
    }

    pub(crate) fn hierarchy(&self) -> &Hierarchy {
        self.stream.hierarchy()
    }
}

/// What the reader says of a file that has the right start.
pub(crate) fn reason(error: &WellenError) -> String {
    let ends = || "it ends too early".to_owned();
    match error {
        // All that is left of an error in reading.
        WellenError::FailedToLoad(_, why) if why == "I/O operation failed" => ends(),
        WellenError::FailedToLoad(_, why) => why.clone(),
        WellenError::UnknownFileFormat => ends(),
        WellenError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => ends(),
        WellenError::Io(error) => error.to_string(),
    }
}

enum Format {
    Fst,
    Vcd,
    Ghw,
    Other,
}

fn format(front: &[u8]) -> Format {
    let text = front.trim_ascii_start();
    let word = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    match front {
        [0, length @ ..] if length.starts_with(&blocks::HEADER_LENGTH.to_be_bytes()) => Format::Fst,
        [254, ..] => Format::Fst,
        [b'G', b'H', b'D', b'L', b'w', b'a', b'v', b'e', ..] => Format::Ghw,
        _ if VCD_WORDS.iter().any(|known| known.as_bytes() == word) => Format::Vcd,
        _ => Format::Other,
    }
}

fn fst_end(path: &Path, file: &mut File, size: u64) -> Result<u64, Error> {
    match blocks::outline(&mut *file, size) {
        Ok(Outline::Until(end)) => Ok(end),
        Ok(Outline::Packed) => packed_end(file).map_err(|why| Error::damaged(path, &why)),
        Err(Fault::Read(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::damaged(path, "a block has wrong contents"))
        }
        Err(Fault::Read(error)) => Err(Error::open(path, &error)),
        Err(Fault::Torn(why)) => Err(Error::damaged(path, &why)),
    }
}

/// The last time stamp of a file that is compressed as a whole: it is unpacked for that, into memory.
fn packed_end(file: &File) -> Result<u64, String> {
    let last = || {
        let mut file = BufReader::new(file.try_clone()?);
        file.rewind()?;
        let header = viewers::read_header(file, &LoadOptions::default())?;
        let body = viewers::read_body(header.body, &header.hierarchy, None)?;
        Ok(body.time_table.last().copied().unwrap_or(0))
    };
    catch(last)?.map_err(|error| reason(&error))
}

/// What the end of a VCD file says.
#[derive(Debug, PartialEq, Eq)]
struct Tail {
    /// Bytes up to the end of the last whole line. After it a number or a name may be cut and mean another.
    whole: u64,
    /// There are more.
    cut: bool,
    /// The last time recorded; none if that is none.
    end: Option<u64>,
}

impl Tail {
    /// Reads as much of a file of `size` bytes as it needs.
    fn of(file: &mut File, size: u64) -> io::Result<Self> {
        let mut length = TAIL.min(size);
        loop {
            let tail = bytes(file, size - length, length)?;
            match Self::within(&tail, size - length) {
                Some(tail) => return Ok(tail),
                None if length == size => {
                    return Ok(Self { whole: size, cut: false, end: Some(0) });
                }
                None => length = (length * 2).min(size),
            }
        }
    }

    /// The same from the bytes from `start` to the end; none if there is no time stamp in them, unless they are all.
    fn within(tail: &[u8], start: u64) -> Option<Self> {
        let after = |byte: usize| byte + 1;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, after);
        let (lines, rest) = tail.split_at(whole);
        // The first line may have begun before.
        let first = lines.iter().position(|byte| *byte == b'\n').map_or(whole, after);
        let lines = if start == 0 { lines } else { &lines[first..] };
        let stamp = lines.rsplit(|byte| *byte == b'\n').find_map(stamp);
        // Changes before the first time stamp are at 0.
        let stamp = stamp.or((start == 0).then_some(0))?;
        let rest = rest.trim_ascii_start();
        let end = match rest {
            // Time goes on, whatever the number is: nothing is missing before.
            [] | [b'#', ..] => Some(stamp),
            // Other changes at that time may be missing.
            _ => stamp.checked_sub(1),
        };
        Some(Self { whole: start + whole as u64, cut: !rest.is_empty(), end })
    }
}

/// The time that a line starts with. Some programs write it as a real number.
fn stamp(line: &[u8]) -> Option<u64> {
    let digits = line.trim_ascii_start().strip_prefix(b"#")?;
    let digits = digits.split(u8::is_ascii_whitespace).next()?;
    let digits = str::from_utf8(digits).ok()?;
    let real = |_| digits.parse::<f64>().ok().filter(|time| time.fract() == 0.0);
    digits.parse().or_else(|error| real(error).map(|time| time as u64).ok_or(())).ok()
}

fn bytes(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_vcd_file() {
        let tail = |text: &str| Tail::within(text.as_bytes(), 0);
        let is = |whole, cut, end| Some(Tail { whole, cut, end });
        assert_eq!(tail("#5\n1!\n#7\n0!\n"), is(12, false, Some(7)));
        assert_eq!(tail("#5\n1!\n#7\n0!\n \t"), is(12, false, Some(7)));
        assert_eq!(tail("#5\n1!\n#7\n0"), is(9, true, Some(6)));
        assert_eq!(tail("#5\n1!\n#7"), is(6, true, Some(5)));
        assert_eq!(tail("#0\n1"), is(3, true, None));
        assert_eq!(tail("#5 1!\r\nb1 #9\n"), is(13, false, Some(5)));
        assert_eq!(tail("#1e3\n"), is(5, false, Some(1000)));
        assert_eq!(tail("1!\n"), is(3, false, Some(0)));
        assert_eq!(tail("1!\n0"), is(3, true, None));
        // A line of which only the end is there.
        assert_eq!(Tail::within(b"#5\n1!\n", 9), None);
        assert_eq!(Tail::within(b"\n#5\n1!\n", 9).map(|tail| tail.whole), Some(16));
    }
}
