//! The frame of a random program (set-up, body, checksum, exit) and the items with control flow.
//! The generator knows the mode and the delegation at each top-level item, because it put the
//! instructions there that change them; items inside loops and branches change neither.

use super::asm::{
    Asm, BEQ, BNE, BRANCHES, CSR_IMMEDIATE, CSRRC, CSRRS, CSRRW, FENCE_I, Label, RA, Reg, SP, ZERO,
    i_type, r_type,
};
use super::compressed as c;
use super::handlers;
use super::simple::{self, BASE, GP, LOOP};
use super::{
    BASE as CODE, CHECKED, DATA, DATA_SIZE, EXIT_DEVICE, FRAMES, Options, Program, Rng, csr,
    paging, privilege, space,
};

/// The privilege mode a program is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    User,
    Supervisor,
    Machine,
}

/// A program under construction, with what is known about the machine at this point of it.
pub(super) struct Generator {
    pub(super) asm: Asm,
    pub(super) rng: Rng,
    pub(super) mode: Mode,
    pub(super) medeleg: u32,
    pub(super) mideleg: u32,
    /// The supervisor interrupts that this program uses.
    pub(super) interrupts: u32,
    /// `mstatus.TW`: WFI is illegal in S.
    pub(super) timeout_wait: bool,
    pub(super) tables: [Label; 2],
    pub(super) guest_only: bool,
    pub(super) reservations: bool,
    /// `ra` holds a return address that is still needed.
    pub(super) in_call: bool,
    /// The program has address spaces and page faults.
    pub(super) translated: bool,
    /// The address space that S and U are in.
    pub(super) space: Option<u32>,
    /// The code runs where it is in RAM, not in an alias.
    pub(super) identity: bool,
    /// `mstatus.TVM`: S may not fence or change `satp`.
    pub(super) trap_paging: bool,
    depth: u32,
}

pub(super) fn generate(options: Options) -> Program {
    let mut rng = Rng::new(options.seed);
    let mut asm = Asm::new(super::BASE);
    let start = asm.label();
    asm.jal(ZERO, start);
    let tables = [handlers::MACHINE, handlers::SUPERVISOR]
        .map(|level| handlers::emit(&mut asm, level, options.translated));
    let vectors = tables.map(|table| asm.address(table));
    asm.bind(start);
    let interrupts = rng.pick(&csr::SUPERVISOR_INTERRUPTS);
    let data = (0..DATA_SIZE / 4).flat_map(|_| rng.value().to_le_bytes()).collect::<Vec<u8>>();
    let pages = if options.translated {
        vec![(space::TABLES, space::tables(&mut rng)), (space::FRAMES, space::frames(&mut rng))]
    } else {
        Vec::new()
    };
    let mut g = Generator {
        asm,
        rng,
        mode: Mode::Machine,
        medeleg: 0,
        mideleg: 0,
        interrupts,
        timeout_wait: false,
        tables,
        guest_only: options.guest_only,
        reservations: options.reservations,
        in_call: false,
        translated: options.translated,
        space: None,
        identity: true,
        trap_paging: false,
        depth: 0,
    };
    g.set_up();
    for _ in 0..options.items {
        g.top_item();
    }
    g.finish();
    let mut data = data;
    data.resize(CHECKED as usize, 0);
    for (offset, value) in
        [(handlers::EPOCH_LENGTH, options.epoch), (handlers::TIMER_PERIOD, options.timer)]
    {
        let at = DATA_SIZE as usize + offset as usize;
        data[at..at + 4].copy_from_slice(&value.unwrap_or(0).to_le_bytes());
    }
    let code = g.asm.finish();
    assert!(code.len() <= (DATA - CODE) as usize, "the code reaches into the data");
    Program { options, code, data, pages, vectors }
}

