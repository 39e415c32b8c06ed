//! Place and route: what nextpnr is told and what its report says.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::board::Target;
use crate::error::Error;

/// MHz above the fastest clock that clocks without a constraint are given, so that they show up. Paths between clocks are
/// held against the same frequency.
pub const UNCONSTRAINED: f64 = 0.25;

/// nextpnr's report, as far as it is read.
#[derive(Debug, Deserialize)]
struct Raw {
    fmax: BTreeMap<String, RawClock>,
    critical_paths: Vec<RawPath>,
    utilization: BTreeMap<String, Used>,
}

#[derive(Debug, Deserialize)]
struct RawClock {
    achieved: f64,
    constraint: f64,
}

#[derive(Debug, Deserialize)]
struct RawPath {
    from: String,
    to: String,
    path: Vec<RawStep>,
}

#[derive(Debug, Deserialize)]
struct RawStep {
    delay: f64,
    from: RawEnd,
    to: RawEnd,
}

#[derive(Debug, Deserialize)]
struct RawEnd {
    cell: String,
    port: String,
}

/// How much of a resource is used.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Used {
    /// Used.
    pub used: u64,
    /// There are.
    pub available: u64,
}

/// A clock of the placed design.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// Its net.
    pub net: String,
    /// MHz that it has to reach; none if nothing constrains it.
    pub required_mhz: Option<f64>,
    /// MHz that it reaches.
    pub reached_mhz: f64,
}

/// The longest path between two clocks, or of one.
#[derive(Clone, Debug, Serialize)]
pub struct Crossing {
    /// Clock and edge it starts at; `<async>` at a pad or at what is not timed.
    pub from: String,
    /// Clock and edge it ends at.
    pub to: String,
    /// Delay in ns.
    pub ns: f64,
    /// The delay that is allowed, ns; none where nothing is demanded.
    pub allowed_ns: Option<f64>,
    /// Cell and port where it starts.
    pub start: String,
    /// Cell and port where it ends.
    pub end: String,
}

/// What came of one seed.
#[derive(Clone, Debug, Serialize)]
pub struct Placed {
    /// The seed.
    pub seed: u32,
    /// Seconds it took.
    pub seconds: f64,
    /// The clocks.
    pub clocks: Vec<Clock>,
    /// The longest paths, by clocks.
    pub paths: Vec<Crossing>,
    /// What is used of the device.
    pub used: BTreeMap<String, Used>,
    /// What is missed, in words; none if the timing is met.
    pub misses: Vec<String>,
}

