//! The column Mapped_Driver (`/g`, `/c`): the drivers that pooltag.txt and localtag.txt list for a tag. Both
//! files are read once, before the first screen.

use std::path::{Path, PathBuf};

use crate::cli::args::tag_lists::{localtag, pooltag, tell_malformed};
use crate::cli::output::errors;
use crate::mon::Drivers;
use crate::tags::{LocalTags, mapped_driver};

/// The lists that make up the column.
#[derive(Debug, clap::Args)]
pub(super) struct DriverColumn {
    /// Add a column with the drivers from this pooltag.txt; without FILE, from the one in this folder or in the kits
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pooltag: Option<Option<PathBuf>>,
    /// Add a column with the drivers from this localtag.txt; without FILE, from the one in this folder
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    localtag: Option<Option<PathBuf>>,
}

impl DriverColumn {
    /// Returns the column; `None` if it was not requested. Reports an error before it returns `Err`.
    pub(super) fn drivers(&self) -> Result<Option<Drivers>, ()> {
        if self.pooltag.is_none() && self.localtag.is_none() {
            return Ok(None);
        }
        let listed = self.pooltag.as_ref().map(|named| read_pooltag(named.as_deref())).transpose()?;
        let local = self.localtag.as_ref().map(|named| read_localtag(named.as_deref())).transpose()?;
        Ok(Some(Drivers::found_by(move |tag| mapped_driver(tag, listed.as_ref(), local.as_ref()))))
    }
}

fn read_pooltag(named: Option<&Path>) -> Result<crate::tags::PoolTags, ()> {
    // Like PoolMon, prefers the file in the current folder.
    let here = Path::new("pooltag.txt");
    let Some(list) = pooltag(named.or_else(|| here.is_file().then_some(here)))? else {
        let help = "give its path: `/g FILE` or --pooltag=FILE; it is in the folder `triage` of Debugging Tools for \
             Windows";
        errors::tell("there is no pooltag.txt here or in Microsoft's kits", Some(help));
        return Err(());
    };
    tell_malformed("pooltag.txt", list.len(), &list.malformed);
    Ok(list)
}

fn read_localtag(named: Option<&Path>) -> Result<LocalTags, ()> {
    let list = localtag(named.unwrap_or(Path::new("localtag.txt")))?;
    tell_malformed("localtag.txt", list.len(), &list.malformed);
    Ok(list)
}
