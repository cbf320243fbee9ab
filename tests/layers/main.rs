//! Checks the import table of ARCHITECTURE.md, and a few rules that the compiler does not check.
//!
//! Everything under `src/` is read as tokens, so that a comment cannot break a rule and a `use` cannot hide in braces.
//! Tests inside `src/` obey the same rules. The checks themselves are tested on small texts at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use tokens::{Placed, Token, tokens};

mod links;
mod tokens;
mod type_names;
mod words;

/// The permitted imports of each module: the table's rows in order, lowest layer first.
struct Table(Vec<(String, May)>);

/// The permitted imports of one module.
#[derive(Debug, PartialEq)]
enum May {
    Everything,
    Only(BTreeSet<String>),
}

/// Crates that only one file or folder may use, so that they can be replaced: name, and the beginning of the path.
const SEALED: [(&str, &str); 4] = [
    ("serde_yaml", "src/scenario/load"),
    ("junit_report", "src/report/junit"),
    ("clap", "src/cli"),
    ("aya", "src/machine/linux/objects"),
];
/// The only folder with unsafe code.
const UNSAFE_HOME: &str = "src/machine/windows";
/// Module names that do not describe their contents.
const EMPTY_NAMES: [&str; 7] = ["utils", "helpers", "common", "imp", "manager", "engine", "context"];
const MOST_LINES: usize = 300;

#[test]
fn the_sources_keep_to_the_rules() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = Table::read(&fs_err::read_to_string(root.join("ARCHITECTURE.md"))?);
    let mut files = Vec::new();
    collect_sources(&root.join("src"), &mut files)?;
    assert!(files.contains(&root.join("src/lib.rs")), "the sources were not found: {files:?}");

    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        found.extend(violations(&table, &path, &fs_err::read_to_string(&file)?));
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    Ok(())
}

#[test]
fn imports_point_down_only() -> Result<(), Box<dyn Error>> {
    let architecture = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let Table(rows) = Table::read(&fs_err::read_to_string(architecture)?);
    assert!(!rows.is_empty(), "ARCHITECTURE.md has no table headed `| module | may import |`");
    let mut above = BTreeSet::new();
    for (module, may) in &rows {
        if let May::Only(imports) = may {
            let upward: Vec<_> = imports.difference(&above).collect();
            assert!(upward.is_empty(), "`{module}` may import {upward:?}, which no row above it describes");
        }
        above.insert(module.clone());
    }
    Ok(())
}

/// Collects all Rust files below `folder`.
fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

impl Table {
    /// Reads the table headed `| module | may import |`. Names are in backticks; several may share a row.
    fn read(markdown: &str) -> Table {
        let mut lines = markdown.lines().skip_while(|line| *line != "| module | may import |");
        let rows = lines.by_ref().skip(2).take_while(|line| line.starts_with('|'));
        Table(rows.flat_map(Table::row).collect())
    }

    fn row(line: &str) -> Vec<(String, May)> {
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let mut cells = line.trim_matches('|').split('|');
        let modules = names(cells.next().unwrap_or_default());
        let imports = cells.next().unwrap_or_default();
        let may = || match imports.trim() {
            "everything" => May::Everything,
            imports => May::Only(names(imports).into_iter().collect()),
        };
        modules.into_iter().map(|module| (module, may())).collect()
    }
}

