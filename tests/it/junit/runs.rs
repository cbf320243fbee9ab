//! Reports of real runs of the binary on the simulated kernel, with a tag and an output that XML cannot hold unchanged.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::consumer;
use super::document::parse;
use super::json_schema;
use super::schema::{violations, wrong_sums};

/// Leaks under a tag with the bytes `<&`, `"`, NUL, and prints bytes of every kind.
#[cfg(unix)]
const LEAK: &str = r#"poolgate sim exercise --leak '<&"\x00:96B' --churn ']]>\xff:64Bx10'"#;
// For cmd.exe a quote counts even after a backslash. The text that it must not interpret is between two quotes.
#[cfg(windows)]
const LEAK: &str = r#"poolgate sim exercise --churn "]]>\xff:64Bx10" --leak "<&\"\x00:96B""#;
const GARBAGE: &str = if cfg!(windows) { "type garbage" } else { "cat garbage" };
const GARBAGE_BYTES: &[u8] = b"\0\x1b[31m\xff\xfe]]><![CDATA[ &\r\n";

/// Writes a shell script with these lines next to the scenario, and returns the command that runs it.
fn script(home: &Path, lines: &[&str]) -> &'static str {
    fs_err::write(home.join("garbage"), GARBAGE_BYTES).unwrap();
    if cfg!(windows) {
        fs_err::write(home.join("lines.cmd"), format!("@echo off\r\n{}\r\n", lines.join("\r\n"))).unwrap();
        "lines.cmd"
    } else {
        fs_err::write(home.join("lines.sh"), lines.join("\n")).unwrap();
        ". ./lines.sh"
    }
}

/// Runs a scenario with `lines` as its workload, and returns the run's folder. `code` is the expected exit code.
fn run(home: &Path, lines: &[&str], code: i32) -> PathBuf {
    let scenario = format!(
        r#"
scenario: nasty
machine: {{ simulated: {{ seed: 7, tags: 20 }} }}
workload:
  run: {}
  iterations: 45
  warm_up: 4
sampling: {{ every: 250 ms, settle: 1 ms, lead_in: 1 s, cool_down: 1 s }}
confirm: false
thresholds:
  - {{ tag: '<&"\x00', max_rate: 0 B/iteration }}
  - {{ tag: ']]>\xff', max_growth: 1 KiB }}
  - {{ tag: '\xde\xad??', max_growth: 1 KiB }}
"#,
        script(home, lines)
    );
    let file = home.join("nasty.yaml");
    fs_err::write(&file, scenario).unwrap();
    let reports = home.join("reports");
    let mut poolgate = assert_cmd::Command::new(env!("CARGO_BIN_EXE_poolgate"));
    poolgate.arg("run").arg(&file).arg("--reports").arg(&reports).assert().code(code);
    let folders: Vec<_> = fs_err::read_dir(&reports).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [folder] = <[PathBuf; 1]>::try_from(folders).unwrap();
    folder
}

/// Checks that the files of the run violate neither schema.
fn accepted(folder: &Path) {
    let xml = fs_err::read_to_string(folder.join("junit.xml")).unwrap();
    assert_eq!(violations(&parse(&xml)), [""; 0], "{xml}");
    assert_eq!(wrong_sums(&parse(&xml)), [""; 0], "{xml}");
    assert_eq!(json_schema::broken(json_schema::REPORT, &folder.join("report.json")).unwrap_or_default(), "");
}

#[test]
fn a_leak_under_a_nasty_tag_is_reported_under_its_name() {
    let home = tempfile::tempdir().unwrap();
    let folder = run(home.path(), &[GARBAGE, LEAK], 1);
    accepted(&folder);

    let report: Value = serde_json::from_slice(&fs_err::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["outcome"], &report["version"]), (&json!("broken"), &json!(1)));
    let tag = report["tags"].as_array().unwrap().iter().find(|tag| tag["tag"] == json!(r#"<&"\x00"#)).unwrap();
    let figures = ["t", "cut_off", "object_size", "smallest_visible_objects_per_iteration"];
    for figure in figures {
        assert!(tag["evidence"][figure].is_f64(), "{figure}: {tag:#}");
    }
    let rate = tag["evidence"]["bytes_per_iteration"]["rate"].as_f64().unwrap();
    assert!((90.0..=102.0).contains(&rate), "{tag:#}");

    let Some(read) = consumer::read(&[&folder.join("junit.xml")]) else { return };
    let suite = consumer::the_one(read.into_iter().next().unwrap());
    let case = |at: usize| &suite["cases"][at];
    assert_eq!(case(0)["name"], json!(r#"tag <&"\x00 max_rate 0 B/iteration"#));
    let failure = &case(0)["results"][0];
    let message = failure["message"].as_str().unwrap();
    assert!(message.starts_with(r#"<&"\x00 nonpaged: grows steadily by "#), "{message}");
    assert_eq!((&failure["element"], &failure["text"]), (&json!("failure"), &failure["message"]));
    let held = case(1)["system_out"].as_str().unwrap();
    assert!(held.starts_with(r"]]>\x7f nonpaged (protected): grew by 0 B"), "{held}");
    assert_eq!(case(2)["results"][0]["element"], json!("skipped"), "{}", case(2));
}

#[test]
fn the_output_of_a_failing_workload_is_in_the_report() {
    let home = tempfile::tempdir().unwrap();
    let folder = run(home.path(), &[LEAK, GARBAGE, "exit 3"], 3);
    accepted(&folder);

    let Some(read) = consumer::read(&[&folder.join("junit.xml")]) else { return };
    let suite = consumer::the_one(read.into_iter().next().unwrap());
    assert_eq!(suite["said"]["errors"], json!(3));
    let error = &suite["cases"][0]["results"][0];
    assert_eq!(error["element"], json!("error"));
    let text = error["text"].as_str().unwrap();
    assert!(text.ends_with("last output:\n\\x00\\x1b[31m\u{fffd}\u{fffd}]]><![CDATA[ &"), "{text}");
}
