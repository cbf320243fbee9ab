//! Finds the numbers that ARM64 code passes to routines.
//!
//! All instructions have four bytes, and few of them matter. MOVZ, MOVN and MOVK build a number, or a literal beside
//! the code holds it. ADRP and LDR read an import, and BLR calls it. One pass tracks the value of each register, as for
//! x86. Encodings: Arm Architecture Reference Manual, C4.1. Arguments are in x0 to x7.

use super::imports::Imports;
use super::routine::Routine;
use super::uses::{Argument, Uses};
use super::{CodeSection, TimeLimit};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Arm64Value {
    Unknown,
    Number(Argument),
    /// An address relative to the image, computed by ADRP or by an ADD after it.
    Address(u32),
    Routine(&'static Routine),
}

/// Number of argument registers.
const ARGUMENTS: usize = 8;
/// Number of registers that a call may change: x0 to x17, and x18, which belongs to the system.
const VOLATILE: usize = 18;
/// Number of registers: x30 is the last. 31 is zero or the stack pointer.
const REGISTERS: usize = 31;
const CHECK_INTERVAL: usize = 1 << 18;

struct Arm64Reader<'a> {
    code: &'a CodeSection<'a>,
    imports: &'a Imports,
    uses: &'a mut Uses,
    registers: [Arm64Value; REGISTERS],
}

/// Reads `code`; returns false if there was not enough time for all of it.
pub(super) fn read(code: &CodeSection<'_>, imports: &Imports, uses: &mut Uses, limit: &TimeLimit) -> bool {
    let mut reader = Arm64Reader { code, imports, uses, registers: [Arm64Value::Unknown; REGISTERS] };
    for (number, word) in words(code.bytes).enumerate() {
        let Some(at) = u32::try_from(number * 4).ok().and_then(|offset| code.rva.checked_add(offset)) else { break };
        reader.take(word, at);
        if number % CHECK_INTERVAL == CHECK_INTERVAL - 1 && limit.is_over() {
            return false;
        }
    }
    true
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// Returns `length` bits of `word` from bit `from`, as a signed number.
fn signed(word: u32, from: u32, length: u32) -> i32 {
    ((word << (32 - from - length)) as i32) >> (32 - length)
}

/// Returns the five-bit register number from bit `from`.
fn register(word: u32, from: u32) -> usize {
    (word >> from & 31) as usize
}

impl Arm64Reader<'_> {
    fn take(&mut self, word: u32, at: u32) {
        let (d, n, m) = (register(word, 0), register(word, 5), register(word, 16));
        match word {
            _ if word & 0x7f80_0000 == 0x5280_0000 => self.number(d, wide(word), at),
            _ if word & 0x7f80_0000 == 0x1280_0000 => self.number(d, !wide(word), at),
            _ if word & 0x7f80_0000 == 0x7280_0000 => self.keep_and_move(d, word, at),
            // ORR d, zero, m copies a register.
            _ if word & 0x7fe0_ffe0 == 0x2a00_03e0 => self.set(d, self.get(m)),
            _ if word & 0x9f00_0000 == 0x9000_0000 => self.set(d, page(word, at)),
            // ADD d, n, #number.
            _ if word & 0xff80_0000 == 0x9100_0000 => self.set(d, self.further(n, added(word))),
            // LDR d, [n, #number]: 64 bits.
            _ if word & 0xffc0_0000 == 0xf940_0000 => {
                let value = self.imported(n, (word >> 10 & 0xfff) * 8);
                self.set(d, value);
            }
            // LDR d, [n, #number]: 32 bits, of a variable.
            _ if word & 0xffc0_0000 == 0xb940_0000 => {
                let value = self.variable(n, (word >> 10 & 0xfff) * 4);
                self.set(d, value);
            }
            // LDR d, literal: 32 bits.
            _ if word & 0xff00_0000 == 0x1800_0000 => match self.literal(word, at) {
                Some(number) => self.number(d, number, at),
                None => self.set(d, Arm64Value::Unknown),
            },
            // BLR n, and BR n.
            _ if word & 0xffff_fc1f == 0xd63f_0000 => self.call_register(n, at),
            _ if word & 0xffff_fc1f == 0xd61f_0000 => self.jump_register(n, at),
            // BL, and B.
            _ if word & 0xfc00_0000 == 0x9400_0000 => self.call(target(word, at), at),
            _ if word & 0xfc00_0000 == 0x1400_0000 => self.jump(target(word, at), at),
            // RET, and BRK.
            _ if word & 0xffff_fc1f == 0xd65f_0000 || word & 0xffe0_001f == 0xd420_0000 => self.forget_volatile(),
            // Conditional branches change no register: B.cond, CBZ and CBNZ, TBZ and TBNZ.
            _ if word & 0xff00_0010 == 0x5400_0000 || word & 0x7c00_0000 == 0x3400_0000 => {}
            // Stores change no register either. A load of a pair changes both registers.
            _ if is_store(word) => {}
            _ => {
                self.set(d, Arm64Value::Unknown);
                if word & 0x3a00_0000 == 0x2800_0000 {
                    self.set(register(word, 10), Arm64Value::Unknown);
                }
            }
        }
    }

    fn number(&mut self, d: usize, number: u32, at: u32) {
        self.set(d, Arm64Value::Number(Argument { number, variable: false }));
        self.uses.constant(number, at, true);
    }

    /// MOVK replaces sixteen bits.
    fn keep_and_move(&mut self, d: usize, word: u32, at: u32) {
        let shift = (word >> 21 & 3) * 16;
        match self.get(d) {
            Arm64Value::Number(before) if shift < 32 => {
                let kept = before.number & !(0xffff << shift);
                self.number(d, kept | wide(word), at);
            }
            // The upper half of 64 bits is never part of a tag.
            Arm64Value::Number(_) => {}
            Arm64Value::Unknown | Arm64Value::Address(_) | Arm64Value::Routine(_) => self.set(d, Arm64Value::Unknown),
        }
    }

    fn further(&self, n: usize, by: u32) -> Arm64Value {
        match self.get(n) {
            Arm64Value::Address(address) => Arm64Value::Address(address.wrapping_add(by)),
            Arm64Value::Unknown | Arm64Value::Number(_) | Arm64Value::Routine(_) => Arm64Value::Unknown,
        }
    }

    fn imported(&self, n: usize, offset: u32) -> Arm64Value {
        let Arm64Value::Address(address) = self.further(n, offset) else { return Arm64Value::Unknown };
        self.imports.at(address).map_or(Arm64Value::Unknown, Arm64Value::Routine)
    }

    fn variable(&self, n: usize, offset: u32) -> Arm64Value {
        let Arm64Value::Address(address) = self.further(n, offset) else { return Arm64Value::Unknown };
        let number = self.code.data.word_at(address);
        number.map_or(Arm64Value::Unknown, |number| Arm64Value::Number(Argument { number, variable: true }))
    }

    fn literal(&self, word: u32, at: u32) -> Option<u32> {
        let place = at.checked_add_signed(signed(word, 5, 19) * 4)?;
        self.word_at(place)
    }

    fn word_at(&self, rva: u32) -> Option<u32> {
        let start = rva.checked_sub(self.code.rva)? as usize;
        words(self.code.bytes.get(start..start.checked_add(4)?)?).next()
    }

    fn call_register(&mut self, n: usize, at: u32) {
        if let Arm64Value::Routine(routine) = self.get(n) {
            self.uses.call(at, routine, self.argument(routine.tag));
        }
        self.forget_volatile();
    }

    fn jump_register(&mut self, n: usize, at: u32) {
        if let Arm64Value::Routine(routine) = self.get(n)
            && let Some(tag) = self.argument(routine.tag)
        {
            self.uses.call(at, routine, Some(tag));
        }
        self.forget_volatile();
    }

    fn call(&mut self, function: u32, at: u32) {
        match self.stub(function) {
            Some(routine) => self.uses.call(at, routine, self.argument(routine.tag)),
            None => {
                for argument in 0..ARGUMENTS {
                    if let Some(number) = self.argument(argument) {
                        self.uses.passed(number.number, at, function);
                    }
                }
            }
        }
        self.forget_volatile();
    }

    fn jump(&mut self, function: u32, at: u32) {
        if let Some(routine) = self.stub(function) {
            self.uses.call(at, routine, self.argument(routine.tag));
        }
        self.forget_volatile();
    }

    /// Returns the routine that a stub jumps to: ADRP n; LDR n, [n, #number]; BR n.
    fn stub(&self, rva: u32) -> Option<&'static Routine> {
        let [adrp, ldr, br] = [0, 4, 8].map(|offset| rva.checked_add(offset).and_then(|at| self.word_at(at)));
        let (adrp, ldr, br) = (adrp?, ldr?, br?);
        let shape =
            adrp & 0x9f00_0000 == 0x9000_0000 && ldr & 0xffc0_0000 == 0xf940_0000 && br & 0xffff_fc1f == 0xd61f_0000;
        let Arm64Value::Address(page) = page(adrp, rva) else { return None };
        shape.then(|| self.imports.at(page.wrapping_add((ldr >> 10 & 0xfff) * 8)))?
    }

    fn argument(&self, argument: usize) -> Option<Argument> {
        match self.get(argument) {
            Arm64Value::Number(number) if argument < ARGUMENTS => Some(number),
            Arm64Value::Number(_) | Arm64Value::Unknown | Arm64Value::Address(_) | Arm64Value::Routine(_) => None,
        }
    }

    fn forget_volatile(&mut self) {
        self.registers[..VOLATILE].fill(Arm64Value::Unknown);
    }

    fn get(&self, register: usize) -> Arm64Value {
        self.registers.get(register).copied().unwrap_or(Arm64Value::Unknown)
    }

    fn set(&mut self, register: usize, value: Arm64Value) {
        if let Some(place) = self.registers.get_mut(register) {
            *place = value;
        }
    }
}

