//! Device trees: one that describes the guest's machine (`docs/io.md`), and `/chosen` of one that was given.
//!
//! The tree is small on purpose: a kernel spends thousands of instructions on each node, and it names only what is there.

use std::ops::Range;

use covert_abi::layout::{EXIT_BASE, GUEST_BASE, TIMEBASE_HZ, UART_BASE, UART_SIZE};
use dtoolkit::ToPropertyValue;
use dtoolkit::error::FdtParseError;
use dtoolkit::fdt::Fdt;
use dtoolkit::model::{DeviceTree, DeviceTreeNode, DeviceTreeProperty};
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Why a file is no device tree.
#[derive(Debug, thiserror::Error)]
#[error("not a device tree: {0}")]
pub struct DtbError(FdtParseError);

/// What the tree describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Bytes of guest RAM.
    pub ram: u32,
    /// There is a disk.
    pub disk: bool,
    /// There is a network.
    pub network: bool,
    /// Seed of the random bytes that the guest is given at its start.
    pub seed: u64,
}

/// What the boot loader tells the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The kernel's command line.
    pub bootargs: Option<String>,
    /// Where the initial RAM disk stands.
    pub initrd: Option<Range<u32>>,
}

/// The PLIC, and the first of the virtio devices and their distance, in the guest's machine.
const PLIC_BASE: u32 = 0x0c00_0000;
const PLIC_SIZE: u32 = 0x0060_0000;
const VIRTIO_BASE: u32 = 0x1000_1000;
const VIRTIO_SIZE: u32 = 0x1000;
/// Interrupt source of the UART, the highest of all; that of virtio device k is 1 + k.
const UART_SOURCE: u32 = 10;
/// An input of the UART's baud generator, which makes no difference: QEMU's.
const UART_HZ: u32 = 3_686_400;
/// Cause of a supervisor external interrupt, and the number for a PLIC context that leads nowhere.
const S_EXTERNAL: u32 = 9;
const NOWHERE: u32 = 0xffff_ffff;
/// `sifive,test0`: the word that ends the guest well.
const PASS: u32 = 0x5555;

// Handles by which nodes name each other.
const CPU_INTC: u32 = 1;
const PLIC: u32 = 2;
const TEST: u32 = 3;

/// The value of a property that only stands there.
const EMPTY: [u8; 0] = [];

/// The device tree of the guest's machine.
pub fn generate(hardware: Hardware, chosen: &Chosen) -> Vec<u8> {
    let mut tree = DeviceTree::new();
    let root = &mut tree.root;
    cells(root, 1, 1);
    set(root, "compatible", "riscv-virtio");
    set(root, "model", "covert");
    let mut node = new("chosen");
    set(&mut node, "stdout-path", format!("/soc/serial@{UART_BASE:x}"));
    let mut seed = [0; 32];
    ChaCha8Rng::seed_from_u64(hardware.seed).fill_bytes(&mut seed);
    set(&mut node, "rng-seed", seed);
    choose(&mut node, chosen);
    root.add_child(node);
    let mut node = new(format!("memory@{GUEST_BASE:x}"));
    set(&mut node, "device_type", "memory");
    set(&mut node, "reg", [GUEST_BASE, hardware.ram]);
    root.add_child(node);
    root.add_child(cpus());
    root.add_child(soc(hardware));
    let mut node = new("poweroff");
    set(&mut node, "compatible", "syscon-poweroff");
    set(&mut node, "regmap", TEST);
    set(&mut node, "offset", 0_u32);
    set(&mut node, "value", PASS);
    root.add_child(node);
    tree.to_dtb()
}

/// A device tree that was given, with what `chosen` has in its `/chosen`. Of an initial RAM disk that is not there it
/// says nothing.
///
/// # Errors
/// The file is no device tree.
pub fn amend(file: &[u8], chosen: &Chosen) -> Result<Vec<u8>, DtbError> {
    let parsed = Fdt::new(file).map_err(DtbError)?;
    let mut tree = DeviceTree::from_fdt(&parsed);
    match tree.find_node_mut("/chosen") {
        Some(node) => {
            node.remove_property(INITRD_START);
            node.remove_property(INITRD_END);
            choose(node, chosen);
        }
        None => {
            let mut node = new("chosen");
            choose(&mut node, chosen);
            tree.root.add_child(node);
        }
    }
    Ok(tree.to_dtb())
}

const INITRD_START: &str = "linux,initrd-start";
const INITRD_END: &str = "linux,initrd-end";

fn choose(node: &mut DeviceTreeNode, chosen: &Chosen) {
    if let Some(bootargs) = &chosen.bootargs {
        set(node, "bootargs", bootargs.as_str());
    }
    if let Some(initrd) = &chosen.initrd {
        set(node, INITRD_START, initrd.start);
        set(node, INITRD_END, initrd.end);
    }
}