impl Placed {
    /// Reads nextpnr's report.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(path: &Path, target: &Target, seed: u32, seconds: f64) -> Result<Self, Error> {
        let text =
            std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let raw: Raw = serde_json::from_slice(&text)
            .map_err(|e| Error::Result { path: path.to_owned(), why: e.to_string() })?;
        Ok(Self::new(raw, target, seed, seconds))
    }

    fn new(raw: Raw, target: &Target, seed: u32, seconds: f64) -> Self {
        let mut misses = Vec::new();
        let clocks: Vec<Clock> = raw
            .fmax
            .into_iter()
            .map(|(net, clock)| {
                // The report's numbers went through whole picoseconds.
                let known = target.clocks.values().any(|mhz| (mhz - clock.constraint).abs() < 0.1);
                if !known {
                    misses.push(format!("clock {net} has no constraint"));
                } else if clock.achieved < clock.constraint {
                    let (reached, wanted) = (clock.achieved, clock.constraint);
                    misses.push(format!("clock {net} reaches {reached:.1} of {wanted:.1} MHz"));
                }
                Clock {
                    net,
                    required_mhz: known.then_some(clock.constraint),
                    reached_mhz: clock.achieved,
                }
            })
            .collect();
        if clocks.is_empty() {
            misses.push("there is no clock".into());
        }
        // Gated clocks are one clock for this: their edges are those of the fastest.
        let period = 1e3 / target.fastest();
        let paths: Vec<Crossing> = raw
            .critical_paths
            .into_iter()
            .map(|path| {
                let ns = path.path.iter().map(|step| step.delay).sum();
                let timed = path.from != "<async>" && path.to != "<async>";
                let between = timed && path.from != path.to;
                if between && ns > period {
                    misses.push(format!(
                        "{} to {} takes {ns:.1} of {period:.1} ns",
                        path.from, path.to
                    ));
                }
                let end = |end: Option<&RawEnd>| {
                    end.map_or_else(String::new, |end| format!("{}.{}", end.cell, end.port))
                };
                Crossing {
                    start: end(path.path.first().map(|step| &step.from)),
                    end: end(path.path.last().map(|step| &step.to)),
                    from: path.from,
                    to: path.to,
                    ns,
                    allowed_ns: timed.then_some(period),
                }
            })
            .collect();
        Self { seed, seconds, clocks, paths, used: raw.utilization, misses }
    }

    /// The part of its frequency that the slowest clock or path reaches; at least 1 if the timing is met.
    pub fn quality(&self) -> f64 {
        let clocks = self.clocks.iter().map(|clock| match clock.required_mhz {
            Some(mhz) => clock.reached_mhz / mhz,
            None => 0.0,
        });
        let between = self.paths.iter().filter(|path| path.from != path.to);
        let paths = between.filter_map(|path| Some(path.allowed_ns? / path.ns.max(1e-3)));
        clocks.chain(paths).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placed(fmax: serde_json::Value, paths: serde_json::Value) -> Placed {
        let target = Target {
            top: "top".into(),
            files: "top.f".into(),
            constraints: "top.lpf".into(),
            clocks: BTreeMap::from([("clk".into(), 50.0)]),
            boots: false,
            parameters: BTreeMap::new(),
        };
        let report = json!({"fmax": fmax, "critical_paths": paths, "utilization": {}});
        Placed::new(serde_json::from_value(report).expect("a report"), &target, 1, 2.0)
    }

    fn path(from: &str, to: &str, delay: f64) -> serde_json::Value {
        let end = |cell: &str| json!({"cell": cell, "port": "Q", "loc": [1, 2]});
        let step =
            json!({"type": "routing", "delay": delay / 2.0, "from": end("a"), "to": end("b")});
        json!({"from": from, "to": to, "path": [step, step]})
    }

    #[test]
    fn a_clock_that_is_fast_enough_is_no_miss() {
        let good = placed(
            json!({"clk": {"achieved": 55.0, "constraint": 50.0}}),
            json!([path("posedge clk", "posedge clk", 18.0), path("<async>", "posedge clk", 90.0)]),
        );
        assert_eq!(good.misses, Vec::<String>::new());
        assert!((good.quality() - 1.1).abs() < 1e-9);
        assert_eq!(good.paths[0].start, "a.Q");
        assert_eq!(good.paths[1].allowed_ns, None);
    }

    #[test]
    fn a_slow_clock_is_named() {
        let slow = placed(json!({"clk": {"achieved": 41.26, "constraint": 50.0}}), json!([]));
        assert_eq!(slow.misses, ["clock clk reaches 41.3 of 50.0 MHz"]);
        assert!(slow.quality() < 0.83);
    }

    #[test]
    fn a_clock_without_a_constraint_is_a_miss_however_fast() {
        let fmax = json!({"clk": {"achieved": 60.0, "constraint": 50.0},
                          "other": {"achieved": 400.0, "constraint": 50.0 + UNCONSTRAINED}});
        let placed = placed(fmax, json!([]));
        assert_eq!(placed.misses, ["clock other has no constraint"]);
        assert!(placed.quality() < 1.0);
        assert_eq!(placed.clocks[1].required_mhz, None);
    }

    #[test]
    fn no_clock_at_all_is_a_miss() {
        assert_eq!(placed(json!({}), json!([])).misses, ["there is no clock"]);
    }

    #[test]
    fn a_path_between_two_clocks_has_one_period() {
        let fmax = json!({"clk": {"achieved": 60.0, "constraint": 50.0}});
        let slow = placed(fmax, json!([path("posedge clk", "posedge gated", 21.5)]));
        assert_eq!(slow.misses, ["posedge clk to posedge gated takes 21.5 of 20.0 ns"]);
        assert!(slow.quality() < 1.0);
    }
}
