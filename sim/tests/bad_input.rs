//! Bad input is one clear line on stderr, exit code 2, and no result.

mod common;

use std::fs;

use common::{assemble, covert, refused, run, text};

#[test]
fn images_that_are_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let good = fs::read(assemble("hello", &[], dir.path())).expect("assembled");
    let changed = |offset: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[offset..offset + bytes.len()].copy_from_slice(bytes);
        file
    };
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty", Vec::new(), "not an ELF file"),
        ("text", b"#!/bin/sh\n".to_vec(), "not an ELF file"),
        ("magic", good[..4].to_vec(), "truncated"),
        ("header", good[..30].to_vec(), "truncated"),
        ("body", good[..good.len() / 2].to_vec(), "truncated"),
        ("tail", good[..good.len() - 1].to_vec(), "truncated"),
        ("class", changed(4, &[2]), "not a 32-bit"),
        ("order", changed(5, &[2]), "little-endian"),
        ("machine", changed(18, &[0x3e, 0]), "another machine"),
        ("type", changed(16, &[3, 0]), "fixed addresses"),
        ("entry", changed(24, &[0, 0, 0, 0x10]), "entry"),
    ];
    for (name, bytes, message) in cases {
        let path = write(name, bytes);
        let json = dir.path().join("never.json");
        for bare in [true, false] {
            let mut arguments = vec!["run", text(&path), "--json", text(&json)];
            arguments.extend(bare.then_some("--bare"));
            let line = refused(&arguments);
            assert!(line.contains(message), "{name}: {line}");
            assert!(line.contains(text(&path)), "{name}: {line}");
            assert!(!json.exists());
        }
    }
}

#[test]
fn images_outside_ram() {
    let dir = tempfile::tempdir().expect("a folder");
    let good = fs::read(assemble("hello", &[], dir.path())).expect("assembled");
    let table = u32::from_le_bytes([good[28], good[29], good[30], good[31]]) as usize;
    let count = u16::from_le_bytes([good[44], good[45]]) as usize;
    let load = (0..count)
        .map(|i| table + 32 * i)
        .find(|at| good[*at..at + 4] == [1, 0, 0, 0])
        .expect("a segment to load");
    for address in [0x1000_u32, 0x7fff_f000, 0x8040_0000, 0xffff_fff0] {
        let mut file = good.clone();
        file[load + 12..load + 16].copy_from_slice(&address.to_le_bytes());
        let path = dir.path().join("outside");
        fs::write(&path, file).expect("written");
        let line = refused(&["run", text(&path), "--ram", "4M"]);
        assert!(line.contains("outside RAM 0x80000000..0x080400000"), "{line}");
    }
}

#[test]
fn files_that_are_not_there() {
    let line = refused(&["run", "/nowhere/at/all"]);
    assert!(line.contains("/nowhere/at/all: no such file"), "{line}");
    let line = refused(&["run", "computer"]);
    assert!(line.contains("no built-in guest `computer`") && line.contains("compute,"), "{line}");
    let line = refused(&["run", "compute", "--stdin", "/nowhere/input"]);
    assert!(line.contains("/nowhere/input: no such file"), "{line}");
    let line = refused(&["run", "compute", "--json", "/nowhere/result.json"]);
    assert!(
        line.contains("cannot write /nowhere/result.json: its folder does not exist"),
        "{line}"
    );
}

