//! A file that seems to end earlier than it does.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// Bytes read at once.
const BUFFER: usize = 64 << 10;

/// The first bytes of a file. Seeking inside the buffer keeps it: an FST file is read in small steps forward.
#[derive(Debug)]
pub(crate) struct Bounded {
    file: BufReader<File>,
    position: u64,
    end: u64,
}

impl Bounded {
    /// The first `end` bytes.
    pub(crate) fn new(mut file: File, end: u64) -> io::Result<Self> {
        file.rewind()?;
        Ok(Self { file: BufReader::with_capacity(BUFFER, file), position: 0, end })
    }

    fn left(&self, wanted: usize) -> usize {
        let left = self.end.saturating_sub(self.position);
        usize::try_from(left).map_or(wanted, |left| left.min(wanted))
    }
}

impl Read for Bounded {
    #[inline]
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        // VCD is read byte by byte.
        if let ([byte], [next, ..]) = (&mut *bytes, self.file.buffer())
            && self.position < self.end
        {
            *byte = *next;
            self.file.consume(1);
            self.position += 1;
            return Ok(1);
        }
        let most = self.left(bytes.len());
        let read = self.file.read(&mut bytes[..most])?;
        self.position += read as u64;
        Ok(read)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let most = self.left(usize::MAX);
        let bytes = self.file.fill_buf()?;
        Ok(&bytes[..bytes.len().min(most)])
    }

    fn consume(&mut self, count: usize) {
        self.file.consume(count);
        self.position += count as u64;
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
        let target = target.ok_or_else(wrong)?;
        if target != self.position {
            let step = i64::try_from(i128::from(target) - i128::from(self.position));
            self.file.seek_relative(step.map_err(|_| wrong())?)?;
            self.position = target;
        }
        Ok(target)
    }
}
