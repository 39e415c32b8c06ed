//! Synthesis of duo, with its netlist: what is redundant is there as often as in the sources, and netlists in which it is
//! not are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use covert_fpga::error::{Error, Fault};
use covert_fpga::netlist::{Bit, Design};
use covert_fpga::{Plan, Request, redundancy, synth};

/// Words for the block RAM: what they say does not matter here.
const FIRMWARE: &str = "00000013\n30529073\n";

fn request(out: &Path) -> Request {
    Request {
        board: "ulx3s".into(),
        chip: "duo".into(),
        target: Some("board".into()),
        out: out.to_owned(),
        synth_only: true,
        seed: 1,
        seeds: 1,
        firmware: FIRMWARE.repeat(64),
        injector: false,
    }
}

fn target_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// What synthesis read and made, or None without the project's tools.
fn synthesised() -> Option<&'static (Design, Design, covert_fpga::report::Report)> {
    static BUILT: OnceLock<Option<(Design, Design, covert_fpga::report::Report)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let out = target_folder().join("duo");
        let plan = match Plan::new(request(&out)) {
            Err(Error::ToolMissing { .. }) => return None,
            plan => plan.expect("a plan"),
        };
        let report = plan.build(&mut |_| {}).expect("duo is synthesised");
        let read = Design::read(&out.join(synth::READ)).expect("a design");
        let netlist = Design::read(&out.join(synth::NETLIST)).expect("a netlist");
        Some((read, netlist, report))
    });
    if built.is_none() {
        eprintln!("skipped: no Yosys in the project's cache (make setup)");
    }
    built.as_ref()
}

