//! `digest`: reads all of the console's input, then prints what `sha256sum` and `wc` would say.
//!
//! Constant memory, whatever the length of the input. How the input's end is recognised:
//! `docs/guests.md`.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod guest {
    use covert_guests::console::{self, Input};
    use covert_guests::count::Counts;
    use covert_guests::text::HexBytes;
    use covert_guests::{guest, print, time};
    use sha2::{Digest, Sha256};

    guest!(main);

    /// Wait between two looks at a console that has nothing, in ticks of the time base (0.1 ms).
    const PAUSE: u64 = 1000;

    fn main() -> bool {
        let mut buffer = [0; 4096];
        let mut hash = Sha256::new();
        let mut counts = Counts::default();
        loop {
            match console::read(&mut buffer) {
                Input::Bytes(len) => {
                    let Some(bytes) = buffer.get(..len) else {
                        print!("console: more bytes than asked for\n");
                        return false;
                    };
                    hash.update(bytes);
                    counts.update(bytes);
                }
                Input::Empty => time::idle(PAUSE),
                Input::End => break,
            }
        }
        print!("sha256 ", HexBytes(&hash.finalize()), "\n");
        let Counts { lines, words, bytes, .. } = counts;
        print!("lines ", lines, " words ", words, " bytes ", bytes, "\n");
        true
    }
}

#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("digest is a guest: build it for riscv32imac-unknown-none-elf");
}
