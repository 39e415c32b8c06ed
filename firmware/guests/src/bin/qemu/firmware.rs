//! The M-mode code of both stand-in firmwares: SBI over QEMU's semihosting and CLINT. What differs is in the
//! crate's root: [`MACHINE`].

use core::arch::{asm, naked_asm};
use core::ptr;

use covert_abi::layout::{CLINT_BASE, CLINT_MTIMECMP};
use covert_guests::sbi::{ERR_FAILED, ERR_INVALID_PARAM, ERR_NOT_SUPPORTED, Ret, ext};

use crate::MACHINE;

/// What a guest finds below it.
pub struct Machine {
    /// RAM in which SBI takes a guest's buffers.
    pub ram: u32,
    /// Bytes of it.
    pub ram_size: u32,
    /// Where the guest starts.
    pub entry: u32,
    /// PMP entries 0 and 1: addresses as in `pmpaddr`.
    pub pmp: [u32; 2],
    /// Their permissions, as in `pmpcfg0`; decided at the start.
    pub permissions: fn() -> u32,
    /// Only the legacy calls; asked at each call.
    pub legacy: fn() -> bool,
    /// Legacy getchar says EOT, not "nothing yet", once the input is at its end.
    pub eot: bool,
    /// A reboot ends the run as a failure; otherwise it is refused.
    pub reboot_fails: bool,
}

/// A naturally aligned power of two of bytes from `start`, as in `pmpaddr`.
pub const fn napot(start: u32, size: u32) -> u32 {
    start >> 2 | (size / 8 - 1)
}

const MTI: u32 = 1 << 7;
const STI: u32 = 1 << 5;
const CAUSE_MTI: u32 = 0x8000_0007;
const CAUSE_ECALL_S: u32 = 9;

/// Handles that semihosting gave for the host's standard input and output.
#[derive(Clone, Copy)]
#[repr(C)]
struct Files {
    input: u32,
    output: u32,
}

/// a0 to a7 of the guest, as the trap vector saves them, and the open files.
#[repr(C)]
struct Frame {
    a: [u32; 8],
    files: Files,
}

/// # Safety
/// `argument` is what operation `op` expects (ARM's semihosting document).
unsafe fn semihost(op: u32, argument: *const u32) -> u32 {
    let result;
    // SAFETY: QEMU recognises the three instructions and acts on the arguments.
    unsafe {
        asm!(".option push", ".option norvc", ".balign 16",
            "slli zero, zero, 0x1f", "ebreak", "srai zero, zero, 7", ".option pop",
            inlateout("a0") op => result, in("a1") argument, options(nostack));
    }
    result
}

fn open(name: &core::ffi::CStr, mode: u32) -> u32 {
    let arguments = [name.as_ptr() as u32, mode, name.count_bytes() as u32];
    // SAFETY: SYS_OPEN takes name, mode and length of the name.
    unsafe { semihost(1, arguments.as_ptr()) }
}

fn exit(code: u32) -> ! {
    let arguments = [0x2_0026, code];
    // SAFETY: SYS_EXIT_EXTENDED takes a reason ("application exit") and a code.
    unsafe { semihost(0x20, arguments.as_ptr()) };
    loop {
        core::hint::spin_loop();
    }
}

/// Reads or writes; the number of bytes done.
fn transfer(op: u32, file: u32, start: u32, len: u32) -> u32 {
    let arguments = [file, start, len];
    // SAFETY: SYS_READ (6) and SYS_WRITE (5) take handle, address and length, which callers
    // have checked to be in guest RAM or own.
    len - unsafe { semihost(op, arguments.as_ptr()) }.min(len)
}

fn in_guest(start: u32, len: u32) -> bool {
    let end = u64::from(MACHINE.ram) + u64::from(MACHINE.ram_size);
    start >= MACHINE.ram && u64::from(start) + u64::from(len) <= end
}

