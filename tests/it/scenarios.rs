//! Every scenario under `scenarios/` loads on every platform and has a description.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use poolgate::scenario::{Scenario, load};

/// Returns each scenario with its path below `scenarios/` and its text.
fn all() -> Vec<(String, Scenario, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut folders = vec![root.clone()];
    let mut found: Vec<(String, Scenario, String)> = Vec::new();
    while let Some(folder) = folders.pop() {
        let paths: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.extend(paths.iter().filter(|path| path.is_dir()).cloned());
        found.extend(paths.iter().filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            let loaded = load(path).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            (name, loaded.scenario, loaded.text)
        }));
    }
    found
}

#[test]
fn every_scenario_loads_and_is_named_as_its_file() {
    let all = all();
    for folder in ["", "linux/", "windows/"] {
        let there = all.iter().filter(|(name, ..)| name.starts_with(folder)).count();
        assert!(there >= 4, "{there} below scenarios/{folder}");
    }
    for (name, scenario, _) in all {
        let stem = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        assert_eq!(scenario.name.as_str(), stem, "{name}");
        assert!(scenario.description.is_some(), "{name} has no description");
        assert!(!scenario.thresholds.is_empty(), "{name} has no threshold");
    }
}

#[test]
fn an_editor_finds_the_schema_from_every_scenario() {
    for (name, _, text) in all() {
        let up = "../".repeat(name.matches('/').count());
        let line = format!("# yaml-language-server: $schema={up}scenario.schema.json");
        assert_eq!(text.lines().next(), Some(line.as_str()), "{name}");
    }
}

#[test]
fn only_the_scenario_for_old_windows_requires_a_flag() {
    for (name, scenario, _) in all().into_iter().filter(|(name, ..)| name.starts_with("windows/")) {
        assert_eq!(scenario.flags.is_some(), name == "windows/xp-era.yaml", "{name}");
        assert!(scenario.machine.is_none(), "{name} is for a real machine");
    }
}

#[test]
fn commented_lines_in_scenarios_for_windows_are_valid_too() {
    for (file, key) in [("xp-era", "# machine: "), ("driver-stress", "# flags: ")] {
        let (_, _, text) = all().into_iter().find(|(name, ..)| *name == format!("windows/{file}.yaml")).unwrap();
        let text = text.replace(key, &key[2..]);
        let scenario = poolgate::scenario::parse(file, text.as_bytes()).unwrap_or_else(|mistakes| {
            panic!("{}", mistakes.render());
        });
        let scenario = scenario.scenario;
        assert!(scenario.machine.is_some() || scenario.flags.unwrap().verifier.is_some(), "{file}");
    }
}
