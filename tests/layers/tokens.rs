//! Splits Rust text into tokens, as far as the rules about imports need it: code, quoted text, and line numbers.
//! Comments are dropped, so that they cannot break a rule. The text must compile; any other text gives arbitrary tokens
//! without an error.

/// The smallest piece of a Rust text for the rules.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// The text between quotes. It may be code, because serde's attributes contain paths.
    Quoted(String),
    /// `::`
    PathSep,
    /// Any other character.
    Sign(char),
}

/// A token and the line that it begins on.
pub(crate) type Placed = (usize, Token);

/// Splits a Rust text into tokens. Comments, lifetimes and character literals are dropped; numbers are words.
pub(crate) fn tokens(text: &str) -> Vec<Placed> {
    let (mut found, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(first) = rest.chars().next() {
        let (token, length) = next_token(rest, first);
        found.extend(token.map(|token| (line, token)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Returns the token at the beginning of `rest`, if any, and its length in bytes.
fn next_token(rest: &str, first: char) -> (Option<Token>, usize) {
    let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    if rest.starts_with("//") {
        return (None, until("\n"));
    }
    if rest.starts_with("/*") {
        return (None, comment_length(rest));
    }
    if rest.starts_with("::") {
        return (Some(Token::PathSep), 2);
    }
    if let Some(fence) = raw_fence(rest) {
        let (open, close) = (rest.find('"').unwrap_or(0) + 1, format!("\"{fence}"));
        let length = rest[open..].find(&close).unwrap_or(rest.len() - open);
        return (
            Some(Token::Quoted(rest[open..open + length].to_owned())),
            (open + length + close.len()).min(rest.len()),
        );
    }
    match first {
        '"' => {
            let length = quoted_length(rest);
            (Some(Token::Quoted(rest[1..].get(..length.saturating_sub(2)).unwrap_or_default().to_owned())), length)
        }
        '\'' => (None, character_length(rest)),
        first if first.is_alphanumeric() || first == '_' => {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Some(Token::Word(rest[..length].to_owned())), length)
        }
        first if first.is_whitespace() => (None, first.len_utf8()),
        first => (Some(Token::Sign(first)), first.len_utf8()),
    }
}

/// Returns the length of a block comment; they nest.
fn comment_length(rest: &str) -> usize {
    let mut open = 0;
    let mut at = 0;
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (open, at) = (open + 1, at + 2),
            [b'*', b'/', ..] => (open, at) = (open - 1, at + 2),
            _ => at += 1,
        }
        if open == 0 {
            return at;
        }
    }
    rest.len()
}

/// Returns the `#`s of a raw string's quotes if `rest` begins with one.
fn raw_fence(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let fence = &after[..after.find(|c| c != '#')?];
    after[fence.len()..].starts_with('"').then_some(fence)
}

/// Returns the length of a string including its quotes.
fn quoted_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            c => escaped = c == '\\' && !escaped,
        }
    }
    rest.len()
}

/// Returns the length of a character literal including its quotes, or of a lifetime's quote alone.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, c))) => {
            let after = escaped + c.len_utf8();
            rest[after..].find('\'').map_or(rest.len(), |at| after + at + 1)
        }
        (_, Some((end, '\''))) => end + 1,
        _ => 1,
    }
}
