//! Save files for GTKWave: the signals that matter of one of the two waveforms, grouped and coloured, with the events marked.

use std::collections::HashMap;
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

/// GTKWave's flags of how a value is drawn.
const HEXADECIMAL: u32 = 22;
const BINARY: u32 = 28;

/// The waveform's signals and their ranges: the model does not tell which numbers a register's bits have in the RTL.
pub type Ranges = HashMap<String, Option<(i64, i64)>>;

/// The save file for `waveform`, a file's name, with these `ranges`. `variables` are the model's, whose paths the waveform has;
/// `paths` the short names of the same.
pub fn save_file(
    waveform: &str,
    ranges: &Ranges,
    course: &Course,
    events: &[Event],
    variables: &[Variable],
    paths: &[String],
) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "[dumpfile] \"{waveform}\"");
    let markers: Vec<String> =
        events.iter().take(26).map(|event| (event.cycle * CYCLE_PS).to_string()).collect();
    // A window that shows them at once.
    let _ = writeln!(text, "[size] 1400 900\n[pos] -1 -1");
    // Zoom, the primary marker, then the named ones A to Z.
    let _ = writeln!(text, "*-18.0 {} {}", course.cycle * CYCLE_PS, markers.join(" "));
    let _ = writeln!(text, "[timestart] {}", course.cycle.saturating_sub(20) * CYCLE_PS);
    // By module, modules and the signals in each by first difference.
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut shown = 0;
    let numbers: HashMap<&str, usize> =
        paths.iter().enumerate().map(|(number, path)| (path.as_str(), number)).collect();
    for episode in &course.episodes {
        if shown == MAX_SIGNALS {
            break;
        }
        let Some(&index) = numbers.get(episode.what.as_str()) else { continue };
        let number = groups.iter().position(|(module, _)| *module == episode.module);
        let number = number.unwrap_or_else(|| {
            groups.push((&episode.module, Vec::new()));
            groups.len() - 1
        });
        let members = &mut groups[number].1;
        // Memories are not drawn word by word, and some variables are in no waveform.
        if variables[index].words == 1
            && ranges.contains_key(&in_waveform(&variables[index]))
            && !members.contains(&index)
        {
            members.push(index);
            shown += 1;
        }
    }
    let hit = course.episodes.first().map(|episode| episode.what.as_str());
    for (module, members) in groups.iter().filter(|(_, members)| !members.is_empty()) {
        let _ = writeln!(text, "@200\n-{module}");
        for &index in members {
            let color = if Some(paths[index].as_str()) == hit { RED } else { YELLOW };
            let mut signal = in_waveform(&variables[index]);
            let format = match ranges.get(&signal).copied().flatten() {
                Some((left, right)) => {
                    let _ = write!(signal, "[{left}:{right}]");
                    HEXADECIMAL
                }
                None => BINARY,
            };
            let _ = writeln!(text, "[color] {color}\n@{format}\n{signal}");
        }
    }
    text
}

/// A variable's path in the waveform.
fn in_waveform(variable: &Variable) -> String {
    format!("TOP.{}", variable.path)
}
