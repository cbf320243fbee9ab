//! Text in the code pages of consoles and of Windows. cmd.exe and `>>` write 8-bit text, and a log does not name its
//! page.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
};
use oem_cp::code_table::DECODING_TABLE_CP_MAP;

/// Pages with two bytes for a character. They are tried first: in a single-byte page the same text is line drawing, and
/// a word such as "PM" would be skipped as punctuation.
const EAST_ASIA: [&Encoding; 4] = [SHIFT_JIS, GBK, EUC_KR, BIG5];

/// Code pages of Western, Central European, Turkish, Cyrillic and Greek consoles.
const CONSOLES: [u16; 7] = [437, 850, 852, 857, 866, 855, 737];

/// Windows' own code pages for the same languages.
const WINDOWS: [&Encoding; 5] = [WINDOWS_1252, WINDOWS_1250, WINDOWS_1254, WINDOWS_1251, WINDOWS_1253];

/// Decodes a line that is not UTF-8 in one code page after another.
pub(super) fn readings(line: &[u8]) -> impl Iterator<Item = String> {
    let decode = |encoding: &&'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(line);
    let east_asia = EAST_ASIA.iter().filter_map(decode).map(String::from);
    let consoles = CONSOLES.iter().filter_map(|page| DECODING_TABLE_CP_MAP.get(page)?.decode_string_checked(line));
    let windows = WINDOWS.iter().filter_map(decode).map(String::from);
    let drawn = |text: &String| text.contains(|c| matches!(c, '\u{2500}'..='\u{25ff}'));
    east_asia.chain(consoles).chain(windows).filter(move |text| !drawn(text))
}
