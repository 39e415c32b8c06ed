//! Save files for GTKWave: the signals that matter of one of the two waveforms, grouped and coloured, with the events marked.

use std::fmt::Write as _;

use covert_model::Variable;

use super::divergence::Course;
use super::story::Event;

/// Picoseconds of a cycle, as the model's waveforms have it.
const CYCLE_PS: u64 = 20_000;

/// Signals shown at most.
const MAX_SIGNALS: usize = 60;

/// GTKWave's numbers of colours.
const RED: u32 = 1;
const YELLOW: u32 = 3;

/// The save file for `waveform`, a file's name. `variables` are the model's, whose paths the waveform has; `paths` the short
/// names of the same.
pub fn save_file(
    waveform: &str,
    course: &Course,
    events: &[Event],
    variables: &[Variable],
    paths: &[String],
) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "[dumpfile] \"{waveform}\"");
    let markers: Vec<String> =
        events.iter().take(26).map(|event| (event.cycle * CYCLE_PS).to_string()).collect();
    // Zoom, the primary marker, then the named ones A to Z.
    let _ = writeln!(text, "*-18.0 {} {}", course.cycle * CYCLE_PS, markers.join(" "));
    let _ = writeln!(text, "[timestart] {}", course.cycle.saturating_sub(20) * CYCLE_PS);
    let mut shown = Vec::new();
    for episode in &course.episodes {
        if shown.len() == MAX_SIGNALS {
            break;
        }
        let Some(index) = paths.iter().position(|path| *path == episode.what) else { continue };
        // Memories are not drawn word by word.
        if variables[index].words == 1 && !shown.contains(&index) {
            shown.push(index);
        }
    }
    let mut group = String::new();
    for (number, index) in shown.iter().enumerate() {
        let module = paths[*index].rsplit_once('.').map_or("chip", |(module, _)| module);
        if module != group {
            let _ = writeln!(text, "@200\n-{module}");
            group = module.to_owned();
        }
        let variable = &variables[*index];
        let range =
            if variable.width > 1 { format!("[{}:0]", variable.width - 1) } else { String::new() };
        let _ = writeln!(text, "[color] {}", if number == 0 { RED } else { YELLOW });
        let _ = writeln!(
            text,
            "@{}\nTOP.{}{range}",
            if variable.width > 1 { 22 } else { 28 },
            variable.path
        );
    }
    text
}
