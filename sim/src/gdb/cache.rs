//! The newest contents of a tile's memory, at the start of a cycle: in its data cache (`rtl/tile/covert_dcache.sv`), in the
//! buffer of the line that is written back, in a request that memory has not taken yet, or in main memory.
//!
//! A store changes the cache in the cycle in which it leaves the pipeline, so these contents are those behind the last
//! retired instruction. A line that is being fetched does not count until its tag is written.

use covert_model::ChipError;

use super::tile::Values;
use crate::error::Error;

/// `state_e` of the cache: tags are cleared, a line is fetched.
const CLEAR: u128 = 0;
const FILL: u128 = 2;
/// Sets of the cache.
const SETS: u32 = 128;
/// Words of a line.
const LINE: u32 = 8;
/// `kind_e` of the gate: an access to memory.
const TO_MEMORY: u128 = 0;

/// Numbers of the variables of a tile's data cache, and of the registers that a write-back passes.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Of each way: data and tags.
    ways: Vec<(u32, u32)>,
    state: u32,
    offset: u32,
    victim: u32,
    moved: u32,
    capture: u32,
    capture_word: u32,
    data_rd: u32,
    victim_data: u32,
    wb_busy: u32,
    wb_word: u32,
    wb_line: u32,
    out: Waiting,
    skid: Waiting,
    hold: Waiting,
}

/// Numbers of the registers in which a request waits.
#[derive(Clone, Debug)]
struct Waiting {
    valid: u32,
    request: u32,
    place: u32,
    data: u32,
}

/// Where a word is: as the tile addresses it, its offset in the tile's domain, and its physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tile's address, word aligned.
    pub address: u32,
    /// Offset in the domain.
    pub offset: u32,
    /// Address in main memory.
    pub physical: u32,
}

impl Cache {
    /// Looks the variables of tile `number` up, as [`Tile`](super::tile::Tile) does.
    pub(super) fn find(
        number: u32,
        variable: &mut dyn FnMut(&str, u32, u32) -> Option<u32>,
    ) -> Result<Self, Error> {
        let cache = format!("tile{number}.dcache.");
        let mut ways = Vec::new();
        for way in 0..4 {
            let data = variable(&format!("{cache}way{way}.data_q"), 32, SETS * LINE);
            let tags = variable(&format!("{cache}way{way}.tag_q"), 21, SETS);
            ways.extend(data.zip(tags));
        }
        let count = ways.len() as u32;
        let mut find = |path: String, width, words| {
            variable(&path, width, words)
                .ok_or_else(|| Error::Unexpected(format!("--gdb: the model has no {path}")))
        };
        let mut of_tile = |name| -> Result<Waiting, Error> {
            Ok(Waiting {
                valid: find(format!("tile{number}.{name}_valid_q"), 1, 1)?,
                request: find(format!("tile{number}.{name}_q"), 9, 1)?,
                place: find(format!("tile{number}.{name}_addr_q"), 32, 1)?,
                data: find(format!("tile{number}.{name}_wdata_q"), 32, 1)?,
            })
        };
        let (out, skid) = (of_tile("out")?, of_tile("skid")?);
        let mut of_cache = |name, width, words| find(format!("{cache}{name}"), width, words);
        Ok(Self {
            state: of_cache("state_q", 3, 1)?,
            offset: of_cache("offset_q", 10, 1)?,
            victim: of_cache("victim_q", count, 1)?,
            moved: of_cache("moved_q", 4, 1)?,
            capture: of_cache("capture_q", 1, 1)?,
            capture_word: of_cache("capture_word_q", 3, 1)?,
            data_rd: of_cache("data_rd_q", 32 * count, 1)?,
            victim_data: of_cache("victim_data_q", 32, LINE)?,
            wb_busy: of_cache("wb_busy_q", 1, 1)?,
            wb_word: of_cache("wb_word_q", 3, 1)?,
            wb_line: of_cache("wb_line_q", 27, 1)?,
            out,
            skid,
            hold: Waiting {
                valid: find(format!("gate{number}.hold_valid_q"), 1, 1)?,
                request: find(format!("gate{number}.hold_q"), 9, 1)?,
                place: find(format!("gate{number}.hold_offset_q"), 23, 1)?,
                data: find(format!("gate{number}.hold_wdata_q"), 32, 1)?,
            },
            ways,
        })
    }