#[test]
fn options_that_do_not_fit() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "compute", "--chip", "duet"], "--chip"),
        (&["run", "compute", "--chip", "trio"], "trio is not built yet"),
        (&["run", "compute", "--chip", "solo", "--mode", "dmr"], "dmr needs two"),
        (&["run", "compute", "--mode", "tmr"], "only none and dmr"),
        (&["run", "compute", "--bare", "--mode", "dmr"], "without the VMM"),
        (&["run", "compute", "--signature", "x"], "--bare"),
        (&["run", "compute", "--ram", "5000"], "--ram"),
        (&["run", "compute", "--ram", "32M"], "--ram"),
        (&["run", "compute", "--epoch", "99"], "--epoch"),
        (&["run", "compute", "--max-attempts", "256"], "--max-attempts"),
        (&["run", "compute", "--mem-latency", "0"], "write sdram, CYCLES or MIN..MAX"),
        (&["run", "compute", "--memory", "dram"], "--memory"),
        (&["run", "compute", "--keys", "none"], "--keys"),
        (&["run", "compute", "--protect-at", "5", "--unprotect-at", "5"], "two switches"),
        (&["run", "compute", "--mode", "none", "--unprotect-at", "5"], "nothing to take back"),
        (&["run", "compute", "--trace", "x.fst@9..3"], "--trace"),
        (&["run", "compute", "--frobnicate"], "--frobnicate"),
        (&["run"], "<IMAGE>"),
        (&["fly"], "fly"),
    ];
    for (arguments, message) in cases {
        let line = refused(arguments);
        assert!(line.contains(message), "{line}");
    }
}

/// An image that begins as a kernel for RV32 does.
fn kernel(size: u64, text_offset: u64) -> Vec<u8> {
    let mut file = vec![0; 4096];
    file[8..16].copy_from_slice(&text_offset.to_le_bytes());
    file[16..24].copy_from_slice(&size.to_le_bytes());
    file[48..53].copy_from_slice(b"RISCV");
    file[56..60].copy_from_slice(b"RSC\x05");
    file
}

#[test]
fn kernels_that_do_not_fit() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let small = write("small", &kernel(0x10_0000, 0x40_0000));
    let large = write("large", &kernel(0x1f0_0000, 0x40_0000));
    let wide = write("wide", &kernel(0x10_0000, 0x20_0000));
    let initrd = write("initrd", &vec![0; 16 << 20]);
    let heavy = write("heavy", &vec![0; 31 << 20]);
    let empty = write("empty", b"");
    let text_file = write("text", b"no device tree");
    let [small, large, wide, initrd, heavy, empty, text_file] =
        [&small, &large, &wide, &initrd, &heavy, &empty, &text_file].map(|path| text(path));
    let cases: &[(&[&str], &str)] = &[
        (&[large], "there are 16777216: try --ram 32M"),
        (
            &[large, "--ram", "31M"],
            "needs 32509952 bytes of RAM (kernel up to 0x1f00000, initrd 0,",
        ),
        (&[small, "--ram", "1M"], "try --ram 2M"),
        (&[small, "--initrd", initrd], "initrd 16777216"),
        (&[small, "--initrd", heavy, "--ram", "31M"], "try --ram 33M"),
        (&[wide], "made for offset 0x200000 of RAM"),
        (&[small, "--initrd", empty], "--initrd"),
        (&[small, "--initrd", "/nowhere/initrd"], "/nowhere/initrd: no such file"),
        (&[small, "--dtb", text_file], "not a device tree"),
        (&[small, "--dtb", "/nowhere/x.dtb"], "/nowhere/x.dtb: no such file"),
        (&["compute", "--initrd", initrd], "--initrd: compute is no Linux image"),
        (&["compute", "--dtb", text_file], "not a device tree"),
        (&["compute", "--dump-dtb", "/nowhere/x.dtb"], "cannot write /nowhere/x.dtb"),
        (&["compute", "--bare", "--append", "x"], "--bare runs without the VMM: no --append"),
    ];
    for (arguments, message) in cases {
        let line = refused(&[&["run"], *arguments].concat());
        assert!(line.contains(message), "{line}");
    }
}

