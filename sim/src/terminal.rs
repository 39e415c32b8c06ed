//! The user's terminal as the guest's console: every key goes to the guest as it is typed, but for those behind Ctrl-A.

use std::io;
use std::mem::MaybeUninit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The key that begins a command to us: Ctrl-A, as in QEMU.
const ESCAPE: u8 = 1;

/// What is typed behind Ctrl-A.
pub const HELP: &str = "Ctrl-A x: end the run; Ctrl-A Ctrl-A: send Ctrl-A; Ctrl-A h: this help";

/// What the user wants besides typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The run is to end.
    Quit,
    /// [`HELP`].
    Help,
}

/// Finds commands in what is typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    escaped: bool,
}

impl Keys {
    /// Takes one byte: what it is for the guest, and what it is for us.
    pub fn take(&mut self, byte: u8) -> (Option<u8>, Option<Wish>) {
        let command = std::mem::take(&mut self.escaped);
        if !command {
            self.escaped = byte == ESCAPE;
            return ((byte != ESCAPE).then_some(byte), None);
        }
        match byte {
            ESCAPE => (Some(ESCAPE), None),
            b'x' | b'X' => (None, Some(Wish::Quit)),
            b'h' | b'?' => (None, Some(Wish::Help)),
            // As QEMU: no command, no key.
            _ => (None, None),
        }
    }
}

/// Signals by which the run ends, and the terminal must not stay as it is.
const SIGNALS: [libc::c_int; 6] =
    [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGABRT, libc::SIGSEGV];

/// The settings to go back to, for the signal handler.
static BEFORE: AtomicPtr<libc::termios> = AtomicPtr::new(std::ptr::null_mut());
/// One at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Standard input, a terminal, hands over each key; back to what it was when this is dropped or a signal ends the run.
#[derive(Debug)]
pub struct RawTerminal {
    before: libc::termios,
    handlers: Vec<(libc::c_int, libc::sighandler_t)>,
    _one: std::sync::MutexGuard<'static, ()>,
}

impl RawTerminal {
    /// Changes the terminal.
    ///
    /// # Errors
    /// Standard input is no terminal, or it refuses.
    pub fn enter() -> io::Result<Self> {
        let one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = settings()?;
        // Never freed: a signal may come at any time.
        BEFORE.store(Box::into_raw(Box::new(before)), Ordering::SeqCst);
        let mut raw = before;
        raw.c_iflag &= !(libc::IGNBRK
            | libc::BRKINT
            | libc::PARMRK
            | libc::ISTRIP
            | libc::INLCR
            | libc::IGNCR
            | libc::ICRNL
            | libc::IXON);
        // Output stays as it was, so that messages of ours begin at the left.
        raw.c_lflag &= !(libc::ECHO | libc::ECHONL | libc::ICANON | libc::IEXTEN | libc::ISIG);
        raw.c_cflag = raw.c_cflag & !(libc::CSIZE | libc::PARENB) | libc::CS8;
        raw.c_cc[libc::VMIN] = 1;
        raw.c_cc[libc::VTIME] = 0;
        let handlers = SIGNALS.iter().map(|signal| (*signal, handle(*signal))).collect();
        let terminal = Self { before, handlers, _one: one };
        apply(&raw)?;
        Ok(terminal)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = apply(&self.before);
        BEFORE.store(std::ptr::null_mut(), Ordering::SeqCst);
        for (signal, old) in &self.handlers {
            // SAFETY: the handler is one that the system named.
            unsafe { libc::signal(*signal, *old) };
        }
    }
}

fn settings() -> io::Result<libc::termios> {
    let mut settings = MaybeUninit::uninit();
    // SAFETY: valid for a write of the structure that the call fills.
    if unsafe { libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it was filled.
    Ok(unsafe { settings.assume_init() })
}

fn apply(settings: &libc::termios) -> io::Result<()> {
    // SAFETY: a valid structure, which is only read.
    match unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, settings) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has `restore` called on a signal; returns what was there.
fn handle(signal: libc::c_int) -> libc::sighandler_t {
    let handler: extern "C" fn(libc::c_int) = restore;
    // SAFETY: the handler calls only what a signal handler may.
    unsafe { libc::signal(signal, handler as libc::sighandler_t) }
}

extern "C" fn restore(signal: libc::c_int) {
    let before = BEFORE.load(Ordering::SeqCst);
    if !before.is_null() {
        // SAFETY: not null, so a structure that is never freed. A signal handler may call this.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, before) };
    }
    // SAFETY: a signal handler may call this.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: a signal handler may call this; the signal ends the process when the handler returns.
    unsafe { libc::raise(signal) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &[u8]) -> (Vec<u8>, Vec<Wish>) {
        let mut keys = Keys::default();
        let (mut bytes, mut wishes) = (Vec::new(), Vec::new());
        for (byte, wish) in text.iter().map(|byte| keys.take(*byte)) {
            bytes.extend(byte);
            wishes.extend(wish);
        }
        (bytes, wishes)
    }

    #[test]
    fn keys_behind_ctrl_a_are_commands() {
        assert_eq!(typed(b"ls x\r\x03\x04"), (b"ls x\r\x03\x04".to_vec(), vec![]));
        assert_eq!(typed(b"a\x01xb"), (b"ab".to_vec(), vec![Wish::Quit]));
        assert_eq!(typed(b"\x01\x01x"), (b"\x01x".to_vec(), vec![]));
        assert_eq!(typed(b"\x01\x01\x01x"), (b"\x01".to_vec(), vec![Wish::Quit]));
        assert_eq!(typed(b"\x01h\x01qz"), (b"z".to_vec(), vec![Wish::Help]));
    }
}
