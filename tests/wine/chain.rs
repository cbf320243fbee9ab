//! A whole run on an old Windows: GlobalFlag, boots, a service that comes back, a leak, everything restored. Then the
//! same with power cuts in its phases.
//!
//! The power cuts end every process at once. Their effect on unflushed data is tested on Linux (tests/qemu): Wine keeps
//! the registry in one process, and files in the host's memory.

use super::bed::bed;
use super::boot::until;
use super::machine::{Machine, POOLGATE};
use super::registry::SESSION_MANAGER;

/// The phases as the run prints them, each only once it is on disk.
const PHASES: [&str; 7] = ["arm", "boot armed", "measure", "restore", "boot restored", "report", "done"];
/// No schedule takes more boots than this.
const MOST_BOOTS: usize = 12;
const SERVICE: &str = "poolgate-resume";

/// How the machine restarts when the run requests it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Restarts {
    /// By poolgate itself, as far as Wine allows. The host waits for it.
    ByPoolgate,
    /// By the host, as soon as the run prints that it is about to restart.
    ByTheHost,
}

/// Poolgate's exit code when the machine restarts.
const NOT_FINISHED: u32 = 10;

/// The result of a chain.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) boots: usize,
    pub(crate) code: Option<u32>,
    pub(crate) log: String,
}

#[test]
fn the_whole_chain_finds_a_drivers_leak_across_restarts() {
    let Some(bed) = bed() else { return };
    let machine = chain(Machine::new(bed, 5));
    machine.registry().remove(SESSION_MANAGER, "GlobalFlag");
    // InitiateSystemShutdownExW succeeds under Wine but does nothing, so poolgate's watchdog restarts the machine.
    let chain = until_over(&machine, &[], Restarts::ByPoolgate);
    assert_eq!((chain.boots, chain.code), (3, Some(1)), "{}", chain.log);
    let report = machine.only_run().report();
    assert_eq!(report["outcome"], "broken");
    let leak = report["tags"].as_array().unwrap().iter().find(|figures| figures["tag"] == "Leak").unwrap();
    assert_eq!(leak["growth_bytes"], 12 * 2 * 2048);
    assert!(machine.only_run().junit().contains("<failure"));
    left_as_it_was(&machine, None);
}

#[test]
fn power_cuts_cost_a_run_nothing_but_time() {
    let Some(bed) = bed() else { return };
    let machine = chain(Machine::new(bed, 5)).with_value(SESSION_MANAGER, "GlobalFlag", "dword:00000100");
    let chain = until_over(&machine, &["phase arm", "phase restore", "phase boot restored"], Restarts::ByTheHost);
    assert_eq!(chain.code, Some(1), "{}", chain.log);
    assert_eq!(machine.only_run().report()["outcome"], "broken");
    in_order(&chain.log);
    left_as_it_was(&machine, Some("dword:00000100"));
}

#[test]
fn a_flag_that_is_a_text_is_a_number_for_the_run_and_a_text_again_after_it() {
    let Some(bed) = bed() else { return };
    let flag = r#""0x00000100""#;
    let machine = chain(Machine::new(bed, 5)).with_value(SESSION_MANAGER, "GlobalFlag", flag);
    // A cut while measuring would make it an error; the next test covers that.
    let chain = until_over(&machine, &["phase restore"], Restarts::ByTheHost);
    // The simulated kernel accepts numbers only, so it counts only if the flag was one.
    assert_eq!(chain.code, Some(1), "{}", chain.log);
    assert_eq!(machine.only_run().report()["outcome"], "broken");
    in_order(&chain.log);
    left_as_it_was(&machine, Some(flag));
}

#[test]
fn a_machine_that_goes_down_while_measuring_is_an_error_and_never_a_pass() {
    let Some(bed) = bed() else { return };
    let flag = "dword:00000100";
    let machine = chain(Machine::new(bed, 0)).with_value(SESSION_MANAGER, "GlobalFlag", flag);
    let chain = until_over(&machine, &["iteration ", "phase boot restored", "phase report"], Restarts::ByTheHost);
    assert_eq!(chain.code, Some(3), "{}", chain.log);
    let report = machine.only_run().report();
    assert_eq!(report["failure"]["message"], "the machine went down while the workload ran");
    in_order(&chain.log);
    left_as_it_was(&machine, Some(flag));
}

