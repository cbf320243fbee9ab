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
pub use found::{driver, images};

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

    /// Where the images of drivers are: `System32\drivers`, and the files of services which keep theirs elsewhere.
    pub fn images(_: &Path) -> Vec<PathBuf> {
        let windows = folders::windows();
        let drivers = windows.join(r"System32\drivers");
        let mut images = services(&windows.display().to_string(), |path| is_image_outside(Path::new(path), &drivers));
        images.push(drivers);
        images
    }

    fn is_image_outside(path: &Path, drivers: &Path) -> bool {
        let lower = |path: &Path| path.to_string_lossy().to_lowercase();
        let is_image = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sys"));
        is_image && path.parent().map(lower) != Some(lower(drivers)) && path.is_file()
    }

    /// Where services have a driver called `file`.
    fn places(file: &str, windows: &str) -> Vec<PathBuf> {
        services(windows, |path| place::leads_to(path, file))
    }

    /// The images of all services which `meant` says of.
    fn services(windows: &str, meant: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let Ok(services) = LOCAL_MACHINE.open(SERVICES) else { return Vec::new() };
        let Ok(names) = services.keys() else { return Vec::new() };
        let paths = names.filter_map(|name| {
            let image_path = services.open(&name).ok()?.get_string("ImagePath").ok();
            let path = place::of_service(&name, image_path.as_deref(), windows);
            meant(&path).then(|| path.into())
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
