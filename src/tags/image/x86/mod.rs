//! Finds the numbers that x86 and x64 code passes to routines.
//!
//! One pass over the decoded instructions (iced-x86) tracks the number or imported routine in each register and at the
//! top of the stack. After a call, jump or return it keeps no value that a call could have changed, because other code
//! may jump there. So it may miss uses, but rarely reports wrong ones.
//!
//! Arguments: rcx, rdx, r8, r9, then the stack above their home slots (Microsoft Learn, "x64 calling convention"); on
//! x86 the stack (stdcall).

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::imports::Imports;
use super::routine::Routine;
use super::uses::{Argument, Uses};
use super::{CodeSection, TimeLimit};

mod stack;

use stack::Stack;

#[derive(Debug, Clone, Copy, PartialEq)]
enum X86Value {
    Unknown,
    Number(Argument),
    Routine(&'static Routine),
}

/// The argument registers on x64, in order.
const ARGUMENTS: [Register; 4] = [Register::RCX, Register::RDX, Register::R8, Register::R9];
/// The registers preserved by a call; on x64 also r12 to r15.
const KEPT: [Register; 4] = [Register::RBX, Register::RBP, Register::RSI, Register::RDI];
/// The registers through which guarded code calls imports (`__guard_retpoline_import_r10`, `__guard_dispatch_icall`).
const GUARDED: [Register; 2] = [Register::R10, Register::RAX];
/// The number of instructions between two checks of the time.
const CHECK_INTERVAL: u32 = 1 << 16;

struct X86Reader<'a> {
    code: &'a CodeSection<'a>,
    imports: &'a Imports,
    uses: &'a mut Uses,
    registers: [X86Value; 16],
    stack: Stack,
}

/// Reads `code`; returns false if the time did not suffice.
pub(super) fn read(code: &CodeSection<'_>, imports: &Imports, uses: &mut Uses, limit: &TimeLimit) -> bool {
    let mut decoder = Decoder::with_ip(code.bits, code.bytes, code.base + u64::from(code.rva), DecoderOptions::NONE);
    let mut reader = X86Reader { code, imports, uses, registers: [X86Value::Unknown; 16], stack: Stack::default() };
    let (mut instruction, mut info) = (Instruction::default(), InstructionInfoFactory::new());
    let mut number = 0_u32;
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        reader.take(&instruction, &mut info);
        number = number.wrapping_add(1);
        if number.is_multiple_of(CHECK_INTERVAL) && limit.is_over() {
            return false;
        }
    }
    true
}