#[test]
fn linux_that_is_not_built() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |name: &str| {
        let mut command = covert(&["run", name]);
        let output = command.env("COVERT_CACHE", dir.path()).output().expect("the command starts");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("text")
    };
    let line = run("linux-6.12");
    assert!(line.contains("linux-6.12/Image: no such file; `make build` builds it"), "{line}");
    let folder = dir.path().join("linux-6.1");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join("Image"), kernel(0x10_0000, 0x40_0000)).expect("written");
    let line = run("linux");
    assert!(line.contains("userland/initrd.cpio: no such file; `make build`"), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn disks_that_are_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let odd = dir.path().join("odd");
    fs::write(&odd, [0; 1000]).expect("written");
    let empty = dir.path().join("empty");
    fs::write(&empty, []).expect("written");
    for (disk, message) in [
        ("/nowhere/disk.img", "--disk /nowhere/disk.img: no such file"),
        (text(&odd), "has 1000 bytes, which is no multiple of 512"),
        (text(&empty), "is empty"),
        (text(dir.path()), "neither a file nor a block device"),
    ] {
        let line = refused(&["run", "compute", "--disk", disk]);
        assert!(line.contains(message), "{line}");
    }
    let line = refused(&["run", "compute", "--bare", "--disk", text(&odd)]);
    assert!(line.contains("no --disk"), "{line}");
}

#[test]
fn networks_that_are_none() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = taken.local_addr().expect("an address").port();
    let forward = format!("user,udp={port}:7");
    for (spec, message) in [
        ("usr", "`usr` is none of user, udp=, echo, tap=, pcap="),
        ("user,udp=7", "`udp=7`: two ports: HOSTPORT:GUESTPORT"),
        ("user,tap=tap0", "user and tap= do not go together"),
        ("echo", "echo needs `user` before it"),
        ("user,pcap=/nowhere/x.pcap", "cannot write /nowhere/x.pcap"),
        (&forward, "--net: cannot listen on UDP port"),
        ("tap=covert/0", "no name of a network device"),
    ] {
        let line = refused(&["run", "compute", "--net", spec]);
        assert!(line.contains(message), "{line}");
    }
    let line = refused(&["run", "compute", "--net", "user", "--inject", "random:2:1"]);
    assert!(line.contains("needs a repeatable run"), "{line}");
}

#[test]
fn injections_that_are_none() {
    let cases = [
        ("seu:tile0.core.nothing_at_all_q[0]@5", "no state `tile0.core.nothing_at_all_q`"),
        ("seu:tile7.core.pc_q[0]@5", "no state `tile7.core.pc_q`"),
        ("mem:9:0x80000000[0]@5", "tile 9 is not on this chip"),
        ("mem:0:0x10000000[0]@5", "0x10000000 is not in a tile's memory"),
        ("seu:tile0@5", "tile0"),
        ("nonsense", "is no injection"),
        ("random:5", "is no injection"),
    ];
    for (spec, message) in cases {
        let line = refused(&["run", "compute", "--chip", "duo", "--inject", spec]);
        assert!(line.contains(message), "{line}");
    }
}

