//! Runs the fuzz targets on the fuzzer's initial inputs, whole and damaged.
//!
//! `.ci/nightly fuzz` searches for new inputs with libFuzzer; this runs the same checks in a test build, in seconds.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/lib.rs"]
#[allow(unreachable_pub, clippy::disallowed_methods, reason = "it is a crate of its own, without fs_err")]
mod fuzz;

/// The same as `-max_len` in `.ci/fuzz`.
const LONGEST: usize = 4096;

/// Bytes that separate, sign, quote, or control a terminal.
const MEANINGFUL: &[u8] = b" \t\n\0-+.,:;#\"'[]{}\x1b\x7f\xff09";

/// The number of damaged copies of each input.
const DAMAGED: u64 = 16;

#[test]
fn every_target_is_listed_here_and_in_cargo_toml() {
    let listed = fuzz::TARGETS.map(|(name, _)| name.to_owned());
    let files = files(Path::new("fuzz/fuzz_targets"));
    let stems = files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(BTreeSet::from(listed), stems.collect(), "fuzz/lib.rs and fuzz/fuzz_targets differ");
    let manifest = fs_err::read_to_string("fuzz/Cargo.toml").unwrap();
    for file in files {
        let (path, name) = (file.strip_prefix("fuzz").unwrap().to_str().unwrap(), file.file_stem().unwrap());
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{path} is missing in fuzz/Cargo.toml");
        let calls = format!("fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target({name:?})(bytes));");
        assert!(fs_err::read_to_string(&file).unwrap().contains(&calls), "{path} must do nothing but {calls}");
    }
}

#[test]
fn every_input_keeps_the_promises_whole_and_damaged() {
    for (name, _) in fuzz::TARGETS {
        let (target, inputs) = (fuzz::target(name), inputs(name));
        assert!(!inputs.is_empty(), "{name} has no inputs: add fuzz/seeds/{name} or a line of fuzz/inputs");
        for path in inputs {
            let bytes = fs_err::read(&path).unwrap();
            let bytes = beginning(&bytes);
            read(name, target, &path, bytes);
            for seed in 0..DAMAGED {
                read(name, target, &path, &damaged(bytes, seed));
            }
        }
    }
}

fn read(name: &str, target: fuzz::Target, path: &Path, bytes: &[u8]) {
    let read = std::panic::catch_unwind(|| target(bytes));
    if read.is_err() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-input-{name}"));
        fs_err::write(&kept, bytes).unwrap();
        panic!("{name} fails on {}, made from {}", kept.display(), path.display());
    }
}

/// Returns the part of a longer file that is read: whole lines, if it has any.
fn beginning(bytes: &[u8]) -> &[u8] {
    match bytes.get(..LONGEST) {
        Some(first) => &first[..first.iter().rposition(|&byte| byte == b'\n').map_or(LONGEST, |at| at + 1)],
        None => bytes,
    }
}

/// Returns `bytes` with one to four bytes replaced. One copy in three is cut off at a line's end, and one anywhere.
fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ bytes.len() as u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let mut damaged = bytes.to_vec();
    let at = random(bytes.len());
    match seed % 3 {
        0 => damaged.truncate(bytes[at..].iter().position(|&byte| byte == b'\n').map_or(at, |more| at + more + 1)),
        1 => damaged.truncate(at),
        _ => {}
    }
    for _ in 0..=random(4) {
        // A byte with a meaning in one of the formats, or any byte.
        let byte = if random(2) == 0 { MEANINGFUL[random(MEANINGFUL.len())] } else { random(256) as u8 };
        // Only bytes that are not spaces, since most of a table is spaces.
        let written: Vec<usize> = (0..damaged.len()).filter(|&at| damaged[at] != b' ').collect();
        if let Some(&at) = written.get(random(written.len())) {
            damaged[at] = byte;
        }
    }
    damaged
}

/// Returns the inputs of a target: those of `fuzz/seeds/<name>`, and of the folders listed in `fuzz/inputs`.
fn inputs(name: &str) -> Vec<PathBuf> {
    let listed = fs_err::read_to_string("fuzz/inputs").unwrap();
    let folders = listed.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (target, folder) = line.split_once(' ')?;
        (target == name).then(|| Path::new("fuzz").join(folder))
    });
    let seeds = Path::new("fuzz/seeds").join(name);
    folders.chain(seeds.is_dir().then_some(seeds)).flat_map(|folder| files(&folder)).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}
