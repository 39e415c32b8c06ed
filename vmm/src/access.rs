//! The loads and stores that a device access can be: RV32I and C. Atomics and everything else are none.

use crate::vcpu::Vcpu;

/// A decoded load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Register with the base address.
    pub base: u32,
    /// Offset from it.
    pub offset: u32,
    /// Register that is loaded or stored.
    pub register: u32,
    /// Bytes: 1, 2 or 4.
    pub size: u32,
    /// A store.
    pub store: bool,
    /// A load that extends the sign.
    pub signed: bool,
    /// Bytes of the instruction: 2 or 4.
    pub length: u32,
}

impl Access {
    /// Decodes an instruction; the upper half of a compressed one does not count.
    pub fn decode(instruction: u32) -> Option<Self> {
        if instruction & 3 == 3 { full(instruction) } else { compressed(instruction) }
    }

    /// The address that it names.
    pub fn address(&self, vcpu: &Vcpu) -> u32 {
        vcpu.x[(self.base & 31) as usize].wrapping_add(self.offset)
    }

    /// What a store stores, in its lowest bytes.
    pub fn stored(&self, vcpu: &Vcpu) -> u32 {
        vcpu.x[(self.register & 31) as usize]
    }

    /// What a load of these lowest bytes puts into the register.
    pub fn extended(&self, value: u32) -> u32 {
        match (self.size, self.signed) {
            (1, false) => value & 0xFF,
            (1, true) => value as i8 as u32,
            (2, false) => value & 0xFFFF,
            (2, true) => value as i16 as u32,
            _ => value,
        }
    }
}

fn full(instruction: u32) -> Option<Access> {
    let store = match instruction & 0x7F {
        0x03 => false,
        0x23 => true,
        _ => return None,
    };
    let funct3 = instruction >> 12 & 7;
    let (size, signed) = match (funct3, store) {
        (0, _) => (1, !store),
        (1, _) => (2, !store),
        (2, _) => (4, false),
        (4, false) => (1, false),
        (5, false) => (2, false),
        _ => return None,
    };
    let upper = (instruction as i32 >> 20) as u32;
    let destination = instruction >> 7 & 31;
    Some(Access {
        base: instruction >> 15 & 31,
        offset: if store { upper & !31 | destination } else { upper },
        register: if store { instruction >> 20 & 31 } else { destination },
        size,
        store,
        signed,
        length: 4,
    })
}

/// `c.lw`, `c.sw`, `c.lwsp`, `c.swsp`.
fn compressed(instruction: u32) -> Option<Access> {
    let bits = |low: u32, count: u32, to: u32| (instruction >> low & ((1 << count) - 1)) << to;
    let (base, offset, register) = match (instruction & 3, instruction >> 13 & 7) {
        (0, 2 | 6) => {
            (8 + bits(7, 3, 0), bits(10, 3, 3) | bits(6, 1, 2) | bits(5, 1, 6), 8 + bits(2, 3, 0))
        }
        // c.lwsp to x0 is reserved.
        (2, 2) if bits(7, 5, 0) != 0 => {
            (2, bits(12, 1, 5) | bits(4, 3, 2) | bits(2, 2, 6), bits(7, 5, 0))
        }
        (2, 6) => (2, bits(9, 4, 2) | bits(7, 2, 6), bits(2, 5, 0)),
        _ => return None,
    };
    let store = instruction >> 13 & 7 == 6;
    Some(Access { base, offset, register, size: 4, store, signed: false, length: 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(instruction: u32) -> (u32, u32, u32, u32, bool, bool, u32) {
        let a = Access::decode(instruction).unwrap();
        (a.base, a.offset, a.register, a.size, a.store, a.signed, a.length)
    }

    // The encodings are those of the GNU assembler.
    #[test]
    fn loads() {
        assert_eq!(decoded(0xFFF5_8503), (11, -1i32 as u32, 10, 1, false, true, 4)); // lb a0, -1(a1)
        assert_eq!(decoded(0x0025_9503), (11, 2, 10, 2, false, true, 4)); // lh a0, 2(a1)
        assert_eq!(decoded(0x7FC5_A503), (11, 2044, 10, 4, false, false, 4)); // lw a0, 2044(a1)
        assert_eq!(decoded(0x0055_CF83), (11, 5, 31, 1, false, false, 4)); // lbu t6, 5(a1)
        assert_eq!(decoded(0x0005_D503), (11, 0, 10, 2, false, false, 4)); // lhu a0, 0(a1)
    }

    #[test]
    fn stores() {
        assert_eq!(decoded(0xFEC5_0FA3), (10, -1i32 as u32, 12, 1, true, false, 4)); // sb a2, -1(a0)
        assert_eq!(decoded(0x00C5_1123), (10, 2, 12, 2, true, false, 4)); // sh a2, 2(a0)
        assert_eq!(decoded(0x04C5_2823), (10, 80, 12, 4, true, false, 4)); // sw a2, 80(a0)
    }

    #[test]
    fn compressed_forms() {
        assert_eq!(decoded(0x5D7C), (10, 124, 15, 4, false, false, 2)); // c.lw a5, 124(a0)
        assert_eq!(decoded(0xC150), (10, 4, 12, 4, true, false, 2)); // c.sw a2, 4(a0)
        assert_eq!(decoded(0x50FE), (2, 252, 1, 4, false, false, 2)); // c.lwsp ra, 252(sp)
        assert_eq!(decoded(0xDF86), (2, 252, 1, 4, true, false, 2)); // c.swsp ra, 252(sp)
    }

    #[test]
    fn nothing_else() {
        for instruction in [
            0x0005_B503, // ld
            0x0005_E503, // lwu
            0x00C5_3023, // sd
            0x1005_252F, // lr.w
            0x18C5_252F, // sc.w
            0x00C5_252F, // amoadd.w
            0x0005_2507, // flw
            0x4002,      // c.lwsp to x0
            0x0000,
            0x0000_0013,
            0x2104, // c.fld
            0x8082, // c.jr ra
        ] {
            assert_eq!(Access::decode(instruction), None, "{instruction:#x}");
        }
    }

    #[test]
    fn loads_extend() {
        let load = |size, signed| Access { size, signed, ..Access::decode(0x0005_2503).unwrap() };
        assert_eq!(load(1, true).extended(0x1234_5680), 0xFFFF_FF80);
        assert_eq!(load(1, false).extended(0x1234_5680), 0x80);
        assert_eq!(load(2, true).extended(0x1234_8680), 0xFFFF_8680);
        assert_eq!(load(2, false).extended(0x1234_8680), 0x8680);
        assert_eq!(load(4, false).extended(0x1234_8680), 0x1234_8680);
    }
}
