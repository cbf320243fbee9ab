//! The second look: tags that are called a leak, and tags that are not.

use poolgate::judge::Verdict;
use poolgate::judge::evidence::Standing;
use poolgate::record::BlockPause;

use super::machine::{Now, Ran, live, machine, noise};

const NAMED: &str = "  - { tag: MyD1, max_rate: 0 B/iteration }\n";
const ALL: &str = "  - { tag: \"*\", max_rate: 0 B/iteration }\n";

/// One object per iteration, among others that come and go.
fn leak(now: Now) -> f64 {
    500.0 + now.work + noise(now.slot, 6)
}

/// Two objects a second, with or without the workload.
fn background(now: Now) -> f64 {
    500.0 + 2.0 * now.slot as f64 + noise(now.slot, 20)
}

fn standing(ran: &Ran) -> Option<Standing> {
    ran.figures("MyD1").confirmation.as_ref().map(|confirmation| confirmation.standing)
}

#[test]
fn a_leak_is_confirmed_and_its_rate_is_true() {
    for thresholds in [NAMED, ALL] {
        let ran = machine(100, thresholds).tag("MyD1", |now| live(leak(now))).tag("Quiet", |_| live(70.0)).run();
        assert_eq!((ran.verdict(), standing(&ran)), (Verdict::Broken, Some(Standing::Leak)), "{:?}", ran.finding());
        assert_eq!(ran.plans[0].candidates.len(), 1);
        let because = &ran.finding().because;
        assert!(because.contains("confirmed by") && because.contains("the workload causes it"), "{because}");
        let trend = ran.figures("MyD1").confirmation.as_ref().unwrap().trend.as_ref().unwrap();
        let rate = trend.bytes(poolgate::scenario::Per::Iteration).unwrap();
        assert!(rate.low < 64.0 && rate.high > 64.0 && (rate.rate - 64.0).abs() < 5.0, "{rate:?}");
    }
}

#[test]
fn a_clean_run_takes_no_second_look() {
    let ran = machine(100, ALL).tag("MyD1", |now| live(500.0 + noise(now.slot, 20))).run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Held, 0));
}

#[test]
fn growth_without_the_workload_is_not_this_runs_failure() {
    let ran = machine(100, ALL).tag("MyD1", |now| live(background(now))).run();
    assert_eq!((ran.verdict(), standing(&ran)), (Verdict::Held, Some(Standing::Background)));
}

#[test]
fn growth_without_the_workload_is_a_leak_by_the_hour_of_the_driver_that_is_named() {
    for (threshold, verdict) in [
        (NAMED, Verdict::Broken),
        ("  - { tag: MyD1, max_rate: 100 KiB/h }\n", Verdict::Broken),
        ("  - { tag: MyD1, max_rate: 2 MiB/h }\n", Verdict::Held),
    ] {
        let ran = machine(100, threshold).tag("MyD1", |now| live(background(now))).run();
        assert_eq!(ran.verdict(), verdict, "{threshold} {:?}", ran.finding());
        if verdict == Verdict::Broken {
            let because = &ran.finding().because;
            // 2 objects of 64 B a second are 450 KiB an hour.
            assert!(
                because.contains("driven by time")
                    && because.contains("grows by 45")
                    && because.contains(" KiB/h (95 %: "),
                "{because}"
            );
        }
    }
}

#[test]
fn growth_that_ends_did_not_persist() {
    let fill = |now: Now| 500.0 + now.work.min(125.0) + noise(now.slot, 3);
    let ran = machine(100, NAMED).tag("MyD1", move |now| live(fill(now))).run();
    assert_eq!((ran.verdict(), standing(&ran)), (Verdict::Held, Some(Standing::NotPersistent)));
    assert!(ran.finding().because.contains("did not persist"), "{:?}", ran.finding());
}

