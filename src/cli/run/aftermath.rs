//! What is still known of a run that did not come to its end: how far its recording goes, and what the kernel left of its
//! own end.

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::record::{Event, Mark, Recording};
use crate::run::drive::Created;

/// Where kernels leave their last words: pstore across a crash, kdump's folder.
const REMAINS: [&str; 2] = ["/sys/fs/pstore", "/var/crash"];

/// Notes about the run `created`, for people.
pub(super) fn known(recording: Option<&Recording>, created: &Created) -> Vec<String> {
    let remains = REMAINS.iter().flat_map(|folder| newer(Path::new(folder), created));
    recording.map(so_far).into_iter().chain(remains).collect()
}

fn so_far(recording: &Recording) -> String {
    let (mut last, mut iterations) = (Duration::ZERO, 0);
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, .. } => last = info.at,
            Event::Mark { mark: Mark::Iteration(number), .. } => iterations = number,
            Event::Mark { mark: Mark::Stage(_) | Mark::Gap { .. }, .. } | Event::Damaged { .. } | Event::End { .. } => {
            }
        }
    }
    format!("the last sample was taken {:.1} s into the recording, after iteration {iterations}", last.as_secs_f64())
}

/// Files which the kernel left since the run began.
fn newer(folder: &Path, created: &Created) -> Vec<String> {
    let began = SystemTime::from(created.at);
    let files = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let newer = files.filter(|file| {
        file.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|modified| modified >= began)
    });
    newer.map(|file| format!("the kernel left {}", file.path().display())).collect()
}
