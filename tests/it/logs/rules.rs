//! `ignore` and `after_teardown`, on logs with stages.

use poolgate::judge::{Judgement, Verdict, judge};
use poolgate::{import, scenario};

use super::{file, stage_at};

/// Noon of 2026-01-02 as Unix time.
const NOON: u64 = 1_767_355_200;

/// A run of 60 iterations: `MyD1` and `Cach` grow by 128 bytes in each. `left` are the rows of tag and bytes after
/// teardown.
fn judged(rules: &str, left: &[(&str, u64)]) -> Judgement {
    let mut log = "t_seconds,iteration,tag,pool,allocs,frees,bytes,stage\n".to_owned();
    for second in 0..80u64 {
        let (stage, done) = stage_at(second);
        for tag in ["MyD1", "Cach"] {
            let objects = 100 + done * 2;
            log.push_str(&format!("{},{done},{tag},Nonp,{objects},0,{},{stage}\n", NOON + second, objects * 64));
        }
        log.push_str(&format!("{},{done},Flat,Paged,7,0,448,{stage}\n", NOON + second));
    }
    for (tag, bytes) in left {
        log.push_str(&format!("{},60,{tag},Nonp,1000,{},{bytes},teardown\n", NOON + 90, 1000 - bytes / 64));
    }
    let folder = tempfile::tempdir().unwrap();
    let recording = import::open(&file(&folder, "log.csv", log.as_bytes())).unwrap();
    let text = format!(
        "scenario: test\nconfirm: false\nworkload: {{ run: work, iterations: 60, warm_up: 5 }}\n\
         teardown: [ {{ run: unload }} ]\n{rules}\n"
    );
    let scenario = scenario::parse("test.yaml", text.as_bytes()).unwrap_or_else(|wrong| panic!("{}", wrong.render()));
    judge(&scenario.scenario, &recording).unwrap()
}

fn rulings(judgement: &Judgement) -> Vec<(Verdict, Vec<String>)> {
    let findings = |ruling: &poolgate::judge::Ruling| {
        ruling.findings.iter().map(|it| format!("{}: {}", it.subject, it.because)).collect()
    };
    judgement.rulings.iter().map(|ruling| (ruling.verdict, findings(ruling))).collect()
}

const EACH: &str = "thresholds:\n  - { tag: MyD1, max_growth: 1 KiB }\n  - { tag: \"*\", max_rate: 0 B/iteration }\n";

fn verdicts(judgement: &Judgement) -> Vec<Verdict> {
    judgement.rulings.iter().map(|ruling| ruling.verdict).collect()
}

#[test]
fn the_first_broken_threshold_of_a_tag_lists_the_others() {
    let rules = format!("{EACH}  - {{ tag: MyD1, max_bytes: 1 GiB }}\n  - {{ tag: \"MyD?\", max_bytes: 1 KiB }}\n");
    let judgement = judged(&rules, &[]);
    let also = "; it also broke `tag * max_rate 0 B/iteration` and `tag MyD? max_bytes 1 KiB`";
    let told = |words: &str| {
        let findings = rulings(&judgement).into_iter().flat_map(|(_, findings)| findings);
        findings.filter(|finding| finding.starts_with("MyD1") && finding.ends_with(words)).count()
    };
    assert_eq!((told(also), told("")), (1, 3), "{:?}", rulings(&judgement));
}

