//! The command `poolgate bench`: the table, the figures as a file, and the exit code if they got worse.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;

use assert_cmd::Command;
use poolgate::leakbench::BenchFigures;

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolgate"));
    command.args(["bench", "--tiny"]).args(arguments);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn figures_are_the_same_twice_and_a_worse_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (once, better) = (folder.path().join("once.json"), folder.path().join("better.json"));

    let first = bench(&["--json", text(&once)]).assert().code(0);
    let table = String::from_utf8(first.get_output().stdout.clone()).unwrap();
    for heading in ["False alarms", "The smallest leak", "What poolgate cannot see", "OLS slope"] {
        assert!(table.contains(heading), "{table}");
    }
    let mut figures: BenchFigures = serde_json::from_str(&fs_err::read_to_string(&once).unwrap()).unwrap();
    // The cost depends on the moment. With 0 as the value compared, it can never be worse.
    figures.nanoseconds.lowest_alone = 0.0;
    fs_err::write(&once, serde_json::to_string(&figures).unwrap()).unwrap();
    bench(&["--against", text(&once)]).assert().code(0);

    figures.recall[0].poolgate += 0.1;
    fs_err::write(&better, serde_json::to_string(&figures).unwrap()).unwrap();
    let worse = bench(&["--against", text(&better)]).assert().code(1);
    let said = String::from_utf8(worse.get_output().stderr.clone()).unwrap();
    assert!(said.contains("worse than committed: recall at 100 iterations"), "{said}");
    assert_eq!(said.matches("worse than committed").count(), 1, "{said}");
}

#[test]
fn unusable_figures_are_refused_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("figures.json");
    bench(&["--against", text(&file)]).assert().code(2).stdout("");
    fs_err::write(&file, "{}").unwrap();
    bench(&["--against", text(&file)]).assert().code(2).stdout("");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/leakbench/quick.json");
    let refused = bench(&["--against", text(&committed)]).assert().code(2).stdout("");
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("are of size quick, not tiny"), "{said}");
}

#[test]
fn a_history_for_a_picture_is_csv() {
    let printed = bench(&["--series", "leak"]).assert().code(0);
    let csv = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    assert!(csv.starts_with("slot,part,block,work,objects\n0,lead-in,0,0,"), "{}", &csv[..80]);
}
