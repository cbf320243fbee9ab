//! Compares a candidate build with a base build.

use std::path::PathBuf;

use serde_json::Value;

use super::judged::{log, poolgate};
use super::{HEADER, file};
use crate::program::Completed;

/// Compares two logs with the arguments in `given`.
fn compare(base: &str, candidate: &str, given: &[&str]) -> Completed {
    let folder = tempfile::tempdir().unwrap();
    let files = [("base.csv", base), ("candidate.csv", candidate)];
    let [base, candidate] = files.map(|(name, text)| -> PathBuf { file(&folder, name, text.as_bytes()) });
    let arguments: Vec<&str> = ["compare"].iter().chain(given).copied().collect();
    poolgate(&arguments, &[&base, &candidate])
}

const RATE: [&str; 3] = ["--no-confirm", "--threshold", "tag MyD1 max_rate 0 B/iteration"];

#[test]
fn a_new_leak_breaks_and_an_old_one_does_not() {
    compare(&log(0), &log(128), &RATE).is(1, &["candidate.csv: broken", "grows steadily", "base 0.0 B/iteration"]);
    compare(&log(128), &log(128), &RATE).is(0, &["held", "grows steadily", "no faster than the base"]);
    compare(&log(128), &log(0), &RATE).is(0, &["held", "no steady growth"]);
}

#[test]
fn an_old_leak_that_became_faster_breaks() {
    compare(&log(128), &log(256), &RATE).is(1, &["base 128.0 B/iteration"]);
    compare(&log(256), &log(128), &RATE).is(0, &["no faster than the base"]);
}