impl Generator {
    fn set_up(&mut self) {
        let asm = &mut self.asm;
        for (level, (table, frame)) in [handlers::MACHINE, handlers::SUPERVISOR]
            .into_iter()
            .zip(self.tables.into_iter().zip(FRAMES))
        {
            asm.la(5, table);
            asm.csr(CSRRW, ZERO, level.tvec, 5);
            asm.li(5, frame);
            asm.csr(CSRRW, ZERO, level.scratch, 5);
        }
        // QEMU resets mtimecmp to 0, so that its timer interrupt is pending from the start.
        handlers::store_mtimecmp(asm, 5, 6, u32::MAX);
        for number in [csr::MIE, csr::MIP, csr::MEDELEG, csr::MIDELEG] {
            asm.csr(CSRRW, ZERO, number, ZERO);
        }
        for reg in 1..32 {
            let value = self.rng.value();
            asm.li(reg, value);
        }
        let data = if self.translated { space::DATA } else { DATA };
        asm.li(SP, data + DATA_SIZE / 2);
        asm.addi(GP, SP, 0);
        asm.li(BASE, data);
        asm.li(LOOP, 0);
        if self.translated {
            paging::switch(self, Some(0));
        }
        if self.guest_only {
            self.arm();
        }
        if self.guest_only {
            privilege::delegate(self);
            privilege::lower(self, Mode::Supervisor);
        }
    }

    /// Starts the first epoch and the timer, if the frame says so: the code is the same without, so that the
    /// two can be compared and QEMU does not meet CSRs it has not.
    fn arm(&mut self) {
        let asm = &mut self.asm;
        let without = asm.label();
        asm.li(6, FRAMES[0]);
        asm.lw(5, 6, handlers::EPOCH_LENGTH);
        asm.branch(BEQ, 5, ZERO, without);
        asm.csr(CSRRW, ZERO, csr::MEPOCH, 5);
        asm.csr(CSRRW, ZERO, csr::MFINGERPRINT, ZERO);
        asm.li(5, 1 << csr::EPOCH_INTERRUPT);
        asm.csr(CSRRW, ZERO, csr::MIE, 5);
        asm.bind(without);
        let without = asm.label();
        asm.lw(5, 6, handlers::TIMER_PERIOD);
        asm.branch(BEQ, 5, ZERO, without);
        handlers::next_timer(asm, 7, 5, 9);
        asm.li(5, csr::MTI);
        asm.csr(CSRRS, ZERO, csr::MIE, 5);
        asm.bind(without);
        for reg in [5, 6, 7, 9] {
            asm.li(reg, 0);
        }
    }

    /// Checksum over the data area and both frames, then the exit device.
    fn finish(&mut self) {
        privilege::raise_to_machine(self);
        let (cursor, end, sum, word) = (5, 6, 7, 9);
        let asm = &mut self.asm;
        asm.csr(CSRRC | CSR_IMMEDIATE, ZERO, csr::MSTATUS, csr::MSTATUS_MIE as Reg);
        asm.li(sum, 0);
        let (start, other) = if self.translated {
            (FRAMES[0], Some((space::DATA, space::DATA + DATA_SIZE)))
        } else {
            (DATA, None)
        };
        for (start, stop) in std::iter::once((start, DATA + CHECKED)).chain(other) {
            asm.li(cursor, start);
            asm.li(end, stop);
            let again = asm.label();
            asm.bind(again);
            asm.lw(word, cursor, 0);
            asm.word(r_type(0x33, 4, 0, sum, sum, word)); // xor
            asm.addi(cursor, cursor, 4);
            asm.branch(BNE, cursor, end, again);
        }
        asm.li(cursor, EXIT_DEVICE);
        asm.li(word, 0x5555);
        asm.sw(word, cursor, 0);
        let here = asm.label();
        asm.bind(here);
        asm.jal(ZERO, here);
    }

    /// An item that may change the mode or the delegation.
    fn top_item(&mut self) {
        if self.translated && self.rng.percent(4) {
            return paging::top_item(self);
        }
        match self.rng.below(100) {
            0..6 => privilege::change_mode(self),
            6..10 if self.mode == Mode::Machine => privilege::machine_item(self),
            6..10 => privilege::lesser_item(self),
            _ => self.item(),
        }
    }

    fn item(&mut self) {
        if self.translated && self.rng.percent(16) {
            return paging::item(self);
        }
        match self.rng.below(100) {
            0..8 => self.skip_forward(),
            8..13 if self.depth == 0 => self.repeat(),
            13..17 if self.depth < 2 && !self.in_call => self.call(),
            17..19 if self.depth < 2 => self.modify_code(),
            19..22 => self.jump(),
            22..25 => simple::trap(self),
            25..28 => simple::interrupt(self),
            28..33 => simple::csr_access(self),
            33..37 => simple::atomic(self),
            37..39 => simple::fence(self),
            39..60 => simple::memory(&mut self.asm, &mut self.rng),
            _ => simple::alu(&mut self.asm, &mut self.rng),
        }
    }

