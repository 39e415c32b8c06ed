//! Registers of the group and of its domain: who is a member, bounds and limits, the command for the
//! sequencer, the checkpoint's state, and the record of the last detection.
//!
//! Written by agreed transactions and by pulses of the sequencer only. A write takes effect in the
//! next cycle; `rdata` follows `addr` in the same cycle.

use array_init::array_init;
use covert_abi::{BootReason, layout, unit};
use rust_hdl_core::prelude::*;

use crate::barrier::offset;
use crate::register::{Register, dff_setup};

/// Group registers of a chip with `N` tiles (at most 4: there are four `DET_ADDR` registers).
#[derive(LogicBlock)]
pub struct Group<const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// An agreed register write (one cycle).
    pub wr_en: Signal<In, Bit>,
    /// Offset of the register accessed.
    pub addr: Signal<In, Bits<12>>,
    /// Data of the write.
    pub wdata: Signal<In, Bits<32>>,
    /// Value of the register at `addr`, 0 for one of another block.
    pub rdata: Signal<Out, Bits<32>>,
    /// These tiles become members.
    pub add: [Signal<In, Bit>; N],
    /// These tiles leave the group.
    pub drop: [Signal<In, Bit>; N],
    /// Tiles that start from now on find the replica state in memory.
    pub resume: Signal<In, Bit>,
    /// A checkpoint is committed.
    pub ckpt_commit: Signal<In, Bit>,
    /// No checkpoint is valid any more.
    pub ckpt_invalidate: Signal<In, Bit>,
    /// A rollback begins.
    pub rollback: Signal<In, Bit>,
    /// A detection to be recorded.
    pub det_valid: Signal<In, Bit>,
    /// Its kind (`Detection`).
    pub det_kind: Signal<In, Bits<4>>,
    /// The tiles it accuses.
    pub det_tile: [Signal<In, Bit>; N],
    /// What each member said (`DET_ADDR`).
    pub det_addr: [Signal<In, Bits<32>>; N],
    /// What each member said (`DET_DATA`).
    pub det_data: [Signal<In, Bits<32>>; N],
    /// The sequencer is busy (`STATUS`, and commands are ignored).
    pub busy: Signal<In, Bit>,
    /// State of the sequencer (`STATUS`).
    pub seq_state: Signal<In, Bits<4>>,
    /// The log is being replayed (`STATUS`).
    pub replay: Signal<In, Bit>,
    /// Position in the log (`LOG_LEVEL`).
    pub log_level: Signal<In, Bits<32>>,
    /// Which tiles are members.
    pub members: [Signal<Out, Bit>; N],
    /// Bytes of guest RAM.
    pub guest_size: Signal<Out, Bits<32>>,
    /// Time limit of the comparator, in cycles.
    pub time_limit: Signal<Out, Bits<32>>,
    /// `LOAD`: offset in the boot region.
    pub dma_src: Signal<Out, Bits<32>>,
    /// `LOAD`: offset in the domains.
    pub dma_dst: Signal<Out, Bits<32>>,
    /// `LOAD`: bytes.
    pub dma_len: Signal<Out, Bits<32>>,
    /// A command was written (one cycle, the cycle after the write).
    pub cmd_valid: Signal<Out, Bit>,
    /// The last command (`Command`).
    pub cmd: Signal<Out, Bits<8>>,
    /// Its tile.
    pub cmd_tile: Signal<Out, Bits<8>>,
    /// A checkpoint is valid.
    pub ckpt_valid: Signal<Out, Bit>,
    /// One more detection cannot be recovered: no checkpoint, or the attempts are used up.
    pub due: Signal<Out, Bit>,
    members_q: [Register<Bit>; N],
    guest_size_q: Register<Bits<32>>,
    time_limit_q: Register<Bits<32>>,
    max_attempts_q: Register<Bits<8>>,
    attempts_q: Register<Bits<8>>,
    dma_src_q: Register<Bits<32>>,
    dma_dst_q: Register<Bits<32>>,
    dma_len_q: Register<Bits<32>>,
    cmd_valid_q: Register<Bit>,
    cmd_q: Register<Bits<8>>,
    cmd_tile_q: Register<Bits<8>>,
    ckpt_valid_q: Register<Bit>,
    checkpoints_q: Register<Bits<32>>,
    boot_reason_q: Register<Bits<32>>,
    det_count_q: Register<Bits<32>>,
    det_kind_q: Register<Bits<4>>,
    det_tile_q: [Register<Bit>; N],
    det_addr_q: [Register<Bits<32>>; N],
    det_data_q: [Register<Bits<32>>; N],
    status: Signal<Local, Bits<32>>,
    members_mask: Signal<Local, Bits<32>>,
    det_mask: Signal<Local, Bits<32>>,
    max_attempts: Signal<Local, Bits<32>>,
    attempts: Signal<Local, Bits<32>>,
    kind: Signal<Local, Bits<32>>,
    place: [Constant<Bits<32>>; 12],
    one: Constant<Bits<32>>,
    no_attempts: Constant<Bits<8>>,
    one_attempt: Constant<Bits<8>>,
    most_attempts: Constant<Bits<8>>,
    most_attempts_word: Constant<Bits<32>>,
    page_mask: Constant<Bits<32>>,
    word_mask: Constant<Bits<32>>,
    guest_max: Constant<Bits<32>>,
    resumed: Constant<Bits<32>>,
    id_value: Constant<Bits<32>>,
    config_value: Constant<Bits<32>>,
    status_busy: Constant<Bits<32>>,
    status_ckpt_valid: Constant<Bits<32>>,
    status_replay: Constant<Bits<32>>,
    at_id: Constant<Bits<12>>,
    at_config: Constant<Bits<12>>,
    at_boot_reason: Constant<Bits<12>>,
    at_members: Constant<Bits<12>>,
    at_guest_size: Constant<Bits<12>>,
    at_time_limit: Constant<Bits<12>>,
    at_max_attempts: Constant<Bits<12>>,
    at_attempts: Constant<Bits<12>>,
    at_dma_src: Constant<Bits<12>>,
    at_dma_dst: Constant<Bits<12>>,
    at_dma_len: Constant<Bits<12>>,
    at_cmd: Constant<Bits<12>>,
    at_status: Constant<Bits<12>>,
    at_log_level: Constant<Bits<12>>,
    at_checkpoints: Constant<Bits<12>>,
    at_det_count: Constant<Bits<12>>,
    at_det_kind: Constant<Bits<12>>,
    at_det_tile: Constant<Bits<12>>,
    at_det_addr: [Constant<Bits<12>>; N],
    at_det_data: [Constant<Bits<12>>; N],
}

