//! Checks that no other user could have written the files of a run, for a process with administrator rights.

use std::io;
use std::path::{Path, PathBuf};

use crate::machine::{MachineError, is_within, native};
use crate::record::Storage;
use crate::run::RunFolder;

/// A file of a run. A process with administrator rights accepts it only if no other user could have written it, checked
/// on the same handle that is read. A process without such rights needs no check: the file cannot make it do anything
/// that the file's author could not do.
#[derive(Debug)]
pub(super) struct Trusted {
    /// The topmost folder that is checked.
    top: PathBuf,
    path: PathBuf,
}

impl Trusted {
    pub(super) fn new(run: &RunFolder, root: &Path, path: PathBuf) -> Trusted {
        let states = native::state_folder(root);
        let top = if is_within(run.path(), &states) { root.to_owned() } else { run.path().to_owned() };
        Trusted { top, path }
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, MachineError> {
        if !native::is_privileged() {
            let unreadable = |source| MachineError::unreadable(self.path.clone(), source);
            return fs_err::read(&self.path).map_err(unreadable);
        }
        native::read_trusted(&self.top, &self.path)
    }
}

impl Storage for Trusted {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        match self.bytes() {
            Err(MachineError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(io::Error::other),
        }
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        self.path.append(length, line)
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        Storage::replace(&mut self.path, contents)
    }
}

/// Refuses a run that another user could have written, because the commands of its scenario run with the rights of this
/// process. No file in the folder has been changed by then.
pub(super) fn refuse_strangers(run: &RunFolder, root: &Path) -> Result<(), MachineError> {
    if !native::is_privileged() {
        return Ok(());
    }
    let files = [run.path().to_owned(), run.checkpoint(), run.beginning(), run.scenario()];
    let there = files.iter().filter(|file| file.symlink_metadata().is_ok());
    there.into_iter().try_for_each(|written| native::trusted_itself(written))?;
    let states = native::state_folder(root);
    if is_within(run.path(), &states) { native::trusted_below(root, run.path()) } else { Ok(()) }
}