    fn items(&mut self, count: u32) {
        self.depth += 1;
        for _ in 0..count {
            self.item();
        }
        self.depth -= 1;
    }

    /// A conditional branch over a few items, taken or not.
    fn skip_forward(&mut self) {
        let over = self.asm.label();
        let (rs1, rs2) = (self.rng.below(32) as Reg, self.rng.below(32) as Reg);
        if self.rng.percent(30) {
            // Compressed branches reach 256 bytes: nothing but arithmetic in between.
            let near = 8 + self.rng.below(8) as Reg;
            self.asm.c_branch(self.rng.percent(50), near, over);
            for _ in 0..self.rng.below(4) {
                simple::alu(&mut self.asm, &mut self.rng);
            }
        } else {
            self.asm.branch(self.rng.pick(&BRANCHES), rs1, rs2, over);
            if self.depth < 2 {
                let count = 1 + self.rng.below(4);
                self.items(count);
            } else {
                simple::alu(&mut self.asm, &mut self.rng);
            }
        }
        self.asm.bind(over);
    }

    /// A counted loop, branching backward.
    fn repeat(&mut self) {
        let again = self.asm.label();
        let rounds = self.rng.between(2, 12);
        self.asm.addi(LOOP, ZERO, rounds);
        self.asm.bind(again);
        let count = 1 + self.rng.below(8);
        self.items(count);
        self.asm.addi(LOOP, LOOP, -1);
        if self.rng.percent(50) {
            self.asm.branch(BNE, LOOP, ZERO, again);
        } else {
            // The far form: the branch leaves the loop, a jump goes back.
            let done = self.asm.label();
            self.asm.branch(0, LOOP, ZERO, done);
            self.asm.jal(ZERO, again);
            self.asm.bind(done);
        }
    }

    /// A subroutine, placed here, and a call to it.
    fn call(&mut self) {
        let [body, over] = std::array::from_fn(|_| self.asm.label());
        self.asm.jal(ZERO, over);
        self.asm.bind(body);
        self.in_call = true;
        let count = 1 + self.rng.below(5);
        self.items(count);
        self.in_call = false;
        if self.rng.percent(50) {
            self.asm.half(c::jump_register(false, RA));
        } else {
            self.asm.jalr(ZERO, RA, 0);
        }
        self.asm.bind(over);
        let [target] = simple::distinct(&mut self.rng);
        match self.rng.below(3) {
            0 => self.asm.jal(RA, body),
            1 => {
                self.asm.la(target, body);
                let offset = self.rng.between(-500, 500);
                self.asm.addi(target, target, -offset);
                self.asm.jalr(RA, target, offset);
            }
            _ => {
                self.asm.la(target, body);
                self.asm.half(c::jump_register(true, target));
            }
        }
    }

    /// An unconditional jump over bytes that are never executed and need not be instructions.
    fn jump(&mut self) {
        let over = self.asm.label();
        let [target, link] = simple::distinct(&mut self.rng);
        match self.rng.below(3) {
            0 => self.asm.c_jump(false, over),
            1 => self.asm.jal(link, over),
            _ => {
                // jalr ignores bit 0 of the sum.
                self.asm.la(target, over);
                let odd = self.rng.between(0, 1);
                self.asm.jalr(link, target, odd);
            }
        }
        for _ in 0..self.rng.below(7) {
            let junk = self.rng.next_u32() as u16;
            self.asm.half(junk);
        }
        self.asm.bind(over);
    }

    /// Overwrites an instruction ahead with another one, then `fence.i`.
    fn modify_code(&mut self) {
        let [address, value, rd] = simple::distinct(&mut self.rng);
        let slot = self.asm.label();
        let imm = self.rng.between(-2048, 2047);
        let funct3 = self.rng.pick(&[0, 2, 3, 4, 6, 7]);
        let instruction = i_type(0x13, funct3, rd, address, imm);
        self.asm.la(address, slot);
        if self.rng.percent(50) {
            self.asm.align(4);
            self.asm.li(value, instruction);
            self.asm.sw(value, address, 0);
            self.asm.word(FENCE_I);
            self.asm.align(4);
        } else {
            self.asm.li(value, instruction);
            self.asm.store(1, value, address, 0);
            self.asm.word(i_type(0x13, 5, value, value, 16)); // srli
            self.asm.store(1, value, address, 2);
            self.asm.word(FENCE_I);
        }
        self.asm.bind(slot);
        self.asm.addi(rd, rd, 1);
    }
}
