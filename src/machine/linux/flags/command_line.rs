//! A kernel command line as text: words, quotes, and `--`. Everything after `--` belongs to init.
//!
//! Words end at blanks outside double quotes, as in the kernel's own `next_arg` (lib/cmdline.c).

/// Whether `line` contains `parameter` as a whole word.
pub(super) fn has(line: &str, parameter: &str) -> bool {
    words(line).any(|(_, word)| word == parameter)
}

/// Returns `line` with `added` after its last parameter; everything else, including the last newline, stays unchanged.
pub(super) fn with(line: &str, added: &[&str]) -> String {
    let end = words(line).last().map_or(0, |(at, word)| at + word.len());
    let mut text = line[..end].to_owned();
    for parameter in added {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(parameter);
    }
    text + &line[end..]
}

/// Returns `line` without every word `parameter` and the blanks before it; everything else stays unchanged.
pub(super) fn less(line: &str, parameter: &str) -> String {
    let mut left = line.to_owned();
    let found: Vec<_> = words(line).filter(|(_, word)| *word == parameter).collect();
    for (at, word) in found.into_iter().rev() {
        let before = line[..at].trim_end().len();
        let end = at + word.len();
        // For the first word the blanks after it go instead, but no line end.
        let behind = if before == 0 { line[end..].len() - line[end..].trim_start_matches(' ').len() } else { 0 };
        left.replace_range(before..end + behind, "");
    }
    left
}

/// Returns `line` without the last occurrence of the words `added`; everything else stays unchanged. The words need not
/// be adjacent.
pub(super) fn less_last(line: &str, added: &[&str]) -> String {
    let found: Vec<(usize, &str)> = words(line).collect();
    let together = found.windows(added.len().max(1)).rposition(|run| run.iter().map(|(_, word)| word).eq(added));
    let ours: Vec<usize> = match together {
        Some(first) => (first..first + added.len()).collect(),
        None => added.iter().filter_map(|word| found.iter().rposition(|(_, found)| found == word)).collect(),
    };
    let mut left = line.to_owned();
    for at in (0..found.len()).rev().filter(|at| ours.contains(at)) {
        let (start, word) = found[at];
        let before = line[..start].trim_end_matches(' ').len();
        let end = start + word.len();
        // For the first word the blanks before the next one go instead.
        let behind = match found.get(at + 1) {
            Some((next, _)) if before == 0 => *next,
            _ => end,
        };
        left.replace_range(before..behind, "");
    }
    left
}

/// Returns the words of `line` after as many as `original` has.
pub(super) fn added<'a>(original: &str, line: &'a str) -> Vec<&'a str> {
    words(line).map(|(_, word)| word).skip(words(original).count()).collect()
}

/// Whether both lines have the same words; blanks may differ.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// Returns the words of `line` before the word `mark`, except those that begin with one of `but`, followed by init's
/// part.
pub(super) fn without(line: &str, mark: &str, but: &[&str]) -> String {
    let kept = words(line).map(|(_, word)| word).take_while(|word| *word != mark);
    let kept = kept.filter(|word| !but.iter().any(|but| word.starts_with(but)));
    let end = words(line).last().map_or(0, |(at, word)| at + word.len());
    kept.chain(line[end..].split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// Returns the parameters, each with its byte offset.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let every = std::iter::from_fn(move || {
        at += line[at..].len() - line[at..].trim_start().len();
        let mut quoted = false;
        let ends = |c: char| {
            quoted ^= c == '"';
            c.is_ascii_whitespace() && !quoted
        };
        let length = line[at..].find(ends).unwrap_or(line.len() - at);
        let word = (at, &line[at..at + length]);
        at += length;
        (length > 0).then_some(word)
    });
    every.take_while(|(_, word)| *word != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_counts_as_a_whole_word_before_inits_words() {
        for (line, expected) in [
            ("root=/dev/sda1 slab_nomerge quiet\n", true),
            ("slab_nomerge", true),
            ("root=/dev/sda1 slab_nomerge=1", false),
            ("xslab_nomerge", false),
            ("quiet -- slab_nomerge", false),
            ("dyndbg=\"file a.c slab_nomerge +p\" quiet", false),
            ("dyndbg=\"file a.c +p\" slab_nomerge", true),
            ("", false),
        ] {
            assert_eq!(has(line, "slab_nomerge"), expected, "{line}");
        }
    }

    #[test]
    fn parameters_are_added_before_inits_arguments_and_the_last_newline() {
        for (line, expected) in [
            ("quiet\n", "quiet a b\n"),
            ("quiet", "quiet a b"),
            ("quiet  \n\n", "quiet a b  \n\n"),
            ("quiet -- single\n", "quiet a b -- single\n"),
            ("", "a b"),
            ("\n", "a b\n"),
        ] {
            assert_eq!(with(line, &["a", "b"]), expected, "{line:?}");
        }
    }

    #[test]
    fn a_parameter_that_is_dropped_leaves_the_rest_as_it_was() {
        for (line, expected) in [
            ("quiet a b\n", "quiet b\n"),
            ("quiet  b a\n", "quiet  b\n"),
            ("a quiet\n", "quiet\n"),
            ("a\n", "\n"),
            ("a a=1 xa a -- a\n", "a=1 xa -- a\n"),
            ("quiet\n", "quiet\n"),
            ("", ""),
        ] {
            assert_eq!(less(line, "a"), expected, "{line:?}");
        }
        // It reverses `with`.
        for line in ["quiet\n", "quiet -- single\n", "quiet  \n\n", "x"] {
            assert_eq!(less(&with(line, &["a"]), "a"), line);
        }
    }

    #[test]
    fn added_text_is_removed_with_its_mark() {
        let line = "BOOT_IMAGE=/vmlinuz root=/dev/sda1  quiet mark slab_nomerge -- single\n";
        assert_eq!(without(line, "mark", &["BOOT_IMAGE="]), "root=/dev/sda1 quiet -- single");
    }
}
