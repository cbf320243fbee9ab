//! What was acknowledged survives power cuts and resets, and where it does not, these tests would say so.
//!
//! The program is `guest/root/usr/bin/ledger`. A commit counts as acknowledged when it has come out of the serial port:
//! then it must be there after the next boot.

use std::time::Duration;

use super::bed::bed;
use super::disk::Disk;
use super::drive::{Cut, random};
use super::machine::Ended;

/// Enough for CI, where whole chains are cut as well. `POOLGATE_POWERCUTS` asks for another number, `POOLGATE_SEED` for
/// other cuts.
const CUTS: u64 = 10;
pub(super) const SEED: u64 = 1;

#[test]
fn what_was_acknowledged_survives_power_cuts() {
    let Some(bed) = bed() else { return };
    let mut seed = number_from("POOLGATE_SEED", SEED);
    eprintln!("POOLGATE_SEED={seed}");
    let disk = bed.disk_running("ledger").made();
    let mut acknowledged = 0;
    for round in 0..number_from("POOLGATE_POWERCUTS", CUTS) {
        let marker = ["BED: up", "BED: found", "BED: committed", "BED: committed"][random(&mut seed) as usize % 4];
        let delay = Duration::from_millis(random(&mut seed) % 50);
        let cut = [Cut::Lose, Cut::Scatter(random(&mut seed))][random(&mut seed) as usize % 2];
        let ended = disk.boot().until_marker(marker).and_for(delay).cut(cut);
        eprintln!("cut {round}: {delay:?} after {marker:?}, {cut:?}, {:?} acknowledged", committed(&ended));
        if let Some(found) = found(&ended) {
            assert!(found >= acknowledged, "of {acknowledged} only {found} are left:\n{}", ended.log);
            acknowledged = committed(&ended).unwrap_or(found);
        }
    }
    let found = found_after_a_boot(&disk);
    assert!(found >= acknowledged, "of {acknowledged} only {found} are left");
    let drive = disk.drive.lock();
    eprintln!("{acknowledged} acknowledged, {} flushes, {} sectors lost", drive.flushed, drive.lost);
    assert!(acknowledged > 0 && drive.lost > 0, "these cuts prove nothing");
}

#[test]
fn a_reset_is_a_fresh_boot_after_which_all_that_was_acknowledged_is_there() {
    let Some(bed) = bed() else { return };
    let disk = bed.disk_running("ledger").made();
    let before = disk.boot().until_marker("BED: committed 5").reset();
    let after = disk.boot().until_marker("BED: found").cut(Cut::Keep);
    assert_ne!(before.boot_id(), after.boot_id());
    assert!(found(&after) >= committed(&before), "{}{}", before.log, after.log);
}

#[test]
fn a_drive_which_lies_about_flushes_is_caught() {
    let Some(bed) = bed() else { return };
    assert_lost(&bed.disk_running("ledger").which_lies().made());
}

#[test]
fn a_program_which_does_not_flush_is_caught() {
    let Some(bed) = bed() else { return };
    assert_lost(&bed.disk_running("ledger careless").made());
}

fn assert_lost(disk: &Disk) {
    let ended = disk.boot().until_marker("BED: committed 20").cut(Cut::Lose);
    let found = found_after_a_boot(disk);
    assert!(Some(found) < committed(&ended), "nothing was lost, so these tests prove nothing:\n{}", ended.log);
}

fn found_after_a_boot(disk: &Disk) -> u64 {
    found(&disk.boot().until_marker("BED: found").cut(Cut::Keep)).unwrap()
}

/// How many commits the program found when it started.
fn found(ended: &Ended) -> Option<u64> {
    ended.last("BED: found ").map(|count| count.parse().unwrap())
}

/// The last commit which the program said is on disk.
fn committed(ended: &Ended) -> Option<u64> {
    ended.last("BED: committed ").map(|count| count.parse().unwrap())
}

pub(super) fn number_from(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}
