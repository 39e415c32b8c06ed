//! The two ends of the guest's console: where its input comes from, where its output goes.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;

use covert_model::Chip;
use sha2::{Digest as _, Sha256};

use crate::terminal::{self, Keys, Wish};

/// Where console input comes from.
#[derive(Clone, Debug)]
pub enum Input {
    /// All of it is known beforehand: repeatable.
    Bytes(Vec<u8>),
    /// The command's own standard input, as it arrives: a terminal or a pipe.
    Live,
}

impl Input {
    /// The contents of `file`, or the command's standard input: all of it where that is a file, else as it
    /// arrives.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(file: Option<&Path>) -> io::Result<Self> {
        if let Some(file) = file {
            return std::fs::read(file).map(Self::Bytes);
        }
        let mut stdin = io::stdin();
        let regular = std::fs::metadata("/dev/stdin").is_ok_and(|data| data.is_file());
        if regular && !stdin.is_terminal() {
            let mut bytes = Vec::new();
            stdin.read_to_end(&mut bytes)?;
            return Ok(Self::Bytes(bytes));
        }
        Ok(Self::Live)
    }

    /// Repeatable: a pipe is read to its end; a terminal has none, and counts as no input.
    ///
    /// # Errors
    /// The pipe cannot be read.
    pub fn repeatable(self) -> io::Result<Self> {
        let mut bytes = Vec::new();
        match self {
            Self::Bytes(bytes) => return Ok(Self::Bytes(bytes)),
            Self::Live if io::stdin().is_terminal() => {
                tracing::warn!(
                    "nothing is read from the terminal, since the guest runs twice; --stdin FILE gives it input"
                );
            }
            Self::Live => {
                io::stdin().read_to_end(&mut bytes)?;
            }
        }
        Ok(Self::Bytes(bytes))
    }
}

/// Console input on its way into a chip.
#[derive(Debug)]
pub struct Feed {
    input: Input,
    closed: bool,
    keys: Option<Keys>,
    quit: bool,
}

impl Feed {
    /// Nothing of it is fed yet.
    pub fn new(input: Input) -> Self {
        Self { input, closed: false, keys: None, quit: false }
    }

    /// From now on Ctrl-A begins a command to us: the terminal hands each key over.
    pub fn look_for_commands(&mut self) {
        self.keys = Some(Keys::default());
    }

    /// True if more may come at any time.
    pub fn live(&self) -> bool {
        matches!(self.input, Input::Live) && !self.closed
    }

    /// True once the user wants the run to end.
    pub fn quit(&self) -> bool {
        self.quit
    }

    /// Feeds what is there now.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn pump(&mut self, chip: &mut Chip) -> io::Result<()> {
        // More than the chip takes in a slice, yet little enough to hold back in a pipe.
        const AHEAD: usize = 65536;
        if self.closed {
            return Ok(());
        }
        match &self.input {
            Input::Bytes(bytes) => {
                chip.feed_console(bytes);
                self.closed = true;
            }
            Input::Live => {
                let mut buffer = [0; 4096];
                while !self.closed && chip.console_backlog() < AHEAD && readable()? {
                    // SAFETY: the buffer is valid for writes of its length, which is what is passed.
                    let count = unsafe {
                        libc::read(libc::STDIN_FILENO, buffer.as_mut_ptr().cast(), buffer.len())
                    };
                    match usize::try_from(count) {
                        Ok(0) => self.closed = true,
                        Ok(count) => chip.feed_console(&self.typed(&buffer[..count])),
                        Err(_) => return Err(io::Error::last_os_error()),
                    }
                }
            }
        }
        if self.closed {
            chip.close_console();
        }
        Ok(())
    }

    /// What of the bytes read is for the guest; does what is for us.
    fn typed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(keys) = &mut self.keys else { return bytes.to_vec() };
        let mut guest = Vec::new();
        for byte in bytes {
            let (byte, wish) = keys.take(*byte);
            guest.extend(byte);
            match wish {
                Some(Wish::Quit) => self.quit = true,
                Some(Wish::Help) => {
                    let _ = writeln!(io::stderr().lock(), "\r\ncovert: {}", terminal::HELP);
                }
                None => {}
            }
        }
        guest
    }
}

/// True if a read of standard input would not wait.
fn readable() -> io::Result<bool> {
    let fd = io::stdin().as_raw_fd();
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd is passed, and its count.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    match ready {
        0.. => Ok(ready > 0),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Takes console output: keeps it, hashes it, passes it on.
#[derive(Debug)]
pub struct Output {
    bytes: Vec<u8>,
    passed: usize,
    to: Option<File>,
}

impl Output {
    /// Output that is passed on to `to` as it comes, or only kept.
    pub fn new(to: Option<File>) -> Self {
        Self { bytes: Vec::new(), passed: 0, to }
    }

    /// The command's own standard output, unbuffered.
    ///
    /// # Errors
    /// The descriptor cannot be duplicated.
    pub fn stdout() -> io::Result<Self> {
        use std::os::fd::AsFd as _;
        let fd = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Self::new(Some(File::from(fd))))
    }

    /// Takes what the chip has put out.
    ///
    /// # Errors
    /// It cannot be passed on.
    pub fn drain(&mut self, chip: &mut Chip) -> io::Result<()> {
        chip.take_console(&mut self.bytes);
        if let Some(to) = &mut self.to {
            match to.write_all(&self.bytes[self.passed..]) {
                // Whoever read it has seen enough; the run goes on.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.to = None,
                written => written?,
            }
        }
        self.passed = self.bytes.len();
        Ok(())
    }

    /// All that came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of all that came, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
