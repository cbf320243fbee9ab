//! PE images made by hand, with an imported routine and code, for every processor and without a compiler.

/// Processors, as in the PE header.
pub(crate) const X86: u16 = 0x14c;
pub(crate) const X64: u16 = 0x8664;
pub(crate) const ARM64: u16 = 0xaa64;

const TEXT: u32 = 0x1000;
const IDATA: u32 = 0x2000;
const DATA: u32 = 0x3000;
const ALIGNMENT: u32 = 0x200;
pub(crate) const BASE: u32 = 0x1_0000;
/// The addresses of the imported routines, one after the other.
pub(crate) const SLOTS: u32 = IDATA + 0x40;

/// Makes an image for `machine` with this code, these imports and these data.
pub(crate) fn image(machine: u16, code: &[u8], imports: &[&str], data: &[u8]) -> Vec<u8> {
    let wide = machine != X86;
    let idata = idata(imports, wide);
    let sections = [
        (b".text\0\0\0", TEXT, code, 0x6000_0020_u32),
        (b".idata\0\0", IDATA, &idata, 0xc000_0040),
        (b".data\0\0\0", DATA, data, 0xc000_0040),
    ];
    let mut image = vec![0; 0x80];
    image[..2].copy_from_slice(b"MZ");
    image[0x3c] = 0x80;
    image.extend(*b"PE\0\0");
    image.extend(machine.to_le_bytes());
    image.extend((sections.len() as u16).to_le_bytes());
    image.extend([0; 12]);
    let optional = if wide { 112 } else { 96 } + 16 * 8;
    image.extend((optional as u16).to_le_bytes());
    image.extend(0x22u16.to_le_bytes());
    let start = image.len();
    image.extend(if wide { 0x20bu16 } else { 0x10b }.to_le_bytes());
    image.resize(start + if wide { 24 } else { 28 }, 0);
    if wide {
        image.extend(u64::from(BASE).to_le_bytes())
    } else {
        image.extend(BASE.to_le_bytes())
    }
    image.extend(0x1000u32.to_le_bytes());
    image.extend(ALIGNMENT.to_le_bytes());
    image.resize(start + optional - 16 * 8 - 4, 0);
    image.extend(16u32.to_le_bytes());
    image.extend([0; 8]);
    image.extend(IDATA.to_le_bytes());
    image.extend(40u32.to_le_bytes());
    image.resize(start + optional, 0);
    let mut at = 0x400;
    for (name, rva, bytes, characteristics) in sections {
        let length = bytes.len() as u32;
        image.extend(name);
        [length, rva, length.next_multiple_of(ALIGNMENT), at].iter().for_each(|part| image.extend(part.to_le_bytes()));
        image.extend([0; 12]);
        image.extend(characteristics.to_le_bytes());
        at += length.next_multiple_of(ALIGNMENT);
    }
    for (_, _, bytes, _) in sections {
        image.resize(image.len().next_multiple_of(ALIGNMENT as usize).max(0x400), 0);
        image.extend(bytes);
    }
    image.resize(image.len().next_multiple_of(ALIGNMENT as usize), 0);
    image
}

/// One library, its address table at [`SLOTS`], the same table of names after it, then the names.
fn idata(imports: &[&str], wide: bool) -> Vec<u8> {
    let word = if wide { 8 } else { 4 };
    let table = (imports.len() + 1) * word;
    let (lookup, mut name) = (SLOTS + table as u32, SLOTS + 2 * table as u32 + 16);
    let mut idata = Vec::new();
    [lookup, 0, 0, name - 16, SLOTS].iter().for_each(|part| idata.extend(part.to_le_bytes()));
    idata.resize((SLOTS - IDATA) as usize, 0);
    let mut names = Vec::new();
    for _ in 0..2 {
        names.clear();
        for import in imports {
            idata.extend(&u64::from(name + names.len() as u32).to_le_bytes()[..word]);
            names.extend([0, 0]);
            names.extend(import.as_bytes());
            names.push(0);
        }
        idata.resize(idata.len() + word, 0);
    }
    name -= 16;
    idata.resize((name - IDATA) as usize, 0);
    idata.extend(b"ntoskrnl.exe\0\0\0\0");
    idata.extend(names);
    idata
}

/// Code for `machine` that passes `tag` to the first imported routine, as its third argument.
pub(crate) fn hands_over(machine: u16, tag: [u8; 4]) -> Vec<u8> {
    let half = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]));
    match machine {
        // push tag; push 64; push 1; call [slot]; ret
        X86 => [b"\x68", &tag[..], b"\x6a\x40\x6a\x01\xff\x15", &(BASE + SLOTS).to_le_bytes(), b"\xc3"].concat(),
        // mov r8d, tag; call [rip + …]; ret
        X64 => [b"\x41\xb8", &tag[..], b"\xff\x15", &(SLOTS - TEXT - 12).to_le_bytes(), b"\xc3"].concat(),
        // movz w2; movk w2; adrp x8, the next page; ldr x8; blr x8; ret
        _ => [
            0x5280_0002 | half(tag[0], tag[1]) << 5,
            0x72a0_0002 | half(tag[2], tag[3]) << 5,
            0xb000_0008,
            0xf940_0108 | ((SLOTS - IDATA) / 8) << 10,
            0xd63f_0100,
            0xd65f_03c0,
        ]
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect(),
    }
}
