//! The location of this machine's kernel files.

use std::path::{Path, PathBuf};

/// The folder with the kernel's files.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Root {
    /// Read the kernel's files below this folder, for example those of a host in a container
    #[arg(long = "root", value_name = "FOLDER", default_value = "/")]
    folder: PathBuf,
}

impl Root {
    /// Returns the folder, `/` for this machine itself.
    pub(in crate::cli) fn folder(&self) -> &Path {
        &self.folder
    }
}
