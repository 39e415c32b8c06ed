//! `ticks`: timer interrupts, taken while computing and while waiting in `wfi`.
//!
//! Prints counts and verdicts, never times, so that the output is the same on every machine that
//! is right: no interrupt before its deadline, time never goes back, none lost, none that comes twice.
#![cfg_attr(target_arch = "riscv32", no_std, no_main)]

#[cfg(target_arch = "riscv32")]
mod guest {
    use core::sync::atomic::{AtomicU32, Ordering};

    use covert_guests::csr::{CAUSE_STI, SSTATUS_SIE, STI};
    use covert_guests::rt::{self, Frame};
    use covert_guests::{csr_clear, csr_read, csr_set, guest, print, sbi, time};

    guest!(main);

    /// Interrupts to take.
    const TICKS: u32 = 50;
    /// Ticks between two lines of output; every other such stretch waits in `wfi`.
    const STRETCH: u32 = 10;
    /// From one interrupt to the next deadline, in ticks of the time base (0.2 ms).
    const PERIOD: u64 = 2000;

    static COUNT: AtomicU32 = AtomicU32::new(0);
    /// The timer is armed again until this many interrupts have come.
    static GOAL: AtomicU32 = AtomicU32::new(0);
    static EARLY: AtomicU32 = AtomicU32::new(0);
    static BACKWARD: AtomicU32 = AtomicU32::new(0);
    static STUCK: AtomicU32 = AtomicU32::new(0);
    static DEADLINE: Time = Time::new();
    static LATEST: Time = Time::new();

    /// A time that the handler and the main loop share; used with interrupts off, or by one side.
    struct Time(AtomicU32, AtomicU32);

    impl Time {
        const fn new() -> Self {
            Self(AtomicU32::new(0), AtomicU32::new(0))
        }
        fn get(&self) -> u64 {
            let high = u64::from(self.1.load(Ordering::Relaxed));
            high << 32 | u64::from(self.0.load(Ordering::Relaxed))
        }
        fn set(&self, time: u64) {
            self.0.store(time as u32, Ordering::Relaxed);
            self.1.store((time >> 32) as u32, Ordering::Relaxed);
        }
    }

    fn add(counter: &AtomicU32, amount: u32) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }

    /// The time, checked against the latest that was seen. Interrupts must be off.
    fn checked_now() -> u64 {
        let now = time::now();
        add(&BACKWARD, u32::from(now < LATEST.get()));
        LATEST.set(now);
        now
    }

    fn arm() {
        DEADLINE.set(checked_now() + PERIOD);
        sbi::set_timer(DEADLINE.get());
    }

    fn on_trap(frame: &mut Frame) {
        if frame.cause != CAUSE_STI {
            rt::unexpected_trap(frame);
        }
        add(&EARLY, u32::from(checked_now() < DEADLINE.get()));
        add(&COUNT, 1);
        // A deadline in the future must take the pending bit back.
        sbi::set_timer(time::NEVER);
        add(&STUCK, u32::from(csr_read!("sip") & STI != 0));
        if COUNT.load(Ordering::Relaxed) < GOAL.load(Ordering::Relaxed) {
            arm();
        }
    }

    fn interrupts(on: bool) {
        if on {
            // SAFETY: the handler is set; it touches atomics only.
            unsafe { csr_set!("sstatus", SSTATUS_SIE) };
        } else {
            // SAFETY: with interrupts off nothing happens behind the program's back.
            unsafe { csr_clear!("sstatus", SSTATUS_SIE) };
        }
    }

    /// A step of the computation that the interrupts break into; invertible, so that the work can
    /// be checked whatever its amount: a register that a trap spoilt shows.
    fn forward(state: u32) -> u32 {
        state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f).rotate_left(7) ^ 0x5bd1_e995
    }

    fn backward(state: u32) -> u32 {
        const INVERSE: u32 = inverse(0x0019_660d);
        (state ^ 0x5bd1_e995).rotate_right(7).wrapping_sub(0x3c6e_f35f).wrapping_mul(INVERSE)
    }

    /// Inverse of an odd number modulo 2^32 (Newton's iteration doubles the valid bits).
    const fn inverse(odd: u32) -> u32 {
        let mut guess = odd;
        let mut bits = 3;
        while bits < 32 {
            guess = guess.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(guess)));
            bits *= 2;
        }
        guess
    }

    /// Computes until `goal` interrupts have come; whether the result is right.
    fn compute_until(goal: u32) -> bool {
        let (mut state, mut steps) = (goal, 0_u32);
        while COUNT.load(Ordering::Relaxed) < goal {
            for _ in 0..16 {
                state = forward(state);
            }
            steps += 1;
        }
        // Back again, the same number of steps; the timer is off by now.
        for _ in 0..steps {
            for _ in 0..16 {
                state = backward(state);
            }
        }
        state == goal && steps > 0
    }

    /// Waits until `goal` interrupts have come.
    fn sleep_until(goal: u32) {
        loop {
            // With interrupts off, none can slip in between the look and the wait; `wfi` ends on
            // a pending interrupt all the same.
            interrupts(false);
            if COUNT.load(Ordering::Relaxed) >= goal {
                break;
            }
            time::wait_for_interrupt();
            interrupts(true);
        }
        interrupts(true);
    }

    fn verdict(good: bool) -> &'static str {
        if good { "ok" } else { "FAIL" }
    }

    fn main() -> bool {
        rt::set_trap_handler(on_trap);
        // SAFETY: the handler is set.
        unsafe { csr_set!("sie", STI) };
        let mut good = true;
        let mut goal = STRETCH;
        while goal <= TICKS {
            interrupts(false);
            GOAL.store(goal, Ordering::Relaxed);
            arm();
            interrupts(true);
            if goal / STRETCH % 2 == 1 {
                let right = compute_until(goal);
                print!("ticks ", goal, ": computing ", verdict(right), "\n");
                good &= right;
            } else {
                sleep_until(goal);
                print!("ticks ", goal, ": waiting ok\n");
            }
            goal += STRETCH;
        }
        // The timer is off now: waiting for longer than a period must bring nothing.
        let quiet_until = time::now() + 2 * PERIOD;
        while time::now() < quiet_until {}
        interrupts(false);
        let count = COUNT.load(Ordering::Relaxed);
        let [early, backward, stuck] =
            [&EARLY, &BACKWARD, &STUCK].map(|counter| counter.load(Ordering::Relaxed));
        good &= count == TICKS && early + backward + stuck == 0;
        print!("early ", early, " backward ", backward, " stuck ", stuck, "\n");
        print!("ticks: ", count, " interrupts, ", verdict(good), "\n");
        good
    }
}

#[cfg(not(target_arch = "riscv32"))]
fn main() {
    eprintln!("ticks is a guest: build it for riscv32imac-unknown-none-elf");
}
