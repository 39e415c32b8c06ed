//! `covert wave diff`: where two waveforms first differ.

use std::io::Write as _;
use std::time::Instant;

use covert_wave::{Options, Report};

use crate::cli::{WaveCommand, WaveDiffArgs};
use crate::error::{Error, exit_code};
use crate::output::{check_writable, write_whole};
use crate::progress::Progress;

/// Runs the command; returns the exit code.
///
/// # Errors
/// Waveforms that cannot be read or have nothing in common, or a result that cannot be written.
pub fn run(command: &WaveCommand) -> Result<u8, Error> {
    let WaveCommand::Diff(args) = command;
    if let Some(path) = &args.json {
        check_writable(path)?;
    }
    let options = Options { from: args.from, to: args.to, scopes: args.scope.clone() };
    let progress = Progress::new(true);
    let started = Instant::now();
    let report = covert_wave::diff_with(&args.a, &args.b, &options, |done, total| {
        progress.show(|| format!("{} %", 100 * done / total.max(1)));
    });
    progress.end();
    let report = report?;
    tracing::info!(
        changes = report.changes,
        per_second = (report.changes as f64 / started.elapsed().as_secs_f64()) as u64,
        "compared"
    );
    if let Some(path) = &args.json {
        let text = serde_json::to_vec_pretty(&report)
            .map_err(|e| Error::Unexpected(format!("the result is not JSON: {e}")))?;
        write_whole(path, &text)?;
    }
    // A reader that leaves has seen enough.
    let _ = std::io::stdout().lock().write_all(table(&report, args).as_bytes());
    let same = report.differences.is_empty() && report.other_width.is_empty();
    Ok(if same { exit_code::OK } else { exit_code::GUEST })
}

fn table(report: &Report, args: &WaveDiffArgs) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let unit =
        report.timescale.as_ref().map_or(String::new(), |timescale| format!(" (unit {timescale})"));
    let _ = writeln!(
        text,
        "{} of {} signals differ from {} to {}{unit}",
        report.differences.len(),
        report.signals,
        report.window.from,
        report.window.to,
    );
    for found in report.differences.iter().take(args.limit) {
        let _ = writeln!(text, "{:>14}  {}  {} -> {}", found.time, found.signal, found.a, found.b);
    }
    let hidden = report.differences.len().saturating_sub(args.limit);
    if hidden > 0 {
        let _ = writeln!(text, "{hidden} more (--limit, --json)");
    }
    for (only, which) in [(&report.only_a, &args.a), (&report.only_b, &args.b)] {
        if !only.is_empty() {
            let _ = writeln!(
                text,
                "{} signals only in {}, such as {}",
                only.len(),
                which.display(),
                only[0]
            );
        }
    }
    for other in &report.other_width {
        let _ = writeln!(text, "{}: {} in A, {} in B", other.signal, other.a, other.b);
    }
    text
}
