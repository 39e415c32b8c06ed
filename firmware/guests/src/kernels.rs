//! The kernels of `compute`: each stresses another part of a core and returns one checksum.
//!
//! All work in the caller's [`Scratch`], use 32-bit wrapping integers only and depend on nothing but their
//! `seed`, so that the host, QEMU and the chip must agree to the bit.

/// Words of working memory.
pub const WORDS: usize = 4096;
/// Working memory of a kernel; its contents at entry do not matter.
pub type Scratch = [u32; WORDS];

/// A kernel: name, and function of scratch memory and seed.
pub struct Kernel {
    /// Name in the output.
    pub name: &'static str,
    /// The computation.
    pub run: fn(&mut Scratch, u32) -> u32,
}

/// Every kernel, in the order of the output.
pub const KERNELS: &[Kernel] = &[
    Kernel { name: "mix", run: mix },
    Kernel { name: "matmul", run: matmul },
    Kernel { name: "sort", run: sort },
    Kernel { name: "crc32", run: crc32 },
    Kernel { name: "sieve", run: sieve },
    Kernel { name: "chase", run: chase },
    Kernel { name: "machine", run: machine },
];

/// Marsaglia's xorshift32, the generator of test data; `state` must not be 0.
fn xorshift(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

/// FNV-1a over words: order matters, every bit counts.
pub fn fold(hash: u32, word: u32) -> u32 {
    (hash ^ word).wrapping_mul(0x0100_0193)
}

/// Start value of [`fold`].
pub const FOLD_START: u32 = 0x811c_9dc5;

fn fill(scratch: &mut [u32], seed: u32) {
    let mut state = seed | 1;
    for word in scratch {
        *word = xorshift(&mut state);
    }
}

/// Registers only: shifts, all four forms of multiplication and division, signed and unsigned.
pub fn mix(_: &mut Scratch, seed: u32) -> u32 {
    let mut state = seed | 1;
    let mut hash = FOLD_START;
    for _ in 0..9500 {
        let a = xorshift(&mut state);
        let b = xorshift(&mut state) >> (a & 31);
        let signed = (a as i32).wrapping_shr(b & 31);
        hash = fold(hash, a.wrapping_mul(b) ^ ((u64::from(a) * u64::from(b)) >> 32) as u32);
        hash = fold(hash, ((i64::from(signed) * i64::from(b as i32)) >> 32) as u32);
        // The zero divisor is the case in which RISC-V and Rust differ: it stays out here.
        if let (Some(quotient), Some(rest)) = (a.checked_div(b), a.checked_rem(b)) {
            hash = fold(hash, quotient.wrapping_add(rest));
        }
        if b != 0 {
            let divisor = b as i32;
            hash ^= signed.wrapping_div(divisor) as u32;
            hash = hash.wrapping_add(signed.wrapping_rem(divisor) as u32);
        }
        hash = hash.rotate_left(a & 31);
    }
    hash
}

/// Multiplies two 36 x 36 matrices.
pub fn matmul(scratch: &mut Scratch, seed: u32) -> u32 {
    const N: usize = 36;
    fill(&mut scratch[..2 * N * N], seed);
    let (factors, product) = scratch.split_at_mut(2 * N * N);
    let (a, b) = factors.split_at(N * N);
    for row in 0..N {
        for column in 0..N {
            let terms = a[row * N..][..N].iter().zip(b[column..].iter().step_by(N));
            product[row * N + column] =
                terms.fold(0, |sum, (x, y)| sum.wrapping_add(x.wrapping_mul(*y)));
        }
    }
    product[..N * N].iter().fold(FOLD_START, |hash, &word| fold(hash, word))
}

/// Heap sort: branches that cannot be predicted.
pub fn sort(scratch: &mut Scratch, seed: u32) -> u32 {
    const N: usize = 1800;
    fn sift(heap: &mut [u32], mut root: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= heap.len() {
                return;
            }
            if child + 1 < heap.len() && heap[child] < heap[child + 1] {
                child += 1;
            }
            if heap[root] >= heap[child] {
                return;
            }
            heap.swap(root, child);
            root = child;
        }
    }
    let data = &mut scratch[..N];
    fill(data, seed);
    for root in (0..N / 2).rev() {
        sift(data, root);
    }
    for end in (1..N).rev() {
        data.swap(0, end);
        sift(&mut data[..end], 0);
    }
    data.iter().fold(FOLD_START, |hash, &word| fold(hash, word))
}

/// CRC-32 (IEEE 802.3), four bits at a time, over bytes: byte loads and table look-ups.
pub fn crc32(scratch: &mut Scratch, seed: u32) -> u32 {
    fill(scratch, seed);
    let bytes = scratch.iter().flat_map(|word| word.to_le_bytes());
    crc32_of(bytes)
}

/// CRC-32 (IEEE 802.3) of `bytes`.
pub fn crc32_of(bytes: impl Iterator<Item = u8>) -> u32 {
    let mut table = [0; 16];
    for (index, entry) in table.iter_mut().enumerate() {
        *entry = (0..4).fold(index as u32, |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)));
    }
    !bytes.fold(!0, |mut crc, byte| {
        crc ^= u32::from(byte);
        crc = (crc >> 4) ^ table[(crc & 15) as usize];
        (crc >> 4) ^ table[(crc & 15) as usize]
    })
}

/// Primes below 32 K, by Eratosthenes, odd numbers only: byte stores with a stride. The count,
/// and the seed's influence through which primes are summed.
pub fn sieve(scratch: &mut Scratch, seed: u32) -> u32 {
    let mut sum = 0_u32;
    let count = primes(scratch, |prime| {
        if prime ^ seed & 2 != prime {
            sum = sum.wrapping_add(prime);
        }
    });
    fold(fold(FOLD_START, count), sum)
}

