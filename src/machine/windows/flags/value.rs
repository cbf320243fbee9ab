//! The exact type and bytes of a registry value, and its text form in a checkpoint.
//!
//! The text is `dword:00000400` for a REG_DWORD, `sz:any text` for a REG_SZ with valid text, and `hex(TYPE):00,04`
//! (type and bytes in hexadecimal, as in a .reg file) for everything else: other types, other sizes, texts that do not
//! end in exactly one NUL, unpaired surrogates. Parsing the text returns the same type and bytes.

use std::fmt;
use std::str::FromStr;

use crate::utf16;

const REG_SZ: u32 = 1;
const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;

/// Type and bytes of a registry value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::machine) struct RegistryValue {
    pub(super) kind: u32,
    pub(super) bytes: Vec<u8>,
}

impl RegistryValue {
    /// A REG_DWORD.
    pub(in crate::machine) fn dword(number: u32) -> RegistryValue {
        RegistryValue { kind: REG_DWORD, bytes: number.to_le_bytes().to_vec() }
    }

    /// A REG_SZ, with its NUL.
    pub(in crate::machine) fn sz(text: &str) -> RegistryValue {
        RegistryValue { kind: REG_SZ, bytes: utf16::bytes(&format!("{text}\0")) }
    }

    /// Returns the number stored as a REG_DWORD, as four bytes of REG_BINARY, or as hexadecimal in a REG_SZ. A text
    /// needs `0x` or the eight digits that gflags.exe prints; otherwise it could also be decimal, and the result is
    /// `None`.
    pub(in crate::machine) fn number(&self) -> Option<u32> {
        match self.kind {
            REG_DWORD | REG_BINARY => Some(u32::from_le_bytes(self.bytes.as_slice().try_into().ok()?)),
            REG_SZ => {
                let text = self.text()?;
                let digits = text.strip_prefix("0x").or((text.len() == 8).then_some(text.as_str()))?;
                // from_str_radix would accept a sign.
                let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
            }
            _ => None,
        }
    }

    /// Returns `number` in the same type, for a value that another program wrote. The value must already be a number.
    pub(super) fn with_number(&self, number: u32) -> RegistryValue {
        match (self.kind, self.text()) {
            (REG_SZ, Some(text)) if text.starts_with("0x") => RegistryValue::sz(&format!("{number:#010x}")),
            (REG_SZ, _) => RegistryValue::sz(&format!("{number:08x}")),
            (kind, _) => RegistryValue { kind, ..RegistryValue::dword(number) },
        }
    }

    /// Returns the number in the first four bytes, as read by a kernel that ignores the type.
    pub(in crate::machine) fn first_number(&self) -> Option<u32> {
        self.bytes.first_chunk().copied().map(u32::from_le_bytes)
    }

    pub(super) fn is_dword(&self) -> bool {
        self.kind == REG_DWORD
    }

    /// Returns the type and the data for `reg add`, quoted for cmd.exe; `None` if `reg add` cannot write exactly this
    /// value.
    pub(super) fn for_reg(&self) -> Option<(&'static str, String)> {
        match self.kind {
            REG_DWORD => {
                Some(("REG_DWORD", format!("{:#x}", u32::from_le_bytes(self.bytes.as_slice().try_into().ok()?))))
            }
            REG_BINARY if !self.bytes.is_empty() => {
                Some(("REG_BINARY", self.bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
            }
            REG_SZ => {
                // cmd.exe expands variables even within quotes, and reg.exe interprets an escaped quote.
                let text = self.text().filter(|text| !text.contains(['"', '%', '\\', '\n', '\r']))?;
                Some(("REG_SZ", format!("\"{text}\"")))
            }
            _ => None,
        }
    }

    /// Returns the text of a REG_SZ if it is valid UTF-16 with exactly one NUL, at its end.
    pub(in crate::machine) fn text(&self) -> Option<String> {
        if self.kind != REG_SZ || !self.bytes.len().is_multiple_of(2) {
            return None;
        }
        let text = utf16::text(&self.bytes)?;
        text.strip_suffix('\0').filter(|text| !text.contains('\0')).map(str::to_owned)
    }
}

impl fmt::Display for RegistryValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, <[u8; 4]>::try_from(self.bytes.as_slice()), self.text()) {
            (REG_DWORD, Ok(bytes), _) => write!(f, "dword:{:08x}", u32::from_le_bytes(bytes)),
            (REG_SZ, _, Some(text)) => write!(f, "sz:{text}"),
            _ => {
                write!(f, "hex({:x}):", self.kind)?;
                let mut comma = "";
                self.bytes.iter().try_for_each(|byte| write!(f, "{}{byte:02x}", std::mem::replace(&mut comma, ",")))
            }
        }
    }
}

/// The text is not in the form of a value.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::machine) struct NotAValue;

impl FromStr for RegistryValue {
    type Err = NotAValue;