    /// The newest contents of a word.
    ///
    /// # Errors
    /// It is not in main memory.
    pub fn newest(&self, values: &impl Values, place: Place) -> Result<u32, ChipError> {
        let now = |variable| values.value(variable, 0);
        if let Some(word) = self.cached(values, place.address)? {
            return Ok(word);
        }
        let in_line = place.address / 4 % LINE;
        if now(self.wb_busy)? != 0
            && now(self.wb_line)? == u128::from(place.address / 4 / LINE)
            && now(self.wb_word)? <= u128::from(in_line)
        {
            return self.victim_word(values, in_line);
        }
        let mut word = values.memory(place.physical)?;
        // Older first: what memory is asked for, then what waits behind it.
        if now(self.hold.valid)? != 0 {
            let request = Hold(now(self.hold.request)?);
            if request.writes() && now(self.hold.place)? == u128::from(place.offset / 4) {
                word = merged(word, now(self.hold.data)? as u32, request.strobes());
            }
        }
        for waiting in [&self.out, &self.skid] {
            let request = Request(now(waiting.request)?);
            if now(waiting.valid)? != 0
                && request.writes()
                && now(waiting.place)? == u128::from(place.address)
            {
                word = merged(word, now(waiting.data)? as u32, request.strobes());
            }
        }
        Ok(word)
    }

    /// The word in the cache, if its line is there.
    fn cached(&self, values: &impl Values, address: u32) -> Result<Option<u32>, ChipError> {
        let state = values.value(self.state, 0)?;
        if state == CLEAR {
            return Ok(None);
        }
        let (set, in_page) = (address / 4 / LINE % SETS, address / 4 % (SETS * LINE));
        let tag = 1 << 20 | u128::from(address >> 12);
        for (way, (data, tags)) in (0..).zip(&self.ways) {
            if values.value(*tags, set)? != tag {
                continue;
            }
            let kept = || Ok(Some(values.value(*data, in_page)? as u32));
            let offset = values.value(self.offset, 0)? as u32;
            let leaves = state == FILL
                && offset / LINE == set
                && values.value(self.victim, 0)? >> way & 1 != 0;
            if !leaves {
                return kept();
            }
            // Another line comes into this place, from the word on that was asked for; this one's words are read into the
            // buffer just before.
            let moved = values.value(self.moved, 0)?;
            let turn = in_page.wrapping_sub(offset) % LINE;
            return if u128::from(turn) < moved {
                Ok(Some(self.victim_word(values, in_page % LINE)?))
            } else {
                kept()
            };
        }
        Ok(None)
    }

    /// A word of the buffer; the last one read gets there a cycle later.
    fn victim_word(&self, values: &impl Values, word: u32) -> Result<u32, ChipError> {
        let comes = values.value(self.capture, 0)? != 0
            && values.value(self.capture_word, 0)? == u128::from(word);
        if !comes {
            return Ok(values.value(self.victim_data, word)? as u32);
        }
        let way = values.value(self.victim, 0)?.trailing_zeros().min(3);
        Ok((values.value(self.data_rd, 0)? >> (32 * way)) as u32)
    }
}

/// `request_t` of the tile: we, wstrb, priv, instr, more.
struct Request(u128);

impl Request {
    fn strobes(&self) -> u32 {
        (self.0 >> 4) as u32 & 0xF
    }
    fn writes(&self) -> bool {
        self.0 >> 8 & 1 != 0
    }
}

/// `hold_t` of the gate: kind, we, wstrb, more, blame.
struct Hold(u128);

impl Hold {
    fn strobes(&self) -> u32 {
        (self.0 >> 2) as u32 & 0xF
    }
    fn writes(&self) -> bool {
        self.0 >> 6 & 1 != 0 && self.0 >> 7 & 3 == TO_MEMORY
    }
}

