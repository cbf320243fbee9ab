//! Acknowledged data survives power cuts and resets; these tests fail if it does not.
//!
//! The program is `guest/root/usr/bin/ledger`. A commit counts as acknowledged once it has come out of the serial port:
//! then it must be there after the next boot.

use std::time::Duration;

use poolgate::random::split_mix;

use super::bed::bed;
use super::disk::Disk;
use super::drive::Cut;
use super::machine::{Ended, Machine};

/// One of each kind, for CI, which also cuts whole chains; `.ci/nightly` has 200. `POOLGATE_POWERCUTS` sets another number, `POOLGATE_SEED` other cuts.
const CUTS: u64 = 4;
pub(super) const SEED: u64 = 1;

#[test]
fn acknowledged_commits_survive_power_cuts() {
    let Some(bed) = bed() else { return };
    let mut seed = number_from("POOLGATE_SEED", SEED);
    eprintln!("POOLGATE_SEED={seed}");
    let disk = bed.disk_running("ledger").made();
    let mut acknowledged = 0;
    for round in 0..number_from("POOLGATE_POWERCUTS", CUTS) {
        let marker = ["BED: up", "BED: found", "BED: committed", "BED: committed"][split_mix(&mut seed) as usize % 4];
        let (when, cut) = next_cut(round, &mut seed);
        let ended = when.end(disk.boot().until_marker(marker), cut);
        eprintln!("cut {round}: {when:?} {marker:?}, {cut:?}, {:?} acknowledged", committed(&ended));
        if let Some(found) = found(&ended) {
            assert!(found >= acknowledged, "of {acknowledged} only {found} are left:\n{}", ended.log);
            acknowledged = committed(&ended).unwrap_or(found);
        }
    }
    let found = found_after_a_boot(&disk);
    assert!(found >= acknowledged, "of {acknowledged} only {found} are left");
    let drive = disk.drive.lock();
    eprintln!("{acknowledged} acknowledged, {} flushes, {} sectors lost", drive.flushed, drive.lost);
    assert!(acknowledged > 0, "no commit was ever acknowledged, so none could be lost");
    assert!(drive.lost > 0, "the drive cut the power at a write which nobody had flushed, and kept it");
}

#[test]
fn a_reset_keeps_every_acknowledged_commit() {
    let Some(bed) = bed() else { return };
    let disk = bed.disk_running("ledger").made();
    let before = disk.boot().until_marker("BED: committed 5").reset();
    let after = disk.boot().until_marker("BED: found").cut(Cut::Keep);
    assert_ne!(before.boot_id(), after.boot_id());
    assert!(found(&after) >= committed(&before), "{}{}", before.log, after.log);
}

#[test]
fn a_drive_that_lies_about_flushes_is_caught() {
    let Some(bed) = bed() else { return };
    assert_lost(&bed.disk_running("ledger").with_lying_drive().made());
}

#[test]
fn a_program_that_does_not_flush_is_caught() {
    let Some(bed) = bed() else { return };
    assert_lost(&bed.disk_running("ledger careless").made());
}

/// The moment of the power cut, counted from a marker on the console.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// At any instant. It can hit any state of the machine, but the drive mostly has nothing unflushed then.
    After(Duration),
    /// With a write to the drive, so that at least that write is unflushed.
    AtWrite(usize),
}

impl When {
    pub(super) fn end(self, machine: Machine<'_>, cut: Cut) -> Ended {
        match self {
            When::After(time) => machine.cut_after(time, cut),
            When::AtWrite(writes) => machine.cut_at_write(writes, cut),
        }
    }
}

/// Returns the cut after `before` others. Of any four in a row one comes with a write and loses everything unflushed,
/// so it is certain that the drive loses something.
pub(super) fn next_cut(before: u64, seed: &mut u64) -> (When, Cut) {
    let when = match before % 2 {
        0 => When::AtWrite(1 + split_mix(seed) as usize % 12),
        _ => When::After(Duration::from_millis(split_mix(seed) % 50)),
    };
    (when, if before % 4 < 2 { Cut::Lose } else { Cut::Scatter(split_mix(seed)) })
}

fn assert_lost(disk: &Disk) {
    let ended = disk.boot().until_marker("BED: committed 20").cut(Cut::Lose);
    let found = found_after_a_boot(disk);
    assert!(Some(found) < committed(&ended), "nothing was lost, so these tests prove nothing:\n{}", ended.log);
}

fn found_after_a_boot(disk: &Disk) -> u64 {
    found(&disk.boot().until_marker("BED: found").cut(Cut::Keep)).unwrap()
}

/// Returns the number of commits that the program found when it started.
fn found(ended: &Ended) -> Option<u64> {
    ended.last("BED: found ").map(|count| count.parse().unwrap())
}

/// Returns the last commit that the program reported as being on disk.
fn committed(ended: &Ended) -> Option<u64> {
    ended.last("BED: committed ").map(|count| count.parse().unwrap())
}

pub(super) fn number_from(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}
