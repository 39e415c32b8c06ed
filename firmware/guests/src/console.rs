//! The console: DBCN where the firmware has it, the legacy calls otherwise.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::sbi::{self, ext};

/// End of transmission, the byte that ends the input of a legacy console.
const EOT: i32 = 4;

const UNKNOWN: u32 = 0;
const LEGACY: u32 = 1;
const DBCN: u32 = 2;
static KIND: AtomicU32 = AtomicU32::new(UNKNOWN);

fn has_dbcn() -> bool {
    let mut kind = KIND.load(Ordering::Relaxed);
    if kind == UNKNOWN {
        kind = if sbi::has(ext::DBCN) { DBCN } else { LEGACY };
        KIND.store(kind, Ordering::Relaxed);
    }
    kind == DBCN
}

/// Writes all of `bytes`.
pub fn write(mut bytes: &[u8]) {
    if has_dbcn() {
        while !bytes.is_empty() {
            let args = [bytes.len() as u32, bytes.as_ptr() as u32, 0];
            // SAFETY: a write only reads the memory named.
            let ret = unsafe { sbi::call(ext::DBCN, 0, args) };
            if ret.error != 0 {
                return;
            }
            bytes = &bytes[bytes.len().min(ret.value as usize)..];
        }
    } else {
        for &byte in bytes {
            // SAFETY: the call writes no memory.
            unsafe { sbi::call(ext::LEGACY_PUTCHAR, 0, [byte.into(), 0, 0]) };
        }
    }
}

/// What there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// This many bytes, at least 1, now stand at the start of the buffer.
    Bytes(usize),
    /// Nothing yet.
    Empty,
    /// The input has ended: DBCN's read failed, or EOT came from a legacy console.
    End,
}

/// Reads what is there into `buffer`, without waiting.
pub fn read(buffer: &mut [u8]) -> Input {
    if has_dbcn() {
        let args = [buffer.len() as u32, buffer.as_mut_ptr() as u32, 0];
        // SAFETY: the memory named is the caller's buffer, borrowed mutably.
        let ret = unsafe { sbi::call(ext::DBCN, 1, args) };
        return match (ret.error, ret.value as usize) {
            (0, 0) => Input::Empty,
            (0, len) => Input::Bytes(len),
            _ => Input::End,
        };
    }
    let mut len = 0;
    while len < buffer.len() {
        // SAFETY: the call writes no memory.
        match unsafe { sbi::call(ext::LEGACY_GETCHAR, 0, [0; 3]) }.error {
            EOT if len == 0 => return Input::End,
            byte @ 0..=255 if byte != EOT => buffer[len] = byte as u8,
            _ => break,
        }
        len += 1;
    }
    if len == 0 { Input::Empty } else { Input::Bytes(len) }
}

/// Prints its arguments, one after the other; each is a [`Show`](crate::text::Show).
#[macro_export]
macro_rules! print {
    ($($item:expr),+ $(,)?) => {{
        let mut buffer = $crate::text::Buffer::<128, _>::new($crate::console::write);
        $($crate::text::Show::show(&$item, &mut buffer);)+
        buffer.flush();
    }};
}
