//! Every file in `mistakes/` has one mistake, described by its name. The message for the author is a reviewed snapshot:
//! the place must be exact, and the help must describe the correction. A new case is a new file.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use poolgate::scenario::{LoadError, Mistakes, load, parse};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Returns the mistakes in a file; panics if there are none. The source is the file name, the same on every machine.
fn refused(path: &Path) -> Mistakes {
    let name = path.file_name().unwrap().to_string_lossy();
    match parse(&name, &fs_err::read(path).unwrap()) {
        Ok(_) => panic!("{name} is accepted"),
        Err(mistakes) => mistakes,
    }
}

#[test]
fn every_mistake_is_shown_with_its_position() {
    insta::glob!("..", "mistakes/*.yaml", |path| insta::assert_snapshot!(refused(path).render()));
}

#[test]
fn every_file_is_refused_at_a_place_within_it() {
    let files = files();
    assert!(files.len() >= 25, "only {} files", files.len());
    for path in files {
        let mistakes = refused(&path);
        assert!(mistakes.iter().count() > 0, "{}", path.display());
        for mistake in mistakes.iter() {
            assert!(mistakes.text().get(mistake.span()).is_some(), "{}: {mistake:?}", path.display());
        }
    }
}

#[test]
fn a_mistake_is_written_in_the_style_of_the_house() {
    for path in files() {
        for mistake in refused(&path).iter() {
            for text in [mistake.message(), mistake.help()] {
                let first = text.chars().next().unwrap();
                assert!(!first.is_uppercase() || text.starts_with("UTF"), "{}: {text}", path.display());
                assert!(!text.ends_with('.'), "{}: {text}", path.display());
            }
        }
    }
}

#[test]
fn a_large_file_is_refused_without_being_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    let mut text = String::from("scenario: example\n");
    while text.len() < 10 << 20 {
        writeln!(text, "# padding padding padding padding padding padding").unwrap();
    }
    fs_err::write(&path, text).unwrap();
    match load(&path) {
        Err(LoadError::Mistakes(mistakes)) => assert_eq!(mistakes.to_string(), "the file is larger than 1 MiB"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.yaml");
    match load(&path) {
        Err(LoadError::Unreadable(error)) => assert!(error.to_string().contains("missing.yaml"), "{error}"),
        other => panic!("{other:?}"),
    }
}
