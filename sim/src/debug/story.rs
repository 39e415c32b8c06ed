//! What a fault did, in one sentence and in a list of events.

use serde::Serialize;

use super::divergence::{Course, Fate};
use super::retired::{Difference, Retired};
use super::symbols::{Place, disassemble};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub cycle: u64,
    /// What kind: `injection`, `spread`, `left-tile`, `vmm-instruction`, `instruction`, `detection`, `recovery`, `verified`, `equal`, `ended`.
    pub kind: &'static str,
    /// In words.
    pub text: String,
}

/// The events of a course, in order. `name` says where an instruction is.
pub fn events(course: &Course, name: &impl Fn(&Retired) -> Place) -> Vec<Event> {
    let mut events = vec![Event {
        cycle: course.cycle,
        kind: "injection",
        text: format!("{}: {}", course.spec, course.effect),
    }];
    let mut push = |cycle, kind, text: String| events.push(Event { cycle, kind, text });
    let own = course.episodes.first().map(|episode| episode.what.as_str());
    if let Some(next) = course.episodes.iter().find(|episode| Some(episode.what.as_str()) != own) {
        push(next.from, "spread", format!("reaches {}", next.what));
    }
    if let Some((cycle, what)) = &course.left_tile {
        push(*cycle, "left-tile", format!("leaves the tile: {what}"));
    }
    let first = |difference: &'_ Option<Difference>| {
        difference
            .as_ref()
            .and_then(|found| Some((found.golden.first().cloned(), found.faulty.first()?.clone())))
    };
    let guest = first(&course.guest);
    let end = guest.as_ref().map_or(course.fate_cycle, |(_, retired)| retired.cycle);
    // The VMM polls, so a difference there counts for something only where it comes first.
    if let Some((golden, retired)) = first(&course.vmm).filter(|(_, retired)| retired.cycle <= end)
    {
        push(retired.cycle, "vmm-instruction", instruction(golden.as_ref(), &retired, name));
    }
    if let Some((golden, retired)) = guest {
        push(retired.cycle, "instruction", instruction(golden.as_ref(), &retired, name));
    }
    for detection in &course.detections {
        let text = format!("detected: {}{}", detection.kind, accused(&detection.tiles));
        push(detection.cycle, "detection", text);
    }
    for recovery in &course.recoveries {
        push(
            recovery.cycle,
            "recovery",
            format!("rolled back, running again {} cycles after the detection", recovery.cycles),
        );
    }
    if let Some(cycle) = course.verified {
        push(cycle, "verified", "checkpoint: the members' memory is compared and equal".into());
    }
    if course.fate == Fate::Equal {
        push(course.fate_cycle, "equal", "all state is that of the run without the fault".into());
    }
    if course.fate == Fate::Ended {
        let text = "a run ends while there are differences".to_owned();
        events.push(Event { cycle: course.fate_cycle, kind: "ended", text });
    }
    events.sort_by_key(|event| event.cycle);
    events
}

fn accused(tiles: &[u32]) -> String {
    match tiles {
        [] => String::new(),
        [one] => format!(", tile {one} accused"),
        several => format!(", tiles {several:?} accused"),
    }
}

/// The first instruction that differs, and how.
fn instruction(
    golden: Option<&Retired>,
    faulty: &Retired,
    name: &impl Fn(&Retired) -> Place,
) -> String {
    let place = name(faulty);
    let place = [place.function, place.line].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
    let at = format!(
        "tile {}: `{}` at {:#010x}{place}",
        faulty.tile,
        disassemble(faulty.insn),
        faulty.pc
    );
    let Some(golden) = golden else { return format!("{at} retires, and should not") };
    let how = if golden.pc != faulty.pc {
        format!("instead of {:#010x}", golden.pc)
    } else if golden.insn != faulty.insn {
        format!("should be `{}`", disassemble(golden.insn))
    } else if golden.trap != faulty.trap {
        (if faulty.trap { "traps, and should not" } else { "should trap" }).to_owned()
    } else if (golden.write_mask, golden.written, golden.address)
        != (faulty.write_mask, faulty.written, faulty.address)
        && faulty.write_mask != 0
    {
        format!(
            "stores {:#010x} at {:#010x} instead of {:#010x} at {:#010x}",
            faulty.written, faulty.address, golden.written, golden.address
        )
    } else if golden.rd_value != faulty.rd_value {
        format!(
            "x{} becomes {:#010x} instead of {:#010x}",
            faulty.rd, faulty.rd_value, golden.rd_value
        )
    } else if golden.next_pc != faulty.next_pc {
        format!("goes to {:#010x} instead of {:#010x}", faulty.next_pc, golden.next_pc)
    } else {
        "differs".to_owned()
    };
    format!("{at} {how}")
}

/// The whole in a sentence.
pub fn sentence(course: &Course, name: &impl Fn(&Retired) -> Place) -> String {
    let after = |cycle: u64| cycle.saturating_sub(course.cycle);
    let mut parts = Vec::new();
    let all = events(course, name);
    for event in &all {
        let when = after(event.cycle);
        match event.kind {
            "spread" => parts.push(format!("{} after {when} cycles", event.text)),
            "left-tile" if course.class != crate::campaign::Class::Masked => {
                parts.push(format!("{} after {when}", event.text))
            }
            "vmm-instruction" => parts
                .push(format!("first wrong instruction of the VMM after {when}: {}", event.text)),
            "instruction" => parts
                .push(format!("first wrong instruction of the guest after {when}: {}", event.text)),
            "detection" | "recovery" | "verified" => {
                parts.push(format!("{} after {when}", event.text))
            }
            _ => {}
        }
    }
    match course.fate {
        Fate::Equal => {
            let died = match course.episodes.first().and_then(|own| own.to) {
                Some(to) if course.episodes.len() == 1 => {
                    format!("overwritten after {} cycles before anything read it", after(to))
                }
                _ => format!("gone without a trace after {} cycles", after(course.fate_cycle)),
            };
            parts.push(died);
        }
        Fate::Ended if course.detections.is_empty() => {
            parts.push("still there when the run ended".into())
        }
        _ => {}
    }
    format!(
        "{} {} at cycle {}: {}. Outcome: {}.",
        course.spec.split('@').next().unwrap_or(&course.spec),
        course.effect,
        course.cycle,
        parts.join("; "),
        course.class.name()
    )
}