/// The refusal of a netlist that was changed.
#[track_caller]
fn refused(read: &Design, change: impl FnOnce(&mut Design)) -> String {
    let (_, netlist, _) = synthesised().expect("it was there a moment ago");
    let mut netlist = netlist.clone();
    change(&mut netlist);
    match redundancy::check(read, &netlist, 2) {
        Err(error @ Error::Redundancy(_)) => {
            assert_eq!(error.fault(), Fault::Design);
            error.to_string()
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// The name of the only module that `wanted` holds for.
fn module(design: &Design, wanted: &str) -> String {
    let mut names = design.modules.keys().filter(|name| design.source_name(name) == wanted);
    let name = names.next().unwrap_or_else(|| panic!("no module {wanted}")).clone();
    assert_eq!(names.next(), None, "{wanted} twice");
    name
}

/// Gives `gen_tile[1].u_tile` a module of its own, so that it can be changed alone.
fn own_module(netlist: &mut Design) -> String {
    let (chip, tile) = (module(netlist, "covert_chip"), module(netlist, "covert_tile"));
    let copy = netlist.modules[&tile].clone();
    netlist.modules.insert("copy".into(), copy);
    let cells = &mut netlist.modules.get_mut(&chip).expect("the chip").cells;
    cells.get_mut("gen_tile[1].u_tile").expect("tile 1").kind = "copy".into();
    "copy".into()
}

fn connection<'a>(
    design: &'a mut Design,
    module: &str,
    cell: &str,
    port: &str,
) -> &'a mut Vec<Bit> {
    let module = design.modules.get_mut(module).expect("a module");
    let cell = module.cells.get_mut(cell).unwrap_or_else(|| panic!("no cell {cell}"));
    cell.connections.get_mut(port).unwrap_or_else(|| panic!("no port {port}"))
}

// One test: the netlist is made once for each process.
#[test]
fn redundancy_survives_synthesis_and_its_loss_is_seen() {
    let Some((read, netlist, report)) = synthesised() else { return };
    let found = redundancy::check(read, netlist, 2).expect("redundant");
    assert_eq!(report.redundancy, found);
    assert_eq!(found.tiles, 2);
    assert!(found.tile_flip_flops > 2000 && found.tile_memories > 100, "{found:?}");
    // What the comparator collects of each tile alone: 2 x 72.
    assert!(found.unit_bits > 144 && found.links > 500, "{found:?}");

    let tiles: Vec<_> = report.parts.iter().filter(|part| part.module == "covert_tile").collect();
    assert_eq!(tiles.len(), 2);
    assert_eq!(tiles[0].area, tiles[1].area);
    // Caches in block RAM, register file in LUT RAM, multiplier in multipliers.
    assert!(tiles[0].area.dp16kd >= 16 && tiles[0].area.dpr16x4 >= 32, "{:?}", tiles[0].area);
    assert_eq!(tiles[0].area.mult18, 4);
    for name in ["covert_core", "covert_mmu", "covert_icache", "covert_dcache", "covert_unit"] {
        let mut parts = report.parts.iter().filter(|part| part.module == name).peekable();
        assert!(parts.peek().is_some(), "no {name}");
        assert!(parts.all(|part| part.area.lut4 > 100 && part.area.ff > 50), "{name}");
    }
    let inside: u64 = tiles.iter().map(|part| part.area.ff).sum();
    assert!(inside < report.area.ff && report.area.luts() < report.resources["LUT4"]);

    a_flip_flop_less_is_seen(read);
    wires_between_tiles_are_seen(read);
    missing_hierarchy_is_seen(read);
    lost_registers_of_the_unit_are_seen(read);
    if std::env::var_os("COVERT_TEST_FULL").is_some_and(|text| !text.is_empty()) {
        a_netlist_made_without_care_is_refused(read);
    }
}

fn a_flip_flop_less_is_seen(read: &Design) {
    let text = refused(read, |netlist| {
        let tile = own_module(netlist);
        let cells = &mut netlist.modules.get_mut(&tile).expect("tile 1").cells;
        let name =
            cells.iter().find(|(_, cell)| cell.kind == "TRELLIS_FF").map(|(name, _)| name.clone());
        cells.remove(&name.expect("a flip-flop"));
    });
    assert!(text.contains("tile 0 and tile 1 differ: TRELLIS_FF"), "{text}");
    let text = refused(read, |netlist| {
        let tile = own_module(netlist);
        let cells = &mut netlist.modules.get_mut(&tile).expect("tile 1").cells;
        cells.retain(|_, cell| cell.kind != "DP16KD");
    });
    assert!(text.contains("tile 0 and tile 1 differ"), "{text}");
}

fn wires_between_tiles_are_seen(read: &Design) {
    // Gate 1 hears tile 0 instead of its own.
    let text = refused(read, |netlist| {
        let chip = module(netlist, "covert_chip");
        let other = connection(netlist, &chip, "gen_tile[0].u_tile", "req_wdata_o").clone();
        *connection(netlist, &chip, "gen_tile[1].u_gate", "tile_req_wdata_i") = other;
    });
    assert!(text.contains("gen_tile[1].u_gate.tile_req_wdata_i[0] is driven by"), "{text}");
    // One wire of it, on the other side: the unit compares tile 0 with itself.
    let text = refused(read, |netlist| {
        let chip = module(netlist, "covert_chip");
        let bits = connection(netlist, &chip, "u_unit", "tx_wdata_i");
        bits[32 + 7] = bits[7].clone();
    });
    assert!(text.contains("u_unit.tx_wdata_i[39] is driven by"), "{text}");
    // A tile's input tied.
    let text = refused(read, |netlist| {
        let chip = module(netlist, "covert_chip");
        connection(netlist, &chip, "gen_tile[1].u_tile", "rsp_valid_i")[0] =
            Bit::Constant("0".into());
    });
    assert!(text.contains("tile 1 are constant"), "{text}");
}

fn missing_hierarchy_is_seen(read: &Design) {
    let text = refused(read, |netlist| {
        let chip = module(netlist, "covert_chip");
        netlist.modules.get_mut(&chip).expect("the chip").cells.remove("gen_tile[1].u_gate");
    });
    assert!(text.contains("gen_tile[1].u_gate is no module of its own in the netlist"), "{text}");
}

fn lost_registers_of_the_unit_are_seen(read: &Design) {
    let side = |design: &Design, tile: u32| {
        module(design, &format!("covert_comparator_n2_hdl$side${tile}"))
    };
    let remove = |netlist: &mut Design, tile: u32| {
        let side = side(netlist, tile);
        let cells = &mut netlist.modules.get_mut(&side).expect("a side").cells;
        let flip_flops = cells.iter().filter(|(_, cell)| cell.kind == "TRELLIS_FF");
        let name = flip_flops.map(|(name, _)| name.clone()).next();
        cells.remove(&name.expect("a flip-flop"));
    };
    let text = refused(read, |netlist| remove(netlist, 1));
    assert!(text.contains("tile 0 and tile 1 differ: TRELLIS_FF"), "{text}");
    // In all of them.
    let text = refused(read, |netlist| (0..2).for_each(|tile| remove(netlist, tile)));
    assert!(text.contains("has no flip-flop"), "{text}");
    // Tile 1's record gone, and shared: what is named after it is tile 0's.
    let record = |netlist: &Design, tile: u32| {
        let (unit, end) = (module(netlist, "covert_unit"), format!(".det_addr_q${tile}"));
        let mut cells = netlist.modules[&unit].cells.iter();
        let found =
            cells.find(|(name, cell)| name.ends_with(&end) && netlist.instance_of(cell).is_some());
        (unit, found.unwrap_or_else(|| panic!("no instance {end}")).0.clone())
    };
    let text = refused(read, |netlist| {
        let (unit, second) = record(netlist, 1);
        netlist.modules.get_mut(&unit).expect("the unit").cells.remove(&second);
    });
    assert!(text.contains("only 1 of"), "{text}");
    let text = refused(read, |netlist| {
        let ((unit, first), (_, second)) = (record(netlist, 0), record(netlist, 1));
        let shared = connection(netlist, &unit, &first, "q").clone();
        let gone = std::mem::replace(connection(netlist, &unit, &second, "q"), shared.clone());
        let module = netlist.modules.get_mut(&unit).expect("the unit");
        for bit in module.netnames.values_mut().flat_map(|name| &mut name.bits) {
            if let Some(at) = gone.iter().position(|one| one == bit) {
                *bit = shared[at].clone();
            }
        }
    });
    assert!(text.contains("has no flip-flop of its own"), "{text}");
}

/// Without the attributes that keep modules the same script makes a netlist that is refused.
fn a_netlist_made_without_care_is_refused(read: &Design) {
    let out = target_folder().join("careless");
    fs::create_dir_all(&out).expect("a folder");
    let script =
        fs::read_to_string(target_folder().join("duo").join(synth::SCRIPT)).expect("a script");
    let careless: String = script
        .lines()
        .filter(|line| !line.contains("keep_hierarchy"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(careless.lines().count() < script.lines().count());
    fs::write(out.join(synth::FIRMWARE), FIRMWARE.repeat(64)).expect("it can be written");
    fs::write(out.join(synth::SCRIPT), careless).expect("it can be written");
    let mut yosys: Command = covert_fpga::tool::Tools::new().command("yosys").expect("Yosys");
    let status = yosys.args(["-q", synth::SCRIPT]).current_dir(&out).status().expect("it starts");
    assert!(status.success());
    let netlist = Design::read(&out.join(synth::NETLIST)).expect("a netlist");
    let error = redundancy::check(read, &netlist, 2).expect_err("refused");
    assert!(error.to_string().contains("no module of its own"), "{error}");
}