fn merged(old: u32, new: u32, strobes: u32) -> u32 {
    let mask = (0..4).fold(0, |mask, byte| mask | ((strobes >> byte & 1) * 0xFF) << (8 * byte));
    old & !mask | new & mask
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::gdb::tile::Tile;

    /// A tile's variables, all zero but those that are set.
    #[derive(Default)]
    struct Fake {
        numbers: HashMap<String, u32>,
        values: HashMap<(u32, u32), u128>,
        memory: HashMap<u32, u32>,
    }

    impl Fake {
        fn new() -> (Self, Cache) {
            let mut fake = Self::default();
            let tile = Tile::find(0, &mut |path, _, _| {
                let next = fake.numbers.len() as u32;
                Some(*fake.numbers.entry(path.to_owned()).or_insert(next))
            });
            let cache = tile.expect("all there").cache;
            fake.set("state_q", 0, 1);
            (fake, cache)
        }
        fn set(&mut self, name: &str, word: u32, value: u128) {
            let path = if name.starts_with("gate0.") || name.starts_with("tile0.") {
                name.to_owned()
            } else {
                format!("tile0.dcache.{name}")
            };
            let number = self.numbers[&path];
            self.values.insert((number, word), value);
        }
    }

    impl Values for Fake {
        fn value(&self, variable: u32, word: u32) -> Result<u128, ChipError> {
            Ok(self.values.get(&(variable, word)).copied().unwrap_or(0))
        }
        fn memory(&self, address: u32) -> Result<u32, ChipError> {
            Ok(self.memory.get(&address).copied().unwrap_or(0))
        }
    }

    const ADDRESS: u32 = 0x8020_1A48; // set 82, word 2 of its line
    const SET: u32 = 82;

    fn place() -> Place {
        Place { address: ADDRESS, offset: 0x30_1A48, physical: 0x30_1A48 }
    }

    fn tag() -> u128 {
        1 << 20 | 0x8_0201
    }

    #[test]
    fn a_word_is_where_it_was_written_last() {
        let (mut fake, cache) = Fake::new();
        fake.memory.insert(0x30_1A48, 0x1111_1111);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x1111_1111);
        // On its way behind the gate, in the tile, in the buffer, in the cache: each is newer.
        fake.set("gate0.hold_q", 0, 1 << 6 | 0xF << 2);
        fake.set("gate0.hold_offset_q", 0, 0x30_1A48 / 4);
        fake.set("gate0.hold_wdata_q", 0, 0x2222_2222);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x1111_1111, "not valid");
        fake.set("gate0.hold_valid_q", 0, 1);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x2222_2222);
        fake.set("tile0.out_q", 0, 1 << 8 | 0b0111 << 4);
        fake.set("tile0.out_addr_q", 0, u128::from(ADDRESS));
        fake.set("tile0.out_wdata_q", 0, 0x6666_6666);
        fake.set("tile0.out_valid_q", 0, 1);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x2266_6666, "three bytes of it");
        fake.set("tile0.skid_q", 0, 1 << 8 | 0b0011 << 4);
        fake.set("tile0.skid_addr_q", 0, u128::from(ADDRESS));
        fake.set("tile0.skid_wdata_q", 0, 0x3333_3333);
        fake.set("tile0.skid_valid_q", 0, 1);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x2266_3333, "two bytes of it");
        fake.set("victim_data_q", 2, 0x4444_4444);
        fake.set("wb_line_q", 0, u128::from(ADDRESS >> 5));
        fake.set("wb_busy_q", 0, 1);
        fake.set("wb_word_q", 0, 3);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x2266_3333, "it has been sent");
        fake.set("wb_word_q", 0, 2);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x4444_4444);
        fake.set("way3.tag_q", SET, tag());
        fake.set("way3.data_q", ADDRESS / 4 % 1024, 0x5555_5555);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x5555_5555);
        fake.set("state_q", 0, CLEAR);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x4444_4444, "after a reset");
    }

    #[test]
    fn requests_that_read_or_go_elsewhere_do_not_count() {
        let (mut fake, cache) = Fake::new();
        fake.set("gate0.hold_valid_q", 0, 1);
        fake.set("tile0.skid_valid_q", 0, 1);
        let (write, all) = (1 << 6, 0xF << 2);
        fake.set("gate0.hold_offset_q", 0, 0x30_1A48 / 4);
        fake.set("gate0.hold_wdata_q", 0, 0x2222_2222);
        fake.set("tile0.skid_wdata_q", 0, 0x3333_3333);
        fake.set("gate0.hold_q", 0, all);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0, "a read");
        fake.set("gate0.hold_q", 0, 1 << 7 | write | all);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0, "to a device");
        fake.set("gate0.hold_offset_q", 0, 0x30_1A4C / 4);
        fake.set("gate0.hold_q", 0, write | all);
        fake.set("tile0.skid_addr_q", 0, u128::from(ADDRESS + 32));
        fake.set("tile0.skid_q", 0, 1 << 8 | 0xF << 4);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0, "to other words");
    }

    #[test]
    fn a_line_that_makes_room() {
        let (mut fake, cache) = Fake::new();
        fake.memory.insert(0x30_1A48, 0x1111_1111);
        fake.set("way1.tag_q", SET, tag());
        fake.set("way1.data_q", ADDRESS / 4 % 1024, 0x9999_9999);
        fake.set("state_q", 0, FILL);
        fake.set("victim_q", 0, 0b0010);
        fake.set("offset_q", 0, u128::from(SET * LINE + 1));
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x9999_9999, "not moved yet");
        // Words 1 and 2 were read; 2 is just coming out of the memory.
        fake.set("moved_q", 0, 2);
        fake.set("capture_q", 0, 1);
        fake.set("capture_word_q", 0, 2);
        fake.set("data_rd_q", 0, 0x6666_6666 << 32);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x6666_6666);
        fake.set("capture_word_q", 0, 3);
        fake.set("victim_data_q", 2, 0x7777_7777);
        assert_eq!(cache.newest(&fake, place()).expect("there"), 0x7777_7777);
        // Word 0 is the last one that is moved, when the fetch began at word 1.
        let first = Place { address: ADDRESS - 8, offset: 0, physical: 0 };
        fake.set("moved_q", 0, 7);
        fake.set("way1.data_q", ADDRESS / 4 % 1024 - 2, 0x8888_8888);
        assert_eq!(cache.newest(&fake, first).expect("there"), 0x8888_8888);
    }
}
