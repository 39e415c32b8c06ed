//! Lines, words and bytes as `wc` counts them in the C locale.

/// Running counts over a stream.
///
/// A word is a run of bytes that contains a printable one; white space (space and `\t \n \v \f \r`)
/// ends it. Bytes that are neither, such as NUL or those above 0x7f, neither begin nor end a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Newlines.
    pub lines: u64,
    /// Words.
    pub words: u64,
    /// Bytes.
    pub bytes: u64,
    in_word: bool,
}

impl Counts {
    /// Counts the next bytes of the stream.
    pub fn update(&mut self, input: &[u8]) {
        // Word-sized counters and one test per common byte: this loop is a good part of the
        // guest's work.
        let mut lines = 0_u32;
        let mut words = 0_u32;
        let mut in_word = self.in_word;
        for &byte in input {
            if byte.wrapping_sub(0x21) < 0x5e {
                words += u32::from(!in_word);
                in_word = true;
            } else if byte == b' ' || byte.wrapping_sub(b'\t') < 5 {
                lines += u32::from(byte == b'\n');
                in_word = false;
            }
        }
        self.in_word = in_word;
        self.lines += u64::from(lines);
        self.words += u64::from(words);
        self.bytes += input.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pieces: &[&[u8]]) -> (u64, u64, u64) {
        let mut counts = Counts::default();
        pieces.iter().for_each(|piece| counts.update(piece));
        (counts.lines, counts.words, counts.bytes)
    }

    #[test]
    fn words_and_lines() {
        assert_eq!(counts(&[]), (0, 0, 0));
        assert_eq!(counts(&[b"one two\nthree"]), (1, 3, 13));
        assert_eq!(counts(&[b" \t\n\x0b\x0c\r "]), (1, 0, 7));
        assert_eq!(counts(&[b"a\x0bb\x0cc\rd"]), (0, 4, 7));
    }

    #[test]
    fn a_word_may_span_pieces() {
        assert_eq!(counts(&[b"ab", b"cd e", b"", b"f"]), (0, 2, 7));
    }

    #[test]
    fn unprintable_bytes_neither_begin_nor_end_a_word() {
        assert_eq!(counts(&[b"\x00\x01\x7f\x80\xff"]), (0, 0, 5));
        assert_eq!(counts(&[b"a\x00b \x00 c"]), (0, 2, 7));
    }
}
