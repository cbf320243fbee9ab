//! Checks that apply to any machine: readable pools, no other run, space for reports, and a safe state folder.

use std::io;
use std::path::{Path, PathBuf};

use super::diagnosis::{Diagnosis, Level, Reboots};
use crate::counted::counted;
use crate::gate::runs;
use crate::machine::{Machine, MachineError, native};
use crate::pool::{Key, Pool, Usage};
use crate::run::{LockOwner, MachineLock};
use crate::scenario::Bytes;

/// Checks that the kernel's pools can be read.
pub(super) fn pools(machine: &mut Machine) -> Diagnosis {
    // A cache is one row, although its whole slabs are sampled too.
    let is_row = |(key, _): &(&Key, Usage)| key.pool != Pool::Slabs;
    let rows = machine.pool.sample().map(|snapshot| snapshot.present().filter(is_row).count());
    let found = judged_pools(machine.pool.name(), rows);
    match machine.pool.note() {
        Some(note) if found.level == Level::Ok => Diagnosis::note("pools", format!("{}; {note}", found.message)),
        Some(_) | None => found,
    }
}

fn judged_pools(source: &str, rows: Result<usize, MachineError>) -> Diagnosis {
    match rows {
        // A running kernel always has rows.
        Ok(0) => Diagnosis::problem("pools", format!("{source}: the table is empty")),
        Ok(rows) => Diagnosis::ok("pools", format!("{source}: {}", counted(rows, "row", "rows"))),
        // A run switches tagging on itself; the diagnosis of each scenario reports whether it may reboot for that.
        Err(error @ MachineError::TaggingOff) => Diagnosis::failed(Level::Note, "pools", &error),
        Err(error) => Diagnosis::failed(Level::Problem, "pools", &error),
    }
}

/// Checks for other runs on this machine, in progress or unfinished.
pub(super) fn other_runs(machine: &Machine, root: &Path, reports: &Path, reboots: Reboots) -> Vec<Diagnosis> {
    let states = native::state_folder(root);
    let mut unfinished = runs::all_unfinished(root, reports).unwrap_or_default();
    // A run in progress needs no advice to resume it.
    unfinished.retain(|run| MachineLock::look(&run.join("run.lock")) == LockOwner::Nobody);
    let owner = MachineLock::look(&native::lock_file(root));
    let next = machine.autostart.get();
    let at_work = |run: &Path| MachineLock::look(&run.join("run.lock")) != LockOwner::Nobody;
    let next = next.map(|next| next.filter(|run| !at_work(run)));
    let mut diagnoses = judged_runs(next, &unfinished, reboots);
    if owner != LockOwner::Nobody {
        diagnoses.retain(|diagnosis| diagnosis.level != Level::Ok);
    }
    if native::may_list_states(root) == Some(false) {
        // Unfinished runs may be hidden, so drop the diagnosis that there are none.
        diagnoses.retain(|diagnosis| diagnosis.level != Level::Ok);
        let message = format!("no permission to read the runs in {}", states.display());
        diagnoses.push(Diagnosis::note("other runs", message).help(TO_SEE));
    }
    match owner {
        LockOwner::Run(by) => {
            let help = "wait for it with `poolgate wait`; `poolgate status` shows its progress";
            diagnoses.push(Diagnosis::problem("other runs", format!("another run owns this machine: {by}")).help(help));
        }
        LockOwner::Hidden => {
            let message = "no permission to check whether a run owns this machine";
            diagnoses.push(Diagnosis::note("other runs", message).help(TO_SEE));
        }
        LockOwner::Nobody => {}
    }
    diagnoses
}

const TO_SEE: &str = if cfg!(windows) { "run it from an elevated prompt" } else { "run it with sudo" };

fn judged_runs(
    autostart: Result<Option<PathBuf>, MachineError>,
    unfinished: &[PathBuf],
    reboots: Reboots,
) -> Vec<Diagnosis> {
    let help = "resume it with `poolgate resume`, or restore everything with `poolgate abort`";
    let shown = |run: &Path| format!("unfinished: {}", run.display());
    let next = match &autostart {
        Ok(Some(run)) => Some(Diagnosis::problem("other runs", shown(run)).help(help)),
        Ok(None) => None,
        Err(error) => reboots.lack().map(|lack| Diagnosis::failed(lack, "other runs", error)),
    };
    let others = unfinished.iter().rev().filter(|run| !matches!(&autostart, Ok(Some(next)) if next == *run));
    let mut diagnoses: Vec<Diagnosis> = next.into_iter().collect();
    diagnoses.extend(others.map(|run| Diagnosis::note("other runs", shown(run)).help(help)));
    if diagnoses.is_empty() && autostart.is_ok() {
        diagnoses.push(Diagnosis::ok("other runs", "no unfinished runs"));
    }
    diagnoses
}

/// Checks that only administrators can write to the runs' state, because root or SYSTEM acts on it after a boot.
pub(super) fn state_folder(root: &Path, reboots: Reboots) -> Option<Diagnosis> {
    let lack = reboots.lack()?;
    let folder = native::state_folder(root);
    let (place, message) = if folder.symlink_metadata().is_ok() {
        (Some(folder.clone()), "only administrators can write to it")
    } else {
        // On Windows any user may create folders next to it, so the folder gets its own permissions when it is created.
        (cfg!(unix).then(|| existing(&folder)), "created when a run needs it")
    };
    let trusted = place.map_or(Ok(()), |place| native::trusted_below(root, &place));
    Some(match trusted {
        Ok(()) => Diagnosis::ok("state folder", format!("{}: {message}", folder.display())),
        Err(error) => Diagnosis::failed(lack, "state folder", &error),
    })
}

