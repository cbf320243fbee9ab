//! Text from outside, made safe for a terminal.
//!
//! A workload's output, a process name or a path may hold escape sequences that move the cursor, set the window's title
//! or hide the text after them. [`plain`] shows such characters instead of sending them. Text for a terminal passes
//! through here once: `cli::output::stdout` calls it for each line, `report::table` and doctor's findings call it before they
//! add colours.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns `text` with control characters written as escapes: `\x1b`, `\u{202e}`. Line ends and tabs stay.
///
/// C0 and C1 controls, DEL, line and paragraph separators, and characters that change the direction of text
/// (CVE-2021-42574) are escaped.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            _ if !acts(c) => shown.push(c),
            code @ ..0x100 => drop(write!(shown, "\\x{code:02x}")),
            code => drop(write!(shown, "\\u{{{code:x}}}")),
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal acts on `c` instead of showing it.
pub(crate) fn acts(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks, embeddings, overrides and isolates (Unicode Standard Annex #9), and the separators of U+2028.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_survives() {
        for (text, shown) in [
            ("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07"),
            ("\u{1b}[2J\u{1b}[31m", "\\x1b[2J\\x1b[31m"),
            ("\u{9b}2J\u{90}\u{7f}\0", "\\x9b2J\\x90\\x7f\\x00"),
            ("held\rbroken\u{8}", "held\\x0dbroken\\x08"),
            ("\u{202e}evil\u{2066}\u{200f}\u{61c}\u{2028}", "\\u{202e}evil\\u{2066}\\u{200f}\\u{61c}\\u{2028}"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn text_of_every_language_stays_as_it_is() {
        for text in ["", "a line\n\tanother\n", "grün → 緑 \u{1f600}", "עברית", "\\x1b is already text"] {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(plain("from Windows\r\n"), "from Windows\n");
    }
}
