//! Redirected output: plain screens one after another.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use poolgate::pool::Pool;

use super::Bed;
use crate::program::Completed;

/// A running `poolgate mon`, and its output.
pub(super) struct Going {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Going {
    pub(super) fn start(bed: &Bed, words: &[&str]) -> Going {
        let mut command = bed.mon(&[words, &["--every", "20 ms"]].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Going { child, lines }
    }

    /// Reads up to a line for which `wanted` is true, and returns it. Without such a line, the test never ends.
    pub(super) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let all = self.all_until(wanted);
        all.split_inclusive('\n').next_back().unwrap().to_owned()
    }

    /// Reads up to such a line, and returns all lines.
    pub(super) fn all_until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let mut all = String::new();
        loop {
            let before = all.len();
            assert_ne!(self.lines.read_line(&mut all).unwrap(), 0, "it ended before that line");
            if wanted(&all[before..]) {
                return all;
            }
        }
    }

    /// Sends Ctrl-C, and returns the result.
    #[cfg(unix)]
    pub(super) fn interrupt(self) -> Completed {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        // Reading the pipe to its end waits for the end of the child.
        let _rest = self.lines.lines().map_while(Result::ok).count();
        Completed::from(self.child.wait_with_output().unwrap())
    }
}

#[test]
fn a_screen_is_written_as_poolmon_redirected() {
    let said = Bed::new().once(&["/b"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(said.stdout);
}

#[test]
fn changes_since_the_previous_screen_are_in_parentheses() {
    let bed = Bed::new();
    let mut going = Going::start(&bed, &["/iMyD1"]);
    going.until(|line| line.contains("pool information"));
    bed.allocate("MyD1", Pool::Nonpaged, 64, 2);
    // A row that was not on the previous screen has no change.
    let row = going.until(|line| line.starts_with(" MyD1"));
    assert_eq!(
        row.trim_end(),
        " MyD1 Nonp          2 (   0)         0 (   0)        2         128 (          0)          64"
    );
    bed.allocate("MyD1", Pool::Nonpaged, 64, 5);
    let row = going.until(|line| line.contains("(   5)"));
    assert_eq!(
        row.trim_end(),
        " MyD1 Nonp          7 (   5)         0 (   0)        7         448 (        320)          64"
    );
    going.until(|line| line.starts_with(" MyD1") && line.contains("7 (   0)"));
    drop(going.child.kill());
    drop(going.child.wait());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_in_order() {
    let bed = Bed::new();
    let mut going = Going::start(&bed, &["/b"]);
    going.until(|line| line.starts_with(" Both"));
    let said = going.interrupt();
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_mon_without_an_error() {
    let bed = Bed::new();
    let Going { child, mut lines } = Going::start(&bed, &["/b"]);
    lines.read_line(&mut String::new()).unwrap();
    drop(lines);
    let said = Completed::from(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
}

#[test]
fn count_limits_the_number_of_screens() {
    let bed = Bed::new();
    for (count, expected) in [("1", 1), ("3", 3)] {
        let said = Completed::run(&mut bed.mon(&["-b", "--count", count, "--every", "10 ms"]));
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        assert_eq!(said.stdout.matches(" Memory:").count(), expected, "{}", said.stdout);
    }
    // What is reached first ends it.
    let said = bed.once(&["-b", "--count", "3"]);
    assert_eq!((said.code, said.stdout.matches(" Memory:").count()), (Some(0), 1));
    let said = bed.once(&["--count", "0"]);
    assert!(said.code == Some(2) && said.stderr.contains("--count"), "{}", said.stderr);
}

#[test]
fn the_help_states_that_a_redirected_mon_never_ends() {
    let said = Completed::run(&mut Bed::new().mon(&["--help"]));
    assert!(said.code == Some(0) && said.stdout.contains("never ends by itself"), "{}", said.stdout);
}

#[test]
fn a_machine_that_cannot_be_read_is_an_error_and_no_screen() {
    let bed = Bed::new();
    fs_err::remove_file(bed.kernel.path()).unwrap();
    let said = bed.once(&["--log", "pool.log"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""));
    assert!(said.stderr.contains("cannot read") && said.stderr.contains("kernel.json"), "{}", said.stderr);
    assert!(!bed.path("pool.log").exists());
}

#[cfg(unix)]
#[test]
fn a_failed_reading_is_reported_without_a_screen() {
    let bed = Bed::new();
    let away = bed.path("away.json");
    let mut going = Going::start(&bed, &["/b"]);
    going.until(|line| line.starts_with(" Big"));
    fs_err::rename(bed.kernel.path(), &away).unwrap();
    let mut errors = BufReader::new(going.child.stderr.take().unwrap());
    let mut told = String::new();
    errors.read_line(&mut told).unwrap();
    assert!(told.contains("cannot read") && told.contains("kernel.json"), "{told}");
    fs_err::rename(&away, bed.kernel.path()).unwrap();
    bed.allocate("Then", Pool::Paged, 8, 1);
    let written = going.all_until(|line| line.starts_with(" Then"));
    // An empty screen would have a header, followed at once by the header of the next screen.
    assert!(written.contains("Per Alloc\n\n Big"), "{written}");
    assert!(!written.contains("Per Alloc\n\n\n"), "{written}");
    assert_eq!(going.interrupt().code, Some(0));
}
