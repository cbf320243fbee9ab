//! The encodings of a text in a file.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Bytes,
    Utf8,
    Utf16 { big: bool, mark: bool },
}

impl Encoding {
    pub(super) const ALL: [Encoding; 6] = [
        Encoding::Bytes,
        Encoding::Utf8,
        Encoding::Utf16 { big: false, mark: true },
        Encoding::Utf16 { big: false, mark: false },
        Encoding::Utf16 { big: true, mark: true },
        Encoding::Utf16 { big: true, mark: false },
    ];

    /// Encodes `bytes`, each as a character of a code page.
    pub(super) fn encode(self, bytes: &[u8], page: &str) -> Vec<u8> {
        let high: Vec<char> = page.chars().collect();
        let character = |byte: &u8| if *byte < 0x80 { char::from(*byte) } else { high[usize::from(*byte) - 0x80] };
        let text = || bytes.iter().map(character).collect::<String>();
        match self {
            Encoding::Bytes => bytes.to_vec(),
            Encoding::Utf8 => [b"\xef\xbb\xbf", text().as_bytes()].concat(),
            Encoding::Utf16 { big, mark } => {
                let mark = if mark { "\u{feff}" } else { "" };
                let units = format!("{mark}{}", text()).encode_utf16().collect::<Vec<u16>>();
                units.iter().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
            }
        }
    }
}

/// The characters that consoles show for the bytes from 0x80 on: code page 437.
pub(super) const CONSOLE: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ",
    "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
);

/// The characters that .NET reads for these bytes on most machines: code page 1252.
pub(super) const DOTNET: &str = concat!(
    "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ",
    "\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿",
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß",
    "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ",
);
