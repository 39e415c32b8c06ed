//! What `covert run` is given to run, and what becomes of it in guest RAM: an ELF file or a Linux image, with an initial RAM
//! disk and a device tree.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use covert_abi::layout::GUEST_BASE;

use crate::cli::RunArgs;
use crate::dtb::{self, Chosen, DtbError, Hardware};
use crate::elf::{Chunk, Program};
use crate::error::Error;
use crate::guests::{self, Kernel};
use crate::linux::{self, Header, LinuxError, Placement};

/// A file that can be run.
#[derive(Clone, Debug)]
pub struct Image {
    /// What to call it.
    pub name: String,
    /// Its contents.
    pub file: Cow<'static, [u8]>,
    /// The built-in kernel that it is.
    kernel: Option<&'static Kernel>,
}

/// What goes with a guest into its RAM.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Initial RAM disk, for Linux.
    pub initrd: Option<Vec<u8>>,
    /// Command line.
    pub append: Option<String>,
    /// Device tree, and what to call it; otherwise it is generated.
    pub dtb: Option<(PathBuf, Vec<u8>)>,
}

/// Contents of guest RAM at the start.
#[derive(Clone, Debug)]
pub struct Payload {
    /// First instruction.
    pub entry: u32,
    /// Address of the device tree; 0: there is none.
    pub dtb: u32,
    /// The device tree.
    pub device_tree: Vec<u8>,
    /// What is loaded, at guest-physical addresses, word aligned.
    pub chunks: Vec<Chunk>,
}

/// Why there is no payload.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The kernel.
    #[error(transparent)]
    Linux(#[from] LinuxError),
    /// The device tree that was given.
    #[error("--dtb {}: {source}", path.display())]
    DeviceTree {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DtbError,
    },
    /// An ELF file up to the end of RAM, or nearly so.
    #[error("leaves no room for the device tree of --dtb at the end of RAM (--ram)")]
    NoRoom,
}

impl Image {
    /// The built-in guest or kernel of that name, or else the file.
    ///
    /// # Errors
    /// There is neither, or it cannot be read.
    pub fn read(image: &str) -> Result<Self, Error> {
        // A file of that name wins if it is written as a path.
        let name = image.to_owned();
        if let Some(guest) = guests::find(image) {
            return Ok(Self { name, file: guest.elf()?, kernel: None });
        }
        if let Some(kernel) = guests::find_kernel(image) {
            return Ok(Self { name, file: kernel.image()?.into(), kernel: Some(kernel) });
        }
        match fs::read(image) {
            Ok(file) => Ok(Self { name, file: file.into(), kernel: None }),
            Err(source)
                if source.kind() == std::io::ErrorKind::NotFound && !image.contains('/') =>
            {
                let names = guests::names().join(", ");
                let message = format!("no file and no built-in guest `{image}` (guests: {names})");
                Err(Error::Usage(message))
            }
            Err(source) => Err(Error::Read { path: image.into(), source }),
        }
    }

    /// The `System.map` of a built-in kernel, if it is there.
    pub fn system_map(&self) -> Option<String> {
        self.kernel?.system_map()
    }

    /// True for Linux; an ELF file otherwise, or nothing that can be run.
    pub fn is_linux(&self) -> bool {
        linux::is_image(&self.file)
    }

    /// Reads what goes with it, as far as the arguments name it or it is built in.
    ///
    /// # Errors
    /// A file cannot be read, or an initial RAM disk is given to what is no Linux.
    pub fn extras(&self, args: &RunArgs) -> Result<Extras, Error> {
        let read = |path: &Path| {
            fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
        };
        if args.initrd.is_some() && !self.is_linux() {
            let message = format!("--initrd: {} is no Linux image", self.name);
            return Err(Error::Usage(message));
        }
        let mut initrd = args.initrd.as_deref().map(read).transpose()?;
        if let (Some(path), Some([])) = (&args.initrd, initrd.as_deref()) {
            return Err(Error::Usage(format!("--initrd {}: is empty", path.display())));
        }
        let mut append = args.append.clone();
        if let Some(kernel) = self.kernel {
            if initrd.is_none() {
                initrd = Some(kernel.initrd()?);
            }
            append = append.or_else(|| Some(guests::COMMAND_LINE.to_owned()));
        }
        if append.as_deref().is_some_and(|text| text.contains('\0')) {
            return Err(Error::Usage("--append: holds a NUL byte".into()));
        }
        let dtb = match &args.dtb {
            Some(path) => Some((path.clone(), read(path)?)),
            None => None,
        };
        Ok(Extras { initrd, append, dtb })
    }
}

