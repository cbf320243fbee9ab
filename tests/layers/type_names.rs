//! Checks that a type has a name of its own: two types of one name force a reader to look at the imports.
//!
//! Only types at the top level of a file count, so those in a test module or a function may have any name. Variants of
//! one type for another system or processor share a name: their paths differ in one folder or file name.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::tokens::{Placed, Token, tokens};

/// Types with the same purpose on several systems or processors may have the same name in these.
const VARIANTS: [&str; 6] = ["linux", "windows", "unix", "sim", "x86", "arm64"];
const KEYWORDS: [&str; 4] = ["struct", "enum", "trait", "type"];

#[test]
fn type_names_are_unique() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    super::collect_sources(&root.join("src"), &mut files).unwrap();
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        for name in types(&path, &fs_err::read_to_string(&file).unwrap()) {
            places.entry(name).or_default().push(path.clone());
        }
    }
    let twice: BTreeMap<_, _> = places.into_iter().filter(|(_, paths)| !are_variants(paths)).collect();
    assert!(twice.is_empty(), "several types have the same name; rename all but one: {twice:#?}");
}

/// The types that the file at `path` defines at its top level. A file of tests has none.
fn types(path: &str, text: &str) -> BTreeSet<String> {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return BTreeSet::new();
    }
    let mut depth = 0_usize;
    let mut found = BTreeSet::new();
    let tokens: Vec<Placed> = tokens(text);
    for pair in tokens.windows(2) {
        match [&pair[0].1, &pair[1].1] {
            [Token::Sign('{' | '(' | '['), _] => depth += 1,
            [Token::Sign('}' | ')' | ']'), _] => depth = depth.saturating_sub(1),
            [Token::Word(keyword), Token::Word(name)] if depth == 0 && KEYWORDS.contains(&keyword.as_str()) => {
                found.insert(name.clone());
            }
            _ => {}
        }
    }
    found
}

/// Whether the paths of types of one name differ only in a system or a processor.
fn are_variants(paths: &[String]) -> bool {
    let general = |path: &String| {
        let segments = path.trim_end_matches(".rs").split('/');
        segments.map(|segment| if VARIANTS.contains(&segment) { "*" } else { segment }).collect::<Vec<_>>().join("/")
    };
    paths.iter().map(general).collect::<BTreeSet<_>>().len() == 1
}

#[test]
fn only_types_at_the_top_level_count() {
    let text = "pub struct A; enum B<T> { X(T) } type C = u8; pub(crate) trait D { type E; } // struct F\n\
                fn f() { struct G; } #[cfg(test)] mod tests { struct H; }";
    assert_eq!(types("src/a.rs", text).into_iter().collect::<Vec<_>>(), ["A", "B", "C", "D"]);
    assert!(types("src/a/tests.rs", text).is_empty());
}

#[test]
fn variants_for_systems_may_share_a_name() {
    let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    assert!(are_variants(&paths(&["src/machine/linux/facts.rs", "src/machine/windows/facts.rs"])));
    assert!(are_variants(&paths(&["src/tags/image/arm64/mod.rs", "src/tags/image/x86/mod.rs"])));
    assert!(!are_variants(&paths(&["src/machine/linux/facts.rs", "src/machine/windows/look.rs"])));
    assert!(!are_variants(&paths(&["src/run/job.rs", "src/cli/job.rs"])));
}