impl X86Reader<'_> {
    fn take(&mut self, instruction: &Instruction, info: &mut InstructionInfoFactory) {
        self.note_constant(instruction);
        match instruction.flow_control() {
            FlowControl::Call | FlowControl::IndirectCall => self.call(instruction),
            FlowControl::UnconditionalBranch | FlowControl::IndirectBranch => {
                self.leave_by_jump(instruction);
                self.forget_volatile();
            }
            FlowControl::Return | FlowControl::Interrupt | FlowControl::Exception => self.forget_volatile(),
            FlowControl::Next | FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => {
                self.follow(instruction, info);
            }
        }
    }

    fn note_constant(&mut self, instruction: &Instruction) {
        for operand in 0..instruction.op_count() {
            if let Some(number) = number(instruction, operand) {
                let moved = matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Push);
                self.uses.constant(number, self.rva(instruction.ip()), moved);
            }
        }
    }

    /// Tracks the effect of an instruction on the registers and the stack.
    fn follow(&mut self, instruction: &Instruction, info: &mut InstructionInfoFactory) {
        let value = match instruction.mnemonic() {
            Mnemonic::Mov => self.source(instruction, 1),
            Mnemonic::Push => self.source(instruction, 0),
            _ => X86Value::Unknown,
        };
        for used in info.info(instruction).used_registers() {
            if !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::None | OpAccess::NoMemAccess) {
                self.set(used.register(), X86Value::Unknown);
            }
        }
        match (instruction.mnemonic(), instruction.op0_kind()) {
            // Only for whole registers: `mov cl, 1` does not put a number into rcx.
            (Mnemonic::Mov, OpKind::Register) if instruction.op0_register().size() >= 4 => {
                self.set(instruction.op0_register(), value);
            }
            (Mnemonic::Mov, OpKind::Memory) if self.is_stack(instruction) => {
                let displacement = instruction.memory_displacement64() as i64;
                self.stack.put(displacement, value);
            }
            (Mnemonic::Push, _) => {
                self.stack.move_by(-self.word());
                self.stack.put(0, value);
            }
            (Mnemonic::Sub | Mnemonic::Add, OpKind::Register) if is_top(instruction.op0_register()) => {
                let by = number(instruction, 1).map_or(0, |by| i64::from(by as i32));
                let by = if instruction.mnemonic() == Mnemonic::Add { by } else { -by };
                self.stack.move_by(by);
            }
            _ => self.stack.move_by(i64::from(instruction.stack_pointer_increment())),
        }
    }

    /// Returns the value of an operand.
    fn source(&self, instruction: &Instruction, operand: u32) -> X86Value {
        match instruction.op_kind(operand) {
            OpKind::Register if instruction.op_register(operand).size() >= 4 => {
                self.get(instruction.op_register(operand))
            }
            OpKind::Memory if self.is_stack(instruction) => self.stack.at(instruction.memory_displacement64() as i64),
            OpKind::Memory => self.read_from(instruction),
            _ => number(instruction, operand)
                .map_or(X86Value::Unknown, |number| X86Value::Number(Argument { number, variable: false })),
        }
    }

    fn call(&mut self, instruction: &Instruction) {
        let at = self.rva(instruction.ip());
        match self.callee(instruction) {
            Some(routine) => {
                let tag = self.argument(routine.tag, routine.slot());
                self.uses.call(at, routine, tag);
            }
            None if instruction.flow_control() == FlowControl::Call => {
                let function = self.rva(instruction.near_branch_target());
                for argument in 0..ARGUMENTS.len() {
                    if let Some(number) = self.argument(argument, argument) {
                        self.uses.passed(number.number, at, function);
                    }
                }
            }
            None => {}
        }
        self.forget_volatile();
    }

    /// Handles a tail call: a jump to a routine. Its arguments on the stack are one slot further up.
    fn leave_by_jump(&mut self, instruction: &Instruction) {
        let Some(routine) = self.callee(instruction) else { return };
        let tag = if self.code.bits == 64 && routine.tag < ARGUMENTS.len() {
            self.argument(routine.tag, routine.slot())
        } else {
            None
        };
        // A linker's stub is a plain jump through memory. Compilers put REX.W before their jump, or jump to a stub.
        let is_stub = instruction.op0_kind() == OpKind::Memory && instruction.len() <= 6;
        if tag.is_some() || !is_stub {
            self.uses.call(self.rva(instruction.ip()), routine, tag);
        }
    }

    /// Returns the routine that an instruction calls or jumps to.
    fn callee(&self, instruction: &Instruction) -> Option<&'static Routine> {
        match instruction.op0_kind() {
            OpKind::Memory => self.imported(instruction),
            OpKind::Register => match self.get(instruction.op0_register()) {
                X86Value::Routine(routine) => Some(routine),
                X86Value::Number(_) | X86Value::Unknown => None,
            },
            OpKind::NearBranch32 | OpKind::NearBranch64 => {
                let target = self.rva(instruction.near_branch_target());
                self.stub(target).or_else(|| {
                    let guarded =
                        GUARDED.into_iter().filter(|_| self.code.bits == 64).map(|register| self.get(register));
                    guarded.into_iter().find_map(|value| match value {
                        X86Value::Routine(routine) => Some(routine),
                        X86Value::Number(_) | X86Value::Unknown => None,
                    })
                })
            }
            _ => None,
        }
    }

    /// Returns the routine that a stub at `rva` jumps to: `jmp [import]`, as linkers make it without dllimport.
    fn stub(&self, rva: u32) -> Option<&'static Routine> {
        let start = rva.checked_sub(self.code.rva)? as usize;
        let bytes = self.code.bytes.get(start..)?;
        let ip = self.code.base + u64::from(rva);
        let jump = Decoder::with_ip(self.code.bits, &bytes[..bytes.len().min(15)], ip, DecoderOptions::NONE).decode();
        let is_jump = jump.flow_control() == FlowControl::IndirectBranch && jump.op0_kind() == OpKind::Memory;
        is_jump.then(|| self.imported(&jump))?
    }

    /// Returns the value read by a memory operand: a routine's address, or a variable's initial value.
    fn read_from(&self, instruction: &Instruction) -> X86Value {
        let variable = || {
            let number = self.code.data.word_at(self.address(instruction)?)?;
            Some(X86Value::Number(Argument { number, variable: true }))
        };
        self.imported(instruction).map(X86Value::Routine).or_else(variable).unwrap_or(X86Value::Unknown)
    }

    /// Returns the routine with its address read by a memory operand.
    fn imported(&self, instruction: &Instruction) -> Option<&'static Routine> {
        self.imports.at(self.address(instruction)?)
    }

    /// Returns the address of a memory operand, if it is constant.
    fn address(&self, instruction: &Instruction) -> Option<u32> {
        let address = if instruction.is_ip_rel_memory_operand() {
            instruction.ip_rel_memory_address()
        } else if instruction.memory_base() == Register::None && instruction.memory_index() == Register::None {
            instruction.memory_displacement64()
        } else {
            return None;
        };
        Some(self.rva(address))
    }

    /// Returns an argument of the next call, if it is a number.
    fn argument(&self, argument: usize, slot: usize) -> Option<Argument> {
        let value = match ARGUMENTS.get(argument) {
            Some(register) if self.code.bits == 64 => self.get(*register),
            _ => self.stack.at(self.word() * slot as i64),
        };
        match value {
            X86Value::Number(number) => Some(number),
            X86Value::Routine(_) | X86Value::Unknown => None,
        }
    }

    fn forget_volatile(&mut self) {
        for (register, value) in self.registers.iter_mut().enumerate() {
            let kept = KEPT.iter().any(|kept| kept.number() == register) || (self.code.bits == 64 && register >= 12);
            if !kept {
                *value = X86Value::Unknown;
            }
        }
        self.stack.forget();
    }

    fn get(&self, register: Register) -> X86Value {
        let register = register.full_register();
        if !register.is_gpr() {
            return X86Value::Unknown;
        }
        self.registers.get(register.number()).copied().unwrap_or(X86Value::Unknown)
    }

    fn set(&mut self, register: Register, value: X86Value) {
        let register = register.full_register();
        if register.is_gpr()
            && let Some(place) = self.registers.get_mut(register.number())
        {
            *place = value;
        }
    }

    /// Returns whether the memory operand is at a fixed distance from the top of the stack.
    fn is_stack(&self, instruction: &Instruction) -> bool {
        is_top(instruction.memory_base()) && instruction.memory_index() == Register::None
    }

    fn word(&self) -> i64 {
        i64::from(self.code.bits / 8)
    }

    /// Makes an address relative to the image; `u32::MAX` if it is far outside.
    fn rva(&self, address: u64) -> u32 {
        address.checked_sub(self.code.base).and_then(|rva| u32::try_from(rva).ok()).unwrap_or(u32::MAX)
    }
}

fn is_top(register: Register) -> bool {
    matches!(register, Register::RSP | Register::ESP)
}

/// Returns an operand that is a 32-bit number.
fn number(instruction: &Instruction, operand: u32) -> Option<u32> {
    match instruction.op_kind(operand) {
        OpKind::Immediate32 => Some(instruction.immediate32()),
        OpKind::Immediate32to64 => u32::try_from(instruction.immediate32to64() & 0xffff_ffff).ok(),
        OpKind::Immediate8to32 => Some(instruction.immediate8to32() as u32),
        OpKind::Immediate8to64 => Some(instruction.immediate8to64() as u32),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