#[test]
fn a_workload_at_half_speed_is_distinguished_from_one_at_rest() {
    let (ran, ..) = machine(100, NAMED).tag("MyD1", |now| live(leak(now))).run_with("pause: half_speed");
    assert_eq!(ran.plans[0].pause, BlockPause::HalfSpeed);
    assert_eq!((ran.verdict(), standing(&ran)), (Verdict::Broken, Some(Standing::Leak)), "{:?}", ran.finding());
    let confirmation = ran.figures("MyD1").confirmation.clone().unwrap();
    let caused = confirmation.caused.unwrap();
    assert!(caused.low < 1.0 && caused.high > 1.0, "{caused:?}");
    let rate = confirmation.trend.unwrap().objects(poolgate::scenario::Per::Iteration).unwrap();
    assert!((rate.rate - 1.0).abs() < 0.1, "{rate:?}");

    let (ran, ..) = machine(100, ALL).tag("MyD1", |now| live(background(now))).run_with("pause: half_speed");
    assert_eq!((ran.verdict(), standing(&ran)), (Verdict::Held, Some(Standing::Background)));
}

#[test]
fn without_any_pause_attribution_is_not_tested() {
    let (ran, ..) = machine(100, NAMED).tag("MyD1", |now| live(leak(now))).run_with("pause: never");
    assert!(ran.plans[0].order.iter().all(|work| *work));
    assert_eq!((ran.verdict(), standing(&ran)), (Verdict::Broken, Some(Standing::NotTested)));
    assert!(ran.finding().because.contains("attribution not tested"), "{:?}", ran.finding());
}

#[test]
fn without_confirmation_the_first_look_accuses() {
    let (ran, ..) = machine(100, ALL).tag("MyD1", |now| live(leak(now))).run_with("confirm: false");
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Broken, 0));
}

#[test]
fn a_second_look_that_never_came_leaves_it_unclear() {
    let ran = machine(100, NAMED).tag("MyD1", |now| live(leak(now))).without_time().run();
    assert_eq!(ran.verdict(), Verdict::Unclear);
    assert!(ran.finding().because.ends_with("unconfirmed: there was no second look"), "{:?}", ran.finding());
}

#[test]
fn within_a_time_limit_only_growth_that_goes_on_is_a_leak() {
    let run = |figures: fn(Now) -> f64| {
        let machine = machine(300, NAMED).tag("MyD1", move |now| live(figures(now))).without_time();
        machine.run_with("time_limit: 340 s").0
    };
    assert_eq!(run(leak).verdict(), Verdict::Broken);
    let late = run(|now| 500.0 + (now.work - 190.0).max(0.0) * 3.0);
    assert_eq!(late.verdict(), Verdict::Unclear);
    assert!(late.finding().because.contains("slowing down"), "{:?}", late.finding());
}

#[test]
fn a_leak_within_the_limit_is_held_without_a_second_look() {
    let ran = machine(100, "  - { tag: MyD1, max_rate: 1 KiB/iteration }\n").tag("MyD1", |now| live(leak(now))).run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Held, 0));
}

#[test]
fn a_rate_about_the_limit_is_looked_at_up_to_three_times() {
    let ran = machine(100, "  - { tag: MyD1, max_rate: 64 B/iteration }\n").tag("MyD1", |now| live(leak(now))).run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Unclear, 3), "{:?}", ran.finding());
    let numbers: Vec<u32> = ran.plans.iter().map(|plan| plan.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn the_candidates_are_fixed_with_the_first_second_look() {
    let ran = machine(100, "  - { tag: MyD1, max_rate: 64 B/iteration }\n  - { tag: MyD2, max_rate: 0 B/iteration }\n")
        .tag("MyD1", |now| live(leak(now)))
        .tag("MyD2", |now| live(leak(now)))
        .run();
    assert_eq!(ran.plans[0].candidates.len(), 2);
    let again: Vec<&str> = ran.plans[1].candidates.iter().map(|key| key.tag.as_str()).collect();
    assert_eq!(again, ["MyD1"]);
}

#[test]
fn a_pools_total_is_looked_at_like_a_tag() {
    let total = "  - { total: nonpaged, max_rate: 0 B/iteration }\n";
    let ran = machine(100, total).tag("MyD1", |now| live(leak(now))).tag("Irp", |now| live(noise(now.slot, 9))).run();
    assert_eq!(ran.verdict(), Verdict::Broken, "{:?}", ran.finding());
    assert_eq!((ran.finding().subject.as_str(), &ran.finding().key), ("total nonpaged", &None));
    assert!(ran.finding().because.contains("confirmed"), "{:?}", ran.finding());
}

#[test]
fn tags_in_lockstep_are_one_finding_and_the_root_is_the_drivers_own() {
    let ran = machine(100, ALL)
        .tag("Irp", |now| live(300.0 + now.work))
        .tag("MyD1", |now| live(500.0 + 2.0 * now.work))
        .tag("Othr", |now| live(500.0 + 2.6 * now.work))
        .run();
    let subjects: Vec<&str> =
        ran.judgement.rulings[0].findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["Othr nonpaged", "MyD1 nonpaged"], "the faster one is first");
    let because = &ran.judgement.rulings[0].findings[1].because;
    assert!(because.ends_with("in lockstep with it: Irp nonpaged (0.50 objects for each)"), "{because}");
    assert_eq!(ran.figures("MyD1").in_lockstep_with.len(), 1);
}