impl Payload {
    /// A Linux kernel at the place that its header names, the device tree at the end of RAM and the initial RAM disk
    /// below it.
    ///
    /// # Errors
    /// It is no 32-bit S-mode kernel, does not fit, or the device tree is none.
    pub fn linux(kernel: &[u8], extras: &Extras, hardware: Hardware) -> Result<Self, PayloadError> {
        let header = Header::parse(kernel)?;
        // Its length is the same wherever the initial RAM disk stands.
        let bootargs = extras.append.clone();
        let mut chosen = Chosen { bootargs, initrd: extras.initrd.as_ref().map(|_| 0..0) };
        let length = device_tree(extras, hardware, &chosen)?.len();
        let initrd = extras.initrd.as_deref();
        // Lengths above 4 GiB are too large whatever the rest is.
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let initrd_length = initrd.map(|bytes| short(bytes.len()));
        let place = Placement::new(hardware.ram, header, initrd_length, short(length))?;
        chosen.initrd = place.initrd.clone();
        let tree = device_tree(extras, hardware, &chosen)?;
        let mut chunks = vec![chunk(place.kernel, kernel)];
        if let (Some(range), Some(bytes)) = (&place.initrd, initrd) {
            chunks.push(chunk(range.start, bytes));
        }
        chunks.push(chunk(place.dtb, &tree));
        Ok(Self { entry: place.kernel, dtb: place.dtb, device_tree: tree, chunks })
    }

    /// A program, with the device tree at the end of RAM if the program leaves room there.
    ///
    /// # Errors
    /// A device tree that was given is none, or has no room.
    pub fn elf(
        program: &Program,
        extras: &Extras,
        hardware: Hardware,
    ) -> Result<Self, PayloadError> {
        let chosen = Chosen { bootargs: extras.append.clone(), initrd: None };
        let tree = device_tree(extras, hardware, &chosen)?;
        let room = hardware.ram - (program.end - GUEST_BASE);
        let mut payload = Self {
            entry: program.entry,
            dtb: 0,
            device_tree: tree,
            chunks: program.chunks.clone(),
        };
        let end = (payload.device_tree.len() as u64).next_multiple_of(4096);
        if end <= u64::from(room) {
            payload.dtb = linux::device_tree(hardware.ram, payload.device_tree.len() as u32);
            payload.chunks.push(chunk(payload.dtb, &payload.device_tree));
        } else if extras.dtb.is_some() {
            return Err(PayloadError::NoRoom);
        } else {
            tracing::info!("no room for a device tree: the guest gets none");
            payload.device_tree.clear();
        }
        Ok(payload)
    }
}

fn device_tree(
    extras: &Extras,
    hardware: Hardware,
    chosen: &Chosen,
) -> Result<Vec<u8>, PayloadError> {
    match &extras.dtb {
        None => Ok(dtb::generate(hardware, chosen)),
        Some((path, file)) => dtb::amend(file, chosen)
            .map_err(|source| PayloadError::DeviceTree { path: path.clone(), source }),
    }
}

/// A chunk of whole words.
fn chunk(address: u32, bytes: &[u8]) -> Chunk {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    Chunk { address, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDWARE: Hardware = Hardware { ram: 16 << 20, disk: false, network: true, seed: 0 };

    fn kernel(length: usize) -> Vec<u8> {
        let mut file = vec![0x13; length];
        file[8..16].copy_from_slice(&0x40_0000_u64.to_le_bytes());
        file[16..24].copy_from_slice(&0x30_0000_u64.to_le_bytes());
        file[24..32].fill(0);
        file[48..56].copy_from_slice(b"RISCV\0\0\0");
        file[56..60].copy_from_slice(b"RSC\x05");
        file
    }

    #[test]
    fn linux_finds_its_initrd() {
        let extras = Extras { initrd: Some(vec![7; 5001]), ..Extras::default() };
        let payload = Payload::linux(&kernel(1001), &extras, HARDWARE).expect("fits");
        assert_eq!((payload.entry, payload.chunks.len()), (0x8040_0000, 3));
        let [kernel, initrd, tree] = &payload.chunks[..] else { panic!("three") };
        assert_eq!((kernel.address, kernel.bytes.len()), (0x8040_0000, 1004));
        assert_eq!((initrd.bytes.len(), initrd.bytes[5000], initrd.bytes[5001]), (5004, 7, 0));
        assert_eq!(tree.address, payload.dtb);
        assert!(tree.bytes.starts_with(&payload.device_tree));
        assert!(initrd.address.is_multiple_of(4096) && initrd.address + 5004 <= tree.address);
        let parsed = fdt::Fdt::new(&tree.bytes).expect("a device tree");
        let chosen = parsed.find_node("/chosen").expect("there");
        let word = |name| chosen.property(name).and_then(|p| p.as_usize()).expect("a word");
        assert_eq!(word("linux,initrd-start"), initrd.address as usize);
        assert_eq!(word("linux,initrd-end"), initrd.address as usize + 5001);
    }

    #[test]
    fn a_given_device_tree_is_used() {
        let own = dtb::generate(Hardware { ram: 8 << 20, ..HARDWARE }, &Chosen::default());
        let extras = Extras {
            append: Some("debug".into()),
            dtb: Some(("own.dtb".into(), own)),
            ..Extras::default()
        };
        let payload = Payload::linux(&kernel(1000), &extras, HARDWARE).expect("fits");
        let tree = fdt::Fdt::new(&payload.device_tree).expect("a device tree");
        assert_eq!(tree.memory().regions().next().and_then(|region| region.size), Some(8 << 20));
        assert_eq!(tree.chosen().bootargs(), Some("debug"));
        let extras = Extras { dtb: Some(("own.dtb".into(), vec![1; 99])), ..extras };
        let error = Payload::linux(&kernel(1000), &extras, HARDWARE).expect_err("none").to_string();
        assert!(error.starts_with("--dtb own.dtb: not a device tree"), "{error}");
    }
}
