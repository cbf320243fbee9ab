//! A whole run on a real kernel with real restarts: flags, boots, a leak, everything restored; then the same with power
//! cuts in every phase, and with the reset button.

use serde_json::Value;

use super::bed::{bed, careless_poolgate};
use super::disk::Disk;
use super::drive::Cut;
use super::machine::Ended;
use super::power::{SEED, next_cut, number_from};

/// The script that the machine runs until autostart takes its place. It begins the run. After a power cut before
/// autostart was set or after it was removed, it does what a person would do next.
const RUN: &str = "
    if run=$(ls /var/lib/poolgate/*/checkpoint.jsonl); then
        poolgate resume \"${run%/*}\"
    else
        poolgate run /root/chain.yaml --allow-reboot --reports /root/reports
    fi
    code=$?
    # `systemctl reboot` returns at once, and the end comes later.
    [ $code = 10 ] && sleep 1000
    exit $code";

/// The phases as the run prints them, each only once it is on disk.
const PHASES: [&str; 7] = ["arm", "boot armed", "measure", "restore", "boot restored", "report", "done"];
/// Enough for CI: each phase once. `POOLGATE_POWERCUTS` sets another number, so that each phase meets each kind of cut.
const CUTS: u64 = 6;
/// No schedule takes more boots than this.
const MOST_BOOTS: usize = 12;

/// The scenario of a chain. The driver leaks one object in `leak_every` requests; none if it is 0.
fn chain(leak_every: u32) -> String {
    include_str!("chain.yaml").replace("LEAK_EVERY", &leak_every.to_string())
}

/// A chain with fewer iterations: enough for growth, too few for a rate.
pub(super) fn short_chain(leak_every: u32) -> String {
    let mut scenario = chain(leak_every);
    for (long, short) in [
        ("iterations: 48", "iterations: 12"),
        ("warm_up: 8", "warm_up: 2"),
        ("max_rate: 0 B/iteration", "max_growth: 1 KiB"),
    ] {
        assert!(scenario.contains(long), "{long}");
        scenario = scenario.replace(long, short);
    }
    scenario
}

fn disk(scenario: &str) -> Option<Disk> {
    Some(bed()?.disk_running(RUN).with_file("root/chain.yaml", scenario).made())
}

#[test]
fn the_whole_chain_finds_a_drivers_leak_across_real_restarts() {
    let Some(disk) = disk(&chain(10)) else { return };
    let boots = disk.boot_until_off(4);
    assert_eq!(boots.len(), 3, "{boots:?}");
    assert_eq!(boots[2].code, Some(1), "{}", boots[2].log);
    assert!(boots[0].boot_id() != boots[1].boot_id() && boots[1].boot_id() != boots[2].boot_id());
    let report = report(&disk);
    assert_eq!(report["outcome"], "broken");
    let rate = rate(&report);
    assert!((rate - 1.0).abs() < 0.05, "{rate} objects an iteration");
    left_the_machine_as_it_was(&disk);
}

#[test]
fn the_clean_twin_holds() {
    let Some(disk) = disk(&chain(0)) else { return };
    let boots = disk.boot_until_off(4);
    assert_eq!(boots.last().unwrap().code, Some(0), "{boots:?}");
    assert_eq!(report(&disk)["outcome"], "held");
    left_the_machine_as_it_was(&disk);
}

#[test]
fn a_reset_while_measuring_is_an_error_and_never_a_pass() {
    let Some(disk) = disk(&short_chain(0)) else { return };
    let boots = disk.boot_until_off_but(5, |before, machine| match before {
        1 => machine.until_marker("phase measure").until_marker("workload").reset(),
        _ => machine.until_end(),
    });
    assert_eq!(boots.last().unwrap().code, Some(3), "{boots:?}");
    let report = report(&disk);
    assert_eq!(report["outcome"], "error");
    assert_eq!(report["failure"]["message"], "the machine went down while the workload ran");
    left_the_machine_as_it_was(&disk);
}

#[test]
fn every_chain_survives_power_cuts_in_all_its_phases() {
    let Some(_) = bed() else { return };
    let mut seed = number_from("POOLGATE_SEED", SEED);
    eprintln!("POOLGATE_SEED={seed}");
    let (wanted, mut cuts) = (number_from("POOLGATE_POWERCUTS", CUTS), 0);
    let mut lost = 0;
    while cuts < wanted {
        let Some(disk) = disk(&short_chain(10)) else { return };
        // Two cuts per chain, each in another phase, so that all phases are hit repeatedly.
        let mut at: Vec<&str> = (0..2).map(|more| PHASES[(cuts as usize + more * 3) % 6]).collect();
        at.sort_by_key(|phase| std::cmp::Reverse(place(phase)));
        let boots = disk.boot_until_off_but(MOST_BOOTS, |_, machine| match at.pop() {
            Some(phase) => {
                match machine.until_marker_or_end(&format!("phase {phase}")) {
                    Ok(machine) => {
                        // The offset grows by one with every round of phases, so that each phase meets several kinds of
                        // cut.
                        let (when, cut) = next_cut(cuts + cuts / 6, &mut seed);
                        let ended = when.end(machine, cut);
                        let or_not = if ended.cut { "" } else { ", but it had ended before" };
                        eprintln!("cut {cuts}: {when:?} phase {phase}, {cut:?}{or_not}");
                        cuts += u64::from(ended.cut);
                        ended
                    }
                    Err(ended) => {
                        // The phase comes in a later boot.
                        if ended.code.is_none() {
                            at.push(phase);
                        }
                        ended
                    }
                }
            }
            None => machine.until_end(),
        });
        assert!(boots.len() > 1, "the chain never restarts: {boots:?}");
        ended_well(&disk, &boots);
        lost += disk.drive.lock().lost;
    }
    // In addition to everything that was still in the machine's memory.
    eprintln!("{cuts} cuts, {lost} sectors lost that were written and not flushed");
    assert!(lost > 0, "the drive cut the power at a write which nobody had flushed, and kept it");
}

#[test]
fn a_drive_that_lies_about_flushes_loses_acknowledged_phases() {
    let Some(bed) = bed() else { return };
    let disk = bed.disk_running(RUN).with_file("root/chain.yaml", &short_chain(10)).with_lying_drive().made();
    let boots = disk.boot_until_off_but(MOST_BOOTS, |before, machine| match before {
        0 => machine.until_marker("phase boot armed").cut(Cut::Lose),
        _ => machine.until_end(),
    });
    let lost = nothing_acknowledged_is_lost(&all(&boots)).unwrap_err();
    assert!(lost.contains("begun again"), "{lost}");
}

#[test]
#[ignore = "builds another poolgate: just nightly powercuts"]
fn a_poolgate_that_does_not_sync_is_caught() {
    let Some(bed) = bed() else { return };
    let careless = careless_poolgate();
    let disk = bed.disk_running(RUN).with_file("root/chain.yaml", &short_chain(10)).with_poolgate(&careless).made();
    let boots = disk.boot_until_off_but(MOST_BOOTS, |before, machine| match before {
        1 => machine.until_marker("phase measure").until_marker("workload").cut(Cut::Lose),
        _ => machine.until_end(),
    });
    let lost = nothing_acknowledged_is_lost(&all(&boots)).unwrap_err();
    assert!(lost.contains("after phase measure"), "{lost}");
}

/// Checks the result of any schedule: the machine is restored, there is a report, the run did not pass, and no
/// acknowledged phase was undone.
#[track_caller]
fn ended_well(disk: &Disk, boots: &[Ended]) {
    left_the_machine_as_it_was(disk);
    let (code, all) = (boots.last().unwrap().code, all(boots));
    assert!(matches!(code, Some(1 | 3)), "{code:?}:\n{all}");
    if let Err(what) = nothing_acknowledged_is_lost(&all) {
        panic!("{what}:\n{all}");
    }
}

fn all(boots: &[Ended]) -> String {
    let logs: Vec<&str> = boots.iter().map(|ended| ended.log.as_str()).collect();
    logs.join("\n--- power ---\n")
}

/// Checks that no later boot is in an earlier phase: a phase is printed only once it is on disk. The last one printed is the
/// report; phase done is only in run.log.
fn nothing_acknowledged_is_lost(log: &str) -> Result<(), String> {
    let mut furthest = 0;
    for line in log.lines() {
        if line.contains("chain.yaml →") && furthest > 0 {
            return Err(format!("the run is begun again after phase {}", PHASES[furthest]));
        }
        let Some(now) = line.strip_prefix("phase ").map(place) else { continue };
        if now < furthest {
            return Err(format!("{line} after phase {}", PHASES[furthest]));
        }
        furthest = now;
    }
    if furthest >= place("report") { Ok(()) } else { Err(format!("the run ended in phase {}", PHASES[furthest])) }
}

#[track_caller]
pub(super) fn left_the_machine_as_it_was(disk: &Disk) {
    assert_eq!(disk.read("/etc/default/grub").as_deref(), Some(include_str!("guest/root/etc/default/grub")));
    assert_eq!(disk.read("/etc/default/grub.d/99-poolgate.cfg"), None);
    assert!(!disk.read("/boot/grub/grub.cfg").unwrap().contains("slab_nomerge"));
    assert_eq!(disk.read("/etc/systemd/system/poolgate-resume.service"), None);
}

/// Returns the report on the disk.
pub(super) fn report(disk: &Disk) -> Value {
    let run = disk.names_in("/root/reports").into_iter().find(|name| name.starts_with("chain-")).unwrap();
    serde_json::from_str(&disk.read(&format!("/root/reports/{run}/report.json")).unwrap()).unwrap()
}

/// Returns the rate of the driver's tag, objects per iteration.
fn rate(report: &Value) -> f64 {
    let figures = report["tags"].as_array().unwrap().iter().find(|figures| figures["tag"] == "leakydrv");
    figures.unwrap()["evidence"]["objects_per_iteration"]["rate"].as_f64().unwrap()
}

fn place(phase: &str) -> usize {
    PHASES.iter().position(|known| *known == phase).unwrap_or_else(|| panic!("{phase:?} is no phase"))
}