#[test]
fn a_bugcheck_is_reported_with_its_code_and_the_dump_that_is_saved_after_the_boot() {
    let Some(bed) = bed() else { return };
    // Events of this run, which is later than the fixtures.
    let event = |text: &str| text.replace("2026-11-29T", "2099-11-29T");
    let power = event(include_str!("../fixtures/system_log/kernel-power-41.xml"));
    let both = power.clone() + &event(include_str!("../fixtures/system_log/bugcheck-1001.xml"));
    let machine = chain(Machine::new(bed, 0)).with_simulated_event_log(bed, &[power, both]).with_value(
        r"System\CurrentControlSet\Control\CrashControl",
        "CrashDumpEnabled",
        "dword:00000007",
    );
    let chain = until_over(&machine, &["iteration "], Restarts::ByTheHost);
    assert_eq!(chain.code, Some(3), "{}", chain.log);
    in_order(&chain.log);
    let waited = chain.log.matches("waiting until Windows has saved the dump").count();
    assert_eq!(waited, 1, "{}", chain.log);
    let notes = machine.only_run().report()["notes"].to_string();
    let stopped =
        "Windows stopped with bugcheck 0x00000050 (0xffffa98c99cc35bf, 0x0, 0xfffff80465545b04, 0x2), and saved the";
    assert_eq!(notes.matches(stopped).count(), 1, "{notes}");
    assert!(notes.contains(r"the kernel left C:\\windows\\MEMORY.DMP"), "{notes}");
}

fn chain(machine: Machine) -> Machine {
    machine.with_old_windows().with_file("lab/chain.yaml", include_str!("chain.yaml"))
}

/// Switches the machine on again and again until its run is over. The power is cut at each of `cuts`, texts in the
/// run's log, in their order.
pub(crate) fn until_over(machine: &Machine, cuts: &[&str], restarts: Restarts) -> Chain {
    let mut cuts = cuts.iter().peekable();
    for boots in 1..=MOST_BOOTS {
        let told_before = story(machine).len();
        let words = words(machine);
        let mut boot = machine.power_on();
        let mut poolgate = boot.start(POOLGATE, &words.iter().map(String::as_str).collect::<Vec<_>>());
        let next = until(|| {
            let story = story(machine);
            let told = &story[told_before..];
            let cut = cuts.next_if(|marker| told.contains(**marker)).is_some();
            let restarted = restarts == Restarts::ByTheHost && told.contains("restarting the machine");
            if cut || restarted || boot.is_over() {
                return Some(None);
            }
            // A killed process gives no result: the machine is going down, and its witness will be gone as well.
            poolgate.ended().filter(|ended| ended.code.is_some_and(|code| code != NOT_FINISHED)).map(Some)
        });
        if let Some(ended) = next.unwrap_or_else(|| panic!("boot {boots} does not end:\n{}", story(machine))) {
            // The service logs that it is over before it ends.
            until(|| (boot.running(" service ") == 0).then_some(())).expect("the service does not end");
            boot.until_no_service(SERVICE);
            boot.cut();
            return Chain { boots, code: ended.code, log: format!("{}\n{ended}", story(machine)) };
        }
    }
    panic!("the chain does not come to an end:\n{}", story(machine));
}

/// Returns the command for the next boot. With a service in place, the service runs poolgate, and the command waits for
/// it. Without one the command is the next step for a person: begin the run, resume it if the power cut came before the
/// service existed, or ask for its outcome.
fn words(machine: &Machine) -> Vec<String> {
    let begun = machine.file("ProgramData/poolgate").exists().then(|| machine.runs().pop()).flatten();
    let over = story(machine).contains("phase done");
    match begun {
        Some(run) if over || machine.has_service(SERVICE) => vec!["wait".to_owned(), name(&run)],
        Some(_) => vec!["resume".to_owned()],
        None => ["run", r"C:\lab\chain.yaml", "--allow-reboot"].map(str::to_owned).to_vec(),
    }
}

fn name(run: &std::path::Path) -> String {
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Returns the logs of all runs so far.
fn story(machine: &Machine) -> String {
    let mut runs = machine.runs();
    runs.sort();
    runs.iter().map(|run| machine.story_of(run)).collect()
}

/// Checks that no phase comes again and that the last one is reached: a phase is printed only once it is on disk.
#[track_caller]
fn in_order(log: &str) {
    let told = log.lines().filter_map(|line| line.split_once(" phase ")?.1.trim().into());
    let places: Vec<usize> = told.filter_map(|phase| PHASES.iter().position(|known| *known == phase)).collect();
    assert!(places.is_sorted() && places.last() == Some(&(PHASES.len() - 1)), "{places:?}:\n{log}");
}

#[track_caller]
fn left_as_it_was(machine: &Machine, flag: Option<&str>) {
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), flag);
    assert!(!machine.has_service(SERVICE), "the service is still there");
}
