//! Text from outside that the real program sends to a terminal and to a spreadsheet.
//!
//! The workload prints escape sequences and leaves a process with such a name, and a tag looks like a formula. `script`
//! gives the program a terminal. `CLICOLOR_FORCE` keeps colours without one, so escape sequences would also get
//! through.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::poolgate_in;

/// Sets the window's title, clears the screen, hides text, and changes its direction; U+009B is CSI in one character.
const HOSTILE: &str = r"\033]0;owned\007\033[2J\033[8mhidden\033[3;3H\302\2332Jend\342\200\256live";
/// Bytes that must never be sent.
const SENT: [&[u8]; 6] =
    [b"\x1b]0;", b"\x1b[2J", b"\x1b[8m", b"\x1b[3;3H", "\u{9b}2J".as_bytes(), "\u{202e}live".as_bytes()];
/// The text as shown.
const SHOWN: &str = r"\x1b]0;owned\x07\x1b[2J\x1b[8mhidden\x1b[3;3H\x9b2Jend\u{202e}live";

fn lab(workload: &str) -> tempfile::TempDir {
    let lab = tempfile::tempdir().unwrap();
    let scenario = "scenario: test\nconfirm: false\nmachine: { simulated: { tags: 5 } }\n\
         workload: { run: sh workload.sh, iterations: 2 }\n\
         sampling: { every: 20 ms, settle: 0 ms, lead_in: 100 ms, cool_down: 100 ms }\n\
         thresholds:\n  - { total: nonpaged, max_growth: 1 GiB }\n";
    fs_err::write(lab.path().join("scenario.yaml"), scenario).unwrap();
    fs_err::write(lab.path().join("workload.sh"), workload).unwrap();
    lab
}

fn poolgate(folder: &Path) -> Command {
    let mut command = poolgate_in(folder);
    command.env("CLICOLOR_FORCE", "1");
    command
}

/// Returns the whole output of a command.
fn printed(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    [output.stdout, output.stderr].concat()
}

#[track_caller]
fn is_harmless(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed).into_owned();
    for sequence in SENT {
        assert!(!printed.windows(sequence.len()).any(|window| window == sequence), "{sequence:?} was sent:\n{text:?}");
    }
    text
}

#[test]
fn a_workloads_escape_sequences_never_reach_the_terminal() {
    let lab = lab(&format!("printf '{HOSTILE}\\n'; exit 7"));
    let text = is_harmless(&printed(poolgate(lab.path()).args(["run", "scenario.yaml"])));
    assert!(text.contains(SHOWN), "{text}");
    assert!(text.contains("\u{1b}[31m"), "poolgate's own colours are kept: {text:?}");
    let run = fs_err::read_dir(lab.path().join("reports")).unwrap().next().unwrap().unwrap().path();
    is_harmless(&fs_err::read(run.join("run.log")).unwrap());
    is_harmless(&printed(poolgate(lab.path()).args(["status"]).arg(&run)));
}

#[test]
fn a_process_name_never_reaches_the_terminal_as_it_is() {
    // The name of a process is the name of its file, cut off after 15 bytes.
    let lab = lab(
        "name=$(printf 'a\\033[2Jb')\ncp \"$(command -v sleep)\" \"./$name\"\n\"./$name\" 300 &\nuntil grep -q 300 /proc/$!/cmdline; do :; done\n",
    );
    let text = is_harmless(&printed(poolgate(lab.path()).args(["run", "scenario.yaml"])));
    assert!(text.contains(r"a\x1b[2Jb"), "{text}");
}

/// The same in a terminal, with progress output.
#[test]
fn a_real_terminal_sees_none_of_it() {
    let lab = lab(&format!("printf '{HOSTILE}\\n'; exit 7"));
    let command = format!("{} run scenario.yaml", env!("CARGO_BIN_EXE_poolgate"));
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &command, "/dev/null"]).current_dir(lab.path()).stdin(Stdio::null());
    let output = match script.output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "CI must have script(1): {error}");
            eprintln!("skipped, because there is no script(1): {error}");
            return;
        }
    };
    assert_eq!(output.status.code(), Some(3));
    let text = is_harmless(&output.stdout);
    assert!(text.contains(SHOWN), "{text}");
}

#[test]
fn text_of_files_never_reaches_the_terminal_as_it_is() {
    let lab = lab("true");
    let at = |name: &str| lab.path().join(name);
    let escape = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}live";
    fs_err::write(at("log.csv"), format!("t_seconds,tag,bytes\n0.0,{escape},1\n")).unwrap();
    fs_err::write(at("mistake.yaml"), format!("scenario: test\ndescription: {escape}\n")).unwrap();
    fs_err::write(at("turned.yaml"), "scenario: test\nworkload: \u{202e}live\n").unwrap();
    let list = format!("MyD1 - drv.sys - what {escape} it is\n");
    fs_err::write(at("pooltag.txt"), list).unwrap();
    for words in [
        &["judge", "log.csv", "--threshold", "tag * max_growth 1 GiB"][..],
        &["check", "mistake.yaml"],
        &["check", "turned.yaml"],
        &["tag", "MyD1", "--pooltag", "pooltag.txt"],
        &["status", "\u{1b}[2J\u{1b}]0;no run\u{202e}live"],
    ] {
        is_harmless(&printed(poolgate(lab.path()).args(words)));
    }
}

/// Every write to `/dev/full` fails with ENOSPC.
#[test]
fn output_that_is_lost_on_a_full_disk_is_an_error_and_no_panic() {
    let lab = lab("true");
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let output = poolgate(lab.path()).args(["check", "scenario.yaml"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to stdout"));
    let both = poolgate(lab.path()).args(["check", "missing.yaml"]).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(both.code(), Some(2));
}

#[test]
fn a_tag_that_looks_like_a_formula_is_exported_escaped_and_read_back() {
    let lab = lab("true");
    let tags = ["=1+2", "@SUM", "+cmd", "-dsh", "a=b"];
    let mut log = "t_seconds,tag,pool,bytes\n".to_owned();
    for second in 0..400 {
        tags.iter().for_each(|tag| log.push_str(&format!("{second}.0,{tag},Slab,{}\n", 64 + second)));
    }
    fs_err::write(lab.path().join("log.csv"), log).unwrap();
    let export = |from: &str| {
        let output = poolgate(lab.path()).args(["export", "--csv", from]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let exported = export("log.csv");
    let cells: Vec<&str> =
        exported.lines().skip(1).take(tags.len()).map(|row| row.split(',').nth(2).unwrap()).collect();
    assert_eq!(cells, [r"\x3d1+2", r"\x40SUM", r"\x2bcmd", r"\x2ddsh", "a=b"]);
    fs_err::write(lab.path().join("again.csv"), &exported).unwrap();
    assert_eq!(export("again.csv"), exported);
    // The verdicts on the tags must be the same.
    let judged = |from: &str| {
        let output = poolgate(lab.path())
            .args(["judge", "--json", "--no-confirm", "--threshold", "tag * max_rate 0 B/h", from])
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report["tags"].clone())
    };
    assert_eq!(judged("log.csv"), judged("again.csv"));
    let series = poolgate(lab.path()).args(["export", "--series", "log.csv"]).output().unwrap();
    let series = String::from_utf8(series.stdout).unwrap();
    assert!(series.contains(r",\x3d1+2,"), "{series}");
    assert!(!series.contains(",=1+2") && !series.contains(",@SUM"), "{series}");
}