fn set_timer(low: u32, high: u32) {
    let compare = (CLINT_BASE + CLINT_MTIMECMP) as *mut u32;
    for (word, value) in [(1, u32::MAX), (0, low), (1, high)] {
        // SAFETY: the CLINT's mtimecmp has two words; it never compares low with a wrong high.
        unsafe { compare.wrapping_add(word).write_volatile(value) };
    }
    // SAFETY: the interrupts are this program's own; pending is recomputed by the CLINT.
    unsafe { asm!("csrc mip, {0}", "csrs mie, {1}", in(reg) STI, in(reg) MTI) };
}

fn debug_console(files: Files, function: u32, [len, start, high]: [u32; 3]) -> Ret {
    let failed = |error| Ret { error, value: 0 };
    match function {
        0 | 1 if high != 0 || !in_guest(start, len) => failed(ERR_INVALID_PARAM),
        0 => Ret { error: 0, value: transfer(5, files.output, start, len) },
        1 => match transfer(6, files.input, start, len) {
            0 if len > 0 => failed(ERR_FAILED),
            value => Ret { error: 0, value },
        },
        2 => {
            transfer(5, files.output, ptr::from_ref(&(len as u8)) as u32, 1);
            failed(0)
        }
        _ => failed(ERR_NOT_SUPPORTED),
    }
}

fn getchar(files: Files) -> i32 {
    const EOT: i32 = 4;
    let mut byte = 0_u8;
    match transfer(6, files.input, ptr::from_mut(&mut byte) as u32, 1) {
        0 if MACHINE.eot => EOT,
        0 => -1,
        _ => byte.into(),
    }
}

fn sbi(files: Files, extension: u32, function: u32, args: [u32; 3]) -> Ret {
    let legacy = (MACHINE.legacy)();
    let done = |value| Ret { error: 0, value };
    match (extension, function) {
        (ext::LEGACY_SET_TIMER, _) => {
            set_timer(args[0], args[1]);
            done(args[1])
        }
        (ext::LEGACY_PUTCHAR, _) => {
            transfer(5, files.output, ptr::from_ref(&(args[0] as u8)) as u32, 1);
            done(args[1])
        }
        (ext::LEGACY_GETCHAR, _) => Ret { error: getchar(files), value: args[1] },
        (ext::LEGACY_SHUTDOWN, _) => exit(0),
        (ext::BASE, 0) => done(if legacy { 0x0000_0001 } else { 0x0200_0000 }),
        (ext::BASE, 3) => {
            let known = [ext::BASE, ext::TIME, ext::DBCN, ext::SRST];
            done(u32::from(if legacy { args[0] < 9 } else { known.contains(&args[0]) }))
        }
        (ext::BASE, 1..=6) => done(0),
        _ if legacy => Ret { error: ERR_NOT_SUPPORTED, value: 0 },
        (ext::TIME, 0) => {
            set_timer(args[0], args[1]);
            done(0)
        }
        (ext::DBCN, function) => debug_console(files, function, args),
        (ext::SRST, 0) if args[0] == 0 && args[1] < 2 => exit(args[1]),
        (ext::SRST, 0) if args[0] < 3 && MACHINE.reboot_fails => exit(1),
        (ext::SRST, 0) => Ret { error: ERR_INVALID_PARAM, value: 0 },
        _ => Ret { error: ERR_NOT_SUPPORTED, value: 0 },
    }
}

extern "C" fn trap(frame: &mut Frame) {
    let cause: u32;
    // SAFETY: reading mcause changes nothing.
    unsafe { asm!("csrr {0}, mcause", out(reg) cause, options(nomem, nostack)) };
    match cause {
        CAUSE_MTI => {
            // SAFETY: hands the timer interrupt to S-mode; the next set_timer takes it back.
            unsafe { asm!("csrs mip, {0}", "csrc mie, {1}", in(reg) STI, in(reg) MTI) };
        }
        CAUSE_ECALL_S => {
            let [a0, a1, a2, _, _, _, a6, a7] = frame.a;
            let ret = sbi(frame.files, a7, a6, [a0, a1, a2]);
            frame.a[0] = ret.error as u32;
            frame.a[1] = ret.value;
            // SAFETY: `ecall` is always four bytes; mepc is the guest's.
            unsafe {
                asm!("csrr {0}, mepc", "addi {0}, {0}, 4", "csrw mepc, {0}", out(reg) _);
            }
        }
        _ => exit(4),
    }
}

