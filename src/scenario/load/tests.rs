//! Reading of whole files: the example of the design, defaults, and arbitrary text without a panic.

use super::*;
use crate::pool::Pool;
use crate::scenario::{Duration, Limit, Pause, Plan, Sampling, SimulatedNoise, SimulatedSettings, Subject, WarmUp};
use proptest::prelude::*;

/// The example of the design. It uses every part of the format.
const EXAMPLE: &str = r#"scenario: mydriver-copy-stress
description: copies 100 small files an iteration through the filter
driver: mydrv.sys
flags:
  pool_tagging: if_needed        # the default: act only where the kernel says c0000002
  gflags: ["+kst"]               # further GFlags, abbreviation or hex, +/- as in gflags.exe
  verifier: { drivers: [mydrv.sys], level: 0x8 }
  kernel_cmdline: [slab_nomerge] # Linux
reboot: { timeout: 15 min, after_restore: true, after_panic: 30 s }
setup:    [ { run: pnputil /add-driver mydrv.inf /install } ]
workload: { run: mydrvtest.exe --copy 100, iterations: 300, warm_up: 60, timeout: 60 s }
teardown: [ { run: pnputil /delete-driver mydrv.inf /uninstall } ]
sampling: { every: 1 s, settle: 200 ms, lead_in: 10 s, cool_down: 30 s }
thresholds:
  - { tag: "MyD?", pool: nonpaged, max_growth: 64 KiB }
  - { tag: MyD1, max_rate: 0 B/iteration }
  - { tag: "*", except: [MmSt, "Ntf?"], max_rate: 16 B/iteration }
  - { tag: MyD1, max_bytes: 1 MiB }
  - { tag: "MyD?", after_teardown: 0 B }
  - { total: nonpaged, max_growth: 8 MiB }
ignore:
  - { tag: FMfn, because: the file name cache grows with files touched, until: 2027-03-01 }
"#;

const SMALL: &str = "scenario: small\nworkload: { run: ./work, iterations: 300 }\n";

fn read(text: &str) -> Scenario {
    parse("test.yaml", text.as_bytes()).unwrap_or_else(|mistakes| panic!("{}", mistakes.render())).scenario
}

fn messages(text: &str) -> Vec<String> {
    let mistakes = parse("test.yaml", text.as_bytes()).unwrap_err();
    mistakes.iter().map(|mistake| mistake.message().to_owned()).collect()
}

#[test]
fn the_example_is_read_as_written() {
    let scenario = read(EXAMPLE);
    assert_eq!(scenario.name.as_str(), "mydriver-copy-stress");
    assert_eq!(scenario.driver.as_ref().unwrap().as_str(), "mydrv.sys");
    assert_eq!(scenario.setup[0].run.as_str(), "pnputil /add-driver mydrv.inf /install");
    assert_eq!(scenario.setup[0].timeout, Duration::from_secs(600));
    let flags = scenario.flags.clone().unwrap();
    assert_eq!(flags.gflags, ["+kst".parse().unwrap()]);
    // `after_panic` adds a parameter.
    assert_eq!(flags.kernel_cmdline, ["slab_nomerge", "panic=30"]);
    let verifier = flags.verifier.unwrap();
    assert_eq!((verifier.drivers[0].as_str(), verifier.level), ("mydrv.sys", 8));
    assert_eq!(scenario.workload.run.as_str(), "mydrvtest.exe --copy 100");
    assert_eq!(scenario.workload.plan, Plan::Iterations { count: 300, timeout: Duration::from_secs(60) });
    assert_eq!(scenario.workload.warm_up, Some(WarmUp::Iterations(60)));
    assert_eq!(scenario.sampling, Sampling::default());
    let words: Vec<String> = scenario.thresholds().iter().map(|threshold| threshold.words()).collect();
    assert_eq!(
        words,
        [
            "tag MyD? nonpaged max_growth 64 KiB",
            "tag MyD1 max_rate 0 B/iteration",
            "tag * except MmSt, Ntf? max_rate 16 B/iteration",
            "tag MyD1 max_bytes 1 MiB",
            "tag MyD? after_teardown 0 B",
            "total nonpaged max_growth 8 MiB",
        ]
    );
    let [ignored] = scenario.ignore.as_slice() else { panic!("{:?}", scenario.ignore) };
    assert_eq!((ignored.tag.to_string().as_str(), ignored.until), ("FMfn", Some(jiff::civil::date(2027, 3, 1))));
}

#[test]
fn missing_keys_have_their_default() {
    let scenario = read(SMALL);
    assert_eq!(scenario.workload.plan, Plan::Iterations { count: 300, timeout: Duration::from_secs(600) });
    assert_eq!(scenario.sampling, Sampling::default());
    assert_eq!((scenario.confirm, scenario.time_limit, scenario.workload.pause), (true, None, Pause::Idle));
    let [rule] = scenario.thresholds().try_into().unwrap();
    assert_eq!(rule.words(), "tag * max_rate 0 B/iteration");
}

