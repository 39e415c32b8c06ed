//! How far a long run is, in a line that is rewritten.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on stderr, where that is a terminal and the console's output is not on it as well.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A line, if it is `allowed`.
    pub fn new(allowed: bool) -> Self {
        Self::on_terminal(allowed && !std::io::stdout().is_terminal())
    }

    /// A line for a command that prints nothing while it is shown.
    pub fn alone() -> Self {
        Self::on_terminal(true)
    }

    fn on_terminal(allowed: bool) -> Self {
        let wanted = allowed && std::io::stderr().is_terminal();
        let bar = wanted.then(|| {
            let bar = ProgressBar::no_length();
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(4));
            bar.set_style(
                ProgressStyle::with_template("{spinner} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar
        });
        Self { bar }
    }

    /// Seconds since the start, more than 0.
    pub fn seconds(&self) -> f64 {
        self.bar.as_ref().map_or(1e-3, |bar| bar.elapsed().as_secs_f64().max(1e-3))
    }

    /// Shows a text; it is only made where it is shown.
    pub fn show(&self, text: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text());
            bar.tick();
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
