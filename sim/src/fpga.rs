//! `covert fpga`: the face of the crate `covert_fpga`.

use covert_fpga::{Plan, Request};

use crate::cli::FpgaBuildArgs;
use crate::error::Error;
use crate::list;
use crate::progress::Progress;
use crate::{board, card};

/// Builds for a board; the table goes to stdout.
///
/// # Errors
/// What the build does not like; a design that is too large or too slow among them.
pub fn build(args: &FpgaBuildArgs) -> Result<(), Error> {
    let name = || format!("target/fpga/{}-{}", args.board, args.chip.name());
    let plan = Plan::new(Request {
        board: args.board.clone(),
        chip: args.chip.name().into(),
        target: args.target.clone(),
        out: args.out.clone().unwrap_or_else(|| name().into()),
        synth_only: args.synth_only,
        seed: args.seed,
        seeds: args.seeds,
        firmware: card::hex(&board::firmware_bytes()?),
        injector: args.injector,
    })?;
    // The table comes last, so the line is shown beside it on a terminal too.
    let progress = Progress::alone();
    let report = plan.build(&mut |text| progress.show(|| text.to_owned()));
    progress.end();
    list::print(&report?.table())
}
