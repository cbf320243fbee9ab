//! Instructions encoded by hand, as an assembler would.

use super::super::DataSections;
use super::super::uses::WantedTags;
use super::*;

const BASE: u32 = 0x1000;
const SLOT: u32 = 0x3008;
const TAG: [u8; 4] = *b"MyD1";
/// The address of a variable with the tag as its initial value.
const VARIABLE: u32 = 0x4010;

/// Returns the uses of TAG by `words` at BASE. The address of ExAllocatePool2 is at SLOT.
fn read_words(words: &[u32]) -> Uses {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let code = CodeSection { bits: 64, base: 0, rva: BASE, bytes: &bytes, data: &DataSections(vec![(VARIABLE, &TAG)]) };
    let imports = Imports::from_iter([(SLOT, Routine::named(b"ExAllocatePool2").unwrap())]);
    let mut uses = Uses::new(WantedTags::Only(vec![TAG]));
    assert!(read(&code, &imports, &mut uses, &TimeLimit::none()));
    uses.sort();
    uses
}

fn movz(d: u32, bits: u16, half: u32) -> u32 {
    0x5280_0000 | half << 21 | u32::from(bits) << 5 | d
}

fn movk(d: u32, bits: u16, half: u32) -> u32 {
    0x7280_0000 | half << 21 | u32::from(bits) << 5 | d
}

const LOW: u16 = u16::from_le_bytes([TAG[0], TAG[1]]);
const HIGH: u16 = u16::from_le_bytes([TAG[2], TAG[3]]);
/// adrp x8, two pages further; ldr x8, [x8, #8]; blr x8
const ADRP_X8: u32 = 0xd000_0008;
const LDR_X8: u32 = 0xf940_0508;
const BLR_X8: u32 = 0xd63f_0100;
const RET: u32 = 0xd65f_03c0;

#[test]
fn a_tag_of_two_halves_reaches_a_call_through_the_import_table() {
    let uses = read_words(&[movz(2, LOW, 0), ADRP_X8, movk(2, HIGH, 1), LDR_X8, BLR_X8, RET]);
    let handed = uses.handed(TAG);
    assert_eq!(handed.len(), 1, "{uses:?}");
    assert_eq!((handed[0].0.name, handed[0].1.first), ("ExAllocatePool2", BASE + 16));
}

#[test]
fn a_tag_waits_in_another_register_and_the_call_in_a_kept_one() {
    // adrp x19; ldr x19, [x19, #8]; … mov w20, tag; bl elsewhere; mov w2, w20; blr x19
    let words =
        [0xd000_0013, 0xf940_0673, movz(20, LOW, 0), movk(20, HIGH, 1), 0x9400_0100, 0x2a14_03e2, 0xd63f_0260, RET];
    assert_eq!(read_words(&words).handed(TAG).len(), 1);
}

#[test]
fn a_literal_beside_the_code_is_a_tag_and_a_stub_is_the_routine_behind_it() {
    // ldr w2, literal (5 words on); bl stub (2 words on); ret; stub: adrp x8; ldr x8; br x8 … literal
    let words = [0x1800_00c2, 0x9400_0002, RET, ADRP_X8, LDR_X8, 0xd61f_0100, u32::from_le_bytes(TAG)];
    assert_eq!(read_words(&words).handed(TAG).len(), 1);
}

#[test]
fn a_variable_s_first_value_is_known_as_such() {
    // adrp x9, three pages further; ldr w2, [x9, #16]
    let found = read_words(&[0xf000_0009, 0xb940_1122, ADRP_X8, LDR_X8, BLR_X8]).handed(TAG);
    assert!(matches!(found.as_slice(), [(_, handed)] if handed.variable), "{found:?}");
}

#[test]
fn a_tag_that_is_overwritten_or_in_another_argument_is_not_handed_over() {
    for words in [
        [movz(2, LOW, 0), movk(2, HIGH, 1), movz(2, 1, 0), ADRP_X8, LDR_X8, BLR_X8],
        [movz(1, LOW, 0), movk(1, HIGH, 1), 0xd503_201f, ADRP_X8, LDR_X8, BLR_X8],
        // bl elsewhere may change w2.
        [movz(2, LOW, 0), movk(2, HIGH, 1), 0x9400_0100, ADRP_X8, LDR_X8, BLR_X8],
    ] {
        let uses = read_words(&words);
        assert_eq!(uses.handed(TAG), []);
        assert!(uses.nearest(TAG).unwrap().1.is_some_and(|(_, far)| far <= 20), "but it stands beside the call");
    }
}
