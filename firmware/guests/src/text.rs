//! Text without `core::fmt`: a line buffer and the few number formats that the guests print.

/// Where formatted text goes.
pub trait Sink {
    /// Takes the next bytes.
    fn put(&mut self, bytes: &[u8]);
}

/// Something that can be printed.
pub trait Show {
    /// Writes it to `sink`.
    fn show(&self, sink: &mut dyn Sink);
}

impl Show for &str {
    fn show(&self, sink: &mut dyn Sink) {
        sink.put(self.as_bytes());
    }
}

impl Show for u32 {
    fn show(&self, sink: &mut dyn Sink) {
        u64::from(*self).show(sink);
    }
}

impl Show for u64 {
    fn show(&self, sink: &mut dyn Sink) {
        let mut digits = [0; 20];
        let mut rest = *self;
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        sink.put(&digits[start..]);
    }
}

impl Show for i32 {
    fn show(&self, sink: &mut dyn Sink) {
        if *self < 0 {
            sink.put(b"-");
        }
        self.unsigned_abs().show(sink);
    }
}

/// A word as eight hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex(pub u32);

impl Show for Hex {
    fn show(&self, sink: &mut dyn Sink) {
        HexBytes(&self.0.to_be_bytes()).show(sink);
    }
}

/// Bytes as pairs of hexadecimal digits, in their order.
#[derive(Clone, Copy, Debug)]
pub struct HexBytes<'a>(pub &'a [u8]);

impl Show for HexBytes<'_> {
    fn show(&self, sink: &mut dyn Sink) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for &byte in self.0 {
            sink.put(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

/// Collects text and hands it on in pieces of at most `N` bytes, so that a line is one SBI call.
#[derive(Debug)]
pub struct Buffer<const N: usize, F: FnMut(&[u8])> {
    bytes: [u8; N],
    len: usize,
    out: F,
}

impl<const N: usize, F: FnMut(&[u8])> Buffer<N, F> {
    /// An empty buffer that hands its text to `out`.
    pub fn new(out: F) -> Self {
        Self { bytes: [0; N], len: 0, out }
    }

    /// Hands on what has been collected.
    pub fn flush(&mut self) {
        if self.len > 0 {
            (self.out)(&self.bytes[..self.len]);
            self.len = 0;
        }
    }
}

impl<const N: usize, F: FnMut(&[u8])> Sink for Buffer<N, F> {
    fn put(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.len == N {
                self.flush();
            }
            self.bytes[self.len] = byte;
            self.len += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(items: &[&dyn Show]) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut buffer = Buffer::<8, _>::new(|bytes: &[u8]| {
            pieces.push(String::from_utf8(bytes.to_vec()).expect("ASCII"));
        });
        items.iter().for_each(|item| item.show(&mut buffer));
        buffer.flush();
        pieces
    }

    #[test]
    fn numbers() {
        assert_eq!(shown(&[&0_u32, &" ", &-7_i32]), ["0 -7"]);
        assert_eq!(shown(&[&i32::MIN]).concat(), i32::MIN.to_string());
        assert_eq!(shown(&[&u64::MAX]).concat(), u64::MAX.to_string());
        assert_eq!(shown(&[&Hex(0x00ab_cdef)]), ["00abcdef"]);
        assert_eq!(shown(&[&HexBytes(&[0, 255])]), ["00ff"]);
    }

    #[test]
    fn long_text_leaves_in_pieces() {
        assert_eq!(shown(&[&"0123456", &"789"]), ["01234567", "89"]);
        assert!(shown(&[&""]).is_empty());
    }
}
