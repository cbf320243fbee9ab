//! Limits the frequency of words that make comments and docs hard to read.
//!
//! CONTRIBUTING.md lists the rules. The limits are per 1,000 words and near those measured in nextest and ripgrep.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

/// A group of words, and the most of them per 1,000 words of text.
struct Limit {
    words: &'static [&'static str],
    most: f64,
}

const LIMITS: [Limit; 7] = [
    Limit { words: &["what"], most: 0.9 },
    Limit { words: &["which"], most: 2.6 },
    Limit { words: &["where"], most: 0.6 },
    Limit { words: &["says", "say", "said", "tells", "tell", "told"], most: 0.3 },
    Limit { words: &["somebody", "nobody", "whoever", "anybody", "everybody"], most: 0.2 },
    Limit { words: &["whose"], most: 0.5 },
    Limit { words: &["whatever", "wherever"], most: 0.1 },
];

/// Below this many words a single use of a word exceeds a limit.
const LEAST_WORDS: usize = 3000;

#[test]
fn comments_and_docs_are_written_in_plain_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for area in ["src", "tests", "docs"] {
        let text = text_of(root, area);
        found.extend(exceeded(&text).into_iter().map(|found| format!("{area}: {found}")));
    }
    assert!(found.is_empty(), "\n{}\nCONTRIBUTING.md, \"Plain words\", has the rules", found.join("\n"));
}

/// The comments below `src` or `tests`, or the Markdown of `docs` and of the top level. CHANGELOG.md is history.
fn text_of(root: &Path, area: &str) -> String {
    let mut files = Vec::new();
    collect(&root.join(area), &mut files);
    if area == "docs" {
        files.extend(
            ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "reports/README.md"].map(|file| root.join(file)),
        );
    }
    let texts = files.iter().filter_map(|file| {
        let text = fs_err::read_to_string(file).ok()?;
        match file.extension()?.to_str()? {
            "rs" if area != "docs" => Some(comments(&text)),
            "md" if area == "docs" => Some(text),
            _ => None,
        }
    });
    texts.collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The text behind `//` of a Rust file, one line each.
fn comments(text: &str) -> String {
    let comment = |line: &str| {
        let at = line.find("//").filter(|at| line[..*at].trim().is_empty() || line[..*at].ends_with(' '))?;
        Some(format!("{}\n", line[at..].trim_start_matches(['/', '!'])))
    };
    text.lines().filter_map(comment).collect()
}

/// Each limit that `text` exceeds, for people.
fn exceeded(text: &str) -> Vec<String> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_ascii_alphabetic() && c != '\'').map(str::to_ascii_lowercase).collect();
    let all = words.iter().filter(|word| !word.is_empty()).count().max(LEAST_WORDS) as f64;
    let over = LIMITS.iter().filter_map(|Limit { words: limited, most }| {
        let found = words.iter().filter(|word| limited.contains(&word.as_str())).count();
        let share = 1000.0 * found as f64 / all;
        (share > *most).then(|| format!("{share:.1} of {limited:?} per 1,000 words, and {most} is the limit"))
    });
    over.collect()
}

#[test]
fn words_are_counted_in_comments_only() {
    let code = "let what = which; // plain\n/// what is which\nlet url = \"http://where\";\n//! where\n";
    assert_eq!(comments(code), " plain\n what is which\n where\n");
    let text = "what ".repeat(4) + &"word ".repeat(2996);
    assert_eq!(exceeded(&text), ["1.3 of [\"what\"] per 1,000 words, and 0.9 is the limit"]);
    assert_eq!(exceeded("what word"), [""; 0]);
}
