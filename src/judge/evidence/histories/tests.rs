//! One pass over tags that wrap, come late, go away and come back.

use super::*;

fn usage(allocs: u64, frees: u64) -> Option<Usage> {
    Some(Usage { allocs, frees, bytes: allocs.wrapping_sub(frees) * 64 })
}

/// One tag through the slots of a workload.
fn alone(counters: Counters, samples: impl IntoIterator<Item = Option<Usage>>) -> Histories {
    let mut histories = Histories::default();
    histories.add(counters);
    samples.into_iter().for_each(|usage| histories.sample(Stage::Workload, &[usage]));
    histories
}

fn objects(history: &History, count: usize) -> Vec<i64> {
    let stretch = history.work().split(0, count).unwrap();
    stretch.blocks.iter().map(|block| block.objects).collect()
}

#[test]
fn samples_that_are_still_learned_from_are_in_the_series() {
    let mut histories = alone(Counters::Full64, (0..40).map(|slot| usage(100 + slot, 0)));
    assert_eq!(objects(&histories.history(0), 4), [100, 110, 120, 130]);
    (40..80).for_each(|slot| histories.sample(Stage::Workload, &[usage(100 + slot, 0)]));
    let history = histories.history(0);
    assert_eq!(objects(&history, 4), [100, 120, 140, 160]);
    assert_eq!((history.slots(), history.present()), (80, 80));
}

#[test]
fn a_reset_breaks_the_series_there() {
    let first = (0..100).map(|slot| usage(5000 + slot, 0));
    let history = alone(Counters::Full64, first.chain((0..100).map(|slot| usage(10 + slot, 0)))).history(0);
    assert_eq!((history.reset(), history.slots(), history.present()), (Some(100), 200, 100));
    let stretch = history.work().split(100, 4).unwrap();
    assert!(stretch.blocks.iter().all(|block| block.objects < 200), "{stretch:?}");
}

#[test]
fn a_reset_of_one_tag_is_none_of_another() {
    let mut histories = Histories::default();
    (0..2).for_each(|_| histories.add(Counters::Full64));
    for slot in 0..200 {
        let late = if slot < 100 { 5000 + slot } else { slot };
        histories.sample(Stage::Workload, &[usage(late, 0), usage(slot, 0)]);
    }
    assert_eq!((histories.history(0).reset(), histories.history(1).reset()), (Some(100), None));
    assert_eq!(objects(&histories.history(1), 4), [0, 50, 100, 150]);
}

#[test]
fn a_tag_that_appears_late_held_nothing_before() {
    for slots in [0, 1, 10, 150, 191, 500, 1001] {
        let mut histories = alone(Counters::Full64, (0..slots).map(|slot| usage(slot, 0)));
        histories.add(Counters::Full64);
        let whole = (0..slots).map(|_| usage(0, 0)).chain((0..400).map(|slot| usage(50 + slot, 0)));
        (0..400).for_each(|slot| histories.sample(Stage::Workload, &[usage(0, 0), usage(50 + slot, 0)]));
        let (late, whole) = (histories.history(1), alone(Counters::Full64, whole).history(0));
        assert_eq!((late.slots(), late.present()), (whole.slots(), whole.present()));
        let values = |history: &History| -> Vec<i64> { history.work().all().0.iter().map(|one| one.objects).collect() };
        assert_eq!(values(&late), values(&whole), "{slots}");
    }
}

#[test]
fn a_tag_that_was_not_seen_at_first_begins_with_its_first_sample() {
    let unseen = (0..60).map(|_| None);
    let history = alone(Counters::Full64, unseen.chain((60..120).map(|slot| usage(5000 + slot, 0)))).history(0);
    assert_eq!((history.begun(), history.present(), history.is_gone()), (60, 60, false));
    let late = Histories::of_one(Counters::Full64, 60).history(0);
    assert_eq!(late.begun(), 0, "it held nothing before, which is known");
}

#[test]
fn constant_tags_are_in_every_block_with_a_sample() {
    let mut histories = alone(Counters::Full64, []);
    for slot in 0..1000 {
        // Missing at the beginning of blocks of every possible length.
        let missing = slot > 100 && slot % 8 == 0;
        if missing { histories.miss() } else { histories.sample(Stage::Workload, &[usage(500, 0)]) }
    }
    let history = histories.history(0);
    assert_eq!((history.slots(), history.present()), (1000, 888));
    assert!(history.work().all().0.iter().all(|block| block.objects == 500));
}

#[test]
fn a_cache_that_comes_back_is_another_one() {
    let samples = (0..40).map(|slot| if slot == 20 { None } else { usage(500, 0) });
    let history = alone(Counters::InUse, samples).history(0);
    assert_eq!((history.reset(), history.slots(), history.present()), (Some(20), 40, 19));
}

#[test]
fn an_absent_tag_is_absent_and_not_empty() {
    let samples = (0..40).map(|slot| if (10..15).contains(&slot) { None } else { usage(500, 0) });
    let mut histories = alone(Counters::Full64, samples);
    let history = histories.history(0);
    assert_eq!(objects(&history, 8), [500; 8]);
    assert_eq!((history.slots(), history.present(), history.is_gone()), (40, 35, false));
    histories.sample(Stage::CoolDown, &[None]);
    assert!(histories.history(0).is_gone());
}

#[test]
fn each_of_many_tags_has_its_own_series() {
    let tags = 3 * ROWS as u64 + 5;
    let mut histories = Histories::default();
    (0..tags).for_each(|_| histories.add(Counters::Full64));
    for slot in 0..400 {
        // One begins anew in the middle of a block, another is absent then, and the last goes up.
        let row = |tag: u64| match tag {
            70 => usage(if slot < 301 { 9000 + slot } else { 70 }, 0),
            140 if slot % 4 == 1 => None,
            _ if tag == tags - 1 => usage(1000 + slot, 0),
            _ => usage(tag, 0),
        };
        histories.sample(Stage::Workload, &(0..tags).map(row).collect::<Vec<_>>());
    }
    for tag in (0..tags - 1).filter(|tag| *tag != 70) {
        assert_eq!(objects(&histories.history(tag as usize), 4), [tag as i64; 4], "{tag}");
    }
    assert_eq!(objects(&histories.history(tags as usize - 1), 4), [1000, 1100, 1200, 1300]);
    let reset = histories.history(70);
    assert_eq!((reset.reset(), reset.present()), (Some(301), 99));
    assert_eq!(reset.work().split(301, 4).unwrap().blocks.iter().map(|one| one.objects).min(), Some(70));
    assert_eq!(histories.history(140).present(), 300);
}

#[test]
fn allocations_in_flight_are_subtracted_only_after_they_are_learned() {
    let mut histories = alone(Counters::Full64, []);
    (0..9).for_each(|sample| histories.sample(Stage::LeadIn, &[usage(1000 + 300 * sample, 900 + 300 * sample)]));
    assert!(histories.history(0).before().samples().iter().all(|sample| sample.adjusted == 100));
}