/// Returns every violation in the text of one file, each as a readable line. `path` begins with `src/`.
fn violations(table: &Table, path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut found = forbidden_imports(table, path, &tokens);
    for (at, (line, token)) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(|(_, token)| token);
        match (token, next) {
            (Token::Word(word), _) if word == "unsafe" && !path.starts_with(UNSAFE_HOME) => {
                found.push(format!("{path}:{line}: unsafe code belongs in {UNSAFE_HOME}"));
            }
            (Token::Word(word), Some(Token::Word(name))) if word == "mod" && EMPTY_NAMES.contains(&name.as_str()) => {
                found.push(format!("{path}:{line}: `{name}` says nothing; name the module for what it holds"));
            }
            _ => {}
        }
        for (name, home) in SEALED {
            if names_crate(token, name) && !path.starts_with(home) {
                found.push(format!("{path}:{line}: {name} belongs in {home}"));
            }
        }
    }
    let lines = text.lines().count();
    let excused = text.lines().any(|line| line.trim_start().starts_with("// long because "));
    if lines > MOST_LINES && !excused {
        found.push(format!("{path}: {lines} lines; split it, or add a line `// long because …`"));
    }
    found
}

/// Finds imports that the table does not allow, and a module missing from the table.
fn forbidden_imports(Table(rows): &Table, path: &str, tokens: &[Placed]) -> Vec<String> {
    let place = module_path(path);
    let Some(own) = place.first() else { return Vec::new() };
    let rows: BTreeMap<_, _> = rows.iter().map(|(module, may)| (module.as_str(), may)).collect();
    let imports = match rows.get(own.as_str()) {
        None => return vec![format!("{path}: `{own}` is a new module: add it to the table in ARCHITECTURE.md")],
        Some(May::Everything) => return Vec::new(),
        Some(May::Only(imports)) => imports,
    };
    root_names(tokens, place.len())
        .into_iter()
        .filter(|(_, name)| name != own && !imports.contains(name))
        .map(|(line, name)| format!("{path}:{line}: `{own}` may not import `{name}` (see ARCHITECTURE.md)"))
        .collect()
}

/// Returns the path of a file's module: `src/report/junit.rs` is `report::junit`; `lib.rs` and `main.rs` are the root,
/// which is empty.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut names: Vec<String> = path.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|last| last == "mod") || matches!(path, "lib" | "main") {
        names.pop();
    }
    names
}

/// Returns the names that a file takes from the crate's root, by `crate::` or by enough `super::`, each with its line.
/// `depth` is the module depth of the file.
fn root_names(tokens: &[Placed], depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut braces = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{') => braces.push(opens_module(&tokens[..at])),
            Token::Sign('}') => drop(braces.pop()),
            Token::Word(word) if word == "crate" && is_path_sep(tokens, at + 1) => {
                names_after(tokens, at + 2, 0, &mut found);
            }
            Token::Word(word) if word == "super" && (at == 0 || !is_path_sep(tokens, at - 1)) => {
                let inner = braces.iter().filter(|module| **module).count();
                names_after(tokens, at, depth + inner, &mut found);
            }
            Token::Quoted(text) if text.contains("crate::") => {
                // Passes a depth so large that no `super` in the text reaches the root, because serde's macro decides
                // the module of a quoted path.
                let quoted = root_names(&tokens::tokens(text), text.len());
                found.extend(quoted.into_iter().map(|(_, name)| (*line, name)));
            }
            Token::Word(_) | Token::Quoted(_) | Token::PathSep | Token::Sign(_) => {}
        }
    }
    found
}

/// Follows one path, or a group of them in braces, from `depth` modules below the root. Adds the names at the root to
/// `found`.
fn names_after(tokens: &[Placed], at: usize, depth: usize, found: &mut Vec<(usize, String)>) {
    match tokens.get(at) {
        Some((_, Token::Word(word))) if word == "super" && depth > 0 && is_path_sep(tokens, at + 1) => {
            names_after(tokens, at + 2, depth - 1, found);
        }
        Some((_, Token::Word(word))) if word == "self" && is_path_sep(tokens, at + 1) => {
            names_after(tokens, at + 2, depth, found);
        }
        Some((line, Token::Word(name))) if depth == 0 => found.push((*line, name.clone())),
        Some((line, Token::Sign('*'))) if depth == 0 => found.push((*line, "*".to_owned())),
        Some((_, Token::Sign('{'))) => {
            names_after(tokens, at + 1, depth, found);
            let mut open = 0;
            for (inside, (_, token)) in tokens.iter().enumerate().skip(at + 1) {
                match token {
                    Token::Sign('{') => open += 1,
                    Token::Sign('}') if open == 0 => return,
                    Token::Sign('}') => open -= 1,
                    Token::Sign(',') if open == 0 => names_after(tokens, inside + 1, depth, found),
                    Token::Word(_) | Token::Quoted(_) | Token::PathSep | Token::Sign(_) => {}
                }
            }
        }
        _ => {}
    }
}

