//! Calls to the SBI firmware below: BASE, TIME, DBCN and SRST, and the legacy calls that older
//! firmware has in their place.

use core::arch::asm;

/// Extension numbers.
pub mod ext {
    /// Base extension.
    pub const BASE: u32 = 0x10;
    /// Timer, `TIME`.
    pub const TIME: u32 = 0x5449_4D45;
    /// Debug console, `DBCN`.
    pub const DBCN: u32 = 0x4442_434E;
    /// System reset, `SRST`.
    pub const SRST: u32 = 0x5352_5354;
    /// Legacy: set timer.
    pub const LEGACY_SET_TIMER: u32 = 0;
    /// Legacy: write a byte.
    pub const LEGACY_PUTCHAR: u32 = 1;
    /// Legacy: read a byte, -1 if there is none.
    pub const LEGACY_GETCHAR: u32 = 2;
    /// Legacy: power off.
    pub const LEGACY_SHUTDOWN: u32 = 8;
}

/// `SBI_ERR_FAILED`. From DBCN's read: the console's input has ended.
pub const ERR_FAILED: i32 = -1;
/// `SBI_ERR_NOT_SUPPORTED`.
pub const ERR_NOT_SUPPORTED: i32 = -2;
/// `SBI_ERR_INVALID_PARAM`.
pub const ERR_INVALID_PARAM: i32 = -3;

/// What a call returns: a0 and a1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ret {
    /// 0, or a negative error number.
    pub error: i32,
    /// The value asked for.
    pub value: u32,
}

/// Calls function `fid` of extension `eid`.
///
/// # Safety
/// A call that lets the firmware write to memory (DBCN read) must name memory that the caller may
/// have overwritten.
pub unsafe fn call(eid: u32, fid: u32, args: [u32; 3]) -> Ret {
    let (error, value);
    // SAFETY: `ecall` keeps every register but a0 and a1; what it does to memory is the caller's
    // to answer for.
    unsafe {
        asm!("ecall", inlateout("a0") args[0] => error, inlateout("a1") args[1] => value,
            in("a2") args[2], in("a6") fid, in("a7") eid, options(nostack));
    }
    Ret { error, value }
}

/// Whether the firmware offers an extension.
pub fn has(extension: u32) -> bool {
    // SAFETY: BASE's probe (function 3) writes no memory.
    let ret = unsafe { call(ext::BASE, 3, [extension, 0, 0]) };
    ret.error == 0 && ret.value != 0
}

/// Asks for a timer interrupt when `time` reaches `deadline`, and takes back an earlier one.
pub fn set_timer(deadline: u64) {
    let args = [deadline as u32, (deadline >> 32) as u32, 0];
    // SAFETY: setting a timer writes no memory.
    if unsafe { call(ext::TIME, 0, args) }.error == ERR_NOT_SUPPORTED {
        // SAFETY: as above.
        unsafe { call(ext::LEGACY_SET_TIMER, 0, args) };
    }
}

/// Ends the machine. `success` becomes its exit code where the firmware can tell (SRST's reason
/// "system failure" otherwise).
pub fn shutdown(success: bool) -> ! {
    // SAFETY: neither call returns if it succeeds; neither writes memory.
    unsafe { call(ext::SRST, 0, [0, u32::from(!success), 0]) };
    // SAFETY: as above.
    unsafe { call(ext::LEGACY_SHUTDOWN, 0, [0; 3]) };
    loop {
        core::hint::spin_loop();
    }
}