#[test]
fn ignored_tags_break_nothing_and_are_listed_with_their_reason() {
    let without = judged(EACH, &[]);
    assert_eq!(verdicts(&without), [Verdict::Broken, Verdict::Broken]);

    let ignore = "ignore:\n  - { tag: Cach, because: it caches what was touched, until: 2026-01-02 }\n  - { tag: \"MyD?\", because: known as bug 17 }\n";
    let with = judged(&format!("{EACH}{ignore}"), &[]);
    let expected =
        [(Verdict::Held, vec!["MyD1 nonpaged: ignored: known as bug 17".to_owned()]), (Verdict::Held, vec![])];
    assert_eq!(rulings(&with), expected);
    let listed: Vec<String> = with.ignored.iter().map(ToString::to_string).collect();
    assert_eq!(
        listed,
        ["Cach nonpaged: it caches what was touched (until 2026-01-02)", "MyD1 nonpaged: known as bug 17"]
    );
    let reasons: Vec<_> = with.tags.iter().map(|tag| tag.ignored.as_deref()).collect();
    assert_eq!(reasons, [Some("known as bug 17"), Some("it caches what was touched"), None]);
    assert!(with.ignored.iter().all(|entry| entry.warning().is_none() && entry.note().is_none()));
}

#[test]
fn an_entry_that_expired_the_day_before_warns_and_judges() {
    let ignore = "ignore:\n  - { tag: Cach, because: it caches what was touched, until: 2026-01-01 }\n";
    let judgement = judged(&format!("{EACH}{ignore}"), &[]);
    assert_eq!(verdicts(&judgement), [Verdict::Broken, Verdict::Broken]);
    let warning = judgement.ignored[0].warning().unwrap();
    assert!(warning.starts_with("`ignore` of Cach expired on 2026-01-01"), "{warning}");
}

#[test]
fn an_entry_that_matches_nothing_is_a_note() {
    let judgement = judged(&format!("{EACH}ignore:\n  - {{ tag: \"Xyz?\", because: gone }}\n"), &[]);
    assert_eq!(judgement.notes, ["`ignore` of Xyz? matches no tag of this recording"]);
    assert_eq!(verdicts(&judgement), [Verdict::Broken, Verdict::Broken]);
}

#[test]
fn a_total_includes_ignored_tags() {
    let rules = "thresholds: [ { total: nonpaged, max_growth: 1 KiB } ]\nignore: [ { tag: \"*\", because: all } ]\n";
    assert_eq!(verdicts(&judged(rules, &[])), [Verdict::Broken]);
}

const TEARDOWN: &str =
    "thresholds:\n  - { tag: MyD1, after_teardown: 64 B }\n  - { total: nonpaged, after_teardown: 1 KiB }\n";

#[test]
fn memory_left_after_teardown_is_reported_to_the_byte() {
    for (left, expected) in [
        (&[("MyD1", 128), ("Cach", 64)][..], [(Verdict::Broken, "128 B are left"), (Verdict::Held, "192 B are left")]),
        (&[("MyD1", 64), ("Cach", 1024)], [(Verdict::Held, "64 B are left"), (Verdict::Broken, "1088 B are left")]),
        (&[("MyD1", 0)], [(Verdict::Held, "nothing is left"), (Verdict::Held, "nothing is left")]),
        (&[("Cach", 64)], [(Verdict::Held, "gone"), (Verdict::Held, "64 B are left")]),
    ] {
        for (ruling, (verdict, words)) in rulings(&judged(TEARDOWN, left)).into_iter().zip(expected) {
            assert_eq!((ruling.0, ruling.1.len()), (verdict, 1), "{left:?}: {ruling:?}");
            assert!(ruling.1[0].ends_with(&format!("{words} after teardown")), "{left:?}: {ruling:?}");
        }
    }
}

#[test]
fn without_a_sample_after_teardown_the_remainder_is_unclear() {
    assert_eq!(verdicts(&judged(TEARDOWN, &[])), [Verdict::Unclear, Verdict::Unclear]);
}

#[test]
fn a_tag_that_only_teardown_brings_is_judged() {
    let rules = "thresholds: [ { tag: Late, after_teardown: 0 B } ]";
    assert_eq!(verdicts(&judged(rules, &[("MyD1", 0), ("Late", 640)])), [Verdict::Broken]);
    assert_eq!(verdicts(&judged(rules, &[("MyD1", 0), ("Late", 0)])), [Verdict::Held]);
}
