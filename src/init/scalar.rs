//! Writes text as a YAML scalar on one line: plain if no other reading is possible, or else in quotes.

use std::fmt::Write;

/// Words that YAML 1.1 or 1.2 does not read as text (YAML 1.1, "bool" and "null"; YAML 1.2.2, 10.3.2).
const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// Returns a form of `text` that YAML reads as exactly `text`, in block and flow lists and mappings.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.chars().all(is_harmless) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

fn is_plain(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-+=/\\".contains(&byte);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic()) || text.starts_with("./") || text.starts_with('/');
    begins
        && !text.ends_with(' ')
        && text.bytes().all(allowed)
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns whether a character is safe unescaped in quotes and in comments. Many non-ASCII characters are not: some end
/// a line.
pub(super) fn is_harmless(c: char) -> bool {
    matches!(c, ' '..='~') || (!c.is_ascii() && c.is_alphanumeric())
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_harmless(c) => quoted.push(c),
            c if u32::from(c) <= 0xffff => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => drop(write!(quoted, "\\U{:08x}", u32::from(c))),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_only_if_it_must_be() {
        for (text, written) in [
            ("mydrvtest.exe --copy 100", "mydrvtest.exe --copy 100"),
            (r"tests\mydrv.exe", r"tests\mydrv.exe"),
            ("./copy-test --files=100", "./copy-test --files=100"),
            (r"C:\lab\t.exe", r"'C:\lab\t.exe'"),
            ("echo it's # done", "'echo it''s # done'"),
            ("MyD?", "'MyD?'"),
            ("1394", "'1394'"),
            ("True", "'True'"),
            ("a ", "'a '"),
            ("größer", "'größer'"),
            ("a\nb\t\"\\", "\"a\\nb\\t\\\"\\\\\""),
            ("\u{7f}\u{2028}\u{1f600}", "\"\\u007f\\u2028\\U0001f600\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
