//! Tests that generated scenarios can be loaded and contain the requested settings.

use proptest::prelude::*;

use super::*;
use crate::scenario::{self, Plan, Scenario, WarmUp};

fn read(first: &FirstScenario) -> Scenario {
    let text = first.text();
    scenario::parse("first.yaml", text.as_bytes())
        .unwrap_or_else(|mistakes| panic!("{}\n{text}", mistakes.render()))
        .scenario
}

fn first(platform: Platform, tags: &[&str]) -> FirstScenario {
    FirstScenario {
        file: "mydrv.yaml".to_owned(),
        name: "mydrv".to_owned(),
        platform,
        driver: Some("mydrv.sys".parse().unwrap()),
        tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        setup: Vec::new(),
        run: "mydrvtest.exe --copy 100".to_owned(),
        teardown: Vec::new(),
        iterations: 300,
    }
}

#[test]
fn a_first_scenario_for_windows_reads_well() {
    insta::assert_snapshot!(first(Platform::Windows, &["MyD1", "MyE?"]).text());
}

#[test]
fn a_first_scenario_for_linux_without_a_tag_reads_well() {
    let driver = Some("mydrv.ko".parse().unwrap());
    let (setup, teardown) = (vec!["modprobe mydrv".to_owned()], vec!["modprobe -r mydrv".to_owned()]);
    insta::assert_snapshot!(FirstScenario { driver, setup, teardown, ..first(Platform::Linux, &[]) }.text());
}

#[test]
fn without_tags_the_default_rule_must_hold() {
    for platform in [Platform::Windows, Platform::Linux] {
        let words: Vec<_> = read(&first(platform, &[])).thresholds().iter().map(|rule| rule.words()).collect();
        assert_eq!(words, ["tag * max_rate 0 B/iteration"]);
    }
}

#[test]
fn commented_examples_are_valid() {
    for platform in [Platform::Windows, Platform::Linux] {
        let uncommented: Vec<String> = first(platform, &[])
            .text()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(key) if key.ends_with(':') && !key.contains(' ') || key.starts_with("  - ") => key.to_owned(),
                _ => line.to_owned(),
            })
            .collect();
        let scenario = scenario::parse("first.yaml", uncommented.join("\n").as_bytes()).unwrap().scenario;
        assert_eq!((scenario.setup.len(), scenario.teardown.len(), scenario.thresholds.len()), (1, 1, 2));
    }
}

/// Generates texts that YAML might misread, and arbitrary texts.
fn commands() -> impl Strategy<Value = String> {
    let odd = r#"["'\\:#,{}\[\]&*!|>%@`?~ a-z0-9\t\n=<>-]{0,24}"#;
    let command = prop_oneof![odd, any::<String>(), "\\PC{0,24}", "(null|Yes|0x1f|1e3|2026-01-02|---|- a|a: b|!x y)"];
    command.prop_map(|text| text.replace('\0', "0")).prop_filter("a command", |text| !text.trim().is_empty())
}

/// Generates patterns for tags with arbitrary bytes.
fn tags() -> impl Strategy<Value = TagPattern> {
    let odd = "([!-\\[\\]-~]|\\\\x[0-9a-f]{2}){1,4}";
    prop_oneof![odd, "(1394|True|null|Yes|0x1f|~~~~|---a|\\*|a\\?|- a| CM)"].prop_map(|text| text.parse().unwrap())
}

proptest! {
    #[test]
    fn a_written_scenario_loads_with_the_given_values(
        windows: bool,
        driver in prop::option::of("[A-Za-z0-9 ._#&'-]{0,20}[a-z]"),
        tags in prop::collection::vec(tags(), 0..3),
        run in commands(),
        setup in prop::collection::vec(commands(), 0..3),
        teardown in prop::collection::vec(commands(), 0..3),
        iterations in 1..2000u64,
        file in any::<String>(),
    ) {
        let mut tags = tags;
        tags.dedup();
        tags.truncate(1 + usize::from(tags.first() != tags.last()));
        let given = FirstScenario {
            file,
            platform: if windows { Platform::Windows } else { Platform::Linux },
            driver: driver.as_deref().map(|driver| driver.parse().unwrap()),
            tags: tags.clone(),
            setup: setup.clone(),
            run: run.clone(),
            teardown: teardown.clone(),
            iterations,
            ..first(Platform::Windows, &[])
        };
        let scenario = read(&given);
        let lines = |steps: &[scenario::Step]| -> Vec<String> {
            steps.iter().map(|step| step.run.as_str().to_owned()).collect()
        };
        prop_assert_eq!(scenario.workload.run.as_str(), run);
        prop_assert_eq!((lines(&scenario.setup), lines(&scenario.teardown)), (setup, teardown));
        prop_assert_eq!(scenario.driver.map(|driver| driver.as_str().to_owned()), driver);
        let Plan::Iterations { count, .. } = scenario.workload.plan else { panic!("no iterations") };
        prop_assert_eq!(count, iterations);
        let warm_up = given.warm_up();
        prop_assert_eq!(scenario.workload.warm_up, (warm_up > 0).then_some(WarmUp::Iterations(warm_up)));
        let words: Vec<String> = scenario.thresholds.iter().map(|rule| rule.words()).collect();
        for tag in tags {
            prop_assert!(words.contains(&format!("tag {tag} max_rate 0 B/iteration")), "{:?}", words);
            prop_assert!(words.contains(&format!("tag {tag} max_growth 64 KiB")), "{:?}", words);
        }
    }
}
