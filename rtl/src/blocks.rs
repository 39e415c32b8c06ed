//! The list of generated blocks.

use rust_hdl_core::prelude::{Block, ModuleDefines, check_all};

use crate::barrier::Barrier;
use crate::comparator::Comparator;
use crate::group::Group;
use crate::shell::{Direction::*, Shell};

/// Numbers of tiles that there are blocks for: those of the chip's configurations.
pub const TILES: [usize; 3] = [1, 2, 4];

/// A block with its Verilog.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Its face.
    pub shell: Shell,
    /// The file's text; its name is the module's with `.v`.
    pub text: String,
}

/// Face of the comparator of `tiles` tiles.
pub fn comparator_shell(tiles: usize) -> Shell {
    Shell::new(
        format!("covert_comparator_n{tiles}"),
        "Comparator of device transactions with time limit; see docs/blocks/comparator.md.",
        Some(tiles),
    )
    .per_tile(In, &[("members", 1)])
    .plain(In, &[("freeze", 1), ("flush", 1), ("time_limit", 32)])
    .per_tile(In, &[("req_valid", 1)])
    .fields(In, "req", true, &[("req_we", 1), ("req_strb", 4), ("req_addr", 32), ("req_data", 32)])
    .per_tile(Out, &[("done", 1)])
    .plain(Out, &[("rsp_data", 32), ("rsp_err", 1), ("out_valid", 1)])
    .fields(
        Out,
        "out",
        false,
        &[("out_we", 1), ("out_strb", 4), ("out_addr", 32), ("out_data", 32)],
    )
    .plain(In, &[("out_done", 1), ("out_rdata", 32), ("out_err", 1)])
    .plain(Out, &[("detect", 1), ("kind", 4)])
    .per_tile(Out, &[("accused", 1), ("said_addr", 32), ("said_data", 32)])
}

/// Face of the epoch barrier.
pub fn barrier_shell() -> Shell {
    Shell::new(
        "covert_barrier",
        "Epoch barrier with one input set; see docs/blocks/barrier.md.",
        None,
    )
    .plain(In, &[("wr_en", 1), ("addr", 12), ("wdata", 32)])
    .plain(Out, &[("rdata", 32), ("rdy", 1)])
    .plain(
        In,
        &[("mtime", 64), ("flags_now", 32), ("raised", 4), ("mode_changed", 1), ("replay", 1)],
    )
    .plain(Out, &[("epoch", 1), ("wake_lo", 32), ("wake_hi", 32)])
}

/// Face of the group registers of `tiles` tiles.
pub fn group_shell(tiles: usize) -> Shell {
    Shell::new(
        format!("covert_group_n{tiles}"),
        "Registers of the group and its domain; see docs/blocks/group.md.",
        Some(tiles),
    )
    .plain(In, &[("wr_en", 1), ("addr", 12), ("wdata", 32)])
    .plain(Out, &[("rdata", 32)])
    .per_tile(In, &[("add", 1), ("drop", 1)])
    .plain(In, &[("resume", 1), ("ckpt_commit", 1), ("ckpt_invalidate", 1), ("rollback", 1)])
    .plain(In, &[("det_valid", 1), ("det_kind", 4)])
    .per_tile(In, &[("det_tile", 1), ("det_addr", 32), ("det_data", 32)])
    .plain(In, &[("busy", 1), ("seq_state", 4), ("replay", 1), ("log_level", 32)])
    .per_tile(Out, &[("members", 1)])
    .plain(Out, &[("guest_size", 32), ("time_limit", 32)])
    .plain(Out, &[("dma_src", 32), ("dma_dst", 32), ("dma_len", 32)])
    .plain(Out, &[("cmd_valid", 1), ("cmd", 8), ("cmd_tile", 8)])
    .plain(Out, &[("ckpt_valid", 1), ("due", 1)])
}

/// Writes the Verilog of one block.
fn block<B: Block>(mut block: B, shell: Shell) -> Generated {
    block.connect_all();
    check_all(&block).unwrap_or_else(|error| panic!("{}: {error:?}", shell.name));
    let mut modules = ModuleDefines::default();
    block.accept(&shell.inner(), &mut modules);
    let text = shell.verilog(&modules.defines());
    Generated { shell, text }
}

/// Every block.
pub fn blocks() -> Vec<Generated> {
    vec![
        block(Comparator::<1>::default(), comparator_shell(1)),
        block(Comparator::<2>::default(), comparator_shell(2)),
        block(Comparator::<4>::default(), comparator_shell(4)),
        block(Barrier::default(), barrier_shell()),
        block(Group::<1>::default(), group_shell(1)),
        block(Group::<2>::default(), group_shell(2)),
        block(Group::<4>::default(), group_shell(4)),
    ]
}
