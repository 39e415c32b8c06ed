//! `covert fpga image`, `firmware` and `load`: what a board starts from, and the way there over its serial line.

use std::fs;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use covert_abi::layout::{GUEST_OFFSET, PAGE_SIZE};
use covert_abi::{boot, card as format};
use covert_fpga::board::Board;

use crate::card;
use crate::cli::{FpgaFirmwareArgs, FpgaImageArgs, FpgaLoadArgs, RunArgs};
use crate::error::Error;
use crate::output::write_whole;
use crate::plan::Plan;
use crate::progress::Progress;

/// Options of `covert run` that mean nothing to a board.
fn refuse_foreign(run: &RunArgs) -> Result<(), Error> {
    let given = [
        ("--bare", run.bare),
        ("--signature", run.signature.is_some()),
        ("--stdin", run.stdin.is_some()),
        ("--net", run.net.is_some()),
        ("--memory", run.memory.is_some()),
        ("--inject", !run.inject.is_empty()),
        ("--trace", run.trace.is_some()),
        ("--rvfi", run.rvfi.is_some()),
        ("--gdb", run.gdb.is_some()),
        ("--protect-at", !run.protect_at.is_empty()),
        ("--unprotect-at", !run.unprotect_at.is_empty()),
        ("--max-cycles", run.max_cycles.is_some()),
        ("--json", run.json.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Error::Usage(format!("{option}: not for a board's image"))),
        None => Ok(()),
    }
}

/// Makes the image of a card.
///
/// # Errors
/// Options that a board cannot follow, files that cannot be read or written, or a guest that does not fit.
pub fn image(args: &FpgaImageArgs) -> Result<(), Error> {
    refuse_foreign(&args.run)?;
    let chip = args.run.chip;
    let memory = Board::named(&args.board)?.memory(chip.name())?;
    let room = memory.domain(chip.tiles()).saturating_sub(GUEST_OFFSET);
    let mut run = args.run.clone();
    match run.ram {
        Some(ram) if ram > room => {
            let most = room >> 10;
            return Err(Error::Usage(format!("--ram: the board has at most {most}K for a guest")));
        }
        Some(_) => {}
        None => run.ram = Some(room),
    }
    let disk = match &run.disk {
        Some(path) => {
            Some(fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?)
        }
        None => None,
    };
    let plan = Plan::with_io(&run, boot::IO_MIN)?;
    let region = &plan.machine.chunks[0].bytes;
    let mode = plan.machine.modes.first().map_or(covert_abi::Mode::None, |(_, mode)| *mode);
    let image = card::image(region, mode, disk.as_deref(), memory.boot() as usize)
        .map_err(|error| Error::Usage(format!("{}: {error}", run.image)))?;
    write_whole(&args.out, &image)?;
    Ok(())
}

/// Writes the firmware for a board's block RAM.
///
/// # Errors
/// It cannot be written, or an override of the built-in firmware cannot be read or is none.
pub fn firmware(args: &FpgaFirmwareArgs) -> Result<(), Error> {
    write_whole(&args.out, card::hex(&firmware_bytes()?).as_bytes())?;
    Ok(())
}

/// The firmware for a board's block RAM: whole pages.
///
/// # Errors
/// An override of the built-in firmware cannot be read or is none.
pub fn firmware_bytes() -> Result<Vec<u8>, Error> {
    let elf = crate::guests::firmware()?;
    let image = crate::boot::vmm_image(&elf)
        .map_err(|source| Error::Boot { image: "the firmware".into(), source })?;
    Ok(image[PAGE_SIZE as usize..].to_vec())
}

/// How long a board may take to say something: what it does before it waits for an image takes a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a board's loader says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Waiting,
    Good,
    Error(u32),
}

impl Said {
    /// Takes what it says from the bytes it sent, the first of them first. One that is cut off stays.
    fn take(bytes: &mut Vec<u8>) -> Option<Self> {
        while let Some(&first) = bytes.first() {
            let (length, said) = match (u32::from(first), bytes.get(1)) {
                (format::SAYS_WAITING, _) => (1, Some(Self::Waiting)),
                (format::SAYS_GOOD, _) => (1, Some(Self::Good)),
                (format::SAYS_ERROR, None) => return None,
                (format::SAYS_ERROR, Some(digit)) => {
                    (2, Some(Self::Error(u32::from(digit.wrapping_sub(b'0')))))
                }
                _ => (1, None),
            };
            bytes.drain(..length);
            if said.is_some() {
                return said;
            }
        }
        None
    }

    fn explain(self) -> String {
        match self {
            Self::Waiting => "the board waits for another image".into(),
            Self::Good => "the board has taken the image".into(),
            Self::Error(format::ERROR_CARD) => "the board cannot read its card".into(),
            Self::Error(format::ERROR_IMAGE) => "the board does not know this image".into(),
            Self::Error(format::ERROR_FIRMWARE) => {
                "the image was made for another firmware than the board's bitstream has".into()
            }
            Self::Error(format::ERROR_SIZE) => "the board has no room for the image".into(),
            Self::Error(format::ERROR_CHECK) => {
                "what arrived in the board's memory is not what was sent".into()
            }
            Self::Error(format::ERROR_STALL) => "the board waited for the rest in vain".into(),
            Self::Error(number) => format!("the board reports an unknown error {number}"),
        }
    }
}

