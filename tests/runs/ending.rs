//! Being told to end, and dying: nothing of a run goes on without it.

use super::harness::{Scenario, wait_until};
use super::lines::{Forever, each, touch};

#[test]
fn nothing_outlives_a_poolgate_that_was_killed() {
    let forever = Forever::new(47132);
    let workload = each(&[&forever.detached(), &touch("begun"), &forever.line()]);
    let running = Scenario::running(&workload).start_until("begun");
    wait_until("both processes run", || forever.alive() == 2);
    running.kill();
    wait_until("its processes are gone", || forever.alive() == 0);
}

#[test]
fn nothing_outlives_a_poolgate_that_was_killed_after_a_restart() {
    let forever = Forever::new(47134);
    let workload = each(&[&forever.detached(), &touch("begun"), &forever.line()]);
    let running = Scenario::with_flag(&workload).start_until("begun");
    wait_until("both processes run", || forever.alive() == 2);
    let ended = running.kill();
    wait_until("its processes are gone", || forever.alive() == 0);
    ended.then("status").is(0, "nobody is at work on it");
}

#[cfg(unix)]
mod signals {
    use rustix::process::Signal;

    use super::*;

    #[test]
    fn ctrl_c_ends_the_workload_and_tears_down() {
        let forever = Forever::new(47130);
        let scenario = Scenario::running(&each(&["touch begun", &forever.detached(), &forever.line()]))
            .teardown("touch torn-down");
        let torn_down = scenario.folder().join("torn-down");
        let running = scenario.start_until("begun");
        running.signal(Signal::INT);
        wait_until("teardown has run", || torn_down.exists());
        let ended = running.end();
        ended.failed_saying("interrupted");
        assert!(ended.stderr.contains("stopping: ending the workload, then cleaning up"), "{}", ended.stderr);
        assert_eq!(forever.alive(), 0);
        assert_eq!(ended.judged_again(), Some(3));
    }

    #[test]
    fn a_second_ctrl_c_ends_a_teardown_which_hangs() {
        let forever = Forever::new(47131);
        let scenario = Scenario::running(&each(&["touch begun", &forever.line()]))
            .teardown(&each(&["touch tearing", &forever.line()]));
        let tearing = scenario.folder().join("tearing");
        let running = scenario.start_until("begun");
        running.signal(Signal::INT);
        wait_until("teardown has begun", || tearing.exists());
        running.signal(Signal::INT);
        running.end().failed_saying("interrupted");
        assert_eq!(forever.alive(), 0);
    }

    #[test]
    fn after_an_interruption_no_further_scenario_is_run() {
        let forever = Forever::new(47133);
        let other = Scenario::running("touch worked");
        super::super::harness::write(
            &other.folder().join("other.yaml"),
            "scenario: other\nmachine: { simulated: {} }\nworkload: { run: touch worked, iterations: 45 }\n",
        );
        let path = other.folder().join("other.yaml");
        let running = Scenario::running(&each(&["touch begun", &forever.line()]))
            .option(path.to_str().unwrap())
            .start_until("begun");
        running.signal(Signal::TERM);
        let ended = running.end();
        assert_eq!(ended.code, Some(3));
        assert!(ended.stderr.contains("other.yaml was not run: interrupted"), "{}", ended.stderr);
        assert!(!other.folder().join("worked").exists());
    }
}
