//! Too few samples for a verdict, and damaged or changed recordings: none of them is ever held.

use std::time::Duration;

use poolgate::failure::help;
use poolgate::judge::{JudgeError, Judgement, Verdict, compare, judge};
use poolgate::pool::{Counters, Key, Pool, Snapshot, Usage};
use poolgate::record::{Header, Mark, Recorder, Recording, SampleInfo, Stage};
use poolgate::scenario::{self, Scenario};

use super::machine::{live, machine, noise};

const RATE: &str = "  - { tag: MyD1, max_rate: 0 B/iteration }\n";
const GROWTH: &str = "  - { tag: MyD1, max_growth: 1 MiB }\n";
const BYTES: &str = "  - { tag: MyD1, max_bytes: 1 MiB }\n";
const TORN_DOWN: &str = "  - { tag: MyD1, after_teardown: 1 MiB }\n";
const ALL: &str = "  - { tag: \"*\", max_rate: 0 B/h }\n";
const WHY: &str = "(the machine was too busy, or the pool table could not be read)";

/// A minute at rest, 25 minutes of a workload, and another minute at rest, sampled in each second for which `taken` is
/// true. The sample after missed ones records their number.
fn recorded(taken: impl Fn(u64) -> bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.pgr");
    let mut recorder = Recorder::create(&path, &Header::new("few", "few", "a test")).unwrap();
    let (mut snapshot, mut missed) = (Snapshot::new(), 0);
    let row = snapshot.row(Key::new("MyD1".parse().unwrap(), Pool::Nonpaged, Counters::InUse));
    for second in 0..=1622 {
        let at = Duration::from_secs(second);
        let begins = match second {
            0 => Some(Stage::LeadIn),
            60 => Some(Stage::Workload),
            1560 => Some(Stage::CoolDown),
            1620 => Some(Stage::Teardown),
            _ => None,
        };
        begins.into_iter().for_each(|stage| recorder.mark(at, &Mark::Stage(stage)).unwrap());
        if !taken(second) {
            missed += 1;
            continue;
        }
        snapshot.set(row, Some(Usage { allocs: 500, frees: 0, bytes: 32_000 }));
        let settled = !(60..1560).contains(&second);
        recorder.mark(at, &Mark::Iteration(second.clamp(60, 1560) - 60)).unwrap();
        let missed = std::mem::take(&mut missed);
        recorder.sample(SampleInfo { at, settled, missed }, &snapshot).unwrap();
    }
    recorder.finish(Duration::from_secs(1623)).unwrap();
    fs_err::read(&path).unwrap()
}

fn scenario(thresholds: &str) -> Scenario {
    let text = format!(
        "scenario: few\nworkload: {{ run: work, duration: 25 min, count_lines: x }}\nteardown: [{{ run: \"true\" }}]\nthresholds:\n{thresholds}"
    );
    scenario::parse("few.yaml", text.as_bytes()).unwrap().scenario
}

fn judged(thresholds: &str, taken: impl Fn(u64) -> bool) -> Judgement {
    judge(&scenario(thresholds), &Recording::from_bytes(recorded(taken)).unwrap()).unwrap()
}

/// The verdict, and the first reason for it.
fn said(thresholds: &str, taken: impl Fn(u64) -> bool) -> (Verdict, String) {
    let judgement = judged(thresholds, taken);
    (judgement.verdict(), judgement.rulings[0].findings.first().map_or(String::new(), |told| told.because.clone()))
}

#[test]
fn a_run_with_all_its_samples_is_held() {
    for thresholds in [RATE, GROWTH, BYTES, TORN_DOWN, ALL] {
        assert_eq!(said(thresholds, |_| true).0, Verdict::Held, "{thresholds}");
        // A run that lacks a few samples is held too.
        assert_eq!(said(thresholds, |second| second % 3 != 0).0, Verdict::Held, "{thresholds}");
    }
}

#[test]
fn a_rate_needs_half_of_the_slots_after_the_warm_up() {
    // One fifth of the slots is the warm-up.
    let one_in = |many: u64| move |second: u64| !(61..1560).contains(&second) || second.is_multiple_of(many);
    let (verdict, because) = said(RATE, one_in(20));
    assert_eq!(
        (verdict, because),
        (Verdict::Unclear, format!("only 60 of 1,204 samples after the warm-up were taken {WHY}"))
    );
    assert_eq!(said(RATE, |second| !(61..1560).contains(&second) || second % 5 < 3).0, Verdict::Held);
    assert_eq!(said(RATE, one_in(3)).0, Verdict::Unclear);
    // The levels at rest are known as well as before.
    assert_eq!(said(GROWTH, one_in(20)).0, Verdict::Held);
}

