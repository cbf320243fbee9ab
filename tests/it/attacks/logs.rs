//! Links and fifos in place of the logs that a resumed run continues to write.

use std::path::Path;

use poolgate::run::{Output, open_log};
use rustix::process::{Pid, Signal, kill_process};

use super::stranger::{Place, does, is_root};
use crate::program::poolgate;
use crate::runs::harness::{Ended, Scenario, wait_until};

const LOGS: [&str; 2] = ["workload.log", "run.log"];

#[test]
fn planted_files_of_a_stranger_are_not_written_to() {
    if !is_root() {
        return;
    }
    let place = Place::shared();
    let victim = place.file("victim", "root's own\n");
    let run = place.strangers("run");
    for name in LOGS {
        let log = run.join(name);
        for planted in ["ln -s \"$0\"", "mkfifo", "mkdir", "touch"] {
            does(&run, &format!("rm -rf {name}; {planted} {name}"), &victim);
            open_log(&log).unwrap_err();
            assert!(Output::append(&log).is_err(), "{planted}");
        }
    }
    assert_eq!(fs_err::read_to_string(&victim).unwrap(), "root's own\n");
}

/// A run that was killed while its workload ran.
fn killed() -> Ended {
    Scenario::with_flag("touch begun; sleep 0.05").start_until("begun").kill()
}

/// Resumes the run with another file in place of a log; returns the exit code and the output. The resume must end: if
/// it hangs, it is killed and the test fails.
fn resumed(ended: &Ended, log: &str, plant: impl FnOnce(&Path)) -> (Option<i32>, String) {
    let path = ended.run.join(log);
    fs_err::remove_file(&path).unwrap();
    plant(&path);
    let said = tempfile::tempfile().unwrap();
    let mut command = poolgate();
    command.arg("resume").arg(&ended.run).stdout(said.try_clone().unwrap()).stderr(said.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_child(&child);
    let mut status = None;
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_until("the run is over", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
    }));
    if waited.is_err() {
        kill_process(pid, Signal::KILL).unwrap();
        child.wait().unwrap();
        panic!("a resume with something planted as {log} hangs");
    }
    let text = std::io::read_to_string({
        let mut said = said;
        std::io::Seek::rewind(&mut said).unwrap();
        said
    });
    (status.unwrap().code(), text.unwrap())
}

#[test]
fn a_resumed_run_neither_waits_for_a_fifo_nor_follows_a_link() {
    for log in LOGS {
        let ended = killed();
        let (code, said) = resumed(&ended, log, |path| {
            let mode = rustix::fs::Mode::from_raw_mode(0o644);
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        });
        assert!(said.contains("is not written to: it is not a regular file"), "{log}: {code:?} {said}");
        ended.left_the_machine_as_it_was();

        let ended = killed();
        let victim = ended.run.join("victim");
        fs_err::write(&victim, "whole").unwrap();
        let (code, said) = resumed(&ended, log, |path| std::os::unix::fs::symlink(&victim, path).unwrap());
        assert!(said.contains("is not written to: it is a symbolic link"), "{log}: {code:?} {said}");
        assert_eq!(fs_err::read_to_string(&victim).unwrap(), "whole");
        // The output of the workload may appear in a report; the other log is only for people.
        assert_eq!(code, Some(if log == "workload.log" { 3 } else { 0 }), "{said}");
        ended.left_the_machine_as_it_was();
    }
}