extern "C" fn start(frame: &mut Frame) {
    frame.files = Files { input: open(c"/dev/stdin", 1), output: open(c"/dev/stdout", 9) };
    let [pmp0, pmp1] = MACHINE.pmp;
    // Causes a guest handles itself: all but its own `ecall`.
    let delegated = 0xb1ff_u32;
    // SAFETY: sets up the guest's machine before the guest starts: PMP, traps and S
    // interrupts delegated, `time` readable but not `cycle`, and S-mode as the mode to return to.
    unsafe {
        asm!(
            "csrw pmpaddr0, {pmp0}", "csrw pmpaddr1, {pmp1}", "csrw pmpcfg0, {permissions}",
            "csrw medeleg, {delegated}", "csrw mideleg, {s_interrupts}",
            "csrw mcounteren, {time}", "csrw satp, zero",
            "csrc mstatus, {mpp}", "csrs mstatus, {mpp_s}", "csrw mepc, {entry}",
            pmp0 = in(reg) pmp0, pmp1 = in(reg) pmp1, permissions = in(reg) (MACHINE.permissions)(),
            delegated = in(reg) delegated, s_interrupts = in(reg) 0x222, time = in(reg) 2,
            mpp = in(reg) 0x1800, mpp_s = in(reg) 0x800, entry = in(reg) MACHINE.entry,
        );
    }
}

/// First instruction: hart 0 in M-mode.
///
/// # Safety
/// Called once, by the machine.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.sbi_start")]
unsafe extern "C" fn _sbi_start() -> ! {
    naked_asm!(
        "mv s1, a1",
        ".option push",
        ".option norelax",
        "la gp, __global_pointer$",
        ".option pop",
        "la sp, __sbi_stack_top - 48",
        "csrw mscratch, sp",
        "la t0, {vector}",
        "csrw mtvec, t0",
        "mv a0, sp",
        "jal {start}",
        // hart 0; what QEMU's reset code left in a1: the device tree, or 0 if that did not run
        "li a0, 0",
        "mv a1, s1",
        "li sp, 0",
        "li gp, 0",
        "mret",
        vector = sym vector,
        start = sym start,
    )
}

/// a0 to a7 go to the [`Frame`] at mscratch; the rest of the caller-saved registers and gp below it.
#[unsafe(naked)]
#[unsafe(link_section = ".text.trap")]
extern "C" fn vector() {
    naked_asm!(
        ".balign 4",
        "csrrw sp, mscratch, sp",
        ".irp n,0,1,2,3,4,5,6,7",
        "sw a\\n, 4*\\n(sp)",
        ".endr",
        "mv a0, sp",
        "addi sp, sp, -48",
        ".irp n,0,1,2,3,4,5,6",
        "sw t\\n, 4*\\n(sp)",
        ".endr",
        "sw ra, 28(sp)",
        "sw gp, 32(sp)",
        "sw a0, 36(sp)",
        ".option push",
        ".option norelax",
        "la gp, __global_pointer$",
        ".option pop",
        "jal {trap}",
        ".irp n,0,1,2,3,4,5,6",
        "lw t\\n, 4*\\n(sp)",
        ".endr",
        "lw ra, 28(sp)",
        "lw gp, 32(sp)",
        "addi sp, sp, 48",
        ".irp n,0,1,2,3,4,5,6,7",
        "lw a\\n, 4*\\n(sp)",
        ".endr",
        "csrrw sp, mscratch, sp",
        "mret",
        trap = sym trap,
    )
}
