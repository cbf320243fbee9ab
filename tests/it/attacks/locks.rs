//! Attempts to block runs through their locks.

use std::sync::atomic::{AtomicBool, Ordering};

use poolgate::machine::linux;
use poolgate::run::{LockOwner, MachineLock};

use super::stranger::{Place, does, is_root, program, tries};

#[test]
fn a_stranger_cannot_block_the_machine() {
    if !is_root() {
        return;
    }
    let root = Place::shared();
    root.folder("run");
    let lock = linux::lock_file(root.path());
    drop(MachineLock::take(&lock, "nightly-1").unwrap());
    // A lock of their own works, so the failure on root's lock is not caused by a missing flock(1).
    does(&root.strangers("home"), "touch lock && flock --nonblock lock true", &lock);
    let (blocked, said) = tries(&root.at("home"), "flock --nonblock \"$0\" true", &lock);
    assert!(!blocked && said.contains("Permission denied"), "{said}");
    // They cannot replace it either.
    let (replaced, said) = tries(&root.at("home"), "rm -f \"$0\" || mv \"${0%/*}\" away", &lock);
    assert!(!replaced, "{said}");
    MachineLock::take(&lock, "nightly-2").unwrap();
}

#[test]
fn a_lock_folder_that_a_stranger_made_first_is_refused() {
    if !is_root() {
        return;
    }
    let root = Place::shared();
    root.folder("run");
    root.strangers("run/poolgate");
    let refused = MachineLock::take(&linux::lock_file(root.path()), "nightly").unwrap_err().to_string();
    assert!(refused.contains("it belongs to user 65534, not to root"), "{refused}");
}

#[test]
fn a_stranger_gets_an_error_about_roots_runs() {
    if !is_root() {
        return;
    }
    let root = Place::shared();
    let poolgate = program(&root);
    root.folder("run");
    let _lock = MachineLock::take(&linux::lock_file(root.path()), "nightly").unwrap();
    assert_eq!(linux::may_list_states(root.path()), None);
    linux::make_state(root.path(), "nightly").unwrap();
    assert_eq!(linux::may_list_states(root.path()), Some(true));
    let line = format!("\"$0\" doctor --root {}", root.path().display());
    let (_, said) = tries(&root.strangers("home"), &line, &poolgate);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("no permission to read the runs in "), "{said}");
    assert!(said.contains("no permission to check whether a run owns this machine"), "{said}");
    assert!(!said.contains("no unfinished runs"), "{said}");
}

#[test]
fn a_status_query_does_not_block_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.lock");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Two loops, like two calls of `status`.
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert_ne!(MachineLock::look(&path), LockOwner::Hidden);
                }
            });
        }
        let refused = (0..2000).filter(|_| MachineLock::take(&path, "nightly").is_err()).count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(refused, 0);
    });
}
