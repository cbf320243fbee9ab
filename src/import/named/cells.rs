//! Splits a line into cells, and parses the numbers in them.

use super::super::passed::shown;

/// Splits a line at `separator`; quotation marks and Markdown emphasis are removed.
pub(super) fn separated(line: &[u8], separator: u8) -> Vec<Vec<u8>> {
    let mut cells = vec![Vec::new()];
    let mut quoted = false;
    let mut rest = line;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'"' if quoted && after.first() == Some(&b'"') => rest = &after[1..],
            b'"' => {
                quoted = !quoted;
                continue;
            }
            // An escaped bar.
            b'\\' if separator == b'|' && after.first() == Some(&b'|') => rest = &after[1..],
            byte if *byte == separator && !quoted => {
                cells.push(Vec::new());
                continue;
            }
            _ => {}
        }
        let byte = if *byte == b'\\' && separator == b'|' && after.first() == Some(&b'|') { b'|' } else { *byte };
        if let Some(cell) = cells.last_mut() {
            cell.push(byte);
        }
    }
    cells.into_iter().map(|cell| bare(&cell).to_vec()).collect()
}

/// The cells of a Markdown row, with or without a bar at its ends.
pub(super) fn markdown(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"|").unwrap_or(line);
    separated(line.strip_suffix(b"|").unwrap_or(line), b'|')
}

/// Removes surrounding spaces and the marks for bold and code from a cell.
fn bare(cell: &[u8]) -> &[u8] {
    let mut cell = cell.trim_ascii();
    for mark in [&b"**"[..], b"`", b"*"] {
        if let Some(inner) = cell.strip_prefix(mark).and_then(|inner| inner.strip_suffix(mark)) {
            cell = inner;
        }
    }
    cell
}

/// The words of a line, each with the positions of its beginning and its end.
pub(super) fn words(line: &[u8]) -> Vec<(usize, usize)> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    for at in (0..line.len()).filter(|at| !line[*at].is_ascii_whitespace()) {
        match words.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => words.push((at, at + 1)),
        }
    }
    words
}

/// The digits of a number, without a change in parentheses after it and without the unit B. An empty cell is zero if
/// the program leaves out zeros.
pub(super) fn number(cell: &[u8], zeros_left_out: bool) -> Result<Vec<u8>, String> {
    let text = cell.trim_ascii();
    if text.is_empty() && zeros_left_out {
        return Ok(b"0".to_vec());
    }
    let text = match text.iter().position(|byte| *byte == b'(') {
        Some(at) if at > 0 && text.ends_with(b")") => text[..at].trim_ascii(),
        _ => text,
    };
    let unit = text.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(text, |at| &text[at + 1..]);
    match unit {
        b"" => Ok(text.to_vec()),
        b"B" | b"bytes" => Ok(text[..text.len() - unit.len()].trim_ascii().to_vec()),
        b"kB" | b"KB" | b"MB" | b"GB" | b"TB" | b"K" | b"M" | b"G" if text.len() > unit.len() => Err(format!(
            "has `{}`, a rounded size: growth below its last digit cannot be seen; show sizes in bytes and copy it again",
            shown(text)
        )),
        _ => Err(format!("has `{}` instead of a number", shown(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_separated_and_bare() {
        let text =
            |cells: Vec<Vec<u8>>| cells.into_iter().map(|cell| String::from_utf8(cell).unwrap()).collect::<Vec<_>>();
        assert_eq!(text(separated(b"Irp ;\"1;2\";\"say \"\"x\"\"\";", b';')), ["Irp", "1;2", "say \"x\"", ""]);
        assert_eq!(text(markdown(b"| `Irp` | **5** | a\\|b |")), ["Irp", "5", "a|b"]);
        assert_eq!(text(markdown(b"Irp | 5")), ["Irp", "5"]);
        assert_eq!(words(b" Tag  Type "), [(1, 4), (6, 10)]);
    }

    #[test]
    fn numbers_lose_the_text_after_them_and_rounded_ones_are_refused() {
        let read = |text: &str| number(text.as_bytes(), false).map(|digits| String::from_utf8(digits).unwrap());
        assert_eq!(read("12040 (   0)"), Ok("12040".to_owned()));
        assert_eq!(read("1,234,567 B"), Ok("1,234,567".to_owned()));
        assert!(read("1.21 MB").is_err_and(|why| why.contains("rounded size")));
        assert!(read("soon").is_err_and(|why| why.contains("instead of a number")));
        assert_eq!(number(b"", true), Ok(b"0".to_vec()));
    }
}
