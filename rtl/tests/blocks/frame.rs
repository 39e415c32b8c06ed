//! Values of a block's ports in one cycle, by name.

use std::{collections::HashMap, rc::Rc};

use covert_rtl::shell::{Direction, Port, Shell};

/// The ports of one direction and where their elements stand in a frame.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The ports in the order of the shell.
    pub(crate) ports: Vec<Port>,
    first: HashMap<&'static str, usize>,
    len: usize,
}

impl Layout {
    /// The ports of `shell` in `direction`.
    pub(crate) fn new(shell: &Shell, direction: Direction) -> Rc<Self> {
        let ports: Vec<_> =
            shell.ports.iter().filter(|port| port.direction == direction).cloned().collect();
        let mut first = HashMap::new();
        let mut len = 0;
        for port in &ports {
            first.insert(port.name, len);
            len += port.tiles.unwrap_or(1);
        }
        Rc::new(Self { ports, first, len })
    }
}

/// One value for each element of each port.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    layout: Rc<Layout>,
    values: Vec<u64>,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Frame {
    /// All zero.
    pub(crate) fn new(layout: &Rc<Layout>) -> Self {
        Self { layout: Rc::clone(layout), values: vec![0; layout.len] }
    }

    /// The layout.
    pub(crate) fn layout(&self) -> &Rc<Layout> {
        &self.layout
    }

    /// The value of element `tile` of port `name` (0 for a port without elements).
    pub(crate) fn at(&self, name: &str, tile: usize) -> u64 {
        self.values[self.layout.first[name] + tile]
    }

    /// The value of port `name`.
    pub(crate) fn get(&self, name: &str) -> u64 {
        self.at(name, 0)
    }

    /// Whether port `name` is not 0.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.get(name) != 0
    }

    /// Sets element `tile` of port `name`.
    pub(crate) fn set_at(&mut self, name: &str, tile: usize, value: impl Into<u64>) {
        self.values[self.layout.first[name] + tile] = value.into();
    }

    /// Sets port `name`.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<u64>) {
        self.set_at(name, 0, value);
    }

    /// The values, element by element.
    pub(crate) fn values(&self) -> &[u64] {
        &self.values
    }

    /// The values, to be filled element by element.
    pub(crate) fn values_mut(&mut self) -> &mut [u64] {
        &mut self.values
    }

    /// The elements that differ, for a message.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let mut parts = vec![];
        for port in &self.layout.ports {
            for tile in 0..port.tiles.unwrap_or(1) {
                let (a, b) = (self.at(port.name, tile), other.at(port.name, tile));
                if a != b {
                    parts.push(format!("{}[{tile}]: {a:#x} against {b:#x}", port.name));
                }
            }
        }
        parts.join(", ")
    }
}
