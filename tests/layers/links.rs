//! Checks that relative links in Markdown lead to a file, and to a heading of it, and that cited tests exist.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

#[test]
fn links_between_documents_lead_somewhere() {
    let broken: Vec<String> = documents().iter().flat_map(|document| broken_links(document)).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn cited_tests_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    super::collect_sources(&root.join("src"), &mut sources).unwrap();
    super::collect_sources(&root.join("tests"), &mut sources).unwrap();
    let code: String = sources.iter().map(|source| fs_err::read_to_string(source).unwrap()).collect();
    for document in documents() {
        for test in cited_tests(&fs_err::read_to_string(&document).unwrap()) {
            assert!(code.contains(&format!("fn {test}(")), "{} cites {test}, which does not exist", document.display());
        }
    }
}

/// README.md and the like, and the pages of the book.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md", "tests/README.md"]
            .map(|name| root.join(name))
            .into();
    let docs = fs_err::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    documents
}

/// Names of five or more words in backticks: other names are shorter.
fn cited_tests(text: &str) -> Vec<&str> {
    let name = Regex::new("`([a-z0-9]+(?:_[a-z0-9]+){4,})`").unwrap();
    name.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// Every page of the book is in its table of contents.
#[test]
fn the_book_has_every_page() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = fs_err::read_to_string(docs.join("SUMMARY.md")).unwrap();
    for page in fs_err::read_dir(&docs).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        let listed = summary.contains(&format!("({name})")) || name == "SUMMARY.md";
        assert!(listed || !name.ends_with(".md"), "docs/SUMMARY.md does not list {name}");
    }
}

fn broken_links(document: &Path) -> Vec<String> {
    let text = fs_err::read_to_string(document).unwrap();
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let targets = link.captures_iter(&text).map(|found| found.get(1).unwrap().as_str());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    local.filter(|target| !leads(document, target)).map(|target| format!("{}: {target}", document.display())).collect()
}

fn leads(document: &Path, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { document.to_owned() } else { document.parent().unwrap().join(file) };
    if anchor.is_empty() {
        return file.exists();
    }
    fs_err::read_to_string(file).is_ok_and(|text| anchors(&text).contains(anchor))
}

/// The anchors that GitHub and mdBook give to headings: lower case, hyphens for spaces, no punctuation.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn a_link_to_a_missing_file_or_heading_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    fs_err::write(&page, "# One thing: `x`\n[a](#one-thing-x) [b](page.md) [c](none.md) [d](#two) [e](page.md#two)\n")
        .unwrap();
    let broken: Vec<_> =
        broken_links(&page).into_iter().map(|found| found.rsplit(": ").next().unwrap().to_owned()).collect();
    assert_eq!(broken, ["none.md", "#two", "page.md#two"]);
}

#[test]
fn long_names_in_backticks_are_cited_tests() {
    assert_eq!(
        cited_tests("`a_test_of_five_words` a_test_without_any_backticks `four_words_are_code`"),
        ["a_test_of_five_words"]
    );
}
