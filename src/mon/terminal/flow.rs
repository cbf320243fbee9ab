//! Fits text into the width of a terminal: it is wrapped, or cut at the end of a word. A number is never cut,
//! except in a line being typed.

/// Returns `text` in `width` characters. A longer text ends at a word, with a mark.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let room: String = text.chars().take(width).collect();
    let words = room.rfind(' ').map_or("", |space| &room[..space]).trim_end();
    format!("{words}…").chars().take(width).collect()
}

/// Returns the end of `text` in `width` characters, for a line being typed.
pub(super) fn end_of(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length + 1 - width.max(1)).collect();
    format!("…{end}")
}

/// Wraps a line of fields such as `Avail: 260620K` if it is longer than `width`.
pub(super) fn fields(line: &str, width: usize) -> Vec<String> {
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let mut fields: Vec<String> = Vec::new();
    let mut field = String::new();
    for word in line.split_whitespace() {
        let label_before = field.ends_with(':');
        if !field.is_empty() && !label_before {
            field.push(' ');
        }
        field += word;
        if label_before || (word.contains(':') && !word.ends_with(':')) {
            let field = std::mem::take(&mut field);
            match fields.last_mut() {
                // The second figure of `InRam` and of `Pool`.
                Some(last) if field.starts_with("P:") => *last = format!("{last} {field}"),
                _ => fields.push(field),
            }
        }
    }
    fields.extend((!field.is_empty()).then_some(field));
    filled(fields.iter().map(String::as_str), " ", "  ", width)
}

/// Wraps `line` over as many lines as needed. All of them have the indent of the first.
pub(super) fn wrapped(line: &str, width: usize) -> Vec<String> {
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    filled(line.split_whitespace(), indent, " ", width)
}

fn filled<'a>(parts: impl Iterator<Item = &'a str>, indent: &str, between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let length = part.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + between.len() + length <= width => {
                line.push_str(between);
                line.push_str(part);
            }
            _ => lines.push(format!("{indent}{part}")),
        }
    }
    lines
}

/// Joins parts in one line. If they do not fit, parts with the highest number are left out first. Parts with 0 always
/// stay.
pub(super) fn fitting(parts: &[(&str, u8)], width: usize) -> String {
    let highest = parts.iter().map(|(_, order)| *order).max().unwrap_or(0);
    let with = |most: u8| {
        let parts: Vec<&str> = parts.iter().filter(|(_, order)| *order <= most).map(|(part, _)| *part).collect();
        format!(" {}", parts.join(" · "))
    };
    let fits = (0..=highest).rev().map(with).find(|line| line.chars().count() <= width);
    fits.unwrap_or_else(|| cut(&with(0), width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_a_word() {
        assert_eq!(cut("rows 1-6 of 235", 15), "rows 1-6 of 235");
        assert_eq!(cut("rows 1-6 of 235", 14), "rows 1-6 of…");
        assert_eq!(cut("171272192", 5), "…");
        assert_eq!(cut("a 1", 0), "");
    }

    #[test]
    fn fields_are_never_parted() {
        let line = " Memory:24683652K Avail:19860904K  PageFlts:     ?   InRam Krnl:     ? P:    0K";
        assert_eq!(fields(line, 80), [line]);
        assert_eq!(fields(line, 70), [" Memory:24683652K  Avail:19860904K  PageFlts:?  InRam Krnl:? P:0K"]);
        assert_eq!(fields(line, 40), [" Memory:24683652K  Avail:19860904K", " PageFlts:?  InRam Krnl:? P:0K"]);
    }

    #[test]
    fn text_is_wrapped_with_its_indent() {
        assert_eq!(wrapped("   t a f   sort by tag", 12), ["   t a f", "   sort by", "   tag"]);
    }

    #[test]
    fn the_least_important_parts_are_left_out() {
        let parts = [("12:00:00", 1), ("rows 1-6 of 235", 0), ("q end", 2)];
        assert_eq!(fitting(&parts, 80), " 12:00:00 · rows 1-6 of 235 · q end");
        assert_eq!(fitting(&parts, 30), " 12:00:00 · rows 1-6 of 235");
        assert_eq!(fitting(&parts, 20), " rows 1-6 of 235");
        assert_eq!(fitting(&parts, 10), " rows 1-6…");
    }

    #[test]
    fn typed_text_shows_its_end() {
        assert_eq!(end_of("Tags: MyD1_", 6), "…MyD1_");
    }
}
