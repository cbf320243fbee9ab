//! Checks that everything a resumed run starts as root is trusted.
//!
//! The check covers the words of the scenario's command lines. The later actions of a program, the files that a script
//! reads, and the values of variables cannot be known here; they are the responsibility of the scenario's author
//! (docs/security.md).

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::walk::{HeldPath, follow};
use super::words::commands;
use crate::machine::MachineError;

/// The folders of the system's programs, in search order.
const SYSTEM_FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The nesting depth up to which words are themselves parsed as command lines: `sh -c "sh -c '…'"`.
const DEEPEST: usize = 4;

/// Returns `PATH` for commands that a resumed run starts: the system's folders, without those that others can write to.
pub fn system_path() -> OsString {
    let trusted = SYSTEM_FOLDERS.iter().filter(|folder| follow(Path::new(folder)).is_ok());
    let joined = std::env::join_paths(trusted);
    // None of the names has a colon.
    joined.unwrap_or_default()
}

/// Refuses command `lines` that would let another user run code as root in a resumed run. Only administrators may be
/// able to write to: `home`, the working folder of the commands; every file and folder named by a word of the
/// commands; the programs; poolgate itself; and every folder above each of these.
///
/// # Errors
/// [`MachineError::Untrusted`] names the path at fault, the users who could write to it, and the remedy.
pub fn commands_trusted(home: &Path, lines: &[&str]) -> Result<(), MachineError> {
    let reason = "the commands of the run are executed in it as root";
    let real = follow(home).map_err(|error| because(error, reason, Some(home)))?.path;
    let mut look = CommandCheck { home: real.clone(), bases: vec![real] };
    lines.iter().try_for_each(|line| look.line(line, 0))?;
    let program = std::env::current_exe()
        .map_err(|source| MachineError::System { what: "find the program file of poolgate", source })?;
    follow(&program)
        .map(drop)
        .map_err(|error| because(error, "poolgate itself is started as root after the boot", None))
}

struct CommandCheck {
    home: PathBuf,
    /// The possible bases of a relative path: `home`, and the target of every `cd`.
    bases: Vec<PathBuf>,
}

