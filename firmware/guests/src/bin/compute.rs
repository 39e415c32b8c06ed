//! `compute`: seven kernels of about equal length, millions of instructions in all; a checksum of each
//! and one of all.
//!
//! `COVERT_COMPUTE_ROUNDS`, set when this is built, repeats everything that many times; the default
//! of 1 makes about 3 million instructions.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod guest {
    use covert_guests::kernels::{FOLD_START, KERNELS, Scratch, WORDS, fold};
    use covert_guests::text::Hex;
    use covert_guests::{guest, print};

    guest!(main);

    const ROUNDS: u32 = match option_env!("COVERT_COMPUTE_ROUNDS") {
        None => 1,
        Some(text) => parse(text.as_bytes()),
    };

    const fn parse(digits: &[u8]) -> u32 {
        let (mut value, mut index) = (0, 0);
        while index < digits.len() {
            assert!(digits[index].is_ascii_digit(), "COVERT_COMPUTE_ROUNDS is not a number");
            value = 10 * value + (digits[index] - b'0') as u32;
            index += 1;
        }
        value
    }

    fn main() -> bool {
        let mut scratch: Scratch = [0; WORDS];
        let mut all = FOLD_START;
        for kernel in KERNELS {
            let mut checksum = FOLD_START;
            for round in 0..ROUNDS {
                checksum = fold(checksum, (kernel.run)(&mut scratch, 0x9e37_79b9 ^ round));
            }
            print!(kernel.name, " ", Hex(checksum), "\n");
            all = fold(all, checksum);
        }
        print!("checksum ", Hex(all), "\n");
        true
    }
}

#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("compute is a guest: build it for riscv32imac-unknown-none-elf");
}