/// A serial line with a board's loader at its end. Reads time out by themselves.
struct Line<P> {
    port: P,
    heard: Vec<u8>,
}

impl<P: Read + Write> Line<P> {
    /// What the loader says next, or nothing within that time.
    fn listen(&mut self, patience: Duration) -> io::Result<Option<Said>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(said) = Said::take(&mut self.heard) {
                return Ok(Some(said));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            self.hear()?;
        }
    }

    fn hear(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64];
        match self.port.read(&mut bytes) {
            Ok(count) => self.heard.extend(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Sends an image to a loader that waits for one; `sent` hears of each piece. What the loader says of it at last, nothing if
    /// it stays silent.
    fn send(&mut self, image: &[u8], mut sent: impl FnMut(usize)) -> io::Result<Option<Said>> {
        for piece in image.chunks(512) {
            self.port.write_all(piece)?;
            sent(piece.len());
            if let Some(said) = Said::take(&mut self.heard).filter(|said| *said != Said::Waiting) {
                return Ok(Some(said));
            }
        }
        self.port.flush()?;
        loop {
            match self.listen(PATIENCE)? {
                // It asked once more before the first byte came.
                Some(Said::Waiting) => {}
                said => return Ok(said),
            }
        }
    }
}

/// Sends an image to a board that waits for one.
///
/// # Errors
/// The file is no image, the port cannot be opened, no board waits there, or it does not take the image.
pub fn load(args: &FpgaLoadArgs) -> Result<(), Error> {
    let file =
        fs::read(&args.image).map_err(|source| Error::Read { path: args.image.clone(), source })?;
    let bytes = card::over_serial(&file)
        .map_err(|why| Error::Usage(format!("{} {why}", args.image.display())))?;
    let at_port = |what: String| Error::Usage(format!("{}: {what}", args.port));
    let broken = |error: io::Error| at_port(error.to_string());
    let port = serialport::new(&args.port, args.baud)
        .timeout(Duration::from_millis(50))
        .open()
        .map_err(|error| at_port(error.to_string()))?;

    let mut line = Line { port, heard: Vec::new() };
    if line.listen(PATIENCE).map_err(broken)? != Some(Said::Waiting) {
        let seconds = PATIENCE.as_secs();
        return Err(at_port(format!(
            "no board waits for an image there ({seconds} s): press its power button with the serial button held"
        )));
    }
    let progress = Progress::new(true);
    let (mut sent, whole) = (0, bytes.len());
    let verdict = line.send(&file[bytes], |piece| {
        sent += piece;
        progress.show(|| format!("sent {} of {} KiB", sent >> 10, whole >> 10));
    });
    progress.end();
    match verdict.map_err(broken)? {
        Some(Said::Good) => Ok(()),
        Some(said) => Err(at_port(said.explain())),
        None => Err(at_port("the board says nothing of the image".into())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A loader that says these words, each once so many bytes have come.
    struct Board {
        script: VecDeque<(usize, &'static [u8])>,
        taken: Vec<u8>,
    }

    impl Read for Board {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.script.front() {
                Some((after, words)) if *after <= self.taken.len() => {
                    into[..words.len()].copy_from_slice(words);
                    let count = words.len();
                    self.script.pop_front();
                    Ok(count)
                }
                _ => Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }

    impl Write for Board {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.taken.extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn send(script: &[(usize, &'static [u8])], image: &[u8]) -> (Option<Said>, Vec<u8>) {
        let port = Board { script: script.iter().copied().collect(), taken: Vec::new() };
        let mut line = Line { port, heard: Vec::new() };
        assert_eq!(line.listen(PATIENCE).expect("no error"), Some(Said::Waiting));
        let said = line.send(image, |_| {}).expect("no error");
        (said, line.port.taken)
    }

    #[test]
    fn an_image_is_sent_whole() {
        let image: Vec<u8> = (0..2000).map(|i| (i % 251) as u8).collect();
        let (said, taken) = send(&[(0, b"C"), (0, b"C"), (2000, b"K")], &image);
        assert_eq!(said, Some(Said::Good));
        assert_eq!(taken, image);
    }

    #[test]
    fn an_error_is_heard_through_noise_and_in_two_pieces() {
        let image = vec![0; 1024];
        let (said, _) = send(&[(0, b"\0xC"), (1024, b"E"), (1024, b"5")], &image);
        assert_eq!(said, Some(Said::Error(format::ERROR_CHECK)));
        assert!(said.expect("said").explain().contains("not what was sent"));
    }

    #[test]
    fn each_error_of_the_loader_is_explained() {
        let all = format::ERROR_CARD..=format::ERROR_STALL;
        for number in all {
            assert!(!Said::Error(number).explain().contains("unknown"), "{number}");
        }
        assert!(Said::Error(9).explain().contains("unknown"));
    }
}
