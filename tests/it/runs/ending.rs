//! Requests to end, and dying: no part of a run continues without it.

use super::harness::{Scenario, wait_until};
use super::lines::{Forever, each, touch};

#[test]
fn nothing_outlives_a_poolgate_that_was_killed() {
    let forever = Forever::new(47132);
    let workload = each(&[&forever.detached(), &touch("begun"), &forever.line()]);
    let running = Scenario::running(&workload).start_until("begun");
    wait_until("both processes run", || forever.started() == 2);
    running.kill();
    wait_until("its processes are gone", || forever.alive() == 0);
}

#[test]
fn nothing_outlives_a_poolgate_that_was_killed_after_a_restart() {
    let forever = Forever::new(47134);
    let workload = each(&[&forever.detached(), &touch("begun"), &forever.line()]);
    let running = Scenario::with_flag(&workload).start_until("begun");
    wait_until("both processes run", || forever.started() == 2);
    let ended = running.kill();
    wait_until("its processes are gone", || forever.alive() == 0);
    ended.then("status").is(0, &["no process is working on it"]);
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
    fn a_second_ctrl_c_ends_a_teardown_that_hangs() {
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

    /// A remote login ends with this signal.
    #[test]
    fn a_hang_up_ends_the_workload_and_tears_down() {
        let forever = Forever::new(47135);
        // These tests may themselves run under nohup.
        let scenario = Scenario::running(&each(&["touch begun", &forever.line()]))
            .teardown("touch torn-down")
            .by(&["env", "--default-signal=HUP"]);
        let torn_down = scenario.folder().join("torn-down");
        let running = scenario.start_until("begun");
        running.signal(Signal::HUP);
        wait_until("teardown has run", || torn_down.exists());
        running.end().failed_saying("interrupted");
        assert_eq!(forever.alive(), 0);
    }

    #[test]
    fn a_run_under_nohup_outlives_its_terminal() {
        let scenario = Scenario::running("touch begun; while ! test -e go-on; do sleep 0.01; done")
            .plan("iterations: 3, warm_up: 0")
            .by(&["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]);
        let go_on = scenario.folder().join("go-on");
        let running = scenario.start_until("begun");
        running.signal(Signal::HUP);
        super::super::harness::write(&go_on, "");
        let ended = running.end();
        // On a busy machine such a short run may be unclear.
        assert!(matches!(ended.code, Some(0 | 4)), "{}{}", ended.stdout, ended.stderr);
        assert!(!ended.stderr.contains("stopping"), "{}", ended.stderr);
    }

    /// Writes to a closed terminal return an error.
    #[test]
    fn a_terminal_that_is_gone_does_not_keep_a_run_from_its_teardown() {
        let python = std::env::var("POOLGATE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        if std::process::Command::new(&python).arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "CI must have Python");
            eprintln!("skipped, because there is no Python to make a terminal");
            return;
        }
        let forever = Forever::new(47136);
        let scenario = Scenario::running(&each(&["touch begun", &forever.line()])).teardown("touch torn-down");
        let (begun, torn_down) = (scenario.folder().join("begun"), scenario.folder().join("torn-down"));
        let terminal = "import os, pty, signal, sys, threading, time\n\
                        signal.signal(signal.SIGHUP, signal.SIG_DFL)\n\
                        pid, terminal = pty.fork()\n\
                        if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])\n\
                        def drain():\n\
                        \x20   try:\n\
                        \x20       while not os.path.exists(sys.argv[1]): os.read(terminal, 4096)\n\
                        \x20   except OSError: pass\n\
                        threading.Thread(target=drain, daemon=True).start()\n\
                        while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n\
                        os.close(terminal)\n\
                        status = os.waitpid(pid, 0)[1]\n\
                        sys.exit(os.waitstatus_to_exitcode(status))\n";
        let ended = scenario.by(&[&python, "-c", terminal, begun.to_str().unwrap()]).run();
        assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
        assert!(ended.junit.contains("interrupted"), "{}", ended.junit);
        let log = fs_err::read_to_string(ended.run.join("run.log")).unwrap();
        assert!(log.contains("teardown 1 of 1") && torn_down.exists(), "{log}");
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