#[test]
fn a_run_that_missed_1499_of_1500_samples_is_unclear() {
    for thresholds in [RATE, ALL] {
        let (verdict, because) = said(thresholds, |second| !(61..1560).contains(&second));
        assert_eq!(verdict, Verdict::Unclear, "{because}");
        assert!(because.starts_with("only 1 of 1,500 samples after the warm-up were taken"), "{because}");
    }
}

#[test]
fn a_growth_needs_half_of_the_late_samples_at_rest() {
    let (verdict, because) = said(GROWTH, |second| !(30..=58).contains(&second));
    assert_eq!(
        (verdict, because),
        (Verdict::Unclear, format!("only 1 of 29 samples in the late half of the lead-in were taken {WHY}"))
    );
    for thresholds in [GROWTH, BYTES] {
        let (verdict, because) = said(thresholds, |second| !(1581..1618).contains(&second));
        assert_eq!(
            (verdict, because),
            (Verdict::Unclear, format!("only 2 of 29 samples in the late half of the cool-down were taken {WHY}"))
        );
    }
    // The bytes held at the end depend on the cool-down alone.
    assert_eq!(said(BYTES, |second| !(30..=58).contains(&second)).0, Verdict::Held);
}

#[test]
fn a_few_samples_prove_no_leak_either() {
    let leaking = |missing: fn(u64) -> bool| {
        let machine = machine(300, RATE).tag("MyD1", |now| live(500.0 + now.work)).without_time();
        machine.missing_if(missing).run_with("confirm: false").0
    };
    assert_eq!(leaking(|_| false).verdict(), Verdict::Broken);
    // One sample in four.
    let few = leaking(|slot| (11..310).contains(&slot) && !slot.is_multiple_of(4));
    assert_eq!(few.verdict(), Verdict::Unclear);
    let because = &few.finding().because;
    assert!(because.starts_with("only 61 of 240 samples after the warm-up were taken (the machine"), "{because}");
}

#[test]
fn memory_left_after_teardown_needs_a_sample() {
    let (verdict, because) = said(TORN_DOWN, |second| second < 1620);
    assert_eq!((verdict, because.as_str()), (Verdict::Unclear, "was not sampled at rest after teardown"));
}

#[test]
fn a_second_look_needs_half_of_the_slots_of_each_block() {
    let cache = |now: super::machine::Now| live(500.0 + now.work.min(150.0) * 2.0);
    // The cache is full in the second look.
    let ran = machine(100, RATE).tag("MyD1", cache).run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Held, 1), "{:?}", ran.finding());
    // Lead-in, workload and cool-down take 120 slots, the work before the first block 30, a block 22.
    assert_eq!((ran.plans[0].lead, ran.plans[0].slots), (30, 22));
    // The block does not count, so the look does not either, and another one follows.
    let fourth = |slot: u64| (151 + 3 * 22..151 + 4 * 22).contains(&slot) && !slot.is_multiple_of(4);
    let ran = machine(100, RATE).tag("MyD1", cache).missing_if(fourth).run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Held, 2), "{:?}", ran.finding());
    let always = |slot: u64| slot > 120 && !slot.is_multiple_of(4);
    let ran = machine(100, RATE).tag("MyD1", cache).missing_if(always).run();
    let because = &ran.finding().because;
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Unclear, 3), "{because}");
    assert!(
        because.contains("; unconfirmed: only 6 of 22 samples in block 1 of the second look were taken (the"),
        "{because}"
    );
}

#[test]
fn a_log_without_marks_of_missing_samples_is_judged_as_it_is() {
    // Ten iterations for each sample, as a script logs them: the log does not show that a sample is missing.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.csv");
    let rows = (1..=200).map(|at| format!("{at},{},MyD1,Nonp,500,0,32000\n", at * 10));
    let text: String =
        std::iter::once("t_seconds,iteration,tag,pool,allocs,frees,bytes\n".to_owned()).chain(rows).collect();
    fs_err::write(&path, text).unwrap();
    let recording = poolgate::import::open(&path).unwrap();
    let text = format!("scenario: few\nworkload: {{ run: work, iterations: 2000 }}\nthresholds:\n{RATE}");
    let scenario = scenario::parse("few.yaml", text.as_bytes()).unwrap().scenario;
    assert_eq!(judge(&scenario, &recording).unwrap().verdict(), Verdict::Held);
}

