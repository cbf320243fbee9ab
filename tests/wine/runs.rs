//! The released program, a driver that is really loaded, and simulated class 22: whole runs without a reboot.

use serde_json::Value;

use super::bed::bed;
use super::boot::Ended;
use super::machine::{DRIVER, Machine, POOLGATE};

const SCENARIO: &str = include_str!("leakydrv.yaml");

#[test]
fn a_drivers_leak_is_found_with_its_exact_rate() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 5).with_file("lab/leakydrv.yaml", &SCENARIO.replace("TAG", "Leak"));
    let ended = run(&machine, r"C:\lab\leakydrv.yaml");
    assert_eq!(ended.code, Some(1), "{ended}");
    let run = machine.only_run();
    let report = run.report();
    assert_eq!(report["outcome"], "broken");
    assert_eq!(report["source"], "windows pool tags");
    assert_eq!(rate(&report, "Leak", "bytes_per_iteration"), 4096.0, "{ended}");
    assert_eq!(rate(&report, "Leak", "objects_per_iteration"), 2.0, "{ended}");
    let junit = run.junit();
    assert!(junit.contains(r#"tests="2""#) && junit.contains(r#"failures="1""#), "{junit}");
    assert!(junit.contains("Leak nonpaged: suspected driver: leakydrv.sys, likely: "), "{junit}");
}

#[test]
fn the_machines_drivers_name_a_tags_owner() {
    let Some(bed) = bed() else { return };
    let asked = Machine::new(bed, 0).power_on().run(POOLGATE, &["tag", "Leak", "Good", "--scan"]);
    assert_eq!(asked.code, Some(0), "{asked}");
    assert_eq!(asked.stdout.matches("leakydrv.sys").count(), 2, "{asked}");
}

#[test]
fn the_clean_twin_holds() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_file("lab/leakydrv.yaml", &SCENARIO.replace("TAG", "Leak"));
    let ended = run(&machine, r"C:\lab\leakydrv.yaml");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(machine.only_run().report()["outcome"], "held");
}

#[test]
fn a_tag_of_quotes_and_angle_brackets_and_a_path_with_spaces_are_like_any_other() {
    let Some(bed) = bed() else { return };
    let tag = u32::from_le_bytes(*br#"<"&>"#);
    let machine = Machine::new(bed, 5)
        .with_value(DRIVER, "LeakTag", &format!("dword:{tag:08x}"))
        .with_file("lab/odd ones/it's a scenario.yaml", &SCENARIO.replace("TAG", r#"'<"&>'"#))
        .with_work_in("lab/odd ones");
    let ended = run(&machine, r"C:\lab\odd ones\it's a scenario.yaml");
    assert_eq!(ended.code, Some(1), "{ended}");
    let run = machine.only_run();
    assert_eq!(rate(&run.report(), r#"<"&>"#, "bytes_per_iteration"), 4096.0, "{ended}");
    let junit = run.junit();
    let document = roxmltree::Document::parse(&junit).unwrap();
    let failed = document.descendants().find(|node| node.has_tag_name("failure")).unwrap().parent().unwrap();
    assert_eq!(failed.attribute("name"), Some(r#"tag <"&> max_rate 0 B/iteration"#));
}

#[test]
fn a_run_whose_folder_has_a_longer_path_than_windows_takes_keeps_all_its_files() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_file("lab/leakydrv.yaml", &SCENARIO.replace("TAG", "Leak"));
    // 262 characters: MAX_PATH is 260, and GetFinalPathNameByHandle of Wine 8 takes 263. The library's tests go farther.
    const RUN: usize = r"\leakydrv-20261123T100000Z-61f9".len();
    let names = ["a folder whose name has fifty characters, as these"; 4].join(r"\");
    let deep = format!(r"{names}\{}", "x".repeat(262 - RUN - names.len() - r"C:\lab\\".len()));
    let reports = format!(r"C:\lab\{deep}");
    let boot = machine.power_on();
    let ended = boot.run(POOLGATE, &["run", r"C:\lab\leakydrv.yaml", "--reports", &reports]);
    assert_eq!(ended.code, Some(0), "{ended}");
    let runs =
        fs_err::read_dir(machine.file("lab").join(deep.replace('\\', "/"))).unwrap().map(|run| run.unwrap().path());
    let runs: Vec<_> = runs.collect();
    let [run] = runs.as_slice() else { panic!("not one run: {runs:?}") };
    for file in ["scenario.yaml", "recording.pgr", "workload.log", "run.log", "report.json", "junit.xml"] {
        assert!(fs_err::metadata(run.join(file)).is_ok_and(|file| file.len() > 0), "{file}: {ended}");
    }
    let name = run.file_name().unwrap().to_str().unwrap();
    assert_eq!(reports.len() + 1 + name.len(), 262);
    let judged = boot.run(POOLGATE, &["judge", &format!(r"{reports}\{name}")]);
    assert_eq!(judged.code, Some(0), "{judged}");
}

fn run(machine: &Machine, scenario: &str) -> Ended {
    machine.power_on().run(POOLGATE, &["run", scenario])
}

/// Returns the rate of one tag from the report.
#[track_caller]
fn rate(report: &Value, tag: &str, unit: &str) -> f64 {
    let figures = report["tags"].as_array().unwrap().iter().find(|figures| figures["tag"] == tag);
    figures.unwrap()["evidence"][unit]["rate"].as_f64().unwrap()
}
