//! Everyday use of every command: missing files, output without a reader, several scenarios at once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;
use std::process::Command;
#[cfg(unix)]
use std::process::Stdio;

use crate::program::{Completed, poolgate_in};

fn poolgate(folder: &Path) -> Command {
    let mut command = poolgate_in(folder);
    command.env_remove("NO_COLOR");
    command
}

fn said(folder: &Path, words: &[&str]) -> Completed {
    Completed::run(poolgate(folder).args(words))
}

fn scenario(name: &str, more: &str) -> String {
    format!(
        "scenario: {name}\nmachine: {{ simulated: {{ seed: 7, tags: 9 }} }}\n\
         workload: {{ run: echo, iterations: 3 }}\n\
         sampling: {{ every: 250 ms, settle: 1 ms, lead_in: 1 s, cool_down: 1 s }}\n\
         thresholds: [ {{ total: nonpaged, max_growth: 64 MiB }} ]\n{more}"
    )
}

fn lab() -> tempfile::TempDir {
    let lab = tempfile::tempdir().unwrap();
    fs_err::create_dir(lab.path().join("all")).unwrap();
    fs_err::write(lab.path().join("all/a.yaml"), scenario("first", "")).unwrap();
    fs_err::write(lab.path().join("all/b.yml"), scenario("second", "")).unwrap();
    fs_err::write(lab.path().join("all/notes.txt"), "").unwrap();
    lab
}

/// A run was judged. A machine too busy to sample makes it unclear, but these tests accept that.
fn is_judged(code: Option<i32>, told: &str) {
    assert!(matches!(code, Some(0 | 4)), "{code:?}: {told}");
}