/// Calls `found` with every odd prime below 32,768; returns how many primes there are, 2 included.
pub fn primes(scratch: &mut Scratch, mut found: impl FnMut(u32)) -> u32 {
    // Bit i of the map stands for 2 i + 1.
    const BITS: usize = 1 << 14;
    let map = &mut scratch[..BITS / 32];
    map.fill(0);
    let mut count = 1;
    for index in 1..BITS {
        if map[index / 32] >> (index % 32) & 1 != 0 {
            continue;
        }
        let prime = 2 * index + 1;
        count += 1;
        found(prime as u32);
        let mut multiple = 2 * index * (index + 1);
        while multiple < BITS {
            map[multiple / 32] |= 1 << (multiple % 32);
            multiple += prime;
        }
    }
    count
}

/// Follows a random cycle through all of memory: every load waits for the one before.
pub fn chase(scratch: &mut Scratch, seed: u32) -> u32 {
    // Sattolo's shuffle gives one single cycle.
    for (index, word) in scratch.iter_mut().enumerate() {
        *word = index as u32;
    }
    let mut state = seed | 1;
    for index in (1..WORDS).rev() {
        let other = xorshift(&mut state) as usize % index;
        scratch.swap(index, other);
    }
    let (mut at, mut hash) = (0, FOLD_START);
    for step in 0..40_000 {
        at = scratch[at as usize % WORDS];
        if step % 16 == 0 {
            hash = fold(hash, at);
        }
    }
    hash
}

/// A byte-code interpreter: indirect branches and dependent loads.
pub fn machine(scratch: &mut Scratch, seed: u32) -> u32 {
    const CODE: usize = 256;
    fill(&mut scratch[..2 * CODE], seed);
    let (code, data) = scratch.split_at_mut(CODE);
    let (mut pc, mut acc, mut link) = (0, seed, 0_usize);
    for _ in 0..20_000 {
        let word = code[pc % CODE];
        let operand = (word >> 8) as usize;
        pc += 1;
        match word & 15 {
            0 | 1 => acc = acc.wrapping_add(data[operand % CODE]),
            2 => acc ^= data[(operand + link) % CODE],
            3 => acc = acc.rotate_left(word >> 27),
            4 => acc = acc.wrapping_mul(word | 1),
            5 => data[operand % CODE] = acc,
            6 => data[(operand + link) % CODE] ^= acc >> 3,
            7 if acc & 1 != 0 => pc += operand % 16,
            8 if (acc as i32) < 0 => pc = operand,
            9 => core::mem::swap(&mut pc, &mut link),
            10 => link = acc as usize % CODE,
            11 => acc = u32::from(acc.to_le_bytes()[operand % 4]).wrapping_sub(word),
            12 => acc = acc.swap_bytes(),
            13 => acc = ((acc as i32) >> (word >> 28)) as u32,
            _ => acc = acc.wrapping_sub(word),
        }
    }
    data[..CODE].iter().fold(fold(FOLD_START, acc), |hash, &word| fold(hash, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(crc32_of(b"123456789".iter().copied()), 0xcbf4_3926);
        let mut last = 0;
        assert_eq!(primes(&mut [!0; WORDS], |prime| last = prime), 3512);
        assert_eq!(last, 32749);
    }

    /// The output that QEMU and the chip are compared with, computed by the host.
    #[test]
    fn expected_output() {
        let mut scratch = [0; WORDS];
        let mut text = String::new();
        let mut all = FOLD_START;
        for kernel in KERNELS {
            let checksum = fold(FOLD_START, (kernel.run)(&mut scratch, 0x9e37_79b9));
            text += &format!("{} {checksum:08x}\n", kernel.name);
            all = fold(all, checksum);
        }
        text += &format!("checksum {all:08x}\n");
        assert_eq!(text, include_str!("../expected/compute.txt"));
    }

    #[test]
    fn sort_sorts() {
        let mut scratch = [0; WORDS];
        sort(&mut scratch, 9);
        assert!(scratch[..1800].is_sorted());
        assert!(scratch[0] < scratch[1799]);
    }

    #[test]
    fn matmul_by_definition() {
        let mut scratch = [0; WORDS];
        matmul(&mut scratch, 5);
        let at =
            |matrix: usize, row: usize, column: usize| scratch[1296 * matrix + 36 * row + column];
        for (row, column) in [(0, 0), (3, 17), (35, 35)] {
            let sum = (0..36).fold(0_u32, |sum, k| {
                sum.wrapping_add(at(0, row, k).wrapping_mul(at(1, k, column)))
            });
            assert_eq!(at(2, row, column), sum);
        }
    }

    #[test]
    fn results_depend_on_the_seed_and_on_nothing_else() {
        for kernel in KERNELS {
            let mut dirty = [0xdead_beef; WORDS];
            let first = (kernel.run)(&mut [0; WORDS], 1);
            assert_eq!((kernel.run)(&mut dirty, 1), first, "{}", kernel.name);
            assert_ne!((kernel.run)(&mut dirty, 2), first, "{}", kernel.name);
        }
    }

    #[test]
    fn chase_visits_everything() {
        let mut scratch = [0; WORDS];
        chase(&mut scratch, 3);
        let mut at = 0;
        let length = (1..).find(|_| {
            at = scratch[at as usize];
            at == 0
        });
        assert_eq!(length, Some(WORDS));
    }
}
