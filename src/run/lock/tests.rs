//! Takes the lock, reads its owner, and finds the owner's folder.

use super::*;
#[cfg(unix)]
use crate::failure::help;

#[test]
fn a_second_run_gets_the_name_of_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poolgate.lock");
    let first = MachineLock::take(&path, "nightly-1").unwrap();
    let refused = MachineLock::take(&path, "nightly-2").unwrap_err().to_string();
    assert!(refused.starts_with("another run owns this machine: nightly-1 (process "), "{refused}");
    assert!(MachineLock::owner(&path).is_some_and(|owner| owner.starts_with("nightly-1 (process ")));
    drop(first);
    assert_eq!(MachineLock::owner(&path), None);
    MachineLock::take(&path, "nightly-2").unwrap();
}

#[test]
fn a_run_is_found_by_its_lock_also_when_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.lock");
    assert_eq!(MachineLock::folder(&path), None);
    let lock = MachineLock::take(&path, "nightly-1").unwrap().of_run_in(folder.path());
    assert_eq!(MachineLock::folder(&path).as_deref(), Some(folder.path()));
    let owner = MachineLock::owner(&path).unwrap();
    assert!(owner.starts_with("nightly-1 (process ") && owner.ends_with(')'), "{owner}");
    drop(lock);
    assert_eq!(MachineLock::folder(&path), None);
    fs_err::write(&path, "nightly-1 (process 7)\nreports/nightly-1\n").unwrap();
    assert_eq!(MachineLock::folder(&path), None, "a path that depends on where poolgate is called is none");
}

#[test]
fn reading_the_lock_does_not_block_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.lock");
    assert_eq!(MachineLock::look(&path), LockOwner::Nobody);
    // A file opened just for reading, as `status` does, is not locked.
    drop(MachineLock::take(&path, "nightly-1").unwrap());
    let file = native::open_to_look(&path).unwrap();
    assert!(!native::is_locked(&file).unwrap());
    let lock = MachineLock::take(&path, "nightly-2").unwrap();
    assert!(native::is_locked(&file).unwrap());
    assert!(matches!(MachineLock::look(&path), LockOwner::Run(run) if run.starts_with("nightly-2 ")));
    drop(lock);
    assert!(!native::is_locked(&file).unwrap());
}

#[test]
fn a_lock_that_is_released_meanwhile_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.lock");
    let mut held = Some(MachineLock::take(&path, "poolgate flags").unwrap());
    let mut pauses = 0;
    let taken = take_patiently(&path, "nightly-1", 10, || {
        pauses += 1;
        if pauses == 3 {
            held = None;
        }
    });
    assert!(taken.is_ok(), "{taken:?}");
    assert_eq!(pauses, 3);
    let refused = take_patiently(&path, "nightly-2", 10, || {}).unwrap_err().to_string();
    assert!(refused.contains("nightly-1"), "{refused}");
    drop(taken);
    let waiting = std::thread::scope(|scope| {
        let lock = MachineLock::take(&path, "poolgate flags").unwrap();
        let waiting = scope.spawn(|| MachineLock::take_patiently(&path, "nightly-3", Duration::from_secs(60)));
        drop(lock);
        waiting.join().unwrap()
    });
    waiting.unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_system_without_locks_is_named_as_the_reason() {
    for code in [rustix::io::Errno::NOLCK, rustix::io::Errno::OPNOTSUPP] {
        let error = LockError::Io { path: "run.lock".into(), source: explained(code.into()) };
        assert!(
            error.to_string().starts_with("cannot lock run.lock: its file system does not support locks: "),
            "{error}"
        );
        assert!(help(&error).unwrap().contains("--reports"), "{error}");
    }
    let denied = LockError::Io { path: "run.lock".into(), source: explained(rustix::io::Errno::ACCESS.into()) };
    assert!(help(&denied).unwrap().contains("sudo"), "{denied}");
}

#[cfg(unix)]
#[test]
fn a_lock_file_is_made_private_from_any_mode() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poolgate/machine.lock");
    drop(MachineLock::take(&path, "nightly-1").unwrap());
    let modes = || [folder.path().join("poolgate"), path.clone()].map(|path| path.metadata().unwrap().mode() & 0o7777);
    assert_eq!(modes(), [0o700, 0o600]);
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    drop(MachineLock::take(&path, "nightly-1").unwrap());
    assert_eq!(modes(), [0o700, 0o600]);
}

#[test]
fn an_owner_cannot_write_to_anybodys_terminal() {
    assert_eq!(owner("nightly\u{1b}[2J (process 1)\n"), "nightly[2J (process 1)");
    assert_eq!(owner("\n"), "a run of another user");
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    #[cfg(unix)]
    use std::os::unix::fs::symlink;
    #[cfg(windows)]
    use std::os::windows::fs::symlink_file as symlink;
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("poolgate.lock"), folder.path().join("precious"));
    fs_err::copy("Cargo.toml", &target).unwrap();
    symlink(&target, &link).unwrap();
    if cfg!(windows) && link.symlink_metadata().is_err() {
        eprintln!("skipped: this system reported success but created no link (Wine 8)");
        return;
    }
    assert!(matches!(MachineLock::take(&link, "run"), Err(LockError::Io { .. })));
    assert_eq!(fs_err::read(&target).unwrap(), fs_err::read("Cargo.toml").unwrap());
}
