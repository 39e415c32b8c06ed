//! Who gets which bytes of the I/O region.
//!
//! ```text
//! 0        4 KiB                  1 MiB + 4 KiB      2 MiB                        end
//! | frame out | 512 receive buffers |                  | data of disk requests ... |
//! ```
//! What a replay copies again must still be there. So a receive buffer and the data of a disk request keep their
//! place until the next checkpoint, in rings that are handed out in rising order. A frame on its way out needs
//! one place only: a replay puts the same frames there in the same order, each before it is sent.

use covert_abi::{
    boot::{IO_DATA as DATA, IO_MIN},
    io::NET_RX_SIZE,
    layout::REGION_STRIDE,
};

/// Where a frame stands on its way out.
pub const FRAME_OUT: u32 = 0;
const RECEIVE: u32 = 0x1000;
const RECEIVE_COUNT: u32 = 512;

const _: () = assert!(RECEIVE + RECEIVE_COUNT * NET_RX_SIZE <= DATA);

/// The rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Region {
    /// Bytes of the ring for disk requests.
    data_size: u32,
    /// Next byte for a disk request, in the ring.
    io_next: u32,
    /// Bytes before it that must stay.
    io_live: u32,
    /// Next receive buffer.
    receive_next: u32,
    /// Buffers before it that must stay.
    receive_live: u32,
}

impl Region {
    /// A region of `bytes` bytes, of which nothing is handed out.
    pub fn new(bytes: u32) -> Self {
        Self { data_size: bytes - DATA, ..Self::default() }
    }

    /// Whether a region may have that many bytes.
    pub fn may_have(bytes: u32) -> bool {
        (IO_MIN..=REGION_STRIDE).contains(&bytes) && bytes.is_multiple_of(4)
    }

    /// A place for the data of a disk request, or nothing when a checkpoint must come first. `logged`: what was handed
    /// out before must stay.
    pub fn data(&mut self, len: u32, logged: bool) -> Option<u32> {
        if !logged {
            self.io_live = 0;
        }
        // A size that a fault has changed reaches no further than the region.
        let size = self.data_size.min(REGION_STRIDE - DATA);
        let (start, gap) = match size.checked_sub(self.io_next) {
            Some(room) if room >= len => (self.io_next, 0),
            room => (0, room.unwrap_or(0)),
        };
        let live = self.io_live.checked_add(gap)?.checked_add(len)?;
        if live > size {
            return None;
        }
        self.io_next = start + len;
        self.io_live = live;
        Some(DATA + start)
    }

    /// A receive buffer, likewise.
    pub fn receive(&mut self, logged: bool) -> Option<u32> {
        if !logged {
            self.receive_live = 0;
        }
        if self.receive_live >= RECEIVE_COUNT {
            return None;
        }
        let buffer = self.receive_next % RECEIVE_COUNT;
        self.receive_next = buffer + 1;
        self.receive_live += 1;
        Some(RECEIVE + buffer * NET_RX_SIZE)
    }

    /// A checkpoint is valid: only what is under way must stay, `data` bytes of a disk request (the last ones handed
    /// out) and the receive buffer that is posted, if one is.
    pub fn committed(&mut self, data: u32, posted: bool) {
        if data == 0 {
            self.io_next = 0;
        }
        self.io_live = data;
        self.receive_live = u32::from(posted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u32 = 1 << 20;
    const DATA_SIZE: u32 = REGION_STRIDE - DATA;

    fn product(words: [u32; 5]) -> impl Iterator<Item = (u32, u32)> {
        words.into_iter().flat_map(move |a| words.map(move |b| (a, b)))
    }

    #[test]
    fn data_is_handed_out_in_rising_order_until_a_checkpoint() {
        let mut region = Region::new(REGION_STRIDE);
        for place in 2..32 {
            assert_eq!(region.data(MIB, true), Some(place * MIB));
        }
        assert_eq!(region.data(4, true), None);
        region.committed(0, false);
        assert_eq!(region.data(4, true), Some(DATA));
    }

    #[test]
    fn a_small_region_is_not_left() {
        let mut region = Region::new(IO_MIN);
        assert_eq!(region.data(MIB, true), Some(DATA));
        assert_eq!(region.data(4, true), None);
        region.committed(0, false);
        assert_eq!(region.data(MIB / 2 + 4, true), Some(DATA));
        assert_eq!(region.data(MIB / 2, true), None);
        assert_eq!(region.data(MIB / 2, false), Some(DATA));
        assert!(Region::may_have(IO_MIN) && Region::may_have(REGION_STRIDE));
        assert!(!Region::may_have(IO_MIN - 4) && !Region::may_have(IO_MIN + 2));
        assert!(!Region::may_have(REGION_STRIDE + 4));
    }

    #[test]
    fn what_is_under_way_keeps_its_place() {
        let mut region = Region::new(REGION_STRIDE);
        region.data(29 * MIB, true).unwrap();
        let under_way = region.data(MIB / 2, true).unwrap();
        region.committed(MIB / 2, true);
        // The rest of the ring's end is too short.
        assert_eq!(region.data(MIB, true), Some(DATA));
        for _ in 0..28 {
            let place = region.data(MIB, true).unwrap();
            assert!(place + MIB <= under_way || place >= under_way + MIB / 2);
        }
        assert_eq!(region.data(MIB, true), None);
        assert!(region.data(MIB, false).is_some());
    }

    #[test]
    fn receive_buffers_likewise() {
        let mut region = Region::new(REGION_STRIDE);
        for buffer in 0..RECEIVE_COUNT {
            assert_eq!(region.receive(true), Some(RECEIVE + buffer * NET_RX_SIZE));
        }
        assert_eq!(region.receive(true), None);
        region.committed(0, true);
        for buffer in 0..RECEIVE_COUNT - 1 {
            assert_eq!(region.receive(true), Some(RECEIVE + buffer * NET_RX_SIZE));
        }
        assert_eq!(region.receive(true), None);
        assert!(region.receive(false).is_some());
    }

    #[test]
    fn impossible_states_hand_out_nothing_outside() {
        for (word, other) in product([0, 1, DATA_SIZE, DATA_SIZE + 1, u32::MAX]) {
            let mut region = Region {
                data_size: other,
                io_next: word,
                io_live: word,
                receive_next: word,
                receive_live: 0,
            };
            for logged in [true, false] {
                if let Some(place) = region.data(MIB, logged) {
                    assert!((DATA..=REGION_STRIDE - MIB).contains(&place));
                }
                assert!(region.receive(logged).unwrap() < DATA);
            }
        }
    }
}
