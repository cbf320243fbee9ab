//! The command `poolgate init` at its first use.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;

use crate::program::{Completed, poolgate_in};

fn poolgate(folder: &Path, words: &[&str]) -> Completed {
    Completed::run(poolgate_in(folder).args(words))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_new_scenario_passes_check_on_any_platform() {
    let folder = folder();
    for platform in ["windows", "linux"] {
        let file = format!("{platform}.yaml");
        let words = ["init", "--driver", "mydrv.sys", "--tag", "MyD1", "--tag", "My?2", "--run", "t.exe --copy 100"];
        let more = ["--setup", "prepare it", "--iterations", "100", "--platform", platform, &file];
        let said = poolgate(folder.path(), &[&words[..], &more[..]].concat());
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(said.stdout.contains(&format!("poolgate run {file}")), "{}", said.stdout);
        assert_eq!(said.stderr, "");
        let checked = poolgate(folder.path(), &["check", "--elsewhere", &file]);
        assert_eq!(checked.code, Some(0), "{}", checked.stderr);
        for line in ["  setup: prepare it", "  workload, 100 times: t.exe --copy 100", "must hold: tag My?2 max_growth"]
        {
            assert!(checked.stdout.contains(line), "{line}: {}", checked.stdout);
        }
    }
}

#[test]
fn the_file_is_named_for_the_driver_and_names_its_platform() {
    let folder = folder();
    let said = poolgate(folder.path(), &["init", "--driver", "My Drv.sys", "--run", "t"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let text = fs_err::read_to_string(folder.path().join("My-Drv.yaml")).unwrap();
    assert!(text.contains("scenario: My-Drv\n") && text.contains("driver: My Drv.sys\n"), "{text}");
    // Without --platform the scenario is for the system of the command.
    assert!(text.contains(if cfg!(windows) { "ExAllocatePool2" } else { "kmem_cache_create" }), "{text}");
    let other = if cfg!(windows) { "linux" } else { "windows" };
    let said = poolgate(folder.path(), &["init", "--run", "t", "--iterations", "9", "--platform", other]);
    assert!(said.stdout.contains("next, on the machine it is for:"), "{}", said.stdout);
    assert!(folder.path().join("first.yaml").exists());
}

#[test]
fn too_few_iterations_for_a_rate_are_noted() {
    let folder = folder();
    for (iterations, enough) in [("43", false), ("44", true)] {
        let name = format!("{iterations}.yaml");
        let said = poolgate(folder.path(), &["init", "--run", "t", "--iterations", iterations, &name]);
        assert_eq!(said.stderr.contains("fewer than 44 iterations"), !enough, "{}", said.stderr);
        let obstacle = "a rate needs 36 iterations after the warm-up";
        let check = poolgate(folder.path(), &["check", &name]);
        assert_eq!(format!("{}{}", check.stdout, check.stderr).contains(obstacle), !enough, "{}", check.stderr);
    }
}

#[test]
fn an_existing_file_is_kept() {
    let folder = folder();
    let file = folder.path().join("mydrv.yaml");
    fs_err::write(&file, "precious").unwrap();
    let said = poolgate(folder.path(), &["init", "--driver", "mydrv.sys", "--run", "t"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("mydrv.yaml already exists") && said.stderr.contains("help: "), "{}", said.stderr);
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn arguments_that_make_no_scenario_are_refused_and_nothing_is_written() {
    let folder = folder();
    for (words, because) in [
        (&["--run", " "][..], "the command is empty"),
        (&["--run", "t", "--setup", ""], "the command is empty"),
        (&["--run", "t", "--tag", ""], "invalid value '' for '--tag <TAG>'"),
        (&["--run", "t", "--tag", "My\\n"], "for '--tag <TAG>'"),
        (&["--run", "t", "--tag", "mydrv_ctx", "--platform", "windows"], "which has at most four bytes"),
        (&["--run", "t", "--driver", "a*.sys"], "is not the name of a driver's file"),
        (&["--run", "t", "--iterations", "0"], "for '--iterations <N>'"),
        (&["--run", "t", "no-such-folder/x.yaml"], "no-such-folder"),
        (&["--driver", "mydrv.sys"], "--run"),
    ] {
        let said = poolgate(folder.path(), &[&["init"], words].concat());
        assert_eq!(said.code, Some(2), "{words:?}: {}", said.stderr);
        assert!(said.stderr.contains(because), "{words:?}: {}", said.stderr);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0, "{words:?}");
    }
}
