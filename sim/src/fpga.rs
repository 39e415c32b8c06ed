//! `covert fpga`: the face of the crate `covert_fpga`.

use covert_fpga::{Plan, Request};

use crate::cli::{FpgaBuildArgs, FpgaCommand};
use crate::error::Error;
use crate::list;
use crate::progress::Progress;

/// Carries the command out; the table of a build goes to stdout.
///
/// # Errors
/// What the build does not like; a design that is too large or too slow among them.
pub fn run(command: &FpgaCommand) -> Result<(), Error> {
    let FpgaCommand::Build(args) = command;
    build(args)
}

fn build(args: &FpgaBuildArgs) -> Result<(), Error> {
    let name = || format!("target/fpga/{}-{}", args.board, args.chip.name());
    let plan = Plan::new(Request {
        board: args.board.clone(),
        chip: args.chip.name().into(),
        target: args.target.clone(),
        out: args.out.clone().unwrap_or_else(|| name().into()),
        synth_only: args.synth_only,
        seed: args.seed,
        seeds: args.seeds,
    })?;
    // The table comes last, so the line is shown beside it on a terminal too.
    let progress = Progress::alone();
    let report = plan.build(&mut |text| progress.show(|| text.to_owned()));
    progress.end();
    list::print(&report?.table())
}
