//! The driver under test: which file it is, and which version.
//!
//! Windows keeps a package's files wherever it likes (`DriverStore\FileRepository\…`), so the file is looked for where
//! the driver's service says it is, and only then in `System32\drivers`. Asked while the driver is installed: teardown
//! may remove it.

#[cfg(any(windows, test))]
mod image;
#[cfg(any(windows, test))]
mod place;

#[cfg(windows)]
pub use found::driver;

#[cfg(windows)]
mod found {
    use std::path::{Path, PathBuf};

    use windows_registry::LOCAL_MACHINE;

    use super::{image, place};
    use crate::machine::Driver;
    use crate::machine::windows::folders;

    const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";

    /// The driver whose file is called `file`; `None` where no such file is in use.
    pub fn driver(_: &Path, file: &str) -> Option<Driver> {
        let windows = folders::windows();
        let drivers = windows.join(r"System32\drivers").join(file);
        let places = places(file, &windows.display().to_string()).into_iter().chain([drivers]);
        places.into_iter().find_map(|place| {
            let bytes = fs_err::read(&place).ok()?;
            Some(Driver { version: image::file_version(&bytes), build: image::build(&bytes), place })
        })
    }

    /// Where services have a driver called `file`.
    fn places(file: &str, windows: &str) -> Vec<PathBuf> {
        let Ok(services) = LOCAL_MACHINE.open(SERVICES) else { return Vec::new() };
        let Ok(names) = services.keys() else { return Vec::new() };
        let paths = names.filter_map(|name| {
            let image_path = services.open(&name).ok()?.get_string("ImagePath").ok();
            let path = place::of_service(&name, image_path.as_deref(), windows);
            place::leads_to(&path, file).then(|| path.into())
        });
        paths.collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_driver_of_this_system_is_found_and_one_which_is_not_there_is_not() {
            let found = driver(Path::new("/"), "MOUNTMGR.SYS").unwrap();
            assert!(found.place.is_file() && found.build.is_some(), "{found:?}");
            assert_eq!(driver(Path::new("/"), "no-such-driver.sys"), None);
        }
    }
}
