//! Finds the file and the version of the driver under test.
//!
//! Windows may store a package's files in other folders (`DriverStore\FileRepository\…`). poolgate therefore tries the
//! path of the driver's service first and `System32\drivers` second. It looks while the driver is installed, because
//! teardown may remove the file.

#[cfg(any(windows, test))]
mod place;

#[cfg(windows)]
pub use found::{driver, images};

#[cfg(windows)]
mod found {
    use std::path::{Path, PathBuf};

    use windows_registry::LOCAL_MACHINE;

    use super::place;
    use crate::machine::InstalledDriver;
    use crate::machine::windows::folders;
    use crate::version_info::VersionInfo;

    const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";

    /// Returns the driver with the file name `file`; `None` if no such file is found.
    pub fn driver(_: &Path, file: &str) -> Option<InstalledDriver> {
        let windows = folders::windows();
        let drivers = windows.join(r"System32\drivers").join(file);
        let places = places(file, &windows.display().to_string()).into_iter().chain([drivers]);
        places.into_iter().find_map(|place| {
            let VersionInfo { version, build, company: _ } = VersionInfo::read(&fs_err::read(&place).ok()?);
            Some(InstalledDriver { version, build, place })
        })
    }

    /// Returns the folders and files with images of drivers: `System32\drivers`, and each service's image outside it.
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

    /// Returns the paths of services with an image called `file`.
    fn places(file: &str, windows: &str) -> Vec<PathBuf> {
        services(windows, |path| place::leads_to(path, file))
    }

    /// Returns the images of all services that `meant` accepts.
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
        fn a_driver_of_this_system_is_found_and_a_missing_one_is_not() {
            let found = driver(Path::new("/"), "MOUNTMGR.SYS").unwrap();
            assert!(found.place.is_file() && found.build.is_some(), "{found:?}");
            assert_eq!(driver(Path::new("/"), "no-such-driver.sys"), None);
        }
    }
}
