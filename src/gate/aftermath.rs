//! Collects the remains of a run that did not finish: the length of its recording, and the kernel's own crash records.
//!
//! Windows saves a crash dump minutes after the boot that follows, and then records an event. Before restarting the
//! machine or reporting, poolgate therefore waits for that event, or until the dump could have been saved.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use crate::machine::{Bugcheck, MachineError};
use crate::record::{Event, Mark, Recording};
use crate::run::drive::Created;

/// The longest time that Windows may need to save a dump. A full dump is as large as the machine's memory.
const PATIENCE: Duration = Duration::from_secs(180);
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Returns notes about the run `created`, for the report. `places` are the system's places for crash dumps: folders,
/// and single files that it overwrites. `bugchecks` are the crashes that the system has recorded since the run began.
pub(super) fn known(
    recording: Option<&Recording>,
    created: &Created,
    places: &[PathBuf],
    bugchecks: Result<Vec<Bugcheck>, MachineError>,
) -> Vec<String> {
    let began = SystemTime::try_from(created.at).unwrap_or(SystemTime::UNIX_EPOCH);
    let remains = places.iter().flat_map(|place| newer(place, began));
    let remains = remains.map(|file| format!("the kernel left {}", file.display()));
    let ends = match bugchecks {
        Ok(bugchecks) => told(&bugchecks),
        Err(error) => vec![format!("whether Windows reported a bugcheck is unknown: {error}")],
    };
    recording.map(so_far).into_iter().chain(ends).chain(remains).collect()
}

/// Calls `look` until each recorded crash has a saved dump, at most for [`PATIENCE`]. Calls `waiting` once if it has to
/// wait.
pub(super) async fn until_saved(mut look: impl FnMut() -> Vec<Bugcheck>, waiting: impl FnOnce()) {
    let (end, mut waiting) = (Instant::now() + PATIENCE, Some(waiting));
    loop {
        let bugchecks = look();
        if !bugchecks.iter().any(|found| found.code != 0 && !is_saved(found, &bugchecks)) || Instant::now() >= end {
            return;
        }
        if let Some(waiting) = waiting.take() {
            waiting();
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

/// Returns whether an event reports the dump of this crash. Compares only the codes, because the two sources format
/// parameters differently.
fn is_saved(bugcheck: &Bugcheck, all: &[Bugcheck]) -> bool {
    all.iter().any(|other| other.dump.is_some() && other.code == bugcheck.code)
}

/// Returns a note for each crash.
fn told(bugchecks: &[Bugcheck]) -> Vec<String> {
    let once = bugchecks.iter().filter(|found| found.dump.is_some() || !is_saved(found, bugchecks));
    let note = |found: &Bugcheck| {
        let parameters =
            found.parameters.iter().map(|parameter| format!("{parameter:#x}")).collect::<Vec<_>>().join(", ");
        let stopped = format!("Windows stopped with bugcheck {:#010x} ({parameters})", found.code);
        match &found.dump {
            Some(dump) => format!("{stopped}, and saved the dump {dump} (event 1001 of BugCheck, {})", found.at),
            None if found.code == 0 => {
                format!(
                    "Windows went down without a shutdown, and recorded no bugcheck: a power cut, a reset or a hang (event \
                     41 of Kernel-Power, {})",
                    found.at
                )
            }
            None => format!("{stopped}, and has not reported a dump so far (event 41 of Kernel-Power, {})", found.at),
        }
    };
    once.map(note).collect()
}

fn so_far(recording: &Recording) -> String {
    let (mut last, mut iterations) = (Duration::ZERO, 0);
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, .. } => last = info.at,
            Event::Mark { mark: Mark::Iteration(number), .. } => iterations = number,
            Event::Mark {
                mark:
                    Mark::Stage(_)
                    | Mark::SecondLook(_)
                    | Mark::Block { .. }
                    | Mark::Gap { .. }
                    | Mark::Incomplete(_)
                    | Mark::Survivors(_)
                    | Mark::Kernel(_),
                ..
            }
            | Event::Damaged { .. }
            | Event::End { .. } => {}
        }
    }
    format!("the last sample was taken {:.1} s into the recording, after iteration {iterations}", last.as_secs_f64())
}

