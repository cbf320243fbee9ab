//! Recognises data rows that no reader understood: most of their words are numbers, perhaps damaged ones.
//!
//! Optical recognition writes letters for digits, mail programs wrap lines, and terminals cut them. Such a line is not
//! prose; its data are missing in the table.

/// Whether `line` looks like a row. Inside a table, fewer numbers are enough.
pub(super) fn looks_like_row(line: &[u8], inside: bool) -> bool {
    // A program appended UTF-16 to 8-bit text.
    if line.iter().filter(|byte| **byte == 0).count() * 3 > line.len() {
        let line: Vec<u8> = line.iter().copied().filter(|byte| *byte != 0).collect();
        return looks_like_row(&line, inside);
    }
    let (mut words, mut numbers) = (0_usize, 0_usize);
    for word in line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()) {
        words += 1;
        numbers += usize::from(is_number(word));
    }
    let needed = if inside { 2 } else { 3 };
    (inside && numbers > 0 && numbers == words) || (numbers >= needed && numbers * 2 >= words)
}

/// Whether a line marks omitted rows: dots, or a word in brackets.
pub(super) fn marks_omitted_rows(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let text = line.trim().trim_matches(|c| "[]<>(){}/* ".contains(c)).to_ascii_lowercase();
    let dots = text.starts_with("...") || text.starts_with('…');
    dots && text.chars().all(|c| c == '.' || c == '…')
        || ["snip", "snipped", "cut", "truncated", "omitted"].contains(&text.as_str())
}

/// Whether a line is a command that prints only some lines of a file.
pub(super) fn chooses_lines(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let command = line.contains("/proc/") || line.contains('|') || line.contains("cat ") || line.contains(".log");
    command && line.split([' ', '|']).any(|word| ["grep", "egrep", "fgrep", "findstr", "head", "tail"].contains(&word))
}

/// Whether a word is a number, possibly with letters that look like digits.
fn is_number(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"(").unwrap_or(word);
    let word = word.strip_suffix(b")").unwrap_or(word);
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let digit =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'O' | b'o' | b'Q' | b'l' | b'I' | b'|' | b'S' | b'B');
    let mut groups = word.split(|byte| matches!(byte, b',' | b'.' | b'\''));
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&[u8]> = groups.collect();
    // Several groups are thousands; one may be decimals. The groups of a date have other lengths.
    let grouped = rest.len() < 2 || rest.iter().all(|group| group.len() == 3);
    let digits = std::iter::once(&first).chain(&rest).all(|group| !group.is_empty() && group.iter().all(digit));
    grouped && digits && word.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_omitted_rows_are_recognised() {
        for line in ["...", " …", "[snip]", "<snip>", "[...]", "(truncated)"] {
            assert!(marks_omitted_rows(line.as_bytes()), "{line}");
        }
        for line in ["", "2257 ...", "and so on", "----"] {
            assert!(!marks_omitted_rows(line.as_bytes()), "{line}");
        }
        for line in
            ["$ sudo sort -rnk2 /proc/slabinfo | head", "# grep kmalloc /proc/slabinfo", "type a.log | findstr Leak"]
        {
            assert!(chooses_lines(line.as_bytes()), "{line}");
        }
        for line in ["# cat /proc/slabinfo", "at the head of the file", "$ vmstat -m"] {
            assert!(!chooses_lines(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn rows_are_distinguished_from_prose() {
        for (line, inside, outside) in [
            ("NpNB N0np 1OOOOO O 100000 102400000 1024", true, true),
            ("163418368      69896", true, false),
            ("69896", true, false),
            ("Irp  7741 5011", true, false),
            ("( -3) 1,234 5.678.901", true, true),
            ("C:\\> time /t", false, false),
            ("The current time is: 10:00:00.12", false, false),
            ("11/23/2026 10:00 AM", false, false),
            ("23.11.2026 10:00:00", false, false),
            ("Page 2", false, false),
            ("\0I\0r\0p\0 \x007\x007\x004\x001\0 \x005\x000", true, false),
            ("two hours later, 2 of 14 services were stopped", false, false),
            ("----- 5 -----", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                (looks_like_row(line.as_bytes(), true), looks_like_row(line.as_bytes(), false)),
                (inside, outside),
                "{line}"
            );
        }
    }
}