fn cpus() -> DeviceTreeNode {
    let mut cpus = new("cpus");
    cells(&mut cpus, 1, 0);
    set(&mut cpus, "timebase-frequency", TIMEBASE_HZ);
    let mut cpu = new("cpu@0");
    set(&mut cpu, "device_type", "cpu");
    set(&mut cpu, "reg", 0_u32);
    set(&mut cpu, "status", "okay");
    set(&mut cpu, "compatible", "riscv");
    set(&mut cpu, "riscv,isa", "rv32imac");
    set(&mut cpu, "mmu-type", "riscv,sv32");
    let mut intc = new("interrupt-controller");
    set(&mut intc, "#interrupt-cells", 1_u32);
    set(&mut intc, "interrupt-controller", EMPTY);
    set(&mut intc, "compatible", "riscv,cpu-intc");
    set(&mut intc, "phandle", CPU_INTC);
    cpu.add_child(intc);
    cpus.add_child(cpu);
    cpus
}

fn soc(hardware: Hardware) -> DeviceTreeNode {
    let mut soc = new("soc");
    cells(&mut soc, 1, 1);
    set(&mut soc, "compatible", "simple-bus");
    set(&mut soc, "ranges", EMPTY);
    set(&mut soc, "interrupt-parent", PLIC);

    let mut node = device("plic", PLIC_BASE, PLIC_SIZE, "sifive,plic-1.0.0\0riscv,plic0");
    set(&mut node, "#interrupt-cells", 1_u32);
    set(&mut node, "#address-cells", 0_u32);
    set(&mut node, "interrupt-controller", EMPTY);
    // Context 0 is M-mode's, which is not the guest's.
    set(&mut node, "interrupts-extended", [CPU_INTC, NOWHERE, CPU_INTC, S_EXTERNAL]);
    // A kernel touches the registers of each source that is named.
    set(&mut node, "riscv,ndev", UART_SOURCE);
    set(&mut node, "phandle", PLIC);
    soc.add_child(node);

    let mut node = device("serial", UART_BASE, UART_SIZE, "ns16550a");
    set(&mut node, "clock-frequency", UART_HZ);
    set(&mut node, "interrupts", UART_SOURCE);
    soc.add_child(node);

    // Block, network, console, entropy.
    let there = [hardware.disk, hardware.network, true, true];
    for (k, _) in (0..).zip(there).filter(|(_, there)| *there) {
        let base = VIRTIO_BASE + k * VIRTIO_SIZE;
        let mut node = device("virtio_mmio", base, VIRTIO_SIZE, "virtio,mmio");
        set(&mut node, "interrupts", 1 + k);
        soc.add_child(node);
    }

    let names = "sifive,test1\0sifive,test0\0syscon";
    let mut node = device("test", EXIT_BASE, 0x1000, names);
    set(&mut node, "phandle", TEST);
    soc.add_child(node);
    soc
}

fn device(name: &str, base: u32, size: u32, compatible: &str) -> DeviceTreeNode {
    let mut node = new(format!("{name}@{base:x}"));
    set(&mut node, "compatible", compatible);
    set(&mut node, "reg", [base, size]);
    node
}

fn new(name: impl Into<String>) -> DeviceTreeNode {
    DeviceTreeNode::new_unchecked(name)
}

fn cells(node: &mut DeviceTreeNode, address: u32, size: u32) {
    set(node, "#address-cells", address);
    set(node, "#size-cells", size);
}

