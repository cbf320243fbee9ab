//! Files that are swapped while root reads them.

use std::os::unix::fs::chown;
use std::path::Path;

use poolgate::machine::linux;

use super::stranger::{Place, STRANGER, exchange, is_root, meanwhile, mode};

const READS: usize = 5000;

/// Reads `path` repeatedly while `swap` replaces it. Returns the numbers of accepted and refused reads.
fn read_while(root: &Path, path: &Path, swap: impl Fn() + Sync) -> (usize, usize) {
    let (mut read, mut refused) = (0, 0);
    meanwhile(swap, || {
        for _ in 0..READS {
            match linux::read_trusted(root, path) {
                Ok(bytes) => {
                    assert_eq!(String::from_utf8_lossy(&bytes), "root's");
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
    });
    (read, refused)
}

/// Asserts that the reads met both files.
fn assert_both(accepted: usize, refused: usize) {
    assert!(
        accepted > 0 && refused > 0,
        "the test needs both accepted and refused reads: {accepted} accepted, {refused} refused"
    );
}

#[test]
fn a_file_swapped_during_a_read_never_yields_the_strangers_content() {
    if !is_root() {
        return;
    }
    let root = Place::shared();
    let path = root.at("state/scenario.yaml");
    root.file("state/scenario.yaml", "root's");
    let (good, bad) = (root.file("good", "root's"), root.file("bad", "the stranger's"));
    chown(&bad, Some(STRANGER), Some(STRANGER)).unwrap();
    let beside = root.at("beside");
    let put = |from: &Path| {
        fs_err::hard_link(from, &beside).unwrap();
        fs_err::rename(&beside, &path).unwrap();
    };
    let (read, refused) = read_while(root.path(), &path, || {
        put(&bad);
        put(&good);
    });
    assert_both(read, refused);
}

#[test]
fn a_folder_swapped_during_traversal_never_yields_the_strangers_file() {
    if !is_root() {
        return;
    }
    let root = Place::shared();
    let path = root.at("state/run/scenario.yaml");
    root.file("state/run/scenario.yaml", "root's");
    // The file itself would pass; the problem is the folder, because any user could have put a file into it.
    root.file("theirs/scenario.yaml", "the stranger's");
    mode(&root.at("theirs"), 0o777);
    let (read, refused) = read_while(root.path(), &path, || {
        assert!(exchange(&root.at("state/run"), &root.at("theirs")));
    });
    assert_both(read, refused);
}

#[test]
fn special_and_oversized_files_are_not_read() {
    let root = Place::shared();
    root.folder("state");
    let fifo = root.at("state/fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let long = root.file("state/long", "");
    fs_err::OpenOptions::new().write(true).open(&long).unwrap().set_len((64 << 20) + 1).unwrap();
    for (path, problem) in [
        (&fifo, "not a regular file"),
        (&long, "too large"),
        (&root.at("state"), "directory"),
        (&root.at("no"), "No such"),
    ] {
        let error = linux::read_trusted(root.path(), path).unwrap_err().to_string();
        assert!(error.to_lowercase().contains(&problem.to_lowercase()), "{error}");
    }
}