fn is_path_sep(tokens: &[Placed], at: usize) -> bool {
    matches!(tokens.get(at), Some((_, Token::PathSep)))
}

/// Whether the brace after `before` opens a `mod name {`.
fn opens_module(before: &[Placed]) -> bool {
    matches!(before, [.., (_, Token::Word(word)), (_, Token::Word(_))] if word == "mod")
}

/// Whether a token names a crate, in code or in a quoted path.
fn names_crate(token: &Token, name: &str) -> bool {
    match token {
        Token::Word(word) => word == name,
        Token::Quoted(text) => text.starts_with(&format!("{name}::")),
        Token::PathSep | Token::Sign(_) => false,
    }
}

/// A small table: `high` may import `low`, `top` everything.
const SMALL: &str = "\
text

| module | may import |
|---|---|
| `low` | nothing |
| `high`, `other` | `low` |
| `top` | everything |

| `not` | `this` |
";

#[track_caller]
fn assert_found(path: &str, text: &str, expected: &[&str]) {
    let found = violations(&Table::read(SMALL), path, text);
    assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{text}: {found:?}");
    }
}

#[test]
fn the_table_is_read_row_by_row() {
    let only = |names: &[&str]| May::Only(names.iter().map(|name| (*name).to_owned()).collect());
    let Table(rows) = Table::read(SMALL);
    let rows: Vec<_> = rows.iter().map(|(module, may)| (module.as_str(), may)).collect();
    assert_eq!(
        rows,
        [("low", &only(&[])), ("high", &only(&["low"])), ("other", &only(&["low"])), ("top", &May::Everything)]
    );
}

#[test]
fn an_import_the_table_does_not_allow_is_found_however_it_is_written() {
    let up = "src/low/deep/leaf.rs:1: `low` may not import `high`";
    for text in [
        "use crate::high;",
        "use crate::high::Thing;",
        "pub use crate::high as h;",
        "use crate::{high, low::Thing};",
        "use crate::{low::{A, B}, high::{C, D}};",
        "use {crate::high, std::fmt};",
        "fn f() -> crate::high::Thing { todo!() }",
        "macro_rules! m { () => { $crate::high::f() } }",
        "#[serde(with = \"crate::high::quantity\")] struct S;",
        "use super::super::super::high;",
        "use super::{super::{super::{high, low}}};",
        "mod tests { use super::super::super::super::high::Thing; }",
        "#[cfg(test)] mod tests { fn f() { if true { crate::high::f() } } }",
        "fn f<'a>(_: &'a str) -> crate::high::Thing<'a> { todo!() }",
        // A string that is not ended would swallow these: `super` counts in code only.
        "const C: char = '\"'; use super::super::super::high;",
        "const C: char = '\\''; const D: char = '\"'; use super::super::super::high;",
        "const E: &str = \"\\\"\"; use super::super::super::high;",
        "const E: &str = \"\\\\\"; use super::super::super::high;",
        "const R: &str = r#\" \" \"#; use super::super::super::high;",
        "/* a /* nested */ comment */ use crate::high;",
    ] {
        assert_found("src/low/deep/leaf.rs", text, &[up]);
    }
    assert_found("src/low/mod.rs", "\n\nuse super::high;", &["src/low/mod.rs:3: "]);
    assert_found("src/low.rs", "use super::{high::A, other::B};", &["`high`", "`other`"]);
    assert_found("src/high.rs", "use crate::{self as root, low};", &["may not import `self`"]);
    assert_found("src/high.rs", "use crate::*;", &["may not import `*`"]);
    assert_found("src/high.rs", "use crate::other::A;\nuse crate::VERSION;", &["`other`", "`VERSION`"]);
}

