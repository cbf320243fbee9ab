//! Runs that complete, and their exit codes.

use super::harness::Scenario;
use crate::program::poolgate;

#[test]
fn a_driver_that_frees_everything_holds() {
    let ended = Scenario::running("poolgate sim exercise --churn Drv1:64Bx9")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration, max_growth: 0 B }")
        .run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.judged_again(), Some(0));
}

#[test]
fn a_leak_is_broken_with_its_exact_rate() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96Bx2 --churn Drv1:512Bx20")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("grows steadily by 192.0 B/iteration"), "{}", ended.stdout);
    assert!(ended.junit.contains("<failure type=\"broken\""), "{}", ended.junit);
    assert_eq!(ended.judged_again(), Some(1));
}

#[test]
fn a_leak_below_the_threshold_holds() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B")
        .threshold("{ tag: Drv1, max_rate: 200 B/iteration, max_growth: 64 KiB }")
        .run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_tag_that_was_never_seen_is_unclear() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B")
        .threshold("{ tag: Drv2, max_rate: 0 B/iteration }")
        .run();
    assert_eq!(ended.code, Some(4), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("no tag of this name was seen"), "{}", ended.stdout);
    assert!(ended.junit.contains("<skipped "), "{}", ended.junit);
}

#[test]
fn too_few_iterations_are_unclear() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B")
        .plan("iterations: 30, warm_up: 5")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    assert_eq!(ended.code, Some(4), "{}{}", ended.stdout, ended.stderr);
    let line = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    // The rate is reported but decides nothing, because the run can be repeated with more iterations.
    let rate = "96.0 B/iteration (95 %: ";
    let why = "from 25 samples; too few samples to test for a leak: 36 after the warm-up are needed";
    assert!(line.contains(rate) && line.contains(why), "{}", ended.stdout);
}

#[test]
fn iterations_are_counted_from_the_lines_of_one_long_command() {
    // On a busy machine, and under Wine, which runs few rounds per second, some lines are read after the sample they belong
    // to.
    let (seconds, rates) = if cfg!(windows) { (12, 45.0..83.0) } else { (6, 54.0..74.0) };
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:64B --rounds 1000000 --pause 5")
        .sampled_often()
        .plan(&format!("duration: {seconds} s, count_lines: '^round [0-9]+$'"))
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    let rate = ended.stdout.split("grows steadily by ").nth(1).and_then(|text| text.split(' ').next()).unwrap();
    let rate: f64 = rate.parse().unwrap();
    assert!(rates.contains(&rate), "{}", ended.stdout);
}

#[test]
fn a_long_command_without_counted_lines_is_judged_by_the_hour() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:64B --rounds 1000000 --pause 5")
        .sampled_often()
        .plan("duration: 4 s")
        .threshold("{ tag: Drv1, max_rate: 1 KiB/h }")
        .run();
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("iB/h (95 %: "), "{}", ended.stdout);
}

#[test]
fn commands_see_their_run_phase_and_iteration() {
    let line = match cfg!(windows) {
        true => "echo %POOLGATE_RUN%/%POOLGATE_PHASE%/%POOLGATE_ITERATION%>> seen",
        false => "echo $POOLGATE_RUN/$POOLGATE_PHASE/$POOLGATE_ITERATION >> seen",
    };
    let scenario = Scenario::running(line).setup(line).teardown(line).plan("iterations: 2, warm_up: 0");
    let seen = scenario.folder().join("seen");
    let text = {
        let ended = scenario.run();
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        let run = ended.run.file_name().unwrap().to_str().unwrap().to_owned();
        // cmd.exe does not expand a variable on its command line that is not set.
        let text = fs_err::read_to_string(&seen).unwrap().replace(&run, "RUN").replace("%POOLGATE_ITERATION%", "");
        text.replace("\r\n", "\n")
    };
    assert_eq!(text, "RUN/setup/\nRUN/workload/1\nRUN/workload/2\nRUN/teardown/\n");
}

#[test]
fn a_mistake_in_any_scenario_stops_all_of_them() {
    let good = Scenario::running("touch worked");
    let bad = good.folder().join("bad.yaml");
    super::harness::write(&bad, "scenario: bad\nworkload: { run: true, iteration: 3 }\n");
    let worked = good.folder().join("worked");
    let ended = good.option(bad.to_str().unwrap()).run();
    assert_eq!(ended.code, Some(2), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("bad.yaml:2:24"), "{}", ended.stderr);
    assert!(!worked.exists());
}

#[test]
fn the_summary_names_a_scenario_that_did_not_begin() {
    let foreign = if cfg!(windows) { "kernel_cmdline: [slab_nomerge]" } else { "gflags: [+kst]" };
    let good = Scenario::running("exit 0").plan("iterations: 2, warm_up: 0");
    let bad = good.folder().join("bad.yaml");
    let text = format!("scenario: foreign\nflags: {{ {foreign} }}\nworkload: {{ run: exit 0, iterations: 2 }}\n");
    super::harness::write(&bad, &text);
    let ended = good.option(bad.to_str().unwrap()).run();
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("2 scenarios: 1 error (foreign-"), "{}", ended.stdout);
}

#[test]
fn a_file_that_is_no_recording_is_refused() {
    let output = poolgate().args(["judge", "Cargo.toml", "--scenario", "scenarios/quickstart.yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Cargo.toml is neither a recording nor a supported log"));
}

#[test]
fn memory_left_after_teardown_is_judged_unless_ignored() {
    let leaking = || {
        Scenario::running("poolgate sim exercise --leak Drv1:64B")
            .teardown("poolgate sim exercise --leak Drv1:16B")
            .threshold("{ tag: Drv1, after_teardown: 512 B }")
    };
    // 12 iterations and the teardown itself.
    let ended = leaking().run();
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("784 B are left after teardown"), "{}", ended.stdout);
    assert_eq!(ended.judged_again(), Some(1));

    let ended = leaking().section("ignore: [ { tag: Drv1, because: known as bug 17 } ]").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("ignored: Drv1 nonpaged: known as bug 17"), "{}", ended.stdout);
    assert!(ended.junit.contains("known as bug 17"), "{}", ended.junit);
}

#[test]
fn checking_a_scenario_lists_the_steps_of_a_run_and_changes_nothing() {
    let output = poolgate().args(["check", "scenarios/quickstart.yaml"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in [
        "runs on a simulated kernel",
        "workload, 300 times: poolgate sim exercise",
        "flag GlobalFlag: absent → \"dword:00000400\"",
        "reboots the machine",
    ] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn every_scenario_that_is_shipped_is_valid() {
    let folders = ["scenarios", "scenarios/linux", "scenarios/windows"]
        .into_iter()
        .flat_map(|folder| fs_err::read_dir(folder).unwrap());
    let files = folders.map(|entry| entry.unwrap().path());
    let scenarios: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).collect();
    assert!(scenarios.len() >= 10, "{scenarios:?}");
    let output = poolgate().args(["check", "--elsewhere"]).args(&scenarios).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