/// A log in which `leak` objects of 64 bytes leak in each iteration, with some noise.
fn noisy(leak: u64, seed: u64) -> String {
    let mut state = seed;
    let rows = (0..300u64).map(|at| {
        // Knuth's MMIX constants; the high bits are random enough.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let objects = 500 + at * leak + (state >> 59);
        format!("{at},{at},MyD1,Nonp,{objects},,{}\n", objects * 64)
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

#[test]
fn a_difference_within_the_noise_is_none() {
    compare(&noisy(2, 1), &noisy(2, 2), &RATE).is(0, &["held", "no faster than the base"]);
    compare(&noisy(2, 1), &noisy(3, 2), &RATE).is(1, &["broken", "base 12"]);
}

#[test]
fn a_tag_that_the_base_does_not_have_is_new() {
    let without =
        log(0).lines().filter(|line| !line.contains("MyD1")).map(|line| format!("{line}\n")).collect::<String>();
    compare(&without, &log(128), &RATE).is(1, &["not present in the base"]);
    compare(&log(128), &without, &RATE).is(4, &["no tag of this name"]);
}

#[test]
fn a_base_without_a_rate_leaves_it_unclear() {
    let short = |lines| -> String { log(0).split_inclusive('\n').take(lines).collect() };
    compare(&short(5), &log(128), &RATE).is(4, &["the base has no rate: too few samples"]);
    compare(&short(5), &log(0), &RATE).is(0, &["held"]);
}

#[test]
fn a_few_samples_of_the_base_count_as_far_as_their_interval_goes() {
    let short = |leak, lines| -> String { log(leak).split_inclusive('\n').take(lines).collect() };
    compare(&short(0, 61), &log(128), &RATE).is(1, &["base 0.0 B/iteration"]);
    compare(&short(128, 61), &log(128), &RATE).is(4, &["too few samples to show a difference"]);
    compare(&log(128), &short(256, 61), &RATE).is(1, &["from 30 samples", "base 128.0 B/iteration"]);
    compare(&log(256), &short(128, 61), &RATE).is(0, &["no faster than the base"]);
}

#[test]
fn unconfirmed_growth_is_unclear_here_too() {
    let given = ["--threshold", "tag MyD1 max_rate 0 B/iteration"];
    compare(&log(0), &log(128), &given).is(4, &["unconfirmed"]);
    compare(&log(128), &log(128), &given).is(0, &["no faster than the base"]);
}

#[test]
fn without_a_threshold_every_tag_is_compared() {
    compare(&log(0), &log(128), &["--no-confirm"]).is(1, &["tag * max_rate 0 B/iteration", "MyD1 nonpaged"]);
    let said = compare(&log(128), &log(128), &["--no-confirm"]);
    said.is(0, &["no faster than the base"]);
    assert!(!said.stdout.contains("Busy"), "what does not grow needs no line: {}", said.stdout);
}

/// A log with stages that holds `before` and then `after` bytes.
fn levels(before: u64, after: u64) -> String {
    let rows = (0..60u64).map(|at| {
        let (stage, bytes) = match at {
            0..10 => ("lead_in", before),
            10..50 => ("workload", after),
            _ => ("cool_down", after),
        };
        format!("{at},{at},MyD1,Nonp,{},,{bytes},{stage}\n", bytes / 64)
    });
    "t_seconds,iteration,tag,pool,allocs,frees,bytes,stage\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn an_amount_must_exceed_the_base_by_more_than_the_threshold() {
    let growth = ["--threshold", "tag MyD1 max_growth 1 KiB"];
    compare(&levels(6400, 6400), &levels(6400, 7424), &growth).is(0, &["held"]);
    compare(&levels(6400, 6400), &levels(6400, 7488), &growth).is(1, &["broken", "base 0 B"]);
    compare(&levels(6400, 9600), &levels(6400, 9664), &growth)
        .is(0, &["base 3.12 KiB: not worse than the limit allows"]);
    compare(&levels(6400, 9600), &levels(6400, 10688), &growth).is(1, &["broken", "base 3.12 KiB"]);
    // A log without stages has a first and a last table.
    compare(&log(0), &levels(6400, 9664), &growth).is(1, &["broken", "base 0 B"]);
}

#[test]
fn a_threshold_that_the_candidate_no_longer_breaks_is_fixed() {
    let growth = ["--threshold", "tag MyD1 max_growth 1 KiB"];
    let said = compare(&levels(6400, 9600), &levels(6400, 6400), &growth);
    said.is(0, &["held", "fixed since the base, which grew by 3.12 KiB"]);
    said.is(0, &["tag base why", "MyD1 nonpaged 3.12 KiB grew by 0 B"]);
    compare(&log(128), &log(0), &RATE).is(0, &["fixed since the base, which grows steadily by 128.0 B/iteration"]);
    // Without thresholds, a fixed tag gets a line.
    compare(&log(128), &log(0), &["--no-confirm"]).is(0, &["MyD1 nonpaged 128.0 B/iteration", "fixed since the base"]);
    let same = compare(&log(0), &log(0), &RATE);
    assert!(!same.is(0, &["held"]).stdout.contains("fixed"), "{}", same.stdout);
}

#[test]
fn unrelated_recordings_are_refused_or_noted() {
    let other = log(0).replace("MyD1", "Abc1").replace("Busy", "Abc2");
    compare(&other, &log(128), &[]).is(3, &["unrelated: no tag is in both", "help: give two recordings"]);
    let screens = " Tag  Type     Allocs            Frees            Diff   Bytes      Per Alloc\n\n \
                   MyD1 Nonp      12040 (   0)     11876 (   0)      164   62320 (     0)    380\n";
    let growth = ["--threshold", "tag MyD1 max_bytes 1 MiB"];
    compare(screens, &log(0), &growth).is(0, &["the base was measured in another way: PoolMon"]);
    assert!(!compare(&log(0), &log(0), &growth).stdout.contains("other means"));
    let folder = tempfile::tempdir().unwrap();
    let twice = file(&folder, "log.csv", log(0).as_bytes());
    poolgate(&["compare"], &[&twice, &twice]).is(0, &["they seem to be the same recording"]);
}

#[test]
fn two_snapshots_are_one_log_of_two_tables() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let snapshot = |number: u8| fixtures.join(format!("poolmon/23-msdocs-drsd-leak-snap{number}.txt"));
    let both = [snapshot(1), snapshot(2)];
    let [before, after] = [both[0].as_path(), both[1].as_path()];
    let json = folder.path().join("junit.xml");
    let given = ["compare", "--json", "--junit", json.to_str().unwrap()];
    let whole: Value = serde_json::from_str(&poolgate(&given, &[before, after]).is(4, &[]).stdout).unwrap();
    let grown = &whole["growth"]["tags"][0];
    assert_eq!((&grown["tag"], &grown["growth_bytes"]), (&"Drsd".into(), &4992.into()), "{whole}");
    assert_eq!(whole["growth"]["compared"], "the base and the candidate");
    poolgate(&["compare"], &[before, after]).is(4, &["largest growth", "Drsd paged 4.88 KiB", "a rate needs three"]);
    let broken = ["compare", "--threshold", "tag Drsd max_growth 4 KiB"];
    poolgate(&broken, &[before, after]).is(1, &["grew by 4.88 KiB (17.1 KiB → 21.9 KiB)"]);
    poolgate(&["compare", "--threshold", "tag Drsd max_growth 5 KiB"], &[before, after]).is(0, &["held"]);
    poolgate(&broken, &[after, before])
        .is(4, &["the counters of most tags went back before the last table (a restart)"]);
}

#[test]
fn json_has_each_sides_rate_and_junit_a_case_a_threshold() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("junit.xml");
    let given: Vec<&str> = RATE.into_iter().chain(["--json", "--junit", junit.to_str().unwrap()]).collect();
    let said = compare(&log(128), &log(256), &given);
    let whole: Value = serde_json::from_str(&said.is(1, &[]).stdout).unwrap();
    assert_eq!((&whole["format"], &whole["outcome"]), (&"poolgate comparison".into(), &"broken".into()));
    let tag = &whole["tags"][0];
    assert_eq!((&tag["tag"], &tag["per"], &tag["growing"]), (&"MyD1".into(), &"iteration".into(), &true.into()));
    for (side, rate) in [("base", 128.0), ("candidate", 256.0)] {
        assert!((tag[side]["rate"].as_f64().unwrap() - rate).abs() < 1.0, "{tag}");
    }
    assert!(tag["z"].as_f64() > tag["cut_off"].as_f64(), "{tag}");

    let xml = fs_err::read_to_string(&junit).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(cases.len(), 1, "{xml}");
    assert_eq!(cases[0].attribute("name"), Some("tag MyD1 max_rate 0 B/iteration"));
    assert!(xml.contains("compared with the base"), "{xml}");
}

#[test]
fn a_side_that_cannot_be_read_is_an_error_in_junit_too() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("junit.xml");
    let given: Vec<&str> = RATE.into_iter().chain(["--junit", junit.to_str().unwrap()]).collect();
    compare("nonsense\n", &log(128), &given).is(3, &["base.csv", "is neither a recording nor a supported log"]);
    assert!(fs_err::read_to_string(&junit).unwrap().contains("<error "));
    let rest = levels(64, 64).replace("workload", "lead_in");
    compare(&rest, &levels(64, 64), &RATE).is(3, &["the base cannot be judged"]);
}