/// A 32-bit constant.
fn word(value: u32) -> Constant<Bits<32>> {
    Constant::new(u64::from(value).into())
}

impl<const N: usize> Default for Group<N> {
    fn default() -> Self {
        const DET_ADDR: [u32; 4] =
            [unit::DET_ADDR0, unit::DET_ADDR1, unit::DET_ADDR2, unit::DET_ADDR3];
        const DET_DATA: [u32; 4] =
            [unit::DET_DATA0, unit::DET_DATA1, unit::DET_DATA2, unit::DET_DATA3];
        const { assert!(N >= 1 && N <= DET_ADDR.len()) };
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            wr_en: Signal::default(),
            addr: Signal::default(),
            wdata: Signal::default(),
            rdata: Signal::default(),
            add: array_init(|_| Signal::default()),
            drop: array_init(|_| Signal::default()),
            resume: Signal::default(),
            ckpt_commit: Signal::default(),
            ckpt_invalidate: Signal::default(),
            rollback: Signal::default(),
            det_valid: Signal::default(),
            det_kind: Signal::default(),
            det_tile: array_init(|_| Signal::default()),
            det_addr: array_init(|_| Signal::default()),
            det_data: array_init(|_| Signal::default()),
            busy: Signal::default(),
            seq_state: Signal::default(),
            replay: Signal::default(),
            log_level: Signal::default(),
            members: array_init(|_| Signal::default()),
            guest_size: Signal::default(),
            time_limit: Signal::default(),
            dma_src: Signal::default(),
            dma_dst: Signal::default(),
            dma_len: Signal::default(),
            cmd_valid: Signal::default(),
            cmd: Signal::default(),
            cmd_tile: Signal::default(),
            ckpt_valid: Signal::default(),
            due: Signal::default(),
            members_q: array_init(|_| Register::default()),
            guest_size_q: Register::default(),
            time_limit_q: Register::default(),
            max_attempts_q: Register::new(1.into()),
            attempts_q: Register::default(),
            dma_src_q: Register::default(),
            dma_dst_q: Register::default(),
            dma_len_q: Register::default(),
            cmd_valid_q: Register::default(),
            cmd_q: Register::default(),
            cmd_tile_q: Register::default(),
            ckpt_valid_q: Register::default(),
            checkpoints_q: Register::default(),
            boot_reason_q: Register::new((BootReason::Cold as u64).into()),
            det_count_q: Register::default(),
            det_kind_q: Register::default(),
            det_tile_q: array_init(|_| Register::default()),
            det_addr_q: array_init(|_| Register::default()),
            det_data_q: array_init(|_| Register::default()),
            status: Signal::default(),
            members_mask: Signal::default(),
            det_mask: Signal::default(),
            max_attempts: Signal::default(),
            attempts: Signal::default(),
            kind: Signal::default(),
            place: array_init(|i: usize| word(1 << i)),
            one: word(1),
            no_attempts: Constant::new(0.into()),
            one_attempt: Constant::new(1.into()),
            most_attempts: Constant::new(0xFF.into()),
            most_attempts_word: word(0xFF),
            page_mask: word(!(layout::PAGE_SIZE - 1)),
            word_mask: word(!3),
            guest_max: word(layout::GUEST_MAX),
            resumed: word(BootReason::Resume as u32),
            id_value: word(unit::ID_VALUE),
            config_value: word(N as u32 | (unit::LOG_DEPTH << 16)),
            status_busy: word(unit::STATUS_BUSY),
            status_ckpt_valid: word(unit::STATUS_CKPT_VALID),
            status_replay: word(unit::STATUS_REPLAY),
            at_id: offset(unit::ID),
            at_config: offset(unit::CONFIG),
            at_boot_reason: offset(unit::BOOT_REASON),
            at_members: offset(unit::MEMBERS),
            at_guest_size: offset(unit::GUEST_SIZE),
            at_time_limit: offset(unit::TIME_LIMIT),
            at_max_attempts: offset(unit::MAX_ATTEMPTS),
            at_attempts: offset(unit::ATTEMPTS),
            at_dma_src: offset(unit::DMA_SRC),
            at_dma_dst: offset(unit::DMA_DST),
            at_dma_len: offset(unit::DMA_LEN),
            at_cmd: offset(unit::CMD),
            at_status: offset(unit::STATUS),
            at_log_level: offset(unit::LOG_LEVEL),
            at_checkpoints: offset(unit::CHECKPOINTS),
            at_det_count: offset(unit::DET_COUNT),
            at_det_kind: offset(unit::DET_KIND),
            at_det_tile: offset(unit::DET_TILE),
            at_det_addr: array_init(|i: usize| offset(DET_ADDR[i])),
            at_det_data: array_init(|i: usize| offset(DET_DATA[i])),
        }
    }
}