#[test]
fn an_injection_behind_the_end_is_reported() {
    let dir = tempfile::tempdir().expect("a folder");
    let program = assemble("hello", &[], dir.path());
    let spec = "mem:0:0x80000100[3]@999999999";
    let (result, _) = run(&[text(&program), "--bare", "--inject", spec], 0, dir.path());
    assert_eq!(result["injections"][0]["effect"], "not-reached");
    assert_eq!(result["injections"][0]["cycle"], 999_999_999);
    let output =
        covert(&["run", text(&program), "--bare", "--inject", spec]).output().expect("runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("never reached"), "{stderr}");
}

#[test]
fn builds_for_a_board_that_cannot_be() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("out");
    let build = |more: &[&'static str]| {
        let mut arguments = vec!["fpga", "build", "--synth-only"];
        arguments.extend(more);
        if !more.contains(&"--out") {
            arguments.extend(["--out", text(&out)]);
        }
        refused(&arguments)
    };
    assert!(build(&[]).contains("--board"));
    assert!(build(&["--board", "none"]).contains("no board `none`; there is: ulx3s"));
    assert!(
        build(&["--board", "ulx3s", "--chip", "solo"])
            .contains("does not carry the chip `solo`, but: duo, quad")
    );
    assert!(build(&["--board", "ulx3s", "--chip", "octo"]).contains("octo"));
    assert!(
        build(&["--board", "ulx3s", "--target", "none"])
            .contains("no target `none`; the board has: board, board-25, chip")
    );
    assert!(
        build(&["--board", "ulx3s", "--target", "chip", "--injector"])
            .contains("target `chip` has no fault injector")
    );
    assert!(build(&["--board", "ulx3s", "--seeds", "0"]).contains("--seeds"));
    assert!(build(&["--board", "ulx3s", "--seed", "x"]).contains("--seed"));
    assert!(!out.exists());
    if common::has_yosys() {
        assert!(
            build(&["--board", "ulx3s", "--out", "/proc/none"]).contains("cannot write /proc/none")
        );
    }

    // A cache without tools.
    let mut command = covert(&["fpga", "build", "--board", "ulx3s", "--out", text(&out)]);
    let output = command.env("COVERT_CACHE", dir.path()).output().expect("the command starts");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!(stderr, "covert: fpga: yosys is not installed; run `make setup-fpga`\n");
    assert!(!out.exists());
}

#[test]
fn what_a_board_cannot_follow() {
    let dir = tempfile::tempdir().expect("a folder");
    let never = dir.path().join("never.img");
    let image = |arguments: &[&str]| {
        let line =
            refused(&[&["fpga", "image", "compute", "--out", text(&never)], arguments].concat());
        assert!(!never.exists(), "{arguments:?}");
        line
    };
    let foreign: &[&[&str]] = &[
        &["--bare"],
        &["--stdin", "/dev/null"],
        &["--net", "user"],
        &["--memory", "5"],
        &["--inject", "seu:tile1.core.pc_q[3]@1000"],
        &["--max-cycles", "5"],
        &["--json", "never.json"],
    ];
    for arguments in foreign {
        let line = image(arguments);
        assert!(line.contains(arguments[0]) && line.contains("board"), "{line}");
    }
    let line = image(&["--chip", "solo"]);
    assert!(line.contains("does not carry the chip `solo`, but: duo, quad"), "{line}");
    assert!(image(&["--board", "none"]).contains("no board `none`; there is: ulx3s"));
    assert!(image(&["--chip", "duo", "--ram", "6660K"]).contains("6656K"));
    assert!(image(&["--chip", "quad", "--ram", "6656K"]).contains("3072K"));
    assert!(image(&["--disk", "/nonexistent/disk"]).contains("/nonexistent/disk"));

    // Where nothing can be written, and what is no image.
    let line = refused(&["fpga", "image", "compute", "--out", "/nonexistent/card.img"]);
    assert!(line.contains("/nonexistent"), "{line}");
    let line = refused(&["fpga", "firmware", "--out", "/nonexistent/firmware.hex"]);
    assert!(line.contains("/nonexistent"), "{line}");
    let other = dir.path().join("other");
    fs::write(&other, b"no image of a card").expect("written");
    let line = refused(&["fpga", "load", "/nonexistent/port", text(&other)]);
    assert!(line.contains(text(&other)), "{line}");
    let line = refused(&["fpga", "load", "/nonexistent/port", "/nonexistent/card.img"]);
    assert!(line.contains("card.img"), "{line}");

    // A good one, but nowhere to send it.
    let good = dir.path().join("card.img");
    let made =
        covert(&["fpga", "image", "compute", "--chip", "duo", "--out", text(&good)]).output();
    assert!(made.expect("the command starts").status.success());
    let line = refused(&["fpga", "load", "/nonexistent/port", text(&good)]);
    assert!(line.contains("/nonexistent/port"), "{line}");
}
