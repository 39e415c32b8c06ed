//! Netlists as Yosys writes them (JSON), with their hierarchy, and the same flat: one number for each net whatever the
//! levels it goes through.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// A design: modules by name.
#[derive(Clone, Debug, Deserialize)]
pub struct Design {
    /// The modules; of cells of the device only the ports.
    pub modules: BTreeMap<String, Module>,
}

/// A module.
#[derive(Clone, Debug, Deserialize)]
pub struct Module {
    /// `top`, `blackbox`, `hdlname` and others: text, numbers as binary text.
    #[serde(default)]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// Its ports.
    #[serde(default)]
    pub ports: BTreeMap<String, Port>,
    /// Its cells, instances of other modules among them.
    #[serde(default)]
    pub cells: BTreeMap<String, Cell>,
    /// Names of its nets.
    #[serde(default)]
    pub netnames: BTreeMap<String, NetName>,
}

/// A port of a module.
#[derive(Clone, Debug, Deserialize)]
pub struct Port {
    /// `input`, `output` or `inout`.
    pub direction: String,
    /// Its bits, the lowest first.
    pub bits: Vec<Bit>,
}

/// A cell.
#[derive(Clone, Debug, Deserialize)]
pub struct Cell {
    /// Module, or cell of the library.
    #[serde(rename = "type")]
    pub kind: String,
    /// `input`, `output` or `inout`, by port.
    #[serde(default)]
    pub port_directions: BTreeMap<String, String>,
    /// What is connected, by port.
    pub connections: BTreeMap<String, Vec<Bit>>,
}

/// A name of nets.
#[derive(Clone, Debug, Deserialize)]
pub struct NetName {
    /// The nets, the lowest bit first.
    pub bits: Vec<Bit>,
}

/// A bit: the number of a net in its module, or a constant.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Bit {
    /// A net.
    Net(usize),
    /// `0`, `1`, `x` or `z`.
    Constant(String),
}

impl Design {
    /// Reads a netlist.
    ///
    /// # Errors
    /// The file cannot be read, or is no netlist of Yosys.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        serde_json::from_slice(&text)
            .map_err(|e| Error::Result { path: path.to_owned(), why: e.to_string() })
    }

    /// The top module's name.
    pub fn top(&self) -> Option<&str> {
        self.modules.iter().find(|(_, module)| module.is("top")).map(|(name, _)| name.as_str())
    }

    /// The module that a cell is an instance of, if it is one.
    pub fn instance_of(&self, cell: &Cell) -> Option<&Module> {
        self.modules
            .get(&cell.kind)
            .filter(|module| !module.is("blackbox") && !module.is("whitebox"))
    }

    /// The module's name in the sources, without what its parameters added.
    pub fn source_name<'a>(&'a self, name: &'a str) -> &'a str {
        let hdlname = self.modules.get(name).and_then(|module| module.attributes.get("hdlname"));
        hdlname
            .and_then(serde_json::Value::as_str)
            .map_or(name, |text| text.trim_start_matches('\\'))
    }
}

impl Module {
    fn is(&self, attribute: &str) -> bool {
        let value = self.attributes.get(attribute).and_then(serde_json::Value::as_str);
        value.is_some_and(|text| text.contains('1'))
    }
}

/// A design without levels. Nets are numbers below [`Flat::nets`]; those below [`CONSTANTS`] are constants.
#[derive(Debug)]
pub struct Flat<'a> {
    /// Instances of modules by their path; the top module's is empty.
    pub instances: BTreeMap<String, Instance<'a>>,
    /// All other cells.
    pub cells: Vec<FlatCell<'a>>,
    joined: Vec<usize>,
}

/// The first nets are the constants 0, 1, x and z.
pub const CONSTANTS: usize = 4;

/// An instance of a module.
#[derive(Debug)]
pub struct Instance<'a> {
    /// The module's name.
    pub kind: &'a str,
    /// The module.
    pub module: &'a Module,
    base: usize,
}

/// A cell of the library, somewhere in the design.
#[derive(Debug)]
pub struct FlatCell<'a> {
    /// Path of the instance it stands in.
    pub parent: String,
    /// Its own name.
    pub name: &'a str,
    /// The cell.
    pub cell: &'a Cell,
    base: usize,
}

impl<'a> Flat<'a> {
    /// Flattens a design; without a top module it is empty.
    pub fn new(design: &'a Design) -> Self {
        let mut flat = Self {
            instances: BTreeMap::new(),
            cells: Vec::new(),
            joined: (0..CONSTANTS).collect(),
        };
        if let Some(top) = design.top() {
            flat.add(design, top, String::new());
        }
        for net in 0..flat.joined.len() {
            flat.joined[net] = flat.root(net);
        }
        flat
    }

    fn add(&mut self, design: &'a Design, kind: &'a str, path: String) -> usize {
        let module = &design.modules[kind];
        let base = self.joined.len();
        let names = module.netnames.values().flat_map(|name| &name.bits);
        let ports = module.ports.values().flat_map(|port| &port.bits);
        let cells = module.cells.values().flat_map(|cell| cell.connections.values().flatten());
        let highest = names.chain(ports).chain(cells).filter_map(|bit| match bit {
            Bit::Net(net) => Some(*net),
            Bit::Constant(_) => None,
        });
        let end = base + highest.max().map_or(0, |net| net + 1);
        self.joined.extend(base..end);
        for (name, cell) in &module.cells {
            let Some(inner) = design.instance_of(cell) else {
                self.cells.push(FlatCell { parent: path.clone(), name, cell, base });
                continue;
            };
            let inner_base = self.add(design, &cell.kind, join(&path, name));
            for (port, outside) in &cell.connections {
                let Some(inside) = inner.ports.get(port) else { continue };
                for (inside, outside) in inside.bits.iter().zip(outside) {
                    let (a, b) = (number(inside, inner_base), number(outside, base));
                    let (a, b) = (self.root(a), self.root(b));
                    // The lower one stays: a constant remains one.
                    self.joined[a.max(b)] = a.min(b);
                }
            }
        }
        self.instances.insert(path, Instance { kind, module, base });
        base
    }

    fn root(&self, mut net: usize) -> usize {
        while self.joined[net] != net {
            net = self.joined[net];
        }
        net
    }

    /// The net of a bit of an instance's port or name.
    pub fn net(&self, instance: &Instance<'_>, bit: &Bit) -> usize {
        self.joined[number(bit, instance.base)]
    }

    /// The nets that a cell's port is connected to.
    pub fn port(&self, cell: &FlatCell<'_>, port: &str) -> Vec<usize> {
        let bits = cell.cell.connections.get(port).map_or(&[][..], Vec::as_slice);
        bits.iter().map(|bit| self.joined[number(bit, cell.base)]).collect()
    }

    /// Calls `each` with path and name, bit, and net of every name.
    pub fn for_each_name(&self, mut each: impl FnMut(String, usize, usize)) {
        for (path, instance) in &self.instances {
            for (name, nets) in &instance.module.netnames {
                for (index, bit) in nets.bits.iter().enumerate() {
                    each(join(path, name), index, self.net(instance, bit));
                }
            }
        }
    }
}

fn number(bit: &Bit, base: usize) -> usize {
    match bit {
        Bit::Net(net) => base + net,
        Bit::Constant(value) => match value.as_str() {
            "0" => 0,
            "1" => 1,
            "z" => 3,
            _ => 2,
        },
    }
}

/// A path and a name behind it.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
