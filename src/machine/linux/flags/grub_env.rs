//! GRUB's environment block: 1024 bytes of text that GRUB itself reads and writes, bypassing its file system's journal.
//!
//! The file is written in place, as GRUB does. Its blocks stay where they are on disk, so GRUB reads the synced
//! contents even if the power fails before the journal is written back. Source: grub-core/lib/envblk.c, and "The GRUB
//! environment block" in GRUB's manual.

use std::io::{self, Read, Seek, Write};
use std::path::Path;

use fs_err::OpenOptions;

use crate::machine::MachineError;

const SIZE: usize = 1024;
const HEADER: &str = "# GRUB Environment Block\n";

/// Whether GRUB could read the file as an environment block.
pub(super) fn is_block(path: &Path) -> bool {
    fs_err::read(path).is_ok_and(|bytes| checked(bytes).is_ok())
}

/// Returns the value of `name`. An empty value counts as absent, because GRUB leaves one after a boot. A file that is
/// not an environment block has no values, since GRUB reads nothing from it.
pub(super) fn get(path: &Path, name: &str) -> Result<Option<String>, MachineError> {
    let bytes = match fs_err::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| MachineError::unreadable(path, source))?,
    };
    let Ok(text) = checked(bytes) else { return Ok(None) };
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    Ok(value.filter(|value| !value.is_empty()).map(str::to_owned))
}

/// Sets or removes `name`, and makes that durable. Removing it from a file that is not an environment block does
/// nothing.
pub(super) fn set(path: &Path, name: &str, value: Option<&str>) -> Result<(), MachineError> {
    if value.is_none() && !is_block(path) && get(path, name)?.is_none() {
        return Ok(());
    }
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = checked(bytes)?;
        let others = text.split_inclusive('\n').filter(|line| {
            let rest = line.strip_prefix(name);
            !rest.is_some_and(|rest| rest.starts_with('='))
        });
        let mut block: String = others.collect();
        if let Some(value) = value {
            block.push_str(&format!("{name}={value}\n"));
        }
        if block.len() > SIZE {
            return Err(io::Error::other("GRUB's environment block is full"));
        }
        block.extend(std::iter::repeat_n('#', SIZE - block.len()));
        file.rewind()?;
        file.write_all(block.as_bytes())?;
        file.sync_all()
    };
    written().map_err(|source| MachineError::unwritable(path, source))
}

/// Returns the lines of a block without its padding.
fn checked(bytes: Vec<u8>) -> io::Result<String> {
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() == SIZE && text.starts_with(HEADER));
    let text = text.ok_or_else(|| io::Error::other("it is not an environment block of GRUB"))?;
    let lines = text.trim_end_matches('#');
    match lines.ends_with('\n') {
        true => Ok(lines.to_owned()),
        false => Err(io::Error::other("GRUB's environment block ends within a line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(lines: &str) -> String {
        let text = format!("{HEADER}{lines}");
        text.clone() + &"#".repeat(SIZE - text.len())
    }

    #[test]
    fn a_name_comes_and_goes_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grubenv");
        for lines in ["", "saved_entry=0\n", "# WARNING: Do not edit\nsaved_entry=a\\\\b\nrecordfail=1\n"] {
            fs_err::write(&path, block(lines)).unwrap();
            assert_eq!(get(&path, "next_entry").unwrap(), None);
            for _ in 0..2 {
                set(&path, "next_entry", Some("poolgate")).unwrap();
                assert_eq!(fs_err::read_to_string(&path).unwrap(), block(&format!("{lines}next_entry=poolgate\n")));
                assert_eq!(get(&path, "next_entry").unwrap().as_deref(), Some("poolgate"));
            }
            for _ in 0..2 {
                set(&path, "next_entry", None).unwrap();
                assert_eq!(fs_err::read_to_string(&path).unwrap(), block(lines));
            }
            // The form that GRUB leaves behind.
            fs_err::write(&path, block(&format!("next_entry=\n{lines}"))).unwrap();
            assert_eq!(get(&path, "next_entry").unwrap(), None);
            set(&path, "next_entry", None).unwrap();
            assert_eq!(fs_err::read_to_string(&path).unwrap(), block(lines));
        }
    }

    #[test]
    fn text_that_is_no_block_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grubenv");
        assert!(get(&path, "a").unwrap().is_none() && set(&path, "a", Some("b")).is_err() && !path.exists());
        // A restore must not fail because the block was removed.
        set(&path, "a", None).unwrap();
        assert!(!path.exists());
        let full = block(&format!("a={}\n", "x".repeat(900)));
        for text in ["", "a=1\n", &block("a=1\n")[..1000], &block("a"), &full] {
            fs_err::write(&path, text).unwrap();
            assert!(set(&path, "name", Some(&"y".repeat(200))).is_err(), "{text}");
            set(&path, "name", None).unwrap();
            assert_eq!(get(&path, "name").unwrap(), None);
            assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
        }
    }
}