#[test]
fn a_second_look_can_be_bounded_slowed_and_left_out() {
    let bounded = read("scenario: x\nworkload: { run: w, iterations: 300, pause: half_speed }\ntime_limit: 2 h\n");
    assert_eq!(bounded.workload.pause, Pause::HalfSpeed);
    assert_eq!(bounded.time_limit, Some(Duration::from_secs(7200)));
    assert!(!read(&format!("{SMALL}confirm: false\n")).confirm);
    let never = read("scenario: x\nworkload: { run: w, duration: 1 h, pause: never }\ntime_limit: 61 min\n");
    assert_eq!(never.workload.pause, Pause::Never);
}

#[test]
fn the_default_rule_is_per_hour_if_nothing_is_counted() {
    let lasting = |more: &str| read(&format!("scenario: x\nworkload: {{ run: w, duration: 1 h{more} }}\n"));
    assert_eq!(lasting("").thresholds()[0].words(), "tag * max_rate 0 B/h");
    assert_eq!(lasting(", count_lines: done").thresholds()[0].words(), "tag * max_rate 0 B/iteration");
}

#[test]
fn a_simulated_machine_has_defaults_and_choices() {
    let machine = |text: &str| read(&format!("{SMALL}machine: {{ simulated: {text} }}\n")).machine.unwrap().simulated;
    assert_eq!(machine("{}"), SimulatedSettings::default());
    let chosen =
        SimulatedSettings { seed: 7, tags: 600, noise: vec![SimulatedNoise::Bursts], ..SimulatedSettings::default() };
    assert_eq!(machine("{ seed: 7, tags: 600, noise: [bursts] }"), chosen);
    assert_eq!(machine("{ noise: [] }").noise, []);
}

#[test]
fn values_at_the_limit_are_allowed() {
    for more in [
        "sampling: { every: 10 ms }",
        "sampling: { settle: 10 min }",
        "sampling: { every: 5 s, lead_in: 20 s, cool_down: 20 s }",
        "machine: { simulated: { tags: 10000 } }",
    ] {
        read(&format!("{SMALL}{more}\n"));
    }
    for workload in ["iterations: 1", "iterations: 2, warm_up: 1", "duration: 1 s", "duration: 1 h, warm_up: 59 min"] {
        read(&format!("scenario: x\nworkload: {{ run: w, {workload} }}\n"));
    }
}

#[test]
fn two_limits_make_one_threshold() {
    let scenario = read(&format!("{SMALL}thresholds: [{{ total: slab, max_bytes: 1 GiB, max_growth: 5 % }}]\n"));
    assert_eq!(scenario.thresholds[0].subject, Subject::Total(Pool::Slab));
    assert!(matches!(scenario.thresholds[0].limits[..], [Limit::MaxGrowth(_), Limit::MaxBytes(_)]));
    assert_eq!(scenario.thresholds[0].words(), "total slab max_growth 5 %, max_bytes 1 GiB");
}

#[test]
fn a_byte_order_mark_windows_line_ends_and_simple_aliases_are_accepted() {
    assert_eq!(parse("test.yaml", format!("\u{feff}{SMALL}").as_bytes()).unwrap().text, SMALL);
    assert_eq!(read(&SMALL.replace('\n', "\r\n")), read(SMALL));
    let aliased = format!("{SMALL}setup: &commands [{{ run: ./prepare }}]\nteardown: *commands\n");
    assert_eq!(read(&aliased).teardown, read(&aliased).setup);
}

#[test]
fn of_very_many_mistakes_the_first_are_shown() {
    let text = format!("{SMALL}thresholds: [{}]", "{}, ".repeat(20_000));
    let found = messages(&text);
    assert_eq!((found.len(), found[0].as_str()), (MOST_SHOWN, "this threshold limits nothing"));
}

#[test]
fn a_large_file_of_anything_is_read_or_refused_in_good_time() {
    for part in ["[", "{", "{a: ", "[a, ", "- ", "a: &a\n  ", "\"", "? ", "a: b\n", "*a ", "#", "%", "|\n", "- [] \n"] {
        let text = part.repeat(LARGEST / part.len());
        assert!(parse("test.yaml", text.as_bytes()).is_err(), "{part:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        refused_within_the_text(&bytes)?;
    }

    #[test]
    fn no_change_to_a_scenario_makes_it_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4usize, any::<char>()), 1..4)
    ) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (place, kind, any) in changes {
            let place = place.index(text.len());
            match kind {
                0 => { text.remove(place); }
                1 => text.insert(place, any),
                // At least three characters must remain for the next two changes.
                2 => text.truncate(place.max(3)),
                _ => text[place] = [':', '{', '}', '[', ']', '"', '*', '&', '\t', '\n', '-', '#'][any as usize % 12],
            }
        }
        refused_within_the_text(text.into_iter().collect::<String>().as_bytes())?;
    }
}

fn refused_within_the_text(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Err(mistakes) = parse("test.yaml", bytes) else { return Ok(()) };
    for mistake in mistakes.iter() {
        prop_assert!(mistakes.text().get(mistake.span()).is_some(), "{:?}", mistake);
    }
    prop_assert!(mistakes.render().contains("test.yaml:"), "{}", mistakes.render());
    Ok(())
}