/// Checks that only administrators could have written this program, because root or SYSTEM starts it after a boot.
pub(super) fn program(reboots: Reboots) -> Option<Diagnosis> {
    let lack = reboots.lack()?;
    let program = std::env::current_exe().ok()?;
    // On Windows a run refuses such a program. On Linux the administrator decides.
    let (trusted, level) = if cfg!(windows) {
        (program.ancestors().take(2).try_for_each(native::trusted_itself), lack)
    } else {
        (native::trusted_below(Path::new("/"), &program), Level::Note)
    };
    Some(match trusted {
        Ok(()) => Diagnosis::ok("program", format!("{}: only administrators can write to it", program.display())),
        Err(error) => {
            let message = format!("started after a boot with full rights, but {error}");
            Diagnosis::at(level, "program", message)
                .help("move poolgate to a folder that only administrators can write to")
        }
    })
}

/// Checks that reports can be written, and that there is space for them.
pub(super) fn reports(folder: &Path) -> Vec<Diagnosis> {
    let place = existing(folder);
    let writable = match tempfile::tempfile_in(&place) {
        Ok(_) => Diagnosis::ok("reports", format!("{} can be written", folder.display())),
        Err(error) => Diagnosis::problem("reports", format!("{} cannot be written: {error}", folder.display()))
            .help("make the folder writable, or give another with --reports"),
    };
    vec![writable, room(native::free_space(&place))]
}

/// A night's recording of 4,000 tags takes about 50 MB. A full disk ends the run.
fn room(free: io::Result<u64>) -> Diagnosis {
    const TOO_LITTLE: u64 = 64 << 20;
    const LITTLE: u64 = 1 << 30;
    let help = "free some space, or give a folder on another drive with --reports";
    match free {
        Ok(free) => {
            let message = format!("{} free for reports", Bytes(free).rounded());
            match free {
                ..TOO_LITTLE => Diagnosis::problem("disk", message).help(help),
                TOO_LITTLE..LITTLE => Diagnosis::note("disk", message).help(help),
                LITTLE.. => Diagnosis::ok("disk", message),
            }
        }
        Err(error) => Diagnosis::note("disk", format!("cannot read the free space: {error}")),
    }
}

/// Returns `folder`, or its nearest parent that exists.
fn existing(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find(|place| place.is_dir());
    there.filter(|place| !place.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::windows::pool::PoolTagsError;

    #[test]
    fn unreadable_pools_are_a_problem_and_tagging_that_a_run_switches_on_is_none() {
        for (rows, level) in [
            (Ok(2712), Level::Ok),
            (Ok(0), Level::Problem),
            (Err(MachineError::TaggingOff), Level::Note),
            (Err(MachineError::NotElevated("read it")), Level::Problem),
            (Err(MachineError::PoolTags(PoolTagsError::Wow64)), Level::Problem),
            (Err(MachineError::PoolTags(PoolTagsError::Container)), Level::Problem),
        ] {
            let diagnosis = judged_pools("a kernel", rows);
            assert_eq!(diagnosis.level, level, "{diagnosis:?}");
        }
    }

    #[test]
    fn an_unfinished_run_that_resumes_by_itself_is_a_problem() {
        let run = || Some(PathBuf::from("run-1"));
        let none: Option<PathBuf> = None;
        let foreign = || Err(MachineError::ForeignAutostart("unit".into()));
        for (autostart, unfinished, reboots, level) in [
            (Ok(run()), none.clone(), Reboots::Never, Some(Level::Problem)),
            (Ok(None), run(), Reboots::Needed, Some(Level::Note)),
            (Ok(None), none.clone(), Reboots::Needed, Some(Level::Ok)),
            (foreign(), run(), Reboots::Needed, Some(Level::Problem)),
            (foreign(), none, Reboots::Never, None),
        ] {
            let unfinished: Vec<PathBuf> = unfinished.into_iter().collect();
            let found = judged_runs(autostart, &unfinished, reboots);
            assert_eq!(found.first().map(|diagnosis| diagnosis.level), level, "{found:?}");
        }
    }

    #[test]
    fn every_unfinished_run_is_listed_once() {
        let runs = ["run-1", "run-2"].map(PathBuf::from);
        let found = judged_runs(Ok(Some(PathBuf::from("run-2"))), &runs, Reboots::Never);
        assert_eq!(found.iter().map(|diagnosis| diagnosis.level).collect::<Vec<_>>(), [Level::Problem, Level::Note]);
        assert_eq!(judged_runs(Ok(None), &runs, Reboots::Never).len(), 2);
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_a_problem() {
        for (free, level) in [
            (Ok(0), Level::Problem),
            (Ok((64 << 20) - 1), Level::Problem),
            (Ok(64 << 20), Level::Note),
            (Ok(1 << 30), Level::Ok),
            (Err(io::Error::other("no")), Level::Note),
        ] {
            assert_eq!(room(free).level, level);
        }
    }

    #[test]
    fn for_a_missing_folder_its_parent_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(&folder.path().join("a/b/c")), folder.path());
        assert_eq!(existing(Path::new("no-such-folder/reports")), Path::new("."));
    }
}