/// The verdict on a recording with some bytes changed; `None` if it cannot be judged.
fn after(change: impl FnOnce(&mut Vec<u8>), bytes: &[u8], scenario: &Scenario) -> Option<Verdict> {
    let mut bytes = bytes.to_vec();
    change(&mut bytes);
    let recording = Recording::from_bytes(bytes).ok()?;
    Some(judge(scenario, &recording).ok()?.verdict())
}

#[test]
fn a_recording_with_one_changed_byte_is_never_held() {
    let clean = |thresholds| machine(60, thresholds).tag("MyD1", |now| live(500.0 + noise(now.slot, 5))).recorded("");
    let (bytes, _) = clean(RATE);
    let scenarios = [RATE, GROWTH, ALL].map(|thresholds| clean(thresholds).1);
    for (at, scenario) in (0..bytes.len()).step_by(5).zip(scenarios.iter().cycle()) {
        let verdict = after(|bytes| bytes[at] ^= 0x15, &bytes, scenario);
        assert!(!matches!(verdict, Some(Verdict::Held)), "byte {at} of {}", bytes.len());
    }
    assert_eq!(after(|_| {}, &bytes, &scenarios[0]), Some(Verdict::Held));
}

#[test]
fn a_damaged_recording_is_marked_and_its_leak_is_still_found() {
    let leaking = machine(300, RATE).tag("MyD1", |now| live(500.0 + now.work + noise(now.slot, 5))).without_time();
    let (bytes, scenario) = leaking.recorded("confirm: false");
    let middle = bytes.len() / 2;
    assert_eq!(after(|bytes| bytes[middle] ^= 1, &bytes, &scenario), Some(Verdict::Broken));

    let mut bytes = recorded(|_| true);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let recording = Recording::from_bytes(bytes).unwrap();
    for (thresholds, findings) in [(RATE, "MyD1 nonpaged"), (ALL, "*")] {
        let judgement = judge(&self::scenario(thresholds), &recording).unwrap();
        let [told] = judgement.rulings[0].findings.as_slice() else { panic!("{:?}", judgement.rulings) };
        assert_eq!((told.subject.as_str(), told.verdict), (findings, Verdict::Unclear));
        assert!(
            told.because.ends_with("part of the recording is damaged, so its content is not known"),
            "{}",
            told.because
        );
        assert_eq!(judgement.tags[0].verdict, Some(Verdict::Unclear));
    }
}

/// Frames with correct checksums: only the seal is broken.
#[test]
fn a_recording_that_was_written_anew_is_refused() {
    let bytes = recorded(|_| true);
    let magics: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, four)| *four == b"\xf7PGR").map(|(at, _)| at).collect();
    let last = *magics.last().unwrap();
    for lost in [5, 77, magics.len() - 2] {
        let shorter = [&bytes[..magics[lost]], &bytes[magics[lost + 1]..]].concat();
        let verdict = Recording::from_bytes(shorter).map(|recording| judge(&scenario(RATE), &recording)).unwrap();
        assert!(matches!(verdict, Err(JudgeError::Changed) | Ok(_)), "{lost}");
        assert!(verdict.is_err() || verdict.unwrap().verdict() == Verdict::Unclear, "{lost}");
    }
    // An end frame in the format of early versions.
    let mut end = b"\xf7PGR\x02\0\0\0E\x07".to_vec();
    end.extend(crc32c::crc32c(&end).to_le_bytes());
    let unsealed = [&bytes[..last], &end].concat();
    let refused = judge(&scenario(RATE), &Recording::from_bytes(unsealed).unwrap()).unwrap_err();
    assert_eq!(refused.to_string(), "the recording was changed after it was closed");
    assert!(help(&refused).is_some());
}

#[test]
fn a_base_with_too_little_data_excuses_nothing() {
    let leaking = |missing: fn(u64) -> bool| {
        let machine = machine(300, RATE).tag("MyD1", |now| live(500.0 + now.work)).without_time();
        let (bytes, scenario) = machine.missing_if(missing).recorded("confirm: false");
        (Recording::from_bytes(bytes).unwrap(), scenario)
    };
    let (whole, scenario) = leaking(|_| false);
    let (few, _) = leaking(|slot| (11..310).contains(&slot) && !slot.is_multiple_of(4));
    let verdict = |base, candidate| compare(&scenario, base, candidate).unwrap().rulings[0].verdict;
    assert_eq!(verdict(&whole, &whole), Verdict::Held, "an old leak blocks nothing");
    assert_eq!(verdict(&few, &whole), Verdict::Unclear);
    assert_eq!(verdict(&whole, &few), Verdict::Unclear);
}
