//! Splits a line into numbers, words, and the marks between them.

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A number, and its number of digits.
    Number(u64, usize),
    /// A word in lower case, and whether it was all in capitals.
    Word(String, bool),
    Mark(char),
}

/// After a number, these characters are its unit, although a name may begin with one of them.
const UNITS: &[char] = &['年', '月', '日', '時', '时', '分', '秒', '년', '월', '일', '시', '분', '초', 'T', 't'];

/// The parts of a line; `None` if a number is too long for a time stamp.
pub(super) fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = |of: &dyn Fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let taken = if first.is_ascii_digit() {
            let taken = length(&|c| c.is_ascii_digit());
            tokens.push(Token::Number(rest[..taken].parse().ok()?, taken));
            taken
        } else if first.is_alphabetic() {
            let unit = UNITS.contains(&first) && is_unit(tokens.last(), &rest[first.len_utf8()..]);
            let taken = if unit { first.len_utf8() } else { length(&char::is_alphabetic) };
            let word = &rest[..taken];
            tokens.push(Token::Word(word.to_lowercase(), word.chars().all(char::is_uppercase)));
            taken
        } else {
            if !first.is_whitespace() && !is_invisible(first) {
                tokens.push(Token::Mark(if first == '：' { ':' } else { first }));
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    Some(tokens)
}

/// Whether a possible unit is one: after a number, and not at the beginning of a Latin word.
fn is_unit(before: Option<&Token>, behind: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphabetic();
    matches!(before, Some(Token::Number(..))) && !behind.chars().next().is_some_and(is_word)
}

/// Invisible characters that ICU writes, such as marks of writing direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