impl CommandCheck {
    fn line(&mut self, line: &str, depth: usize) -> Result<(), MachineError> {
        for words in commands(line) {
            let mut begins = true;
            for (at, word) in words.iter().enumerate() {
                self.word(word, begins)?;
                if begins && matches!(word.as_str(), "cd" | "pushd") {
                    self.enter(words.get(at + 1))?;
                }
                // A word that precedes a command: `time`, `if`, `LANG=C`.
                begins &= is_assignment(word) || PREFIXES.contains(&word.as_str());
                if depth < DEEPEST && word.contains(|char: char| char.is_whitespace() || ";&|()`<>".contains(char)) {
                    self.line(word, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, folder: Option<&String>) -> Result<(), MachineError> {
        let Some(folder) = folder else { return Ok(()) };
        for base in self.bases.clone() {
            let place = base.join(folder);
            if place.is_dir() {
                self.bases.push(self.trusted(&place, folder)?.path);
            }
        }
        Ok(())
    }

    /// Checks one word. `begins` is whether the word is a command, not one of its arguments.
    fn word(&self, word: &str, begins: bool) -> Result<(), MachineError> {
        let behind = word.split_once('=').map(|(_, value)| value);
        // `-I/lab/include`
        let glued = word.starts_with('-').then(|| word.find('/').map(|at| &word[at..])).flatten();
        for name in std::iter::once(word).chain(behind).chain(glued) {
            let name = before_pattern(name);
            if name.is_empty() {
                continue;
            }
            self.bases.iter().try_for_each(|base| self.named(&base.join(name), name, begins))?;
            if !name.contains('/') {
                self.program(name)?;
            }
        }
        Ok(())
    }

    /// Checks the file or folder that a word names, if it exists.
    fn named(&self, path: &Path, word: &str, begins: bool) -> Result<(), MachineError> {
        let Ok(found) = path.metadata() else {
            // A user who can write to the folder can create the command later.
            let folder = path.ancestors().skip(1).find(|above| above.is_dir());
            return match folder.filter(|_| begins && word.contains('/')) {
                Some(folder) => self.trusted(folder, word).map(drop),
                None => Ok(()),
            };
        };
        if found.is_file() {
            let file = self.trusted(path, word)?;
            return self.interpreter(&file);
        }
        if !found.is_dir() {
            // A device such as /dev/null: other users cannot replace it.
            return Ok(());
        }
        match self.trusted(path, word) {
            // A workload may write to a folder such as /tmp. Files in it are checked if a word names them.
            Err(_) if !begins && HeldPath::open(path).is_ok_and(|place| place.is_shared()) => Ok(()),
            judged => judged.map(drop),
        }
    }

    /// Checks a program found in `PATH`. A program in a folder that others can write to is refused, unless there is
    /// also a trusted one: [`system_path`] leaves that folder out.
    fn program(&self, name: &str) -> Result<(), MachineError> {
        let found: Vec<PathBuf> =
            SYSTEM_FOLDERS.iter().map(|folder| Path::new(folder).join(name)).filter(|path| path.is_file()).collect();
        let mut judged = found.iter().map(|path| self.trusted(path, name));
        match judged.next() {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(error)) => judged.find_map(Result::ok).map(drop).ok_or(error),
        }
    }

    /// Checks the program named in a script's first line.
    fn interpreter(&self, script: &HeldPath) -> Result<(), MachineError> {
        const LONGEST: u64 = 256;
        let mut start = Vec::new();
        // Only root can change a judged file, so it may be opened by its real path.
        let file = fs_err::File::open(&script.path);
        if file.and_then(|file| file.take(LONGEST).read_to_end(&mut start)).is_err() {
            return Ok(());
        }
        let line = start.strip_prefix(b"#!").and_then(|line| line.split(|&byte| byte == b'\n').next());
        let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
        let mut words = line.split_whitespace();
        let interpreter = words.next().map(PathBuf::from).filter(|path| path.is_absolute() && path.is_file());
        if let Some(interpreter) = interpreter {
            self.trusted(&interpreter, &script.path.display().to_string())?;
        }
        words.try_for_each(|name| if name.contains('/') { Ok(()) } else { self.program(name) })
    }

    fn trusted(&self, path: &Path, word: &str) -> Result<HeldPath, MachineError> {
        let judged = follow(path).and_then(|place| match place.kind() {
            FileType::RegularFile | FileType::Directory => Ok(place),
            _ => Err(place.unreadable(std::io::Error::other("it is neither a file nor a folder"))),
        });
        judged.map_err(|error| because(error, &format!("the run would use `{word}` as root"), Some(&self.home)))
    }
}

/// Shell words and programs that precede another command.
const PREFIXES: [&str; 16] = [
    "!", "{", "if", "then", "elif", "else", "while", "until", "do", "time", "exec", "command", "env", "nice", "nohup",
    "sudo",
];

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    })
}

/// Returns the part of `name` before a pattern: for `tests/*.sh` the folder `tests`.
fn before_pattern(name: &str) -> &str {
    match name.find(['*', '?', '[']) {
        None => name,
        Some(at) => name[..at].rfind('/').map_or("", |slash| &name[..slash]),
    }
}

/// Adds the reason to the error. If the scenario's folder is at fault, the remedy also mentions `--trust-folder`.
fn because(error: MachineError, reason: &str, home: Option<&Path>) -> MachineError {
    match error {
        MachineError::Untrusted { path, problem, remedy } => {
            let copied = home.is_some_and(|home| home.starts_with(&path) || path.starts_with(home));
            let or = if copied { ", or let poolgate copy the scenario's folder first: --trust-folder" } else { "" };
            MachineError::Untrusted {
                path,
                problem: format!("{problem}, and {reason}"),
                remedy: format!("{remedy}{or}"),
            }
        }
        other => other,
    }
}