#[test]
fn text_that_looks_like_an_import_is_not_one() {
    for text in [
        "// use crate::high;",
        "/// See [`crate::high`].",
        "//! use crate::high;\nuse std::fmt;",
        "/* use crate::high; */",
        "use crate::low::high;",
        "use crate::{low::{high, other}};",
        "use super::high;",
        "use super::super::{high, deep::leaf};",
        "use other_crate::high;",
        "pub(crate) mod high { pub(in crate::low) fn f() {} }",
        "mod tests { use super::super::high; }",
        "use super::super::super::{low::A}; struct S { a: u8, high: u8 }",
        "fn high(crate_: u8) -> u8 { crate_ }",
    ] {
        assert_found("src/low/deep/leaf.rs", text, &[]);
    }
}

#[test]
fn imports_in_the_table_are_allowed() {
    assert_found("src/high/a.rs", "use crate::{low::A, high::b};", &[]);
    assert_found("src/top/a.rs", "use crate::{low, high, other, VERSION};", &[]);
    assert_found("src/lib.rs", "pub mod low; use crate::high;", &[]);
    assert_found("src/main.rs", "use crate::high;", &[]);
}

#[test]
fn a_module_must_stand_in_the_table() {
    assert_found("src/new/a.rs", "", &["`new` is a new module: add it to the table in ARCHITECTURE.md"]);
    assert_found("src/new.rs", "", &["`new` is a new module"]);
}

#[test]
fn a_sealed_crate_is_named_in_its_own_file_only() {
    let table = Table::read("| module | may import |\n|-|-|\n| `scenario`, `report` | everything |");
    let found = |path, text| violations(&table, path, text).len();
    for text in
        ["use serde_yaml::Value;", "fn f() { serde_yaml::from_str(\"\") }", "#[serde(with = \"serde_yaml::with\")]"]
    {
        assert_eq!(found("src/scenario/types.rs", text), 1, "{text}");
        assert_eq!(found("src/scenario/load/mod.rs", text), 0, "{text}");
    }
    for path in ["src/report/junit.rs", "src/report/junit/text.rs"] {
        assert_eq!(found(path, "use junit_report::Report;"), 0, "{path}");
    }
    assert_eq!(found("src/report/json.rs", "use junit_report::Report;"), 1);
    assert_eq!(found("src/report/json.rs", "// junit_report and serde_yaml are elsewhere"), 0);
}

#[test]
fn unsafe_code_stays_at_home() {
    let table = Table::read("| module | may import |\n|-|-|\n| `machine` | nothing |");
    let found = |path, text| violations(&table, path, text).len();
    assert_eq!(found("src/machine/linux/a.rs", "fn f() { unsafe { g() } }"), 1);
    assert_eq!(found("src/machine/windows/a.rs", "fn f() { unsafe { g() } }"), 0);
    assert_eq!(found("src/machine/linux/a.rs", "#![deny(unsafe_code)] // no unsafe\nconst S: &str = \"unsafe\";"), 0);
}

#[test]
fn a_long_file_needs_a_reason() {
    let long = "\n".repeat(MOST_LINES + 1);
    assert_found("src/low.rs", &long, &["301 lines"]);
    assert_found("src/low.rs", &long[1..], &[]);
    assert_found("src/low.rs", &format!("// long because the table is one thing{long}"), &[]);
}

#[test]
fn an_empty_module_name_is_refused() {
    assert_found("src/low.rs", "mod utils;\npub mod context { }", &["low.rs:1: `utils`", "low.rs:2: `context`"]);
    assert_found("src/low.rs", "mod contexts; fn utils() {}", &[]);
}