    fn from_str(text: &str) -> Result<RegistryValue, NotAValue> {
        let (kind, rest) = text.split_once(':').ok_or(NotAValue)?;
        match kind {
            "sz" if !rest.contains('\0') => Ok(RegistryValue::sz(rest)),
            "dword" if rest.len() == 8 => Ok(RegistryValue::dword(hexadecimal(rest)?)),
            _ => {
                let kind = kind.strip_prefix("hex(").and_then(|kind| kind.strip_suffix(')')).ok_or(NotAValue)?;
                let byte = |digits: &str| match digits.len() {
                    2 => hexadecimal(digits).map(|byte| byte as u8),
                    _ => Err(NotAValue),
                };
                let bytes = if rest.is_empty() { Ok(Vec::new()) } else { rest.split(',').map(byte).collect() };
                Ok(RegistryValue { kind: hexadecimal(kind)?, bytes: bytes? })
            }
        }
    }
}

fn hexadecimal(digits: &str) -> Result<u32, NotAValue> {
    match digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        true => u32::from_str_radix(digits, 16).map_err(|_| NotAValue),
        false => Err(NotAValue),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(kind: u32, bytes: &[u8]) -> RegistryValue {
        RegistryValue { kind, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_value_has_its_shortest_exact_text() {
        for (value, text) in [
            (RegistryValue::dword(0x400), "dword:00000400"),
            (RegistryValue::sz(""), "sz:"),
            (RegistryValue::sz("mydrv.sys \"other\": ä😀\n"), "sz:mydrv.sys \"other\": ä😀\n"),
            (value(REG_SZ, &[]), "hex(1):"),
            (value(REG_SZ, &utf16::bytes("ab")), "hex(1):61,00,62,00"),
            (value(REG_SZ, &utf16::bytes("a\0\0")), "hex(1):61,00,00,00,00,00"),
            (value(REG_SZ, &utf16::bytes("a\0b\0")), "hex(1):61,00,00,00,62,00,00,00"),
            (value(REG_SZ, &[0x61, 0, 0]), "hex(1):61,00,00"),
            (value(REG_SZ, &[0, 0xd8, 0, 0]), "hex(1):00,d8,00,00"),
            (value(REG_DWORD, &[1, 2, 3]), "hex(4):01,02,03"),
            (value(REG_BINARY, &[0, 4, 0, 0]), "hex(3):00,04,00,00"),
            (value(0, &[]), "hex(0):"),
            (value(u32::MAX, &[0xff]), "hex(ffffffff):ff"),
        ] {
            assert_eq!(value.to_string(), text);
            assert_eq!(text.parse(), Ok(value), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_values() {
        for text in [
            "",
            "400",
            "dword:400",
            "dword:+0000400",
            "dword:1000000000",
            "sz:a\0",
            "hex:00",
            "hex():00",
            "hex(1):0",
            "hex(1):00,",
            "hex(1):000",
            "hex(+1):00",
            "hex(100000000):",
            "hex(1:00",
            "DWORD:00000400",
            "absent",
        ] {
            assert_eq!(text.parse::<RegistryValue>(), Err(NotAValue), "{text}");
        }
    }

    #[test]
    fn a_number_keeps_its_type() {
        for (before, number, after) in [
            (RegistryValue::dword(0x400), 0x400, RegistryValue::dword(0x2400)),
            (value(REG_BINARY, &[0, 4, 0, 0]), 0x400, value(REG_BINARY, &[0, 0x24, 0, 0])),
            (RegistryValue::sz("0x400"), 0x400, RegistryValue::sz("0x00002400")),
            (RegistryValue::sz("0000000A"), 0xa, RegistryValue::sz("0000200a")),
        ] {
            assert_eq!(before.number(), Some(number), "{before}");
            assert_eq!(before.with_number(number | 0x2000), after);
        }
        for not in [
            RegistryValue::sz("400"),
            RegistryValue::sz("0x"),
            RegistryValue::sz("0X0A"),
            RegistryValue::sz("0x123456789"),
            RegistryValue::sz("+0000400"),
            RegistryValue::sz("gflags!!"),
            value(REG_BINARY, &[0, 4]),
            value(11, &[0, 4, 0, 0, 0, 0, 0, 0]),
            value(REG_DWORD, &[]),
        ] {
            assert_eq!(not.number(), None, "{not}");
        }
    }

    proptest! {
        #[test]
        fn any_type_and_bytes_read_back(kind in prop_oneof![0u32..13, any::<u32>()], bytes: Vec<u8>) {
            let value = RegistryValue { kind, bytes };
            prop_assert_eq!(value.to_string().parse(), Ok(value));
        }

        #[test]
        fn any_text_reads_back(text: String, ends in prop_oneof![Just(""), Just("\0"), Just("\0\0")]) {
            let value = value(REG_SZ, &utf16::bytes(&(text + ends)));
            prop_assert_eq!(value.to_string().parse(), Ok(value));
        }
    }
}
