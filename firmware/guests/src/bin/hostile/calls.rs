//! SBI calls with arguments that a careless firmware would believe.

use core::arch::asm;

use covert_abi::layout;
use covert_guests::sbi::{self, ERR_INVALID_PARAM, ERR_NOT_SUPPORTED, Ret, ext};
use covert_guests::text::{Show, Sink};

use crate::probe::Tally;

/// Name of a call's line.
struct Call<'a>(&'a str);

impl Show for Call<'_> {
    fn show(&self, sink: &mut dyn Sink) {
        sink.put(b"S call ");
        self.0.show(sink);
    }
}

/// How a call ended.
struct Error(i32);

impl Show for Error {
    fn show(&self, sink: &mut dyn Sink) {
        sink.put(b"error ");
        self.0.show(sink);
    }
}

fn expect(tally: &mut Tally, name: &str, eid: u32, fid: u32, args: [u32; 3], error: i32) {
    // SAFETY: a call that writes memory is one that must be refused, and is a breach otherwise.
    let ret = unsafe { sbi::call(eid, fid, args) };
    if ret.error == error {
        tally.contained(&Call(name), &Error(error));
    } else {
        tally.breach(&Call(name), &Error(ret.error));
    }
}

/// All probes of this module.
pub fn probe_all(tally: &mut Tally, ram_end: u32) {
    buffers(tally, ram_end);
    numbers(tally);
    legacy_pointer(tally);
    registers(tally);
}

/// Console buffers (length, start, high word of the start) that are not wholly the guest's.
fn buffers(tally: &mut Tally, ram_end: u32) {
    const LEN: u32 = 16;
    for (place, args) in [
        ("vmm image", [LEN, layout::VMM_BASE, 0]),
        ("vmm state", [LEN, layout::STATE_BASE, 0]),
        ("unit", [LEN, layout::UNIT_BASE, 0]),
        ("uart", [LEN, layout::UART_BASE, 0]),
        ("address 0", [LEN, 0, 0]),
        ("over the start of ram", [LEN, layout::GUEST_BASE - 8, 0]),
        ("over the end of ram", [LEN, ram_end - 8, 0]),
        ("behind ram", [LEN, ram_end, 0]),
        ("round the end", [LEN, 0xffff_fff8, 0]),
        ("of all memory", [u32::MAX, layout::GUEST_BASE, 0]),
        ("that ends at 0", [0x8000_0000, layout::GUEST_BASE, 0]),
        ("above 4 GiB", [LEN, layout::GUEST_BASE, 1]),
    ] {
        for (deed, function) in [("write from", 0), ("read to", 1)] {
            let mut name = [0; 48];
            let text = join(&mut name, [deed, " ", place]);
            expect(tally, text, ext::DBCN, function, args, ERR_INVALID_PARAM);
        }
    }
}

fn join<'a>(buffer: &'a mut [u8; 48], parts: [&str; 3]) -> &'a str {
    let mut len = 0;
    for byte in parts.iter().flat_map(|part| part.bytes()).take(buffer.len()) {
        buffer[len] = byte;
        len += 1;
    }
    str::from_utf8(&buffer[..len]).unwrap_or("name")
}

/// Extensions and functions that do not exist, and resets that must not happen.
fn numbers(tally: &mut Tally) {
    for (name, eid, fid, args, error) in [
        ("extension ffffffff", u32::MAX, 0, [0; 3], ERR_NOT_SUPPORTED),
        ("extension 80000000", 0x8000_0000, 0, [0; 3], ERR_NOT_SUPPORTED),
        ("extension 0abcdef0", 0x0abc_def0, 0, [0; 3], ERR_NOT_SUPPORTED),
        ("base function 7", ext::BASE, 7, [0; 3], ERR_NOT_SUPPORTED),
        ("base function -1", ext::BASE, u32::MAX, [0; 3], ERR_NOT_SUPPORTED),
        ("time function 1", ext::TIME, 1, [0; 3], ERR_NOT_SUPPORTED),
        ("console function 3", ext::DBCN, 3, [0; 3], ERR_NOT_SUPPORTED),
        ("console function -1", ext::DBCN, u32::MAX, [0; 3], ERR_NOT_SUPPORTED),
        ("reset function 1", ext::SRST, 1, [0; 3], ERR_NOT_SUPPORTED),
        ("reset type 3", ext::SRST, 0, [3, 0, 0], ERR_INVALID_PARAM),
        ("reset type 7fffffff", ext::SRST, 0, [0x7fff_ffff, 0, 0], ERR_INVALID_PARAM),
        ("reset reason 7fffffff", ext::SRST, 0, [0, 0x7fff_ffff, 0], ERR_INVALID_PARAM),
    ] {
        expect(tally, name, eid, fid, args, error);
    }
    // SAFETY: a probe of an extension writes no memory.
    let ret = unsafe { sbi::call(ext::BASE, 3, [u32::MAX, 0, 0]) };
    if ret == (Ret { error: 0, value: 0 }) {
        tally.contained(&Call("probe of extension ffffffff"), &"none");
    } else {
        tally.breach(&Call("probe of extension ffffffff"), &Error(ret.error));
    }
}

/// The legacy IPI and fence calls take a pointer to a hart mask. A firmware may lack them, and refuse or ignore the
/// pointer, but must come back.
fn legacy_pointer(tally: &mut Tally) {
    for (name, eid) in [("legacy ipi", 4), ("legacy fence.i", 5), ("legacy sfence", 6)] {
        for pointer in [layout::VMM_BASE, 0xffff_fffe] {
            // SAFETY: the call writes no memory.
            unsafe { sbi::call(eid, 0, [pointer, 0, 0]) };
        }
        tally.contained(&Call(name), &"returned");
    }
}

/// A call changes a0 and a1 only.
fn registers(tally: &mut Tally) {
    let mut seen =
        [0x1111_1111_u32, 0x2222_2222, 0x3333_3333, 0x4444_4444, 0x5555_5555, 0x6666_6666];
    let mut more =
        [0x7777_7777_u32, 0x8888_8888, 0x9999_9999, 0xaaaa_aaaa, 0xbbbb_bbbb, 0xcccc_cccc];
    let (before, before_more) = (seen, more);
    // SAFETY: BASE's function 0 writes no memory.
    unsafe {
        asm!("ecall", inlateout("a0") 0 => _, inlateout("a1") 0 => _, in("a6") 0, in("a7") ext::BASE,
            inlateout("t0") seen[0], inlateout("t1") seen[1], inlateout("t2") seen[2],
            inlateout("t3") seen[3], inlateout("t4") seen[4], inlateout("t5") seen[5],
            inlateout("t6") more[0], inlateout("a2") more[1], inlateout("a3") more[2],
            inlateout("a4") more[3], inlateout("a5") more[4], inlateout("s2") more[5],
            options(nostack));
    }
    if (seen, more) == (before, before_more) {
        tally.contained(&Call("and the registers"), &"unchanged");
    } else {
        tally.breach(&Call("and the registers"), &"changed");
    }
}
