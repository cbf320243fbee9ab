//! Checks that everything a resumed run starts as SYSTEM is trusted.
//!
//! This examines the words of the scenario's command lines. It cannot know the further actions of a program, the files
//! that a script reads, or the value of a variable; those are the scenario author's responsibility (docs/security.md).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::cmd_words::commands;
use super::super::{folders, security};
use super::{check, real_path, state_folder};
use crate::machine::{MachineError, is_within};

/// The extensions that cmd.exe appends to a name that does not exist without one.
const ENDINGS: [&str; 5] = ["", ".exe", ".com", ".cmd", ".bat"];

/// The nesting depth up to which words are themselves parsed as command lines: `cmd /c "cmd /c \"…\""`.
const DEEPEST: usize = 4;

/// Returns `PATH` for the commands of a resumed run: Windows' own folders.
pub fn system_path() -> OsString {
    std::env::join_paths(system_folders()).unwrap_or_default()
}

fn system_folders() -> Vec<PathBuf> {
    let windows = folders::windows();
    let system = windows.join("System32");
    vec![system.clone(), windows, system.join("Wbem"), system.join(r"WindowsPowerShell\v1.0")]
}

/// Refuses command `lines` through which another user could run code as SYSTEM in a resumed run. Only administrators
/// may be able to write to: `home`, the working folder of the commands; every file named by a word of them; the
/// programs; poolgate itself; and every folder above each of these except the root of the drive.
///
/// # Errors
/// [`MachineError::Untrusted`] names the path at fault, the users who could write to it, and the remedy.
pub fn commands_trusted(home: &Path, lines: &[&str]) -> Result<(), MachineError> {
    whole_way(home).map_err(|error| because(error, "the commands of the run are executed in it as SYSTEM", home))?;
    let mut look = CommandCheck { home: home.to_owned(), bases: vec![home.to_owned()] };
    lines.iter().try_for_each(|line| look.line(line, 0))?;
    let program =
        std::env::current_exe().map_err(|source| MachineError::System { what: "find poolgate.exe", source })?;
    whole_way(&program).map_err(|error| because(error, "poolgate itself is started as SYSTEM after the boot", home))
}

struct CommandCheck {
    home: PathBuf,
    /// The possible working folders for relative paths: `home`, and the target of every `cd`.
    bases: Vec<PathBuf>,
}

impl CommandCheck {
    fn line(&mut self, line: &str, depth: usize) -> Result<(), MachineError> {
        for words in commands(line) {
            let enters = words
                .first()
                .is_some_and(|word| ["cd", "chdir", "pushd"].iter().any(|enter| word.eq_ignore_ascii_case(enter)));
            for word in &words {
                self.word(word, enters)?;
                if depth < DEEPEST && word.contains(|char: char| char.is_whitespace() || "&|()<>".contains(char)) {
                    self.line(word, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn word(&mut self, word: &str, enters: bool) -> Result<(), MachineError> {
        // `/I:C:\lab\x`, `--config=C:\lab\x`
        let glued = word.find(r":\").and_then(|at| word.get(at.checked_sub(1)?..));
        let behind = word.split_once('=').map(|(_, value)| value);
        for name in std::iter::once(word).chain(glued).chain(behind).filter(|name| !name.is_empty()) {
            let bare = !name.contains(['\\', '/', ':']);
            let folders = self.bases.iter().cloned().chain(if bare { system_folders() } else { Vec::new() });
            let places: Vec<PathBuf> = folders.map(|folder| folder.join(name)).collect();
            for place in places {
                for ending in ENDINGS {
                    let mut file = place.clone().into_os_string();
                    file.push(ending);
                    let file = PathBuf::from(file);
                    if file.is_file() {
                        self.trusted(&file, name)?;
                    }
                }
                if enters && place.is_dir() {
                    self.trusted(&place, name)?;
                    self.bases.push(place);
                }
            }
        }
        Ok(())
    }

    fn trusted(&self, path: &Path, word: &str) -> Result<(), MachineError> {
        whole_way(path).map_err(|error| because(error, &format!("the run would obey `{word}` as SYSTEM"), &self.home))
    }
}

/// Checks a file or folder and all folders above it, on the path as given and on the real path after following links.
fn whole_way(path: &Path) -> Result<(), MachineError> {
    let unreadable = |source| MachineError::unreadable(path, source);
    let named = std::path::absolute(path).map_err(unreadable)?;
    let real = real_path(path).map_err(unreadable)?;
    for place in way(&named) {
        let opened = security::open_itself(place, 0, security::ANYTHING);
        let link = opened.and_then(|opened| security::is_link(&opened));
        // The target of a link is on the real path; the folder that contains the link is checked here.
        if !link.map_err(|source| MachineError::unreadable(place, source))? {
            check(place)?;
        }
    }
    way(&real).into_iter().try_for_each(check)
}

/// Returns the folders from below the drive, or from the state folder, down to `path`. The root of a drive needs no
/// check: any user may create folders in it, but cannot rename those of another user.
fn way(path: &Path) -> Vec<&Path> {
    let states = state_folder(Path::new(""));
    let inside = is_within(path, &states);
    let wanted = |place: &&Path| place.parent().is_some() && (!inside || is_within(place, &states));
    let mut way: Vec<&Path> = path.ancestors().filter(wanted).collect();
    way.reverse();
    way
}

/// Adds the reason to the error. If the scenario's folder is at fault, also suggests `--trust-folder`.
fn because(error: MachineError, reason: &str, home: &Path) -> MachineError {
    match error {
        MachineError::Untrusted { path, problem, remedy } => {
            let copied = is_within(home, &path) || is_within(&path, home);
            let or = if copied { "; or let poolgate copy the scenario's folder first: --trust-folder" } else { "" };
            MachineError::Untrusted {
                path,
                problem: format!("{problem}, and {reason}"),
                remedy: format!("{remedy}{or}"),
            }
        }
        other => other,
    }
}