/// Returns the names of the suites in a JUnit file, and the number of errors.
fn suites(file: &Path) -> (Vec<String>, usize) {
    let text = fs_err::read_to_string(file).unwrap();
    let suites = text.split("<testsuite ").skip(1);
    let name = |suite: &str| suite.split(" name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (suites.map(name).collect(), text.matches("<error ").count())
}

#[test]
fn a_missing_file_is_one_mistake_reported_once() {
    let lab = lab();
    for words in [
        &["judge", "none.log"][..],
        &["judge", "--junit", "judged.xml", "none.log"],
        &["judge", "none*.log"],
        &["judge", "all"],
        &["compare", "none.log", "none.log"],
        &["export", "--csv", "none.log"],
        &["export", "--series", "none.log"],
        &["mon", "none.log"],
        &["check", "none.yaml"],
        &["check", "none*.yaml"],
        &["run", "none.yaml"],
        &["doctor", "none.yaml"],
        &["tag", "MyD1", "--pooltag", "none.txt"],
        &["judge", "--scenario", "none.yaml", "all/a.yaml"],
        &["run", "--junit", "none/junit.xml", "all"],
        &["man", "none/pages"],
        &["resume", "none"],
        &["status", "none"],
    ] {
        let said = said(lab.path(), words);
        assert_eq!(said.code, Some(2), "{words:?}: {}{}", said.stdout, said.stderr);
        let named = if words[0] == "compare" { 2 } else { 1 };
        assert_eq!(said.stderr.matches("error:").count(), named, "{words:?}: {}", said.stderr);
        assert!(said.stderr.contains("none") || said.stderr.contains("all is a folder"), "{words:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{words:?}");
        assert!(!said.stderr.contains(".tmp"), "{words:?}: {}", said.stderr);
    }
    // The file must not be the old one, because some readers look only at the file.
    assert_eq!(suites(&lab.path().join("judged.xml")), (vec!["none.log".to_owned()], 1));
    assert!(!lab.path().join("reports").exists(), "nothing was run");
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_not_its_temporary_one() {
    let lab = lab();
    let log = "t_seconds,iteration,tag,pool,allocs,frees,bytes\n0,0,MyD1,paged,1,0,8\n1,1,MyD1,paged,1,0,8\n";
    fs_err::write(lab.path().join("log.csv"), log).unwrap();
    let said =
        said(lab.path(), &["judge", "--threshold", "tag MyD1 max_bytes 1 MiB", "--junit", "none/j.xml", "log.csv"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("cannot write none/j.xml: ") && !said.stderr.contains(".tmp"), "{}", said.stderr);
}

#[test]
fn folders_and_wildcards_are_run_in_order_into_one_junit_file() {
    let lab = lab();
    let both = ["first".to_owned(), "second".to_owned()];
    for (scenarios, expected) in [("all", &both[..]), ("all/*.y*ml", &both[..]), ("a*/a.yaml", &both[..1])] {
        let said = said(lab.path(), &["run", "-q", "--junit", "junit.xml", scenarios]);
        is_judged(said.code, &said.stderr);
        assert_eq!(said.stderr, "", "a quiet run tells no story");
        assert_eq!(suites(&lab.path().join("junit.xml")), (expected.to_vec(), 0), "{scenarios}");
    }
    let checked = said(lab.path(), &["check", "all"]);
    assert!(
        checked.stdout.contains("scenario first is valid") && checked.stdout.contains("scenario second is valid"),
        "{}",
        checked.stdout
    );
}

#[test]
fn the_junit_file_has_every_run_also_after_simulated_restarts() {
    let lab = lab();
    let chain = scenario("chain", "").replace("tags: 9 }", "tags: 9, pool_tagging: by_flag }");
    fs_err::write(lab.path().join("chain.yaml"), chain).unwrap();
    let said = said(lab.path(), &["run", "--junit", "junit.xml", "all/a.yaml", "chain.yaml", "all/b.yml"]);
    is_judged(said.code, &said.stderr);
    assert!(said.stderr.contains("restarting the machine"), "{}", said.stderr);
    assert_eq!(suites(&lab.path().join("junit.xml")).0, ["first", "chain", "second"]);
}

#[test]
fn check_refuses_scenarios_that_can_only_end_unclear_or_in_an_error() {
    let lab = lab();
    let hopeless = "scenario: hopeless\nworkload: { run: ./not-built, iterations: 20 }\nthresholds:\n  \
                    - { total: POOL, max_growth: 64 MiB }\n  - { tag: MyD1, max_rate: 0 B/iteration }\n";
    let foreign = if cfg!(windows) { "slab" } else { "nonpaged" };
    fs_err::write(lab.path().join("hopeless.yaml"), hopeless.replace("POOL", foreign)).unwrap();
    let here = said(lab.path(), &["check", "hopeless.yaml"]);
    assert_eq!(here.code, Some(2), "{}", here.stdout);
    for why in ["has no pool", "a rate needs 36 iterations after the warm-up, but there are only 16", "not-built"] {
        let line = here.stdout.lines().find(|line| line.contains(why) && line.contains("cannot pass: "));
        assert!(line.is_some(), "{why}: {}", here.stdout);
    }
    let elsewhere = said(lab.path(), &["check", "--elsewhere", "hopeless.yaml"]);
    assert_eq!(elsewhere.code, Some(0), "{}", elsewhere.stdout);
    assert!(!elsewhere.stdout.contains("cannot pass"), "{}", elsewhere.stdout);
}

#[test]
fn colours_follow_the_options_and_the_environment() {
    let lab = lab();
    let coloured = |words: &[&str]| said(lab.path(), words).stderr.contains('\u{1b}');
    assert!(coloured(&["--color", "always", "check", "none.yaml"]));
    assert!(coloured(&["check", "none.yaml", "--color=always"]));
    assert!(!coloured(&["--color", "never", "check", "none.yaml"]));
    assert!(!coloured(&["check", "none.yaml"]), "stderr is no terminal here");
}

#[test]
fn lengths_of_time_have_the_units_of_a_scenario_on_the_command_line_and_the_other_way_round() {
    let lab = lab();
    let text = scenario("units", "")
        .replace("every: 250 ms", "every: 100msec")
        .replace("iterations: 3", "iterations: 3, timeout: 1m30s");
    fs_err::write(lab.path().join("units.yaml"), text).unwrap();
    assert_eq!(said(lab.path(), &["check", "units.yaml"]).code, Some(0));
    for (time, code) in [("500 ms", 2), ("5", 2), ("1m30s", 2), ("soon", 2)] {
        let waited = said(lab.path(), &["wait", "--timeout", time]);
        assert_eq!(waited.code, Some(code));
        let understood = waited.stderr.contains("no unfinished run");
        assert_eq!(understood, time != "soon", "{time}: {}", waited.stderr);
    }
}

#[cfg(unix)]
mod lost {
    use super::*;

    /// The target of the output: a full disk, or a reader that is gone.
    fn lost(full: bool) -> Stdio {
        if full {
            return Stdio::from(fs_err::OpenOptions::new().write(true).open("/dev/full").unwrap().into_file());
        }
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    }

    /// Returns the exit code of a command and its output on the other stream.
    fn ended(lab: &Path, words: &[&str], full: bool, stdout: bool) -> (Option<i32>, String) {
        let mut command = poolgate(lab);
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        if stdout {
            command.stdout(lost(full))
        } else {
            command.stderr(lost(full))
        };
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), text)
    }

    #[test]
    fn lost_output_causes_no_panic() {
        let lab = lab();
        let run = said(lab.path(), &["run", "all/a.yaml"]);
        is_judged(run.code, &run.stderr);
        let recorded = fs_err::read_dir(lab.path().join("reports")).unwrap().next().unwrap().unwrap().path();
        let recorded = recorded.to_str().unwrap();
        for words in [
            &["--help"][..],
            &["--version"],
            &["mon", "--help"],
            &["no-such-command"],
            &["schema"],
            &["man"],
            &["completions", "bash"],
            &["check", "all"],
            &["doctor"],
            &["status"],
            &["tag", "MyD1"],
            &["judge", recorded],
            &["judge", "--json", recorded],
            &["judge", "none"],
            &["compare", recorded, recorded],
            &["export", "--csv", recorded],
            &["export", "--series", recorded],
            &["mon", recorded],
            &["mon", "--snapshot", "-", recorded],
        ] {
            let usual = said(lab.path(), words);
            for (full, stdout) in [(true, true), (true, false), (false, true), (false, false)] {
                let (code, text) = ended(lab.path(), words, full, stdout);
                assert!(!text.contains("panicked"), "{words:?}: {text}");
                let is_lost = full && stdout && !usual.stdout.is_empty();
                match usual.code {
                    Some(0 | 4) if is_lost => {
                        assert_eq!(code, Some(3), "{words:?} on a full disk: {text}");
                        assert!(text.contains("error:"), "{words:?}: {text}");
                    }
                    usual => assert_eq!(code, usual, "{words:?}, full {full}, stdout {stdout}: {text}"),
                }
            }
        }
    }

    #[test]
    fn a_run_ends_normally_if_its_output_is_lost() {
        for (full, stdout) in [(true, true), (true, false), (false, true), (false, false)] {
            let lab = lab();
            let (code, text) = ended(lab.path(), &["run", "all/a.yaml"], full, stdout);
            is_judged(code, &text);
            assert!(!text.contains("panicked"), "{text}");
            let status = said(lab.path(), &["status"]);
            assert!(status.stdout.contains("no unfinished run"), "{}", status.stdout);
        }
    }

    #[test]
    fn every_unfinished_run_is_listed() {
        let lab = lab();
        for name in ["one", "two"] {
            let text = scenario(name, "").replace("run: echo", "run: touch begun && sleep 60");
            fs_err::write(lab.path().join("sleeps.yaml"), text).unwrap();
            let mut running = poolgate(lab.path()).args(["run", "-q", "sleeps.yaml"]).spawn().unwrap();
            while !lab.path().join("begun").exists() {
                std::thread::park_timeout(std::time::Duration::from_millis(20));
            }
            running.kill().unwrap();
            running.wait().unwrap();
            fs_err::remove_file(lab.path().join("begun")).unwrap();
        }
        let status = said(lab.path(), &["status"]);
        assert!(status.stdout.starts_with("two-"), "{}", status.stdout);
        let other = status.stdout.lines().find(|line| line.starts_with("also unfinished: reports/one-"));
        assert!(
            other.is_some_and(|line| line.contains("phase measure, no process is working on it")),
            "{}",
            status.stdout
        );
        let aborted = said(lab.path(), &["abort"]);
        assert!(aborted.stderr.contains("note: also unfinished: reports/one-"), "{}", aborted.stderr);
        let doctor = said(lab.path(), &["doctor"]);
        assert!(doctor.stdout.contains("unfinished: reports/one-"), "{}", doctor.stdout);
        assert!(!doctor.stdout.contains("unfinished: reports/two-"), "{}", doctor.stdout);
    }
}
