//! The folder of a run, filled by root inside a reports folder that is not root's.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use poolgate::failure::help;
use poolgate::machine::{MachineError, linux};
use poolgate::run::RunFolder;

use super::stranger::{Place, STRANGER, does, exchange, is_root, meanwhile, mode};

struct Meeting {
    place: Place,
    state: PathBuf,
    reports: PathBuf,
    run: PathBuf,
}

impl Meeting {
    /// A run of root's with its draft handed over into the stranger's reports.
    fn begun() -> Meeting {
        let place = Place::shared();
        let (state, reports) = (place.folder("state"), place.strangers("reports"));
        let run = reports.join("run");
        linux::make_run_folder(&run).unwrap();
        fs_err::write(state.join("junit.xml"), "draft").unwrap();
        linux::hand_over(&state, &run, &["junit.xml", "report.json"]).unwrap();
        assert_eq!(fs_err::read_to_string(run.join("junit.xml")).unwrap(), "draft");
        fs_err::write(state.join("junit.xml"), "final").unwrap();
        Meeting { place, state, reports, run }
    }

    fn hand_over(&self) -> Result<(), MachineError> {
        linux::hand_over(&self.state, &self.run, &["junit.xml", "report.json"])
    }

    #[track_caller]
    fn assert_refused(&self, problem: &str) {
        for refused in [self.hand_over(), linux::give_away(&self.state, &self.run)] {
            match refused {
                Err(error @ MachineError::NotCopied { .. }) => {
                    assert!(error.to_string().contains(problem), "{error}");
                    assert!(help(&error).unwrap().contains(self.state.to_str().unwrap()), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_run_is_handed_over_and_given_away_at_the_end() {
    if !is_root() {
        return;
    }
    let meeting = Meeting::begun();
    fs_err::write(meeting.state.join("report.json"), "{}").unwrap();
    mode(&meeting.state.join("report.json"), 0o600);
    meeting.hand_over().unwrap();
    assert_eq!(names(&meeting.run), ["junit.xml", "report.json"]);
    for name in ["junit.xml", "report.json"] {
        let found = meeting.run.join(name).metadata().unwrap();
        assert_eq!((found.uid(), found.mode() & 0o7777), (0, 0o644), "{name}");
    }
    assert_eq!(fs_err::read_to_string(meeting.run.join("junit.xml")).unwrap(), "final");
    linux::give_away(&meeting.state, &meeting.run).unwrap();
    assert_eq!(meeting.run.metadata().unwrap().uid(), STRANGER);
    does(&meeting.reports, "echo mine > run/junit.xml && rm -r run", &meeting.run);
}

#[test]
fn nothing_is_written_into_a_strangers_folder_in_the_runs_place() {
    if !is_root() {
        return;
    }
    for (swap, problem) in [
        ("mv run away && ln -s \"$0\" run", "it is a symbolic link"),
        ("mv run away && mkdir run", "it belongs to user 65534, not to 0"),
        ("mv run away && touch run", "it is not a folder"),
        // Another folder of root's, which the stranger may rename inside a folder of their own.
        ("mv run away && mv roots run", "it is not the folder that the run made"),
        ("mv run away", "it was moved or replaced"),
        ("cd .. && exit 1", ""),
    ] {
        let meeting = Meeting::begun();
        let victim = meeting.place.folder("victim");
        let roots = meeting.place.folder("reports/roots");
        if problem.is_empty() {
            // The reports folder as a whole, moved by the owner of the folder above.
            fs_err::rename(&meeting.reports, meeting.place.at("away")).unwrap();
            symlink(meeting.place.path(), &meeting.reports).unwrap();
            symlink(&victim, meeting.place.at("run")).unwrap();
            meeting.assert_refused("it is a symbolic link");
        } else {
            does(&meeting.reports, swap, &victim);
            meeting.assert_refused(problem);
        }
        for folder in [&victim, &roots] {
            assert!(!folder.exists() || names(folder).is_empty(), "{swap}");
        }
        assert!([0, STRANGER].contains(&victim.metadata().unwrap().uid()));
        assert_eq!(victim.metadata().unwrap().uid(), 0, "{swap}");
    }
}

#[test]
fn a_folder_that_is_not_new_is_no_runs() {
    if !is_root() {
        return;
    }
    let place = Place::shared();
    let (state, other) = (place.folder("state"), place.folder("other"));
    place.file("other/precious", "");
    fs_err::write(state.join("junit.xml"), "draft").unwrap();
    let error = linux::hand_over(&state, &other, &["junit.xml"]).unwrap_err().to_string();
    assert!(error.contains("it is not empty"), "{error}");
    assert_eq!(names(&other), ["precious"]);
}

#[test]
fn a_run_folder_can_be_made_in_a_folder_that_all_users_can_write_to() {
    if !is_root() {
        return;
    }
    let place = Place::shared();
    let reports = place.folder("reports");
    for modes in [0o777, 0o1777, 0o2777] {
        mode(&reports, modes);
        let run = RunFolder::create(&reports, "test", jiff::Timestamp::UNIX_EPOCH).unwrap();
        let found = run.path().metadata().unwrap();
        assert_eq!((found.uid(), found.mode() & 0o777), (0, 0o755), "{modes:o}");
    }
    // An existing folder is never taken for new, regardless of its owner.
    assert!(linux::make_run_folder(&place.strangers("reports/run")).is_err());
}

#[test]
fn a_stranger_who_swaps_folders_all_the_time_gains_nothing() {
    if !is_root() {
        return;
    }
    let place = Place::shared();
    let (victim, state) = (place.folder("victim"), place.folder("state"));
    let reports = place.strangers("reports");
    let link = reports.join("link");
    symlink(&victim, &link).unwrap();
    let (mut handed_over, mut refused) = (0, 0);
    for number in 0..RUNS {
        let state = state.join(number.to_string());
        fs_err::create_dir(&state).unwrap();
        fs_err::write(state.join("junit.xml"), "draft").unwrap();
        let run = reports.join(number.to_string());
        let swap = || {
            exchange(&run, &link);
        };
        meanwhile(swap, || {
            let done = linux::make_run_folder(&run).map_err(|error| error.to_string());
            let done = done
                .and_then(|()| linux::hand_over(&state, &run, &["junit.xml"]).map_err(|error| error.to_string()))
                .and_then(|()| linux::give_away(&state, &run).map_err(|error| error.to_string()));
            match done {
                Ok(()) => handed_over += 1,
                Err(_) => refused += 1,
            }
        });
        assert!(names(&victim).is_empty(), "{:?}", names(&victim));
        assert_eq!(victim.metadata().unwrap().uid(), 0);
        if !link.is_symlink() {
            // The folder of the run is in the link's place.
            fs_err::rename(&link, reports.join(format!("{number}-away"))).unwrap();
            fs_err::rename(&run, &link).unwrap();
        }
    }
    assert!(refused > 0, "the test needs refused runs: {handed_over} handed over, {refused} refused");
}

/// Number of attempts.
const RUNS: usize = 200;