impl<const N: usize> Logic for Group<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            guest_size_q,
            time_limit_q,
            max_attempts_q,
            attempts_q,
            dma_src_q,
            dma_dst_q,
            dma_len_q,
            cmd_valid_q,
            cmd_q,
            cmd_tile_q,
            ckpt_valid_q,
            checkpoints_q,
            boot_reason_q,
            det_count_q,
            det_kind_q
        );
        self.guest_size_q.reset.next = self.reset.val();
        self.time_limit_q.reset.next = self.reset.val();
        self.max_attempts_q.reset.next = self.reset.val();
        self.attempts_q.reset.next = self.reset.val();
        self.dma_src_q.reset.next = self.reset.val();
        self.dma_dst_q.reset.next = self.reset.val();
        self.dma_len_q.reset.next = self.reset.val();
        self.cmd_valid_q.reset.next = self.reset.val();
        self.cmd_q.reset.next = self.reset.val();
        self.cmd_tile_q.reset.next = self.reset.val();
        self.ckpt_valid_q.reset.next = self.reset.val();
        self.checkpoints_q.reset.next = self.reset.val();
        self.boot_reason_q.reset.next = self.reset.val();
        self.det_count_q.reset.next = self.reset.val();
        self.det_kind_q.reset.next = self.reset.val();

        // Writes of the members.
        self.cmd_valid_q.d.next = false;
        if self.wr_en.val() {
            if self.addr.val() == self.at_guest_size.val() {
                self.guest_size_q.d.next = self.wdata.val() & self.page_mask.val();
                if self.wdata.val() > self.guest_max.val() {
                    self.guest_size_q.d.next = self.guest_max.val();
                }
            } else if self.addr.val() == self.at_time_limit.val() {
                self.time_limit_q.d.next = self.wdata.val();
            } else if self.addr.val() == self.at_max_attempts.val() {
                self.max_attempts_q.d.next = self.wdata.val().get_bits::<8>(0);
                if self.wdata.val() > self.most_attempts_word.val() {
                    self.max_attempts_q.d.next = self.most_attempts.val();
                } else if self.wdata.val() < self.one.val() {
                    self.max_attempts_q.d.next = self.one_attempt.val();
                }
            } else if self.addr.val() == self.at_dma_src.val() {
                self.dma_src_q.d.next = self.wdata.val() & self.word_mask.val();
            } else if self.addr.val() == self.at_dma_dst.val() {
                self.dma_dst_q.d.next = self.wdata.val() & self.word_mask.val();
            } else if self.addr.val() == self.at_dma_len.val() {
                self.dma_len_q.d.next = self.wdata.val() & self.word_mask.val();
            } else if (self.addr.val() == self.at_cmd.val()) & !self.busy.val() {
                self.cmd_valid_q.d.next = true;
                self.cmd_q.d.next = self.wdata.val().get_bits::<8>(0);
                self.cmd_tile_q.d.next = self.wdata.val().get_bits::<8>(8);
            }
        }

        // The sequencer's events.
        if self.resume.val() {
            self.boot_reason_q.d.next = self.resumed.val();
        }
        if self.rollback.val() & (self.attempts_q.q.val() < self.most_attempts.val()) {
            self.attempts_q.d.next = self.attempts_q.q.val() + self.one_attempt.val();
        }
        if self.ckpt_invalidate.val() {
            self.ckpt_valid_q.d.next = false;
        }
        if self.ckpt_commit.val() {
            self.ckpt_valid_q.d.next = true;
            self.attempts_q.d.next = self.no_attempts.val();
            self.checkpoints_q.d.next = self.checkpoints_q.q.val() + self.one.val();
        }
        if self.det_valid.val() {
            self.det_count_q.d.next = self.det_count_q.q.val() + self.one.val();
            self.det_kind_q.d.next = self.det_kind.val();
        }
        self.members_mask.next = 0.into();
        self.det_mask.next = 0.into();
        for i in 0..N {
            self.members_q[i].clock.next = self.clock.val();
            self.members_q[i].reset.next = self.reset.val();
            self.members_q[i].d.next =
                (self.members_q[i].q.val() | self.add[i].val()) & !self.drop[i].val();
            self.members[i].next = self.members_q[i].q.val();
            if self.members_q[i].q.val() {
                self.members_mask.next = self.members_mask.val() | self.place[i].val();
            }

            self.det_tile_q[i].clock.next = self.clock.val();
            self.det_tile_q[i].reset.next = self.reset.val();
            self.det_tile_q[i].d.next = self.det_tile_q[i].q.val();
            self.det_addr_q[i].clock.next = self.clock.val();
            self.det_addr_q[i].reset.next = self.reset.val();
            self.det_addr_q[i].d.next = self.det_addr_q[i].q.val();
            self.det_data_q[i].clock.next = self.clock.val();
            self.det_data_q[i].reset.next = self.reset.val();
            self.det_data_q[i].d.next = self.det_data_q[i].q.val();
            if self.det_valid.val() {
                self.det_tile_q[i].d.next = self.det_tile[i].val();
                self.det_addr_q[i].d.next = self.det_addr[i].val();
                self.det_data_q[i].d.next = self.det_data[i].val();
            }
            if self.det_tile_q[i].q.val() {
                self.det_mask.next = self.det_mask.val() | self.place[i].val();
            }
        }

        // Narrow values as words, bit by bit: a cast would come out as an operator on two widths.
        self.status.next = 0.into();
        self.kind.next = 0.into();
        for i in 0..4 {
            // STATUS bits 11:8.
            if self.seq_state.val().get_bit(i) {
                self.status.next = self.status.val() | self.place[i + 8].val();
            }
            if self.det_kind_q.q.val().get_bit(i) {
                self.kind.next = self.kind.val() | self.place[i].val();
            }
        }
        self.attempts.next = 0.into();
        self.max_attempts.next = 0.into();
        for i in 0..8 {
            if self.attempts_q.q.val().get_bit(i) {
                self.attempts.next = self.attempts.val() | self.place[i].val();
            }
            if self.max_attempts_q.q.val().get_bit(i) {
                self.max_attempts.next = self.max_attempts.val() | self.place[i].val();
            }
        }
        if self.busy.val() {
            self.status.next = self.status.val() | self.status_busy.val();
        }
        if self.ckpt_valid_q.q.val() {
            self.status.next = self.status.val() | self.status_ckpt_valid.val();
        }
        if self.replay.val() {
            self.status.next = self.status.val() | self.status_replay.val();
        }

        // Reads: at most one register is selected, so that an OR joins them.
        self.rdata.next = 0.into();
        if self.addr.val() == self.at_id.val() {
            self.rdata.next = self.rdata.val() | self.id_value.val();
        }
        if self.addr.val() == self.at_config.val() {
            self.rdata.next = self.rdata.val() | self.config_value.val();
        }
        if self.addr.val() == self.at_boot_reason.val() {
            self.rdata.next = self.rdata.val() | self.boot_reason_q.q.val();
        }
        if self.addr.val() == self.at_members.val() {
            self.rdata.next = self.rdata.val() | self.members_mask.val();
        }
        if self.addr.val() == self.at_guest_size.val() {
            self.rdata.next = self.rdata.val() | self.guest_size_q.q.val();
        }
        if self.addr.val() == self.at_time_limit.val() {
            self.rdata.next = self.rdata.val() | self.time_limit_q.q.val();
        }
        if self.addr.val() == self.at_max_attempts.val() {
            self.rdata.next = self.rdata.val() | self.max_attempts.val();
        }
        if self.addr.val() == self.at_attempts.val() {
            self.rdata.next = self.rdata.val() | self.attempts.val();
        }
        if self.addr.val() == self.at_dma_src.val() {
            self.rdata.next = self.rdata.val() | self.dma_src_q.q.val();
        }
        if self.addr.val() == self.at_dma_dst.val() {
            self.rdata.next = self.rdata.val() | self.dma_dst_q.q.val();
        }
        if self.addr.val() == self.at_dma_len.val() {
            self.rdata.next = self.rdata.val() | self.dma_len_q.q.val();
        }
        if self.addr.val() == self.at_status.val() {
            self.rdata.next = self.rdata.val() | self.status.val();
        }
        if self.addr.val() == self.at_log_level.val() {
            self.rdata.next = self.rdata.val() | self.log_level.val();
        }
        if self.addr.val() == self.at_checkpoints.val() {
            self.rdata.next = self.rdata.val() | self.checkpoints_q.q.val();
        }
        if self.addr.val() == self.at_det_count.val() {
            self.rdata.next = self.rdata.val() | self.det_count_q.q.val();
        }
        if self.addr.val() == self.at_det_kind.val() {
            self.rdata.next = self.rdata.val() | self.kind.val();
        }
        if self.addr.val() == self.at_det_tile.val() {
            self.rdata.next = self.rdata.val() | self.det_mask.val();
        }
        for i in 0..N {
            if self.addr.val() == self.at_det_addr[i].val() {
                self.rdata.next = self.rdata.val() | self.det_addr_q[i].q.val();
            }
            if self.addr.val() == self.at_det_data[i].val() {
                self.rdata.next = self.rdata.val() | self.det_data_q[i].q.val();
            }
        }

        // What the rest of the chip sees.
        self.guest_size.next = self.guest_size_q.q.val();
        self.time_limit.next = self.time_limit_q.q.val();
        self.dma_src.next = self.dma_src_q.q.val();
        self.dma_dst.next = self.dma_dst_q.q.val();
        self.dma_len.next = self.dma_len_q.q.val();
        self.cmd_valid.next = self.cmd_valid_q.q.val();
        self.cmd.next = self.cmd_q.q.val();
        self.cmd_tile.next = self.cmd_tile_q.q.val();
        self.ckpt_valid.next = self.ckpt_valid_q.q.val();
        self.due.next =
            !self.ckpt_valid_q.q.val() | (self.attempts_q.q.val() >= self.max_attempts_q.q.val());
    }
}
