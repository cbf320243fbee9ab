//! What is still known of a run that did not come to its end: how far its recording goes, and what the kernel left of its
//! own end.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::record::{Event, Mark, Recording};
use crate::run::drive::Created;

/// Notes about the run `created`, for people. `places` is where the system leaves what it knows of a crash: folders, and
/// single files which it writes over.
pub(super) fn known(recording: Option<&Recording>, created: &Created, places: &[PathBuf]) -> Vec<String> {
    let began = SystemTime::try_from(created.at).unwrap_or(SystemTime::UNIX_EPOCH);
    let remains = places.iter().flat_map(|place| newer(place, began));
    let remains = remains.map(|file| format!("the kernel left {}", file.display()));
    recording.map(so_far).into_iter().chain(remains).collect()
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
                    | Mark::Kernel(_),
                ..
            }
            | Event::Damaged { .. }
            | Event::End { .. } => {}
        }
    }
    format!("the last sample was taken {:.1} s into the recording, after iteration {iterations}", last.as_secs_f64())
}

/// What was written at `place`, a file or a folder of files, since the run `began`.
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
    fn only_dumps_which_are_newer_than_the_run_are_its_own() {
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
}
