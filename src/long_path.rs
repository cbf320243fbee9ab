//! Paths of any length. Windows' calls accept at most 259 characters, 247 for a folder, unless the path begins with
//! `\\?\` (Microsoft Learn, "Maximum Path Length Limitation").
//!
//! The standard library adds that prefix to long paths itself. All other callers of Windows, in crates and in poolgate,
//! use a path from [`for_calls`]. Paths that are printed, compared or passed to other programs have no prefix and come
//! from `for_people`. On other systems [`for_calls`] returns the path unchanged.

use std::borrow::Cow;
use std::path::Path;
#[cfg(windows)]
use std::path::PathBuf;

/// Returns `path` in the form that Windows' calls accept at any length. Short paths stay unchanged.
#[cfg(windows)]
pub(crate) fn for_calls(path: &Path) -> Cow<'_, Path> {
    use std::ffi::OsString;
    use std::os::windows::ffi::OsStrExt;
    use std::path::{Component, Prefix};

    /// The limit for folders, in UTF-16 units; it leaves room for a file name of 12 characters.
    const SHORT: usize = 247;

    // With the prefix, Windows resolves neither `..` nor `/`.
    let Ok(whole) = std::path::absolute(path) else { return Cow::Borrowed(path) };
    if whole.as_os_str().encode_wide().count() <= SHORT {
        return Cow::Borrowed(path);
    }
    let mut rest = whole.components();
    let Some(Component::Prefix(prefix)) = rest.next() else { return Cow::Borrowed(path) };
    let mut long = OsString::from(r"\\?\");
    match prefix.kind() {
        Prefix::Disk(_) => long.push(prefix.as_os_str()),
        Prefix::UNC(server, share) => {
            for part in ["UNC\\".as_ref(), server, "\\".as_ref(), share] {
                long.push(part);
            }
        }
        Prefix::Verbatim(_) | Prefix::VerbatimUNC(..) | Prefix::VerbatimDisk(_) | Prefix::DeviceNS(_) => {
            return Cow::Borrowed(path);
        }
    }
    long.push(rest.as_path());
    Cow::Owned(long.into())
}

/// Returns `path` unchanged.
#[cfg(not(windows))]
pub(crate) fn for_calls(path: &Path) -> Cow<'_, Path> {
    Cow::Borrowed(path)
}

/// Returns `path` without `\\?\` before a drive if it still names the same file. `dunce` leaves long paths unchanged.
#[cfg(windows)]
pub(crate) fn for_people(path: &Path) -> PathBuf {
    let plain = dunce::simplified(path);
    if plain != path {
        return plain.to_owned();
    }
    let plain = path.to_str().and_then(|path| path.strip_prefix(r"\\?\")).map(Path::new);
    // The prefix is needed if Windows would change the path without it, for example a name that ends in a dot.
    let same = |plain: &&Path| plain.has_root() && std::path::absolute(plain).is_ok_and(|whole| whole == *plain);
    plain.filter(same).unwrap_or(path).to_owned()
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    fn long(start: &str) -> String {
        start.to_owned() + &r"\folder of 27 characters ...x".repeat(12)
    }

    #[test]
    fn a_long_path_gets_the_prefix_and_loses_it_again() {
        for (start, prefixed) in [(r"C:", r"\\?\C:"), (r"\\server\share", r"\\?\UNC\server\share")] {
            let (plain, prefixed) = (long(start), long(prefixed));
            assert_eq!(for_calls(Path::new(&plain)), Path::new(&prefixed));
            assert_eq!(for_calls(Path::new(&prefixed)), Path::new(&prefixed));
        }
        assert_eq!(for_people(Path::new(&long(r"\\?\C:"))), Path::new(&long("C:")));
    }

    #[test]
    fn paths_that_the_prefix_would_change_are_resolved_first() {
        let roundabout = long("C:").replacen('\\', "/", 3) + r"\..\file";
        let resolved = for_calls(Path::new(&roundabout)).into_owned();
        let folder = long(r"\\?\C:");
        assert_eq!(resolved, Path::new(&folder).with_file_name("file"));
    }

    #[test]
    fn a_short_path_stays_as_it_is() {
        for path in ["", ".", r"reports\run", r"C:\lab", r"\\server\share\lab", "C:/lab/../lab"] {
            assert_eq!(for_calls(Path::new(path)), Path::new(path));
        }
    }

    #[test]
    fn the_prefix_stays_if_the_path_means_another_file_without_it() {
        for end in [r"\ends in a dot.", r"\NUL", r"\..\x"] {
            let path = long(r"\\?\C:") + end;
            assert_eq!(for_people(Path::new(&path)), Path::new(&path));
        }
        let network = long(r"\\?\UNC\server\share");
        assert_eq!(for_people(Path::new(&network)), Path::new(&network));
        assert_eq!(for_people(Path::new(r"\\?\C:\lab")), Path::new(r"C:\lab"));
        assert_eq!(for_people(Path::new(r"\\?\C:\NUL")), Path::new(r"\\?\C:\NUL"));
    }
}
