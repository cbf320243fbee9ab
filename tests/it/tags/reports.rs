//! The suspected driver in reports: a broken threshold of a tag names the drivers that allocate under it.

use std::path::PathBuf;

use serde_json::Value;

use super::bed::{poolgate, stderr, stdout, text};
use super::image::{X64, hands_over, image};

/// MyD1 grows by 64 KiB, Irp by 128 KiB, and Calm does not change.
fn log(folder: &tempfile::TempDir) -> PathBuf {
    let mut log = "t_seconds,iteration,tag,pool,allocs,frees,bytes\n".to_owned();
    for at in 0..64_u32 {
        for (tag, allocs, bytes) in [("MyD1", at, 1024 * at), ("Irp", at, 2048 * at), ("Calm", 1, 64)] {
            log.push_str(&format!("{at},{at},{tag},Nonp,{allocs},0,{bytes}\n"));
        }
    }
    let path = folder.path().join("log.csv");
    fs_err::write(&path, log).unwrap();
    path
}

const THRESHOLDS: [&str; 5] =
    ["--no-confirm", "--threshold", "tag MyD1 max_rate 0 B/iteration", "--threshold", "tag Irp max_rate 0 B/iteration"];

#[test]
fn a_failure_names_the_driver_with_its_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let (log, driver, junit) = (log(&folder), folder.path().join("mydrv.sys"), folder.path().join("junit.xml"));
    fs_err::write(&driver, image(X64, &hands_over(X64, *b"MyD1"), &["ExAllocatePool2"], b"")).unwrap();
    let mut arguments = vec!["judge", text(&log), "--drivers", text(&driver), "--junit", text(&junit)];
    arguments.extend(THRESHOLDS);
    let suspected = "suspected driver: mydrv.sys, certain: passes it to ExAllocatePool2 at +0x1006";
    let generic = "suspected driver: none was found; a tag of many drivers: a suspect only";

    let table = stdout(&poolgate(&arguments).code(1));
    let unwrapped = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains(suspected) && unwrapped.contains(generic), "{table}");
    let junit = fs_err::read_to_string(&junit).unwrap();
    let failure = |number: usize| junit.split("<failure").nth(number).unwrap_or_default();
    assert!(failure(1).contains(&format!("MyD1 nonpaged: {suspected}")), "{junit}");
    assert!(failure(2).contains(&format!("Irp nonpaged: {generic}")), "{junit}");

    arguments.push("--json");
    let report: Value = serde_json::from_str(&stdout(&poolgate(&arguments).code(1))).unwrap();
    let tag = |name: &str| report["tags"].as_array().unwrap().iter().find(|tag| tag["tag"] == name).unwrap();
    let suspect = &tag("MyD1")["suspected_drivers"][0];
    assert_eq!((&suspect["driver"], &suspect["grade"]), (&"mydrv.sys".into(), &"certain".into()));
    assert_eq!(tag("Irp")["suspected_drivers"], serde_json::json!([]));
    assert_eq!(tag("Calm")["suspected_drivers"], Value::Null, "it broke nothing");
}

#[test]
fn without_drivers_or_a_list_there_is_no_suspect() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder);
    let mut arguments = vec!["judge", text(&log)];
    arguments.extend(THRESHOLDS);
    assert!(!stdout(&poolgate(&arguments).code(1)).contains("suspected"));
    let list = folder.path().join("pooltag.txt");
    fs_err::write(&list, "MyD1 - mydrv.sys - what leaks\n").unwrap();
    arguments.extend(["--pooltag", text(&list)]);
    let table = stdout(&poolgate(&arguments).code(1));
    let unwrapped = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("suspected driver: mydrv.sys, likely: pooltag.txt: what leaks"), "{table}");
}

/// This applies to every log of PoolMon: growth in it is suspicious, but cannot be confirmed.
#[test]
fn growth_without_a_second_look_has_a_suspect_too() {
    let folder = tempfile::tempdir().unwrap();
    let (log, list, junit) = (log(&folder), folder.path().join("pooltag.txt"), folder.path().join("junit.xml"));
    fs_err::write(&list, "MyD1 - mydrv.sys - what leaks\nCalm - calm.sys - what does not\nno row\n").unwrap();
    let said = poolgate(&["judge", text(&log), "--pooltag", text(&list), "--junit", text(&junit)]).code(4);
    assert!(stderr(&said).contains("line 3: no row"), "{}", stderr(&said));
    let table = stdout(&said);
    assert!(table.contains("unconfirmed") && table.contains("suspected driver: mydrv.sys"), "{table}");
    let junit = fs_err::read_to_string(&junit).unwrap();
    assert!(junit.contains("suspected driver: mydrv.sys") && !junit.contains("calm.sys"), "{junit}");
}

#[test]
fn a_missing_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (log, none) = (log(&folder), folder.path().join("none"));
    let refused = poolgate(&["judge", text(&log), "--pooltag", text(&none)]).code(2);
    assert!(stderr(&refused).contains("give --pooltag"), "{}", stderr(&refused));
    let refused = poolgate(&["judge", text(&log), "--drivers", text(&none)]).code(2);
    assert!(stderr(&refused).contains("give --drivers"), "{}", stderr(&refused));
}

/// The file that a run on Windows leaves. There the drivers are the machine's own.
const KEPT: &str = r#"[{"tag":"MyD1","generic":false,"drivers":[{"driver":"kept.sys","version":"1.2.3.4","company":null,
"grade":"certain","evidence":["passes it to ExAllocatePool2 at +0x10"]}]}]"#;

#[test]
fn notes_of_a_run_are_repeated_by_every_judgement() {
    let folder = tempfile::tempdir().unwrap();
    let (scenario, reports) = (folder.path().join("leaky.yaml"), folder.path().join("reports"));
    let leaky = "\
scenario: leaky
machine: { simulated: {} }
workload: { run: poolgate sim exercise --leak MyD1:4KiB, iterations: 12 }
sampling: { every: 250 ms, settle: 1 ms, lead_in: 1 s, cool_down: 1 s }
thresholds: [ { tag: MyD1, max_growth: 1 KiB } ]
";
    fs_err::write(&scenario, leaky).unwrap();
    let ran = poolgate(&["run", text(&scenario), "--reports", text(&reports)]).code(1);
    assert!(!stdout(&ran).contains("suspected"), "a simulated kernel has no drivers: {}", stdout(&ran));
    let run = fs_err::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
    fs_err::write(run.join("suspects.json"), KEPT).unwrap();
    let suspected = |arguments: &[&str]| {
        let table = stdout(&poolgate(&[&["judge", text(&run)], arguments].concat()).code(1));
        let unwrapped = table.split_whitespace().collect::<Vec<_>>().join(" ");
        unwrapped.split("suspected driver: ").nth(1).unwrap_or_default().to_owned()
    };
    assert!(suspected(&[]).starts_with("kept.sys 1.2.3.4, certain: passes it to ExAllocatePool2 at +0x10"));
    let list = folder.path().join("pooltag.txt");
    fs_err::write(&list, "MyD1 - listed.sys - x\n").unwrap();
    assert!(suspected(&["--pooltag", text(&list)]).starts_with("kept.sys"), "the machine under test knows best");
    assert!(
        suspected(&["--drivers", text(folder.path())]).starts_with("none was found"),
        "unless drivers are named here"
    );
}
