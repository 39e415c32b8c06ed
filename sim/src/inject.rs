//! Faults as users write them, and as they are put into a chip.

use std::fmt;
use std::str::FromStr;

use covert_abi::layout::{GUEST_BASE, GUEST_OFFSET, REGION_STRIDE, VMM_BASE, VMM_SIZE};
use covert_model::{Bit, Chip, ChipError};
use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::state::{BitName, NameError, Place, StateMap};

/// A fault as typed: `seu:PATH[BIT]@CYCLE`, `stuck0:` and `stuck1:` likewise, `mem:TILE:ADDR[BIT]@CYCLE`,
/// or `random:N:SEED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// One fault.
    One(OneSpec),
    /// `N` single flips, drawn uniformly from the members' tile state and the cycles of a run without
    /// faults.
    Random {
        /// How many.
        count: u32,
        /// Of the draw.
        seed: u64,
    },
}

/// A single fault as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneSpec {
    /// What is hit.
    pub target: Target,
    /// When.
    pub cycle: u64,
}

/// What a fault hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A flip of a state bit.
    Seu(BitName),
    /// A state bit that stays at a value until the end.
    Stuck(BitName, bool),
    /// A flip in the main memory of a tile's domain.
    Memory {
        /// The tile.
        tile: u32,
        /// Address as the tile sees it.
        address: u32,
        /// Bit of the word (0 to 31) that starts at the address.
        bit: u32,
    },
}

/// What is wrong with a fault as typed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpecError {
    /// Not of any known form.
    #[error(
        "`{0}` is no injection: write seu:PATH[BIT]@CYCLE, stuck0: or stuck1: likewise, \
         mem:TILE:ADDR[BIT]@CYCLE or random:N:SEED"
    )]
    Form(String),
    /// The state is not there.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No such tile.
    #[error("tile {tile} is not on this chip: it has {tiles}")]
    Tile {
        /// As typed.
        tile: u32,
        /// How many there are.
        tiles: u32,
    },
    /// No memory there.
    #[error("address {0:#010x} is not in a tile's memory")]
    Address(u32),
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        parse(text).ok_or_else(|| SpecError::Form(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Spec> {
    let (kind, rest) = text.split_once(':')?;
    if kind == "random" {
        let (count, seed) = rest.split_once(':')?;
        return Some(Spec::Random { count: count.parse().ok()?, seed: seed.parse().ok()? });
    }
    let (place, cycle) = rest.rsplit_once('@')?;
    let target = match kind {
        "seu" => Target::Seu(bit_name(place)?),
        "stuck0" => Target::Stuck(bit_name(place)?, false),
        "stuck1" => Target::Stuck(bit_name(place)?, true),
        "mem" => {
            let (tile, place) = place.split_once(':')?;
            let name = bit_name(place)?;
            let [bit @ 0..32] = name.indices[..] else { return None };
            Target::Memory { tile: tile.parse().ok()?, address: number(&name.path)?, bit }
        }
        _ => return None,
    };
    Some(Spec::One(OneSpec { target, cycle: cycle.parse().ok()? }))
}

/// `PATH`, `PATH[BIT]` or `PATH[WORD][BIT]`.
fn bit_name(text: &str) -> Option<BitName> {
    let (path, mut rest) = text.split_at(text.find('[').unwrap_or(text.len()));
    let mut indices = Vec::new();
    while !rest.is_empty() {
        let (index, behind) = rest.strip_prefix('[')?.split_once(']')?;
        indices.push(index.parse().ok()?);
        rest = behind;
    }
    (!path.is_empty()).then(|| BitName { path: path.to_owned(), indices })
}

/// Decimal, or hexadecimal with `0x`; underscores are ignored.
pub fn number(text: &str) -> Option<u32> {
    let text = text.replace('_', "");
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl fmt::Display for OneSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Seu(name) => write!(f, "seu:{name}")?,
            Target::Stuck(name, value) => write!(f, "stuck{}:{name}", u32::from(*value))?,
            Target::Memory { tile, address, bit } => {
                write!(f, "mem:{tile}:{address:#010x}[{bit}]")?
            }
        }
        write!(f, "@{}", self.cycle)
    }
}

/// A fault that was looked up on a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// As it would be typed.
    pub spec: String,
    /// When.
    pub cycle: u64,
    /// What is hit.
    pub action: Action,
}

/// What is done to the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Flip a state bit.
    Flip(Bit),
    /// Hold a state bit.
    Force(Bit, bool),
    /// Flip a bit of main memory: physical byte address, bit of the byte.
    Memory(u32, u32),
}

impl Injection {
    /// Looks a fault up on `chip`.
    ///
    /// # Errors
    /// There is no such state, tile or memory on the chip.
    pub fn resolve(spec: &OneSpec, chip: &Chip, state: &StateMap) -> Result<Self, SpecError> {
        let action = match &spec.target {
            Target::Seu(name) => Action::Flip(state.find(name)?),
            Target::Stuck(name, value) => Action::Force(state.find(name)?, *value),
            Target::Memory { tile, address, bit } => {
                let tiles = chip.options().tiles;
                if *tile >= tiles {
                    return Err(SpecError::Tile { tile: *tile, tiles });
                }
                let offset = address
                    .checked_add(bit / 8)
                    .and_then(|byte| domain_offset(byte, chip.options().bare.is_some()))
                    .ok_or(SpecError::Address(*address))?;
                Action::Memory(chip.regions().domain(*tile) + offset, bit % 8)
            }
        };
        Ok(Self { spec: spec.to_string(), cycle: spec.cycle, action })
    }

