//! A kernel module's version, from `/sys/module`. A module appears there only while it is loaded.

use std::path::{Path, PathBuf};

use crate::machine::InstalledDriver;

/// Returns the loaded module for `file`, or `None` if it is not loaded.
pub fn driver(root: &Path, file: &str) -> Option<InstalledDriver> {
    let place = root.join("sys/module").join(module(file));
    let attribute = |name: &str| {
        let text = fs_err::read_to_string(place.join(name)).ok()?;
        // The module's author wrote this text, and it is shown on terminals.
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        Some(text).filter(|text| !text.is_empty())
    };
    place.is_dir().then(|| InstalledDriver {
        version: attribute("version"),
        build: attribute("srcversion"),
        place: place.clone(),
    })
}

/// Returns the driver images to search for pool tags: none, since Linux has no pool tags.
pub fn images(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

/// Returns the name of the module in `file`, which may be compressed. The kernel replaces every `-` in it by `_`
/// (scripts/Makefile.lib, `KBUILD_MODNAME`).
fn module(file: &str) -> String {
    let compressions = [".gz", ".xz", ".zst"];
    let file = compressions.iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    file.strip_suffix(".ko").unwrap_or(file).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_module_is_named_as_the_kernel_does() {
        for (file, name) in
            [("mydrv.ko", "mydrv"), ("my-drv.ko.xz", "my_drv"), ("mydrv", "mydrv"), ("my.drv.ko.zst", "my.drv")]
        {
            assert_eq!(module(file), name, "{file}");
        }
    }

    #[test]
    fn a_module_is_known_while_it_is_loaded() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(driver(root.path(), "my-drv.ko"), None);
        let place = root.path().join("sys/module/my_drv");
        fs_err::create_dir_all(&place).unwrap();
        let plain = InstalledDriver { place: place.clone(), ..InstalledDriver::default() };
        assert_eq!(driver(root.path(), "my-drv.ko"), Some(plain));
        fs_err::write(place.join("version"), "1.2\u{1b}.3\n").unwrap();
        fs_err::write(place.join("srcversion"), "533BB7E5866E52F63B9ACCB\n").unwrap();
        let known = driver(root.path(), "my-drv.ko").unwrap();
        assert_eq!(
            (known.version.as_deref(), known.build.as_deref()),
            (Some("1.2.3"), Some("533BB7E5866E52F63B9ACCB"))
        );
    }
}
