//! Instructions encoded by hand: those of compilers other than MinGW, and all 32-bit code.

use super::super::DataSections;
use super::super::uses::WantedTags;
use super::*;

const TAG: [u8; 4] = *b"MyD1";
/// The address of a variable with the tag as its initial value.
const VARIABLE: u32 = 0x4010;
const BASE: u64 = 0x1_0000;
const RVA: u32 = 0x1000;
/// The places of the routines' addresses.
const WITH_TAG: u32 = 0x3000;
const POOL2: u32 = 0x3008;

/// Returns the uses of TAG by `bytes` at RVA.
fn read_bytes(bits: u32, parts: &[&[u8]]) -> Uses {
    let bytes = parts.concat();
    let base = if bits == 32 { BASE } else { 0 };
    let code = CodeSection { bits, base, rva: RVA, bytes: &bytes, data: &DataSections(vec![(VARIABLE, &TAG)]) };
    let routine = |name: &[u8]| Routine::named(name).unwrap();
    let imports =
        Imports::from_iter([(WITH_TAG, routine(b"ExAllocatePoolWithTag")), (POOL2, routine(b"ExAllocatePool2"))]);
    let mut uses = Uses::new(WantedTags::Only(vec![TAG]));
    assert!(read(&code, &imports, &mut uses, &TimeLimit::none()));
    uses.sort();
    uses
}

fn handed(uses: &Uses) -> Vec<&str> {
    uses.handed(TAG).iter().map(|(routine, _)| routine.name).collect()
}

/// Returns `opcode` with the address of `slot`. It is relative to the end of the instruction, which begins `at` bytes
/// into the code.
fn through(opcode: &[u8], slot: u32, at: u32) -> Vec<u8> {
    let relative = slot - (RVA + at + opcode.len() as u32 + 4);
    [opcode, &relative.to_le_bytes()].concat()
}

fn absolute(opcode: &[u8], slot: u32) -> Vec<u8> {
    [opcode, &(BASE as u32 + slot).to_le_bytes()].concat()
}

const MOV_R8D: &[u8] = b"\x41\xb8MyD1";

#[test]
fn a_64_bit_call_is_known_in_each_of_its_forms() {
    let call = through(&[0xff, 0x15], WITH_TAG, 6);
    let guarded = through(&[0x48, 0xff, 0x15], WITH_TAG, 6);
    // mov r10, [import]; call the guard
    let retpoline = [through(&[0x4c, 0x8b, 0x15], WITH_TAG, 6), b"\xe8\0\x10\0\0".to_vec()].concat();
    // mov rax, [import]; call rax
    let by_register = [through(&[0x48, 0x8b, 0x05], WITH_TAG, 6), b"\xff\xd0".to_vec()].concat();
    // rex.W jmp [import], a tail call
    let tail = through(&[0x48, 0xff, 0x25], WITH_TAG, 6);
    for form in [call, guarded, retpoline, by_register, tail] {
        let uses = read_bytes(64, &[MOV_R8D, &form, b"\x90\xc3"]);
        assert_eq!(handed(&uses), ["ExAllocatePoolWithTag"], "{form:x?}");
    }
}

#[test]
fn a_32_bit_tag_is_pushed_or_put_on_the_stack() {
    let call = absolute(&[0xff, 0x15], WITH_TAG);
    let pushed = read_bytes(32, &[b"\x68MyD1", b"\x6a\x40", b"\x6a\x01", &call]);
    assert_eq!(handed(&pushed), ["ExAllocatePoolWithTag"]);
    // mov [esp+8], tag
    let put = read_bytes(32, &[b"\xc7\x44\x24\x08MyD1", b"\x6a\x40\x83\xc4\x04", &call]);
    assert_eq!(handed(&put), ["ExAllocatePoolWithTag"]);
    // mov edi, [import]; mov ebx, tag; push ebx …; call edi
    let registers = [absolute(&[0x8b, 0x3d], WITH_TAG), b"\xbbMyD1\x53\x6a\x40\x6a\x01\xff\xd7".to_vec()].concat();
    assert_eq!(handed(&read_bytes(32, &[&registers])), ["ExAllocatePoolWithTag"]);
    // Flags of 64 bits take two slots.
    let pool2 = absolute(&[0xff, 0x15], POOL2);
    let wide = read_bytes(32, &[b"\x68MyD1", b"\x6a\x40", b"\x6a\x00\x6a\x40", &pool2]);
    assert_eq!(handed(&wide), ["ExAllocatePool2"]);
    let narrow = read_bytes(32, &[b"\x68MyD1", b"\x6a\x40", b"\x6a\x01", &pool2]);
    assert_eq!(handed(&narrow), [""; 0]);
}

#[test]
fn a_variable_s_first_value_is_known_as_such() {
    // mov r8d, [variable]; call [import]
    let code = [through(&[0x44, 0x8b, 0x05], VARIABLE, 0), through(&[0xff, 0x15], WITH_TAG, 7)].concat();
    let found = read_bytes(64, &[&code]).handed(TAG);
    assert!(matches!(found.as_slice(), [(_, handed)] if handed.variable), "{found:?}");
    // push [variable]; push 64; push 1; call [import]
    let code =
        [absolute(&[0xff, 0x35], VARIABLE), b"\x6a\x40\x6a\x01".to_vec(), absolute(&[0xff, 0x15], WITH_TAG)].concat();
    let found = read_bytes(32, &[&code]).handed(TAG);
    assert!(matches!(found.as_slice(), [(_, handed)] if handed.variable), "{found:?}");
}

#[test]
fn a_tag_in_another_place_is_beside_the_call_and_not_handed_over() {
    // mov edx, tag is another argument; after mov r8b, 1 the register no longer holds the tag.
    for before in [b"\xbaMyD1".to_vec(), [MOV_R8D, b"\x41\xb0\x01"].concat()] {
        let uses = read_bytes(64, &[&before, &through(&[0xff, 0x15], WITH_TAG, before.len() as u32)]);
        assert_eq!(handed(&uses), [""; 0], "{before:x?}");
        assert!(uses.nearest(TAG).unwrap().1.is_some_and(|(_, far)| far <= 10), "{uses:?}");
    }
    // call elsewhere: r8 is then unknown.
    let uses = read_bytes(64, &[MOV_R8D, b"\xe8\0\x10\0\0", &through(&[0xff, 0x15], WITH_TAG, 11)]);
    assert_eq!(handed(&uses), [""; 0]);
    // ret; then a stub that jumps to the routine.
    let uses = read_bytes(64, &[MOV_R8D, b"\xc3", &through(&[0xff, 0x25], WITH_TAG, 7)]);
    assert_eq!(handed(&uses), [""; 0]);
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for bits in [32, 64] {
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..512)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    (state >> 32) as u8
                })
                .collect();
            let _ = read_bytes(bits, &[&bytes]);
        }
    }
}