    /// The flip of `bit` at `cycle`.
    pub fn flip(bit: Bit, cycle: u64, state: &StateMap) -> Self {
        let spec = format!("seu:{}@{cycle}", state.name(bit));
        Self { spec, cycle, action: Action::Flip(bit) }
    }

    /// The same fault in the same place of another tile; as it is if it is not in a tile.
    ///
    /// # Errors
    /// That tile has no such state.
    pub fn on_tile(&self, tile: u32, state: &StateMap) -> Result<Self, SpecError> {
        let Action::Flip(bit) = self.action else { return Ok(self.clone()) };
        let name = state.name(bit);
        let Some((_, rest)) = name.split_once('.').filter(|_| state.place(bit) != Place::Unit)
        else {
            return Ok(self.clone());
        };
        let moved = format!("tile{tile}.{rest}");
        let name = bit_name(&moved).ok_or(SpecError::Form(moved))?;
        Ok(Self::flip(state.find(&name)?, self.cycle, state))
    }

    /// Puts the fault in and says what it did.
    ///
    /// # Errors
    /// The model refuses: a bug.
    pub fn apply(&self, chip: &mut Chip) -> Result<String, ChipError> {
        match self.action {
            Action::Flip(bit) => {
                let old = chip.bit(bit)?;
                chip.flip(bit)?;
                Ok(format!("flipped {} to {}", u32::from(old), u32::from(!old)))
            }
            Action::Force(bit, value) => {
                let old = chip.bit(bit)?;
                chip.force(bit, value)?;
                Ok(format!("stuck at {}, was {}", u32::from(value), u32::from(old)))
            }
            Action::Memory(address, bit) => {
                let mut byte = [0];
                chip.read_memory(address, &mut byte)?;
                let old = byte[0] >> bit & 1;
                chip.write_memory(address, &[byte[0] ^ (1 << bit)])?;
                Ok(format!("flipped {old} to {}", 1 - old))
            }
        }
    }
}

/// Offset in a domain of an address as the tile sees it.
fn domain_offset(address: u32, bare: bool) -> Option<u32> {
    match address {
        GUEST_BASE.. if bare => Some(address - GUEST_BASE).filter(|offset| *offset < REGION_STRIDE),
        GUEST_BASE.. => {
            Some(address - GUEST_BASE + GUEST_OFFSET).filter(|offset| *offset < REGION_STRIDE)
        }
        VMM_BASE.. if !bare => Some(address - VMM_BASE).filter(|offset| *offset < VMM_SIZE),
        _ => None,
    }
}

/// Draws `count` flips: bit uniform over the state of the first `members` tiles, cycle uniform over
/// `cycles`. In the order of the draw.
pub fn draw(
    count: u32,
    seed: u64,
    state: &StateMap,
    members: u32,
    cycles: std::ops::Range<u64>,
) -> Vec<Injection> {
    let of = |place| matches!(place, Place::Tile(tile) if tile < members);
    let bits = state.bits(of);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw_one = || {
        let bit = state.nth_bit(random.random_range(0..bits), of)?;
        Some(Injection::flip(bit, random.random_range(cycles.clone()), state))
    };
    if bits == 0 || cycles.is_empty() {
        return Vec::new();
    }
    (0..count).filter_map(|_| draw_one()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_read_back_as_written() {
        for text in [
            "seu:tile0.core.pc_q[5]@1000",
            "stuck0:tile1.core.regs_q[3][31]@0",
            "stuck1:unit.seq.state_q[0]@77",
            "mem:1:0x80000010[9]@5",
        ] {
            match text.parse() {
                Ok(Spec::One(one)) => assert_eq!(one.to_string(), text),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!("random:50:7".parse(), Ok(Spec::Random { count: 50, seed: 7 }));
    }

    #[test]
    fn wrong_specs_are_refused() {
        for text in [
            "",
            "seu",
            "seu:",
            "seu:a[1]",
            "seu:a[1]@",
            "seu:a[1]@x",
            "seu:[1]@3",
            "seu:a[1@3",
            "seu:a]1[@3",
            "set:a[1]@3",
            "random:5",
            "random:x:1",
            "mem:0:zzz[1]@3",
            "mem:0:0x80000000[32]@3",
            "mem:0x80000000[1]@3",
        ] {
            assert!(text.parse::<Spec>().is_err(), "{text}");
        }
    }

    #[test]
    fn memory_is_addressed_as_the_tile_sees_it() {
        assert_eq!(domain_offset(0x8000_0000, false), Some(0x10_0000));
        assert_eq!(domain_offset(0x8000_0000, true), Some(0));
        assert_eq!(domain_offset(0x4000_1000, false), Some(0x1000));
        assert_eq!(domain_offset(0x4000_1000, true), None);
        assert_eq!(domain_offset(0x4010_0000, false), None);
        assert_eq!(domain_offset(0x8200_0000, true), None);
    }
}
