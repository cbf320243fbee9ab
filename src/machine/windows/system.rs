//! Facts about the system: its build, the places of its crash dumps, the free space on a drive.

#![cfg_attr(windows, allow(unsafe_code, reason = "the room on a drive"))]

/// Formats a Windows build as usual: `10.0.26100.2033 (24H2)`. Only `number` exists in every Windows.
fn build_of(kernel: Option<String>, number: &str, revision: Option<u32>, release: Option<&str>) -> String {
    let kernel = kernel.map_or(String::new(), |kernel| kernel + ".");
    let revision = revision.map_or(String::new(), |revision| format!(".{revision}"));
    let release = release.filter(|release| !release.is_empty()).map_or(String::new(), |name| format!(" ({name})"));
    format!("{kernel}{number}{revision}{release}")
}

/// Replaces every `%NAME%` in `text` by its `value`. A name without a value stays unchanged, as in Windows.
fn expanded(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut made, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        made.push_str(before);
        match after.split_once('%').and_then(|(name, after)| Some((value(name)?, after))) {
            Some((value, after)) => {
                made.push_str(&value);
                rest = after;
            }
            None => {
                made.push('%');
                rest = after;
            }
        }
    }
    made + rest
}

#[cfg(windows)]
pub use asked::{build, free_space, last_words, saves_dumps};

#[cfg(windows)]
mod asked {
    use std::io;
    use std::path::{Path, PathBuf};

    use windows_registry::LOCAL_MACHINE;
    use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;

    use super::super::folders;
    use super::super::security::wide_path;
    use super::{build_of, expanded};

    /// Returns the build of this Windows, including its revision; sysinfo knows the number only.
    pub fn build() -> Option<String> {
        let version = LOCAL_MACHINE.open(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion").ok()?;
        let number = version.get_string("CurrentBuildNumber").ok()?;
        // CurrentVersion, the older value, is always 6.3 on Windows 10 and later.
        let numbers = ["CurrentMajorVersionNumber", "CurrentMinorVersionNumber"].map(|name| version.get_u32(name).ok());
        let kernel = match numbers {
            [Some(major), Some(minor)] => Some(format!("{major}.{minor}")),
            _ => version.get_string("CurrentVersion").ok(),
        };
        let release = version.get_string("DisplayVersion").ok();
        Some(build_of(kernel, &number, version.get_u32("UBR").ok(), release.as_deref()))
    }

    /// Returns the places of crash dumps: a file that each crash overwrites, a folder of minidumps (Microsoft Learn,
    /// "Varieties of Kernel-Mode Dump Files"), and the folder of live kernel reports.
    pub fn last_words(_: &Path) -> Vec<PathBuf> {
        let control = LOCAL_MACHINE.open(r"SYSTEM\CurrentControlSet\Control\CrashControl").ok();
        let place = |name: &str, usual: &str| {
            let said = control.as_ref().and_then(|control| control.get_string(name).ok());
            match said.map(|said| expanded(&said, variable)) {
                Some(place) if !place.is_empty() => place.into(),
                _ => folders::windows().join(usual),
            }
        };
        let live = folders::windows().join("LiveKernelReports");
        vec![place("DumpFile", "MEMORY.DMP"), place("MinidumpDir", "Minidump"), live]
    }

    /// Returns whether this system saves a dump when it crashes: if CrashDumpEnabled is not 0 (Microsoft Learn, "System
    /// failure and recovery options").
    pub fn saves_dumps(_: &Path) -> bool {
        let control = LOCAL_MACHINE.open(r"SYSTEM\CurrentControlSet\Control\CrashControl");
        control.and_then(|control| control.get_u32("CrashDumpEnabled")).is_ok_and(|enabled| enabled != 0)
    }

    /// Returns the value of a variable used in these settings. The environment is not used, because it can be set to
    /// anything.
    fn variable(name: &str) -> Option<String> {
        match name.to_ascii_lowercase().as_str() {
            "systemroot" | "windir" => Some(folders::windows().display().to_string()),
            "systemdrive" => Some(folders::system_drive()),
            _ => None,
        }
    }

    /// Returns the space available to this user on the drive of the folder `place`, in bytes.
    ///
    /// # Errors
    /// If the system call fails.
    pub fn free_space(place: &Path) -> io::Result<u64> {
        let path = wide_path(place);
        let mut free = 0;
        // SAFETY: `path` ends with a NUL and outlives the call, as `free` does; the other two results may be null.
        let done = unsafe { GetDiskFreeSpaceExW(path.as_ptr(), &mut free, std::ptr::null_mut(), std::ptr::null_mut()) };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(free) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_system_has_a_build_free_space_and_a_folder_for_dumps() {
            let build = build().unwrap();
            assert!(build.split('.').count() >= 3, "{build}");
            assert!(free_space(&folders::windows()).unwrap() > 0);
            assert!(free_space(Path::new(r"Q:\no\such\folder")).is_err());
            let places = last_words(Path::new("/"));
            assert!(places.iter().all(|place| place.is_absolute()) && places.len() == 3, "{places:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_named_as_far_as_it_is_known() {
        for (kernel, revision, release, expected) in [
            (Some("10.0"), Some(2033), Some("24H2"), "10.0.26100.2033 (24H2)"),
            (Some("10.0"), Some(2033), None, "10.0.26100.2033"),
            (None, None, Some(""), "26100"),
        ] {
            assert_eq!(build_of(kernel.map(str::to_owned), "26100", revision, release), expected);
        }
    }

    #[test]
    fn variables_of_the_system_are_expanded() {
        let value = |name: &str| (name.eq_ignore_ascii_case("systemroot")).then(|| r"C:\Windows".to_owned());
        for (text, expected) in [
            (r"%SystemRoot%\MEMORY.DMP", r"C:\Windows\MEMORY.DMP"),
            (r"D:\%NoSuch%\100%\%systemroot%", r"D:\%NoSuch%\100%\C:\Windows"),
            ("plain", "plain"),
            ("%", "%"),
        ] {
            assert_eq!(expanded(text, value), expected);
        }
    }
}
