//! `covert guests` and `covert list-state`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use covert_model::{Chip, Memory, Options};
use serde::Serialize;

use crate::cli::ListStateArgs;
use crate::error::Error;
use crate::guests;
use crate::plan::tiles;
use crate::state::{Entry, Kind, Place, StateMap};

/// Lists the built-in guests.
pub fn guests() -> String {
    let guests = guests::all().iter().map(|guest| (guest.name, guest.about));
    let kernels = guests::kernels().iter().map(|kernel| (kernel.name, kernel.about));
    guests.chain(kernels).fold(String::new(), |mut text, (name, about)| {
        let _ = writeln!(text, "{name:<10} {about}");
        text
    })
}

#[derive(Serialize)]
struct StateList<'a> {
    schema: u32,
    chip: &'static str,
    state: &'a [Entry],
    /// Bits by place.
    totals: BTreeMap<String, u64>,
    bits: u64,
}

/// The state of a configuration's fault model.
///
/// # Errors
/// The configuration is not built.
pub fn state_of(tiles: u32) -> Result<StateMap, Error> {
    let options = Options {
        tiles,
        fault: true,
        bare: None,
        memory: Memory::Latency { min: 1, max: 1 },
        idle_skip: false,
        seed: 0,
    };
    Ok(StateMap::new(&Chip::new(&options)?))
}

/// Lists every bit of a configuration, as a table or as JSON.
///
/// # Errors
/// The configuration is not built.
pub fn state(args: &ListStateArgs) -> Result<String, Error> {
    let count = tiles(args.chip)?;
    let map = state_of(count)?;
    let places = (0..count).map(Place::Tile).chain([Place::Unit]);
    if args.json {
        let totals = places
            .map(|place| {
                let name = match place {
                    Place::Tile(tile) => format!("tile{tile}"),
                    Place::Unit => "unit".into(),
                };
                (name, map.bits(|other| other == place))
            })
            .collect();
        let list = StateList {
            schema: 1,
            chip: args.chip.name(),
            state: map.entries(),
            totals,
            bits: map.bits(|_| true),
        };
        let text = serde_json::to_string_pretty(&list)
            .map_err(|e| Error::Unexpected(format!("the list is not JSON: {e}")))?;
        return Ok(text + "\n");
    }
    let widest = map.entries().iter().map(|entry| entry.path.len()).max().unwrap_or(0);
    let mut text =
        format!("{:<widest$}  {:>6} {:>6}  {:<9} place\n", "path", "width", "words", "kind");
    for entry in map.entries() {
        let kind = match entry.kind {
            Kind::Register => "register",
            Kind::Memory => "memory",
        };
        let Entry { path, width, words, place, .. } = entry;
        let _ = writeln!(text, "{path:<widest$}  {width:>6} {words:>6}  {kind:<9} {place}");
    }
    for place in places {
        let _ = writeln!(text, "{place}: {} bits", map.bits(|other| other == place));
    }
    let _ = writeln!(text, "in all: {} bits", map.bits(|_| true));
    Ok(text)
}

/// Prints text on stdout; a reader that has seen enough is no error.
///
/// # Errors
/// It cannot be written.
pub fn print(text: &str) -> Result<(), Error> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Stream { what: "standard output", source: e })
        }
        _ => Ok(()),
    }
}
