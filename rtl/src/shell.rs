//! The face of a generated block: packed ports, as the hand-written Verilog wants them, around the
//! one-port-per-member module that rust-hdl writes. Wiring only.

use std::fmt::Write as _;

use crate::HEAD;

/// Direction of a port, seen from the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Input.
    In,
    /// Output.
    Out,
}

/// A port of a generated block.
#[derive(Clone, Debug)]
pub struct Port {
    /// Name.
    pub name: &'static str,
    /// Direction.
    pub direction: Direction,
    /// Bits of one element.
    pub width: usize,
    /// One element for each tile: element i stands at `[width*i +: width]`. `None`: one for all.
    pub tiles: Option<usize>,
}

impl Port {
    /// Bits in all.
    pub fn bits(&self) -> usize {
        self.width * self.tiles.unwrap_or(1)
    }

    /// Verilog of element `tile`, or of the whole port where there is one for all.
    pub fn element(&self, tile: usize) -> String {
        match self.tiles {
            None => self.name.into(),
            Some(_) => {
                format!("{}[{}:{}]", self.name, self.width * (tile + 1) - 1, self.width * tile)
            }
        }
    }
}

/// A generated block: its ports and how they reach the ports of the module inside.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Module name.
    pub name: String,
    /// What it is, one line.
    pub title: &'static str,
    /// Ports without `clock` and `reset`, in order.
    pub ports: Vec<Port>,
    /// Ports of the module inside and what they are connected to.
    links: Vec<(String, String)>,
    tiles: Option<usize>,
}

impl Shell {
    /// A block without ports; `tiles` is the number of elements of its per-tile ports.
    pub(crate) fn new(name: impl Into<String>, title: &'static str, tiles: Option<usize>) -> Self {
        Self { name: name.into(), title, ports: vec![], links: vec![], tiles }
    }

    fn port(
        &mut self,
        name: &'static str,
        direction: Direction,
        width: usize,
        tiles: Option<usize>,
    ) {
        self.ports.push(Port { name, direction, width, tiles });
    }

    /// Adds ports that are the same inside.
    pub(crate) fn plain(mut self, direction: Direction, ports: &[(&'static str, usize)]) -> Self {
        for &(name, width) in ports {
            self.port(name, direction, width, None);
            self.links.push((name.into(), name.into()));
        }
        self
    }

    /// Adds ports with one element for each tile, each a port of its own inside.
    pub(crate) fn per_tile(
        mut self,
        direction: Direction,
        ports: &[(&'static str, usize)],
    ) -> Self {
        for &(name, width) in ports {
            self.port(name, direction, width, self.tiles);
            let port = self.ports[self.ports.len() - 1].clone();
            for tile in 0..self.tiles.unwrap_or(0) {
                self.links.push((format!("{name}${tile}"), port.element(tile)));
            }
        }
        self
    }

    /// Adds ports that are fields of one port `inner` inside, highest first.
    pub(crate) fn fields(
        mut self,
        direction: Direction,
        inner: &str,
        per_tile: bool,
        fields: &[(&'static str, usize)],
    ) -> Self {
        let tiles = self.tiles.filter(|_| per_tile);
        let first = self.ports.len();
        for &(name, width) in fields {
            self.port(name, direction, width, tiles);
        }
        for tile in 0..tiles.unwrap_or(1) {
            let parts: Vec<_> = self.ports[first..].iter().map(|port| port.element(tile)).collect();
            let inner = if per_tile { format!("{inner}${tile}") } else { inner.into() };
            self.links.push((inner, format!("{{{}}}", parts.join(", "))));
        }
        self
    }

    /// Name of the module inside.
    pub(crate) fn inner(&self) -> String {
        format!("{}_hdl", self.name)
    }

    /// The file: the shell, and behind it the modules that rust-hdl wrote.
    pub(crate) fn verilog(&self, inside: &str) -> String {
        let mut text = format!("{HEAD}// {}\n\n", self.title);
        // The modules of a block stand in one file.
        text.push_str("/* verilator lint_off DECLFILENAME */\n\n");
        let _ = writeln!(text, "module {} (", self.name);
        text.push_str("    input  wire clock,\n    input  wire reset");
        for port in &self.ports {
            let direction =
                if port.direction == Direction::In { "input  wire" } else { "output wire" };
            // A per-tile port is a vector for one tile too.
            let range = match (port.bits(), port.tiles) {
                (1, None) => String::new(),
                (bits, _) => format!(" [{}:0]", bits - 1),
            };
            let _ = write!(text, ",\n    {direction}{range} {}", port.name);
        }
        let _ = write!(
            text,
            "\n);\n  {} u_hdl (\n      .clock(clock),\n      .reset(reset)",
            self.inner()
        );
        for (inner, outer) in &self.links {
            let _ = write!(text, ",\n      .{inner}({outer})");
        }
        text.push_str("\n  );\nendmodule\n");
        for line in inside.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text.push_str("\n\n/* verilator lint_on DECLFILENAME */\n");
        text
    }
}