fn set<T: ToPropertyValue>(node: &mut DeviceTreeNode, name: &str, value: T) {
    node.add_property(DeviceTreeProperty::new_unchecked(name, value));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDWARE: Hardware = Hardware { ram: 16 << 20, disk: true, network: true, seed: 7 };

    fn chosen() -> Chosen {
        Chosen { bootargs: Some("quiet panic=-1".into()), initrd: Some(0x8080_0000..0x8080_1234) }
    }

    fn word(node: &fdt::node::FdtNode<'_, '_>, name: &str) -> Vec<u32> {
        let property = node.property(name).unwrap_or_else(|| panic!("no {name} in {}", node.name));
        property.value.chunks(4).map(|w| u32::from_be_bytes(w.try_into().expect("words"))).collect()
    }

    #[test]
    fn another_reader_finds_the_machine() {
        let file = generate(HARDWARE, &chosen());
        let tree = fdt::Fdt::new(&file).expect("a device tree");
        assert_eq!(tree.chosen().bootargs(), Some("quiet panic=-1"));
        let stdout = tree.chosen().stdout().expect("a console");
        assert!(stdout.compatible().expect("a name").all().any(|name| name == "ns16550a"));
        let memory = tree.memory().regions().next().expect("memory");
        assert_eq!((memory.starting_address as usize, memory.size), (0x8000_0000, Some(16 << 20)));
        let cpu = tree.cpus().next().expect("a processor");
        assert_eq!(cpu.timebase_frequency(), 10_000_000);
        assert_eq!(cpu.property("mmu-type").and_then(|p| p.as_str()), Some("riscv,sv32"));
        assert_eq!(tree.cpus().count(), 1);

        let chosen = tree.find_node("/chosen").expect("there");
        assert_eq!(word(&chosen, "linux,initrd-start"), [0x8080_0000]);
        assert_eq!(word(&chosen, "linux,initrd-end"), [0x8080_1234]);
        assert_eq!(chosen.property("rng-seed").map(|p| p.value.len()), Some(32));
        let plic = tree.find_node("/soc/plic@c000000").expect("there");
        assert_eq!(word(&plic, "interrupts-extended"), [1, 0xffff_ffff, 1, 9]);
        assert_eq!(word(&plic, "riscv,ndev"), [10]);
        let intc = tree.find_phandle(1).expect("there");
        assert!(intc.compatible().expect("a name").all().any(|name| name == "riscv,cpu-intc"));
        let test = tree.find_node("/poweroff").map(|node| word(&node, "regmap")[0]);
        assert_eq!(
            tree.find_phandle(test.expect("there")).map(|node| node.name),
            Some("test@100000")
        );
        for k in 0..4 {
            let path = format!("/soc/virtio_mmio@{:x}", 0x1000_1000 + 0x1000 * k);
            let node = tree.find_node(&path).expect("there");
            assert_eq!(word(&node, "interrupts"), [1 + k]);
            assert_eq!(word(&node, "reg"), [0x1000_1000 + 0x1000 * k, 0x1000]);
        }
        assert_eq!(
            tree.find_node("/soc/serial@10000000").map(|n| word(&n, "interrupts")),
            Some(vec![10])
        );
    }

    #[test]
    fn what_is_not_there_is_not_named() {
        let bare = Hardware { disk: false, network: false, ..HARDWARE };
        let file = generate(bare, &Chosen::default());
        let tree = fdt::Fdt::new(&file).expect("a device tree");
        assert!(tree.find_node("/soc/virtio_mmio@10001000").is_none());
        assert!(tree.find_node("/soc/virtio_mmio@10002000").is_none());
        assert!(tree.find_node("/soc/virtio_mmio@10003000").is_some());
        let chosen = tree.find_node("/chosen").expect("there");
        assert!(chosen.property("bootargs").is_none());
        assert!(chosen.property("linux,initrd-start").is_none());
        assert!(file.len() < generate(HARDWARE, &self::chosen()).len());
    }

    #[test]
    fn the_same_configuration_gives_the_same_tree() {
        assert_eq!(generate(HARDWARE, &chosen()), generate(HARDWARE, &chosen()));
        let other = Hardware { seed: 8, ..HARDWARE };
        assert_ne!(generate(HARDWARE, &chosen()), generate(other, &chosen()));
        // Its length does not depend on where things stand.
        let moved = Chosen { initrd: Some(0..1), ..chosen() };
        assert_eq!(generate(HARDWARE, &chosen()).len(), generate(HARDWARE, &moved).len());
    }

    #[test]
    fn a_given_tree_is_kept_but_for_what_is_chosen() {
        let file = generate(HARDWARE, &chosen());
        let new = Chosen { bootargs: Some("debug".into()), initrd: None };
        let amended = amend(&file, &new).expect("a device tree");
        let tree = fdt::Fdt::new(&amended).expect("a device tree");
        assert_eq!(tree.chosen().bootargs(), Some("debug"));
        let node = tree.find_node("/chosen").expect("there");
        assert!(node.property("linux,initrd-start").is_none());
        assert!(node.property("linux,initrd-end").is_none());
        assert_eq!(node.property("rng-seed").map(|p| p.value.len()), Some(32));
        // Set back, it is the tree that it was, in another order of properties.
        let back = amend(&amended, &chosen()).expect("a device tree");
        assert_eq!(back.len(), file.len());
        let text = |file: &[u8]| {
            let mut lines: Vec<_> = Fdt::new(file)
                .expect("a device tree")
                .to_string()
                .lines()
                .map(str::to_owned)
                .collect();
            lines.sort();
            lines
        };
        assert_eq!(text(&back), text(&file));
        // One without /chosen gets one.
        let empty = DeviceTree::new().to_dtb();
        let amended = amend(&empty, &chosen()).expect("a device tree");
        let tree = fdt::Fdt::new(&amended).expect("a device tree");
        assert_eq!(
            tree.find_node("/chosen").map(|n| word(&n, "linux,initrd-start")),
            Some(vec![0x8080_0000])
        );
    }

    #[test]
    fn damaged_trees_are_refused() {
        let file = generate(HARDWARE, &chosen());
        assert!(amend(b"", &chosen()).is_err());
        assert!(amend(&[0; 64], &chosen()).is_err());
        for length in (0..file.len()).step_by(13) {
            assert!(amend(&file[..length], &chosen()).is_err(), "{length}");
        }
        // Whatever byte is wrong: an error or a tree, and no panic.
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 0x55;
            let _ = amend(&damaged, &chosen());
        }
    }

    #[test]
    fn dtc_has_no_complaint() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("machine.dtb");
        std::fs::write(&path, generate(HARDWARE, &chosen())).expect("written");
        let dtc =
            std::process::Command::new("dtc").args(["-I", "dtb", "-O", "dts"]).arg(&path).output();
        let Ok(output) = dtc else {
            eprintln!("skipped: no dtc");
            return;
        };
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    }
}
