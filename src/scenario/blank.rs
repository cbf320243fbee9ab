//! Removes mistakes from a scenario's text, so that reading it again finds more mistakes.
//!
//! Removed bytes become spaces. All other bytes keep their position, so later mistakes are found at their true places.

/// Returns `text` without the key or list item on the line of the byte `at`, and without its contents.
pub(super) fn without_line(text: &str, at: usize) -> String {
    without(text, at, |line, indent| line == indent)
}

/// Returns `text` without the key of the outermost mapping that contains the byte `at`.
pub(super) fn without_block(text: &str, at: usize) -> String {
    without(text, at, |_, indent| indent == 0)
}

/// Removes the lines from the last one at or above `at` that `begins` accepts, up to the next line that is not indented
/// further. `begins` gets the indents of the line at `at` and of the candidate line.
fn without(text: &str, at: usize, begins: impl Fn(usize, usize) -> bool) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut end = 0;
    let found = lines.iter().position(|line| {
        end += line.len();
        at < end
    });
    let found = found.unwrap_or(lines.len().saturating_sub(1));
    let own = lines.get(found).map_or(0, |line| indent(line));
    let is_begun = |line: &&str| !is_empty(line) && begins(own, indent(line));
    let first = (0..=found).rev().find(|line| lines.get(*line).is_some_and(is_begun)).unwrap_or(found);
    let outer = lines.get(first).map_or(0, |line| indent(line));
    let after = lines.iter().enumerate().skip(first + 1);
    let last =
        after.clone().find(|(_, line)| !is_empty(line) && indent(line) <= outer).map_or(lines.len(), |(at, _)| at);
    let mut left = String::with_capacity(text.len());
    for (number, line) in lines.iter().enumerate() {
        if (first..last).contains(&number) {
            left.extend(line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            left.push_str(line);
        }
    }
    left
}

fn is_empty(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// Returns the number of spaces before a line's text. A list item at the indent of its key belongs to the key.
fn indent(line: &str) -> usize {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    spaces + usize::from(spaces == 0 && line.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "scenario: é\nworkload:\n  run: w\n  timeout:\n    5 z\nthresholds:\n- { tag: a }\n- { tag: b,\n    c: d }\n";

    fn lines(left: &str) -> Vec<&str> {
        assert_eq!(left.len(), TEXT.len());
        left.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    fn at(what: &str) -> usize {
        TEXT.find(what).unwrap()
    }

    #[test]
    fn a_key_is_removed_with_its_content() {
        let left = without_line(TEXT, at("timeout"));
        assert_eq!(
            lines(&left),
            ["scenario: é", "workload:", "run: w", "thresholds:", "- { tag: a }", "- { tag: b,", "c: d }"]
        );
    }

    #[test]
    fn a_list_item_goes_alone() {
        let left = without_line(TEXT, at("{ tag: b"));
        assert_eq!(lines(&left)[5..], ["thresholds:", "- { tag: a }"]);
        assert_eq!(lines(&without_line(TEXT, 3))[0], "workload:");
    }

    #[test]
    fn a_block_goes_as_a_whole() {
        let left = without_block(TEXT, at("5 z"));
        assert_eq!(lines(&left), ["scenario: é", "thresholds:", "- { tag: a }", "- { tag: b,", "c: d }"]);
    }
}
