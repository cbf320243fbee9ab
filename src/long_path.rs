//! Paths of any length. Windows' calls take 259 characters, of a folder 247, unless the path begins with `\\?\` (Microsoft
//! Learn, "Maximum Path Length Limitation").
//!
//! The standard library puts that before long paths by itself. Whatever calls Windows directly, be it a crate or poolgate,
//! gets its path from [`for_calls`]. What is shown, compared and handed to other programs is a path without it, from
//! [`for_people`]. On other systems both return the path as it is.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// `path` in the form that Windows' calls take whatever its length is. A short one stays as it is.
#[cfg(windows)]
pub fn for_calls(path: &Path) -> Cow<'_, Path> {
    use std::ffi::OsString;
    use std::os::windows::ffi::OsStrExt;
    use std::path::{Component, Prefix};

    /// In UTF-16 units: the limit of folders, which leaves room for a file of 12 characters in them.
    const SHORT: usize = 247;

    // Behind the prefix Windows resolves neither `..` nor `/`.
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

/// `path` as it is.
#[cfg(not(windows))]
pub fn for_calls(path: &Path) -> Cow<'_, Path> {
    Cow::Borrowed(path)
}

/// `path` without `\\?\` in front of a drive, if it means the same file then. `dunce` leaves long paths as they are.
pub fn for_people(path: &Path) -> PathBuf {
    let plain = dunce::simplified(path);
    if plain != path {
        return plain.to_owned();
    }
    let plain = path.to_str().and_then(|path| path.strip_prefix(r"\\?\")).map(Path::new);
    // What Windows would make another path of, such as a name that ends in a dot, needs the prefix.
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
    fn what_the_prefix_would_change_is_resolved_first() {
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
    fn the_prefix_stays_where_the_path_means_another_file_without_it() {
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
