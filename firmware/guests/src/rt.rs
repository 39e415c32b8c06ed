//! Start-up and traps of a guest: S-mode, no paging, one stack, traps from S- and U-mode.

use core::arch::naked_asm;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::text::Hex;
use crate::{csr_read, csr_write, print, sbi};

/// The interrupted program, as the trap vector saves it and restores it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Frame {
    /// x1 to x31; [`Frame::x`] gives them by number.
    registers: [u32; 31],
    /// `sepc`: where to go on.
    pub pc: u32,
    /// `sstatus`: the mode to go on in.
    pub status: u32,
    /// `scause`.
    pub cause: u32,
    /// `stval`.
    pub tval: u32,
    /// Keeps the stack pointer a multiple of 16.
    padding: u32,
}

/// Bytes of a [`Frame`], as the trap vector counts on it.
const FRAME_SIZE: usize = 144;
const _: () = assert!(size_of::<Frame>() == FRAME_SIZE);

impl Frame {
    /// Register x1 to x31.
    pub fn x(&mut self, number: usize) -> &mut u32 {
        &mut self.registers[number - 1]
    }

    /// Steps over the instruction that trapped. It must be readable.
    pub fn skip(&mut self) {
        // SAFETY: the caller says that the instruction was fetched, so its first half is RAM.
        let half = unsafe { (self.pc as *const u16).read_volatile() };
        self.pc += if half & 3 == 3 { 4 } else { 2 };
    }
}

/// What a guest does about a trap: changes the frame, then the frame is restored.
pub type TrapHandler = fn(&mut Frame);

static HANDLER: AtomicUsize = AtomicUsize::new(0);

/// Sets the handler of all traps. Without one a trap ends the guest with a message.
pub fn set_trap_handler(handler: TrapHandler) {
    HANDLER.store(handler as usize, Ordering::Relaxed);
}

/// Prints what a trap was and ends the guest.
pub fn unexpected_trap(frame: &Frame) -> ! {
    print!("unexpected trap: cause ", Hex(frame.cause), " at ", Hex(frame.pc));
    print!(" value ", Hex(frame.tval), "\n");
    sbi::shutdown(false)
}

extern "C" fn dispatch(frame: &mut Frame) {
    frame.cause = csr_read!("scause");
    frame.tval = csr_read!("stval");
    match HANDLER.load(Ordering::Relaxed) {
        0 => unexpected_trap(frame),
        handler => {
            // SAFETY: only `set_trap_handler` stores here, and it stores a `TrapHandler`.
            let handler = unsafe { core::mem::transmute::<usize, TrapHandler>(handler) };
            handler(frame);
        }
    }
}

/// First instruction of a guest: a0 = hart (0), a1 = device tree (unused, may be 0).
///
/// # Safety
/// Called once, by the firmware, in S-mode with paging off.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.start")]
pub unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        ".option push",
        ".option norelax",
        "la gp, __global_pointer$",
        ".option pop",
        "csrw sie, zero",
        "csrw sscratch, zero",
        "la sp, __stack_top",
        "la t0, __bss_start",
        "la t1, __bss_end",
        "j 2f",
        "1: sw zero, 0(t0)",
        "addi t0, t0, 4",
        "2: bltu t0, t1, 1b",
        "j {start}",
        start = sym start,
    )
}

extern "C" fn start() -> ! {
    unsafe extern "Rust" {
        safe fn guest_main() -> bool;
    }
    // SAFETY: the vector is aligned to 4 and lives as long as the guest.
    unsafe { csr_write!("stvec", trap_vector as *const () as u32) };
    sbi::shutdown(guest_main())
}

/// Names the guest's main function; what it returns says whether the guest ended well.
#[macro_export]
macro_rules! guest {
    ($main:path) => {
        #[unsafe(no_mangle)]
        fn guest_main() -> bool {
            $main()
        }
    };
}

/// `sscratch` is 0 while S-mode runs, and S-mode's stack pointer while U-mode runs.
#[unsafe(naked)]
#[unsafe(link_section = ".text.trap")]
extern "C" fn trap_vector() {
    naked_asm!(
        ".balign 4",
        "csrrw sp, sscratch, sp",
        "bnez sp, 1f",
        "csrr sp, sscratch",
        "1: addi sp, sp, -{size}",
        "sw x1, 0(sp)",
        ".irp n,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
        "sw x\\n, 4*(\\n-1)(sp)",
        ".endr",
        "csrrw t0, sscratch, zero",
        "sw t0, 4(sp)",
        "csrr t0, sepc",
        "sw t0, 124(sp)",
        "csrr t0, sstatus",
        "sw t0, 128(sp)",
        // U-mode may have left anything in gp.
        ".option push",
        ".option norelax",
        "la gp, __global_pointer$",
        ".option pop",
        "mv a0, sp",
        "jal {dispatch}",
        "lw t0, 124(sp)",
        "csrw sepc, t0",
        "lw t0, 128(sp)",
        "csrw sstatus, t0",
        "andi t0, t0, 0x100",
        "bnez t0, 2f",
        "addi t0, sp, {size}",
        "csrw sscratch, t0",
        "2: lw x1, 0(sp)",
        ".irp n,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
        "lw x\\n, 4*(\\n-1)(sp)",
        ".endr",
        "lw sp, 4(sp)",
        "sret",
        size = const FRAME_SIZE,
        dispatch = sym dispatch,
    )
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // The message would bring in all of `core::fmt`.
    print!("guest panicked\n");
    sbi::shutdown(false)
}