#[test]
fn of_tags_in_lockstep_the_root_grows_most_and_is_never_a_shared_tag() {
    let grows = |by: f64| move |now: Now| live(500.0 + by * now.work);
    let ran = machine(100, ALL)
        .tag("Ddk", grows(4.0))
        .tag("MyD1", grows(1.0))
        .tag("MyD2", grows(2.0))
        .tag("Mdl", grows(3.0))
        .tag("FMfn", grows(4.0))
        .run();
    assert_eq!(ran.judgement.rulings[0].findings.len(), 1, "{:?}", ran.judgement.rulings[0].findings);
    assert_eq!(ran.finding().subject, "MyD2 nonpaged", "{:?}", ran.finding());
    assert!(ran.figures("Ddk").generic && ran.figures("Mdl").generic && !ran.figures("FMfn").generic);
}

/// With few objects, the rate is too uncertain to identify the tags in lockstep.
#[test]
fn small_leaks_are_in_lockstep_only_if_they_leak_at_the_same_time() {
    let every = |one: f64, begun: f64| move |now: Now| live(500.0 + (now.work / one + begun).floor());
    let ran = machine(300, ALL)
        .tag("MyD1", every(30.0, 0.0))
        .tag("MyD2", move |now| live(500.0 + 2.0 * (now.work / 30.0).floor()))
        .tag("Othr", every(31.0, 0.5))
        .run();
    let company = |tag: &str| -> Vec<String> {
        ran.figures(tag).in_lockstep_with.iter().map(|key| key.tag.to_string()).collect()
    };
    assert_eq!((company("MyD1"), company("Othr")), (vec!["MyD2".to_owned()], vec![]));
}

#[test]
fn a_generic_tag_is_a_suspect_only() {
    let ran = machine(100, ALL).tag("Irp", |now| live(leak(now))).run();
    assert_eq!(ran.verdict(), Verdict::Broken);
    assert!(ran.finding().because.ends_with("so it is a suspect only"), "{:?}", ran.finding());
    assert!(ran.figures("Irp").generic);
}

#[test]
fn a_leak_too_small_in_each_tag_shows_in_the_drivers_tags_together() {
    let each: String = (0..9).map(|tag| format!("  - {{ tag: MyD{tag}, max_rate: 0 B/iteration }}\n")).collect();
    let found = |thresholds: &str| {
        let of = (0..10).filter(|seed| {
            let machine = machine(300, thresholds);
            let figures = |place: u64| {
                move |now: Now| live(500.0 + 0.08 * now.work + noise(now.slot * 977 + place * 7_000_003, 40))
            };
            let machine =
                (0..9).fold(machine, |machine, tag| machine.tag(&format!("MyD{tag}"), figures(seed * 9 + tag)));
            let judgement = machine.run().judgement;
            let findings = judgement.rulings.iter().flat_map(|ruling| &ruling.findings);
            findings.for_each(|told| assert_eq!(told.key.is_none(), told.subject.contains(" together"), "{told:?}"));
            judgement.verdict() == Verdict::Broken
        });
        of.count()
    };
    let (alone, together) = (found(&each), found("  - { tag: \"MyD?\", max_rate: 0 B/iteration }\n"));
    assert!(together >= alone + 3, "{together} of 10 runs, and {alone} by single tags");
}
