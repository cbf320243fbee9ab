//! Reads `junit.xml` with a real consumer, PyPI's `junitparser`, which CI services use. `consumer.py` prints the parsed
//! values, and these tests compare them.

use std::path::{Path, PathBuf};
use std::process::Command;

use poolgate::report::{self, Report};
use serde_json::{Value, json};

use super::document::{shown, shown_on_a_line};
use super::draft::{every_kind, run_of};
use crate::python;

/// Returns the suites that junitparser finds in each of these files. Returns `None` and prints a note if junitparser is
/// missing.
pub(crate) fn read(files: &[&Path]) -> Option<Vec<Value>> {
    let python = python::with("junitparser", "junitparser")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/junit/consumer.py");
    let output = Command::new(&python).arg(script).args(files).output().unwrap();
    assert!(output.status.success(), "junitparser failed: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Returns the one suite that junitparser finds in the XML of each report.
fn suites_of(reports: &[&Report]) -> Option<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(number, report): (usize, &&Report)| -> PathBuf {
        let path = folder.path().join(format!("{number}.xml"));
        report::replace(&path, &report::junit(report)).unwrap();
        path
    };
    let files: Vec<PathBuf> = reports.iter().enumerate().map(write).collect();
    let read = read(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    Some(read.into_iter().map(the_one).collect())
}

/// Returns the one suite of a file.
pub(crate) fn the_one(suites: Value) -> Value {
    let Value::Array(suites) = suites else { panic!("not a list of suites: {suites}") };
    let [suite] = <[Value; 1]>::try_from(suites).unwrap();
    suite
}

#[test]
fn a_suites_totals_match_its_reader() {
    let reports = every_kind();
    let Some(suites) = suites_of(&reports.iter().map(|(_, report)| report).collect::<Vec<_>>()) else { return };
    assert_eq!(suites.len(), reports.len());
    for ((kind, report), suite) in reports.iter().zip(suites) {
        assert_eq!(suite["said"], suite["counted"], "{kind}");
        assert_eq!(suite["started"], json!(report.started.as_second() as f64), "{kind}");
        assert_eq!((&suite["name"], &suite["hostname"]), (&json!(report.scenario), &json!("lab7")), "{kind}");
        let names: Vec<&Value> = suite["cases"].as_array().unwrap().iter().map(|case| &case["name"]).collect();
        assert_eq!(json!(names), json!(report.thresholds), "{kind}: the names are the same whatever happened");
    }
}

#[test]
fn each_verdict_has_its_junit_element() {
    let report = &every_kind()[0].1;
    let Some(suites) = suites_of(&[report]) else { return };
    let cases = &suites[0]["cases"];
    let leaks = "MyD1 nonpaged: grows steadily by 96.0 B/iteration\nMyD1 paged: grows steadily by 8.0 B/h";
    let first = "MyD1 nonpaged: grows steadily by 96.0 B/iteration (and 1 more)";
    let no_pool = "total slab: this kernel has no slab pool";
    assert_eq!(cases[0]["results"], json!([]));
    assert_eq!(cases[0]["system_out"], json!("MyD2 nonpaged: grew by 0 B (4 KiB → 4 KiB)"));
    assert_eq!((&cases[1]["results"], &cases[1]["system_out"]), (&json!([]), &Value::Null));
    let failure = json!([{ "element": "failure", "type": "broken", "message": first, "text": leaks }]);
    assert_eq!(cases[2]["results"], failure);
    let skipped = json!([{ "element": "skipped", "type": "unclear", "message": no_pool, "text": no_pool }]);
    assert_eq!(cases[3]["results"], skipped);
    assert_eq!(cases[4]["results"][0]["text"], json!("X1 paged: was not there\nX2 paged: was not there either"));
    assert_eq!(suites[0]["said"]["time"], json!(60.0));
    assert_eq!(cases[0]["time"], json!(12.0));
}

#[test]
fn a_failure_of_the_harness_accuses_no_driver() {
    let draft = run_of("mydriver-copy").held("tag MyD1 max_growth 1 KiB", &[]).broken("total paged max_bytes 1 B", &[]);
    let failed = draft.clone().failed("iteration 17 failed", Some("see workload.log"), "line 1\nline 2");
    let Some(suites) = suites_of(&[&failed, &draft.not_finished()]) else { return };
    for (suite, message, text) in [
        (
            &suites[0],
            "iteration 17 failed",
            "iteration 17 failed\nhelp: see workload.log\n\nlast output:\nline 1\nline 2",
        ),
        (
            &suites[1],
            "the run did not finish",
            "the run did not finish\nhelp: the machine or poolgate stopped unexpectedly, or the run is still in \
                 progress: see run.log",
        ),
    ] {
        assert_eq!(suite["said"]["errors"], json!(2));
        let error = json!([{ "element": "error", "type": "error", "message": message, "text": text }]);
        assert_eq!((&suite["cases"][0]["results"], &suite["cases"][1]["results"]), (&error, &error));
    }
}

#[test]
fn the_facts_of_the_run_are_a_table_in_the_suites_output() {
    let report = run_of("copy").held("tag * max_bytes 1 GiB", &[]).note("2 samples were missed").judged();
    let Some(suites) = suites_of(&[&report]) else { return };
    let version = env!("CARGO_PKG_VERSION");
    let facts = format!(
        "outcome         held\n\
         run             copy-20260102T030405Z-k3f9\n\
         host            lab7\n\
         system          Linux 12 Debian, kernel 6.1.0, x86_64, 8.00 GiB\n\
         pool usage from simulated kernel\n\
         boot            boot 1\n\
         poolgate        {version}\n\
         note            2 samples were missed\n"
    );
    assert_eq!(suites[0]["system_out"], json!(facts));
}

#[test]
fn nasty_text_reads_the_same_to_another_parser() {
    let all_of_latin: String = (0..=0xffu8).map(char::from).collect();
    let nasty = format!("{all_of_latin}]]>]]]]>><![CDATA[x\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}<&amp;\"'\r\n\rend");
    let report = run_of(&nasty).held(&nasty, &[]).failed(&nasty, None, &nasty);
    let Some(suites) = suites_of(&[&report]) else { return };
    let case = &suites[0]["cases"][0];
    assert_eq!(suites[0]["name"], json!(shown_on_a_line(&nasty)));
    assert_eq!(case["name"], json!(shown_on_a_line(&nasty)));
    assert_eq!(case["results"][0]["message"], json!(shown_on_a_line(&nasty)));
    assert_eq!(case["results"][0]["text"], json!(shown(&format!("{nasty}\n\nlast output:\n{nasty}"))));
}