/// Returns the shifted sixteen bits of MOVZ or MOVK; 0 if they are in the upper half of 64 bits.
fn wide(word: u32) -> u32 {
    let (bits, shift) = (word >> 5 & 0xffff, (word >> 21 & 3) * 16);
    bits.checked_shl(shift).unwrap_or(0)
}

/// Returns the result of ADRP: a page of 4 KiB, relative to the page of the instruction.
fn page(word: u32, at: u32) -> Arm64Value {
    let pages = signed(word, 5, 19) << 2 | (word >> 29 & 3) as i32;
    Arm64Value::Address((at & !0xfff).wrapping_add((pages as u32) << 12))
}

/// Returns the immediate of ADD, shifted by 12 if the instruction has that flag.
fn added(word: u32) -> u32 {
    let number = word >> 10 & 0xfff;
    if word & 0x0040_0000 == 0 { number } else { number << 12 }
}

/// Returns the target of B or BL.
fn target(word: u32, at: u32) -> u32 {
    at.wrapping_add((signed(word, 0, 26) as u32) << 2)
}

/// Returns whether the instruction stores one or two registers to memory.
fn is_store(word: u32) -> bool {
    let one = word & 0x3a00_0000 == 0x3800_0000 && word & 0x00c0_0000 == 0 && word & 0x0400_0000 == 0;
    let two = word & 0x3a40_0000 == 0x2800_0000 && word & 0x0400_0000 == 0;
    one || two
}

#[cfg(test)]
mod tests;
