//! The command on a terminal: keys go to the guest as they are typed, Ctrl-A x ends the run, and the terminal is as it was
//! afterwards, however the run ends.

mod common;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::covert;

/// Both ends of a pseudo-terminal.
struct Terminal {
    keyboard: File,
    end: OwnedFd,
}

impl Terminal {
    fn open() -> Self {
        let (mut keyboard, mut end) = (0, 0);
        let (name, settings, size) =
            (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the two descriptors are valid for writes; the others may be null.
        let result =
            unsafe { libc::openpty(&raw mut keyboard, &raw mut end, name, settings, size) };
        assert_eq!(result, 0, "no pseudo-terminal");
        // SAFETY: openpty succeeded, so the descriptor is open and nobody else's.
        let keyboard = unsafe { File::from_raw_fd(keyboard) };
        // SAFETY: likewise.
        let end = unsafe { OwnedFd::from_raw_fd(end) };
        Self { keyboard, end }
    }

    /// The local modes: whether keys are echoed, lines are edited, Ctrl-C is a signal.
    fn modes(&self) -> libc::tcflag_t {
        let mut settings = std::mem::MaybeUninit::<libc::termios>::uninit();
        // SAFETY: valid for a write of the structure that the call fills.
        let result = unsafe { libc::tcgetattr(self.end.as_raw_fd(), settings.as_mut_ptr()) };
        assert_eq!(result, 0);
        // SAFETY: the call succeeded, so it was filled.
        unsafe { settings.assume_init() }.c_lflag
    }

    /// Starts a guest that waits for input, with this terminal as its standard input, and waits until it listens.
    fn start(&self, keys: &str) -> Child {
        let stdin = self.end.try_clone().expect("a copy");
        let child = covert(&["run", "digest", "--chip", "solo", "--keys", keys])
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let start = Instant::now();
        while keys == "raw" && self.modes() & (libc::ECHO | libc::ICANON | libc::ISIG) != 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "the terminal stays as it is");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }
}

fn output(mut child: Child) -> (Option<i32>, String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("text");
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
    (child.wait().expect("ends").code(), out, err)
}

#[test]
fn ctrl_a_x_ends_the_run() {
    let mut terminal = Terminal::open();
    let before = terminal.modes();
    assert_ne!(before & libc::ISIG, 0);
    let child = terminal.start("raw");
    terminal.keyboard.write_all(b"a\x03\x01hb\x01x").expect("typed");
    let (code, out, err) = output(child);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("Ctrl-A x: end the run") && err.ends_with("ended by Ctrl-A x\n"), "{err}");
    assert_eq!(terminal.modes(), before);
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let terminal = Terminal::open();
    let before = terminal.modes();
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGABRT] {
        let mut child = terminal.start("raw");
        assert_ne!(terminal.modes(), before);
        // SAFETY: the process is a child of ours that was not waited for.
        unsafe { libc::kill(child.id() as libc::pid_t, signal) };
        use std::os::unix::process::ExitStatusExt as _;
        assert_eq!(child.wait().expect("ends").signal(), Some(signal));
        assert_eq!(terminal.modes(), before);
    }
}

#[test]
fn lines_are_edited_and_ended_by_the_terminal() {
    let mut terminal = Terminal::open();
    let before = terminal.modes();
    let child = terminal.start("lines");
    // Ctrl-U takes the line back, Ctrl-D ends the input.
    terminal.keyboard.write_all(b"wrong\x15one two\n\x04").expect("typed");
    let (code, out, err) = output(child);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("lines 1 words 2 bytes 8"), "{out}");
    assert_eq!(terminal.modes(), before);
}
