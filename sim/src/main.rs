//! The command `covert`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use covert::cli::{Cli, Command, FpgaCommand};
use covert::error::{Error, exit_code};
use covert::{board, debug, demo, fpga, list, plan, run, speed, wave};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    start_log(cli.verbose);
    match execute(&cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn execute(command: &Command) -> Result<u8, Error> {
    match command {
        Command::Run(args) => return run::run(&plan::Plan::new(args)?),
        Command::Debug(args) => return debug::run(args),
        Command::Wave(command) => return wave::run(command),
        Command::Guests => list::print(&list::guests())?,
        Command::ListState(args) => list::print(&list::state(args)?)?,
        Command::Demo(args) => return demo::run(args),
        Command::Speed(args) => speed::run(args)?,
        Command::Fpga(FpgaCommand::Build(args)) => fpga::build(args)?,
        Command::Fpga(FpgaCommand::Image(args)) => board::image(args)?,
        Command::Fpga(FpgaCommand::Firmware(args)) => board::firmware(args)?,
        Command::Fpga(FpgaCommand::Load(args)) => board::load(args)?,
    }
    Ok(exit_code::OK)
}

/// Help goes to stdout as it is; a wrong command line is one line on stderr.
fn explain(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(exit_code::INPUT)
        }
        _ => {
            let text = error.render().to_string();
            let mut lines =
                text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
            let first =
                lines.next().unwrap_or("wrong usage").trim_start_matches("error: ").to_owned();
            // What clap says of its help is said below.
            let rest: Vec<&str> = lines
                .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
                .collect();
            let mut message = first;
            for line in rest {
                message.push_str(if message.ends_with(':') { " " } else { "; " });
                message.push_str(line);
            }
            complain(&format!("{message} (see `covert --help`)"));
            ExitCode::from(exit_code::INPUT)
        }
    }
}

/// One line, whatever the message holds.
fn complain(message: &str) {
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(std::io::stderr().lock(), "covert: {line}");
}

fn start_log(verbose: u8) {
    let level = ["warn", "info", "debug", "trace"][usize::from(verbose).min(3)];
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