/// Returns the files at `place`, a file or a folder of files, that were written since the run `began`.
fn newer(place: &Path, began: SystemTime) -> Vec<PathBuf> {
    let mut files = match fs_err::read_dir(place) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![place.to_owned()],
    };
    files.retain(|file| file.metadata().and_then(|found| found.modified()).is_ok_and(|modified| modified >= began));
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path, written: SystemTime) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path).unwrap().set_modified(written).unwrap();
    }

    #[test]
    fn only_dumps_that_are_newer_than_the_run_are_its_own() {
        let windows = tempfile::tempdir().unwrap();
        let at = |name: &str| windows.path().join(name);
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (before, after) = (began - Duration::from_secs(1), began + Duration::from_secs(60));
        for (name, written) in [
            ("MEMORY.DMP", after),
            ("Minidump/010126-1-01.dmp", before),
            ("Minidump/010226-2-01.dmp", began),
            ("Minidump/010226-1-01.dmp", after),
        ] {
            file(&at(name), written);
        }
        let own: Vec<_> =
            [at("MEMORY.DMP"), at("Minidump"), at("nowhere")].iter().flat_map(|p| newer(p, began)).collect();
        assert_eq!(own, ["MEMORY.DMP", "Minidump/010226-1-01.dmp", "Minidump/010226-2-01.dmp"].map(at));
        file(&at("MEMORY.DMP"), before);
        assert!(newer(&at("MEMORY.DMP"), began).is_empty());
    }

    fn bugcheck(code: u64, dump: Option<&str>) -> Bugcheck {
        let at = "2026-11-29T10:12:41Z".parse().unwrap();
        Bugcheck { at, code, parameters: vec![1, 0, 0xffff_f804_6554_5b04, 2], dump: dump.map(str::to_owned) }
    }

    #[test]
    fn a_crash_is_reported_once_with_its_code_and_parameters() {
        let stopped = "Windows stopped with bugcheck 0x00000050 (0x1, 0x0, 0xfffff80465545b04, 0x2)";
        let saved = bugcheck(0x50, Some(r"C:\Windows\MEMORY.DMP"));
        let expected = format!(
            r"{stopped}, and saved the dump C:\Windows\MEMORY.DMP (event 1001 of BugCheck, 2026-11-29T10:12:41Z)"
        );
        assert_eq!(told(&[bugcheck(0x50, None), saved]), [expected]);
        let not_yet =
            format!("{stopped}, and has not reported a dump so far (event 41 of Kernel-Power, 2026-11-29T10:12:41Z)");
        assert_eq!(told(&[bugcheck(0x50, None)]), [not_yet]);
        let notes = told(&[bugcheck(0, None), bugcheck(0x9f, None)]);
        assert!(notes[0].contains("recorded no bugcheck") && notes[1].contains("0x0000009f"), "{notes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dump_that_is_not_saved_yet_is_looked_for_again() {
        let began = Instant::now();
        let (mut looks, mut told) = (0, 0);
        let look = || {
            looks += 1;
            let report = (looks > 3).then(|| bugcheck(0x50, Some("MEMORY.DMP")));
            [bugcheck(0x50, None)].into_iter().chain(report).collect()
        };
        until_saved(look, || told += 1).await;
        assert_eq!((looks, told, began.elapsed()), (4, 1, 3 * BETWEEN_LOOKS));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_needs_a_bugcheck_and_has_an_end() {
        let began = Instant::now();
        for found in [vec![], vec![bugcheck(0, None)], vec![bugcheck(0x50, Some("MEMORY.DMP")), bugcheck(0x50, None)]] {
            until_saved(|| found.clone(), || panic!("nothing to wait for")).await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        until_saved(|| vec![bugcheck(0x50, None)], || {}).await;
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
