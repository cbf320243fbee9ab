//! Logs on the command line: judged like any recording, many at once, with thresholds from the command line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{HEADER, file};
use crate::program::Completed;

/// A log of 60 iterations: `MyD1` grows by `leak` bytes in each, and `Busy` goes up and down.
pub(crate) fn log(leak: u64) -> String {
    let rows = (0..60u64).map(|at| {
        let (allocs, bytes) = (1000 + at * 10, 6400 + at * leak);
        let frees = allocs - bytes / 64;
        let busy = 100 + at * 7 % 13;
        format!("{at}.5,{at},MyD1,Nonp,{allocs},{frees},{bytes}\n{at}.5,{at},Busy,Paged,{busy},,{}\n", busy * 32)
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

pub(crate) fn poolgate(arguments: &[&str], files: &[&Path]) -> Completed {
    Completed::run(crate::program::poolgate().args(arguments).args(files))
}

fn logs(folder: &tempfile::TempDir) -> (PathBuf, PathBuf) {
    (file(folder, "clean.csv", log(0).as_bytes()), file(folder, "leak.csv", log(128).as_bytes()))
}

#[test]
fn a_report_begins_with_the_leaks_or_the_smallest_detectable_one() {
    let folder = tempfile::tempdir().unwrap();
    let (clean, leak) = logs(&folder);
    let rate = ["judge", "--no-confirm", "--threshold", "tag MyD1 max_rate 0 B/iteration"];
    let said = poolgate(&rate, &[&leak]);
    let second = said.is(1, &[]).stdout.lines().nth(1).unwrap();
    assert!(second.starts_with("LEAK  MyD1 nonpaged  about 128 B per iteration ("), "{second}");
    let said = poolgate(&rate, &[&clean]);
    let second = said.is(0, &[]).stdout.lines().nth(1).unwrap();
    assert!(second.starts_with("no leak  smallest detectable leak: "), "{second}");
    let growth = poolgate(&["judge", "--threshold", "tag Busy max_bytes 1 B"], &[&clean]);
    let second = growth.is(1, &[]).stdout.lines().nth(1).unwrap();
    assert!(second.starts_with("BROKEN  Busy paged  holds "), "{second}");
    // Growth over a limit on growth is not called a leak.
    let growth = poolgate(&["judge", "--threshold", "tag MyD1 max_growth 1 B"], &[&leak]);
    let second = growth.is(1, &[]).stdout.lines().nth(1).unwrap();
    assert!(second.starts_with("BROKEN  MyD1 nonpaged  grew by "), "{second}");
    // Statistics are for --verbose and report.json.
    assert!(!said.stdout.contains("cut-off"), "{}", said.stdout);
    poolgate(&["judge", "-v", rate[1], rate[2], rate[3]], &[&clean]).is(0, &["MyD1 nonpaged: T ", "cut-off"]);
}

/// In 80 columns each finding is a paragraph below its threshold.
#[test]
fn a_narrow_report_is_in_paragraphs() {
    let folder = tempfile::tempdir().unwrap();
    let (_, leak) = logs(&folder);
    let mut command = crate::program::poolgate();
    command.args(["judge", "--no-confirm", "--threshold", "tag * max_rate 0 B/iteration"]).arg(&leak);
    let output = command.env("COLUMNS", "80").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n broken  tag * max_rate 0 B/iteration\n   MyD1 nonpaged: grows steadily"), "{text}");
    assert!(text.lines().filter(|line| !line.starts_with("note")).all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_log_is_judged_by_thresholds_in_their_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let (clean, leak) = logs(&folder);
    let rate = ["judge", "--no-confirm", "--threshold", "tag MyD1 nonpaged max_rate 0 B/iteration"];
    poolgate(&rate, &[&clean]).is(0, &["clean.csv: held", "no steady growth"]);
    poolgate(&rate, &[&leak])
        .is(1, &["leak.csv: broken", "tag MyD1 nonpaged max_rate 0 B/iteration", "grows steadily by 128.0"]);
    let objects = ["judge", "--no-confirm", "--threshold", "tag MyD1 max_rate 2.5 objects/iteration"];
    poolgate(&objects, &[&leak]).is(0, &["held"]);
    let two = [
        "judge",
        "--no-confirm",
        "--threshold",
        "tag Busy max_rate 0 B/iteration",
        "--threshold",
        "tag MyD? max_rate 1 B/h",
    ];
    poolgate(&two, &[&leak]).is(1, &["tag Busy max_rate 0 B/iteration", "tag MyD? max_rate 1 B/h"]);
}

#[test]
fn without_any_threshold_the_rule_is_that_no_tag_may_leak() {
    let folder = tempfile::tempdir().unwrap();
    let (clean, leak) = logs(&folder);
    let by_default = "judged by the rule that no tag may leak";
    poolgate(&["judge"], &[&clean]).is(0, &["tag * max_rate 0 B/iteration", by_default]);
    poolgate(&["judge"], &[&leak]).is(4, &["MyD1 nonpaged", "unconfirmed", by_default]);
}

#[test]
fn a_log_of_bytes_alone_has_no_object_counts() {
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..60).map(|at| format!("{at},{at},MyD1,{}\n", 6400 + at * 128)).collect::<String>();
    let bytes = file(&folder, "bytes.csv", format!("t_seconds,iteration,tag,bytes\n{rows}").as_bytes());
    let by = |threshold: &str| poolgate(&["judge", "--no-confirm", "--threshold", threshold], &[&bytes]);
    by("tag MyD1 max_rate 0 B/iteration").is(1, &["128.0 B/iteration"]);
    by("tag MyD1 max_rate 0 objects/iteration").is(4, &["objects are not known"]);
    by("tag MyD1 nonpaged max_rate 0 B/iteration").is(4, &["no tag of this name"]);
}

#[test]
fn many_files_are_judged_at_once_and_the_worst_of_them_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (clean, leak) = logs(&folder);
    let cut = file(&folder, "cut.csv", log(0).trim_end().rsplit_once(',').unwrap().0.as_bytes());
    let junit = folder.path().join("junit.xml");
    let arguments =
        ["judge", "--no-confirm", "--threshold", "tag MyD1 max_rate 0 B/iteration", "--junit", junit.to_str().unwrap()];
    poolgate(&arguments, &[&clean, &leak]).is(1, &["clean.csv: held", "leak.csv: broken"]);
    let xml = fs_err::read_to_string(&junit).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let suites: Vec<_> = document.root_element().children().filter(|node| node.has_tag_name("testsuite")).collect();
    let said: Vec<_> = suites
        .iter()
        .map(|suite| (suite.attribute("id"), suite.attribute("name"), suite.attribute("failures")))
        .collect();
    assert_eq!(said, [(Some("0"), Some("clean.csv"), Some("0")), (Some("1"), Some("leak.csv"), Some("1"))], "{xml}");

    poolgate(&arguments, &[&clean, &cut, &leak]).is(3, &["cut.csv, line 121: has 6 fields", "leak.csv: broken"]);
    let xml = fs_err::read_to_string(&junit).unwrap();
    assert!(xml.contains("errors=\"1\"") && xml.contains("<error ") && xml.contains("line 121"), "{xml}");
}

#[test]
fn every_report_is_a_json_object_even_for_an_unreadable_file() {
    let folder = tempfile::tempdir().unwrap();
    let (clean, leak) = logs(&folder);
    let said = poolgate(&["judge", "--no-confirm", "--json"], &[&clean, &folder.path().join("none"), &leak]);
    said.is(2, &[]);
    let reports: Vec<Value> =
        serde_json::Deserializer::from_str(&said.stdout).into_iter().map(|report| report.unwrap()).collect();
    let outcomes: Vec<_> = reports.iter().map(|report| report["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes[..2], ["held", "error"], "{outcomes:?}");
    assert_eq!(reports[0]["source"], "imported CSV");
}

#[test]
fn a_mistake_in_a_threshold_is_shown_and_nothing_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let (clean, _) = logs(&folder);
    let two = ["judge", "--threshold", "tag MyD1 max_growth 64 KB", "--threshold", "MyD1 max_growth 64 KiB"];
    let said = poolgate(&two, &[&clean]);
    said.is(2, &["`KB` is not a unit of bytes", "--threshold:1:21", "`MyD1` is neither `tag` nor `total`"]);
    assert_eq!(said.stdout, "");
}

/// A scenario with a leak and one without, run on the simulated kernel and judged again from CSV.
#[test]
fn a_recording_written_as_csv_with_its_stages_gets_the_same_verdicts() {
    for (workload, expected) in [("--leak Drv1:96Bx2 --churn Drv1:512Bx20", 1), ("--churn Drv1:64Bx9", 0)] {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "scenario: test\nmachine: {{ simulated: {{ tags: 30 }} }}\nconfirm: false\n\
             workload: {{ run: poolgate sim exercise {workload}, iterations: 60, warm_up: 5 }}\n\
             sampling: {{ every: 250 ms, settle: 0 ms, lead_in: 2 s, cool_down: 2 s }}\n\
             thresholds:\n  - {{ tag: Drv1, max_rate: 0 B/iteration }}\n  - {{ tag: Drv1, max_growth: 1 KiB }}\n"
        );
        let scenario = file(&folder, "scenario.yaml", text.as_bytes());
        let reports = folder.path().join("reports");
        poolgate(&["run", "--reports", reports.to_str().unwrap()], &[&scenario]).is(expected, &[]);
        let run = reports.read_dir().unwrap().next().unwrap().unwrap().path();

        let csv = folder.path().join("log.csv.gz");
        poolgate(&["export", "--csv", "--stages", "--output", csv.to_str().unwrap()], &[&run]).is(0, &[]);
        let by = ["judge", "--json", "--scenario", scenario.to_str().unwrap()];
        let figures = |said: &Completed| {
            let report: Value = serde_json::from_str(&said.stdout).unwrap();
            let mut tags = report["tags"].as_array().unwrap().clone();
            tags.sort_by_key(|tag| (tag["tag"].to_string(), tag["pool"].to_string()));
            (report["thresholds"].clone(), tags)
        };
        let (recorded, imported) = (poolgate(&by, &[&run]), poolgate(&by, &[&csv]));
        assert_eq!(figures(imported.is(expected, &[])), figures(recorded.is(expected, &[])));

        // Without stages there is no rest to compare, and samples from inside an iteration count too.
        let plain = poolgate(&["export", "--csv"], &[&run]);
        let plain = file(&folder, "plain.csv", plain.is(0, &[]).stdout.as_bytes());
        let rate = ["judge", "--no-confirm", "--threshold", "tag Drv1 max_rate 0 B/iteration"];
        poolgate(&rate, &[&plain]).is(expected, &[]);
    }
}

/// During a second look the workload pauses again and again, so a leak that grows only while it runs does not look like
/// one.
#[test]
fn a_leak_with_a_second_look_is_found_in_a_file_without_stages() {
    let folder = tempfile::tempdir().unwrap();
    let text = "scenario: test\nmachine: { simulated: { tags: 30 } }\n\
                workload: { run: poolgate sim exercise --leak Drv1:96Bx2, iterations: 60, warm_up: 5 }\n\
                sampling: { every: 250 ms, settle: 0 ms, lead_in: 2 s, cool_down: 2 s }\n\
                thresholds:\n  - { tag: Drv1, max_rate: 0 B/iteration }\n";
    let scenario = file(&folder, "scenario.yaml", text.as_bytes());
    let reports = folder.path().join("reports");
    poolgate(&["run", "--reports", reports.to_str().unwrap()], &[&scenario]).is(1, &["confirmed by the second look"]);
    let run = reports.read_dir().unwrap().next().unwrap().unwrap().path();

    let plain = poolgate(&["export", "--csv"], &[&run]);
    let plain = plain.is(0, &["left out, because without stages", "--stages"]);
    let plain = file(&folder, "plain.csv", plain.stdout.as_bytes());
    let rate = ["judge", "--threshold", "tag Drv1 max_rate 0 B/iteration"];
    poolgate(&rate, &[&plain]).is(4, &["unconfirmed"]);
    poolgate(&[&rate[..], &["--no-confirm"]].concat(), &[&plain]).is(1, &["grows steadily by"]);
}
