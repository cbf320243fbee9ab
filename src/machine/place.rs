//! Tests whether one path lies inside another, by the rules of this operating system.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Whether `path` is `folder` or lies in it. On Windows the comparison ignores case, because the registry, users and
/// the file system may spell `ProgramData` differently.
pub fn is_within(path: &Path, folder: &Path) -> bool {
    if cfg!(windows) { is_within_ignoring_case(path, folder) } else { path.starts_with(folder) }
}

/// Whether both paths name the same place. Compares the text only; links are not resolved.
pub fn is_same(one: &Path, other: &Path) -> bool {
    is_within(one, other) && is_within(other, one)
}

fn is_within_ignoring_case(path: &Path, folder: &Path) -> bool {
    folded(path).starts_with(folded(folder))
}

fn folded(path: &Path) -> PathBuf {
    path.components().map(|component| fold(component.as_os_str())).collect()
}

/// Maps each letter to its simple upper case, as Windows does to compare names. A name that is not Unicode stays
/// unchanged.
fn fold(name: &OsStr) -> std::ffi::OsString {
    let Some(text) = name.to_str() else { return name.to_owned() };
    let upper = |letter: char| {
        let mut upper = letter.to_uppercase();
        // Windows knows simple upper case only, so a letter that would become several letters stays unchanged.
        upper.next().filter(|_| upper.len() == 0).unwrap_or(letter)
    };
    text.chars().map(upper).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_makes_no_difference_and_names_are_whole() {
        let within = |path: &str, folder: &str| is_within_ignoring_case(Path::new(path), Path::new(folder));
        assert!(within("C:/programdata/POOLGATE/run-1", "C:/ProgramData/poolgate"));
        assert!(within("C:/ProgramData/poolgate", "c:/programdata/poolgate"));
        assert!(within("/Ärger/run", "/äRGER"));
        assert!(!within("C:/ProgramData/poolgate2/run", "C:/ProgramData/poolgate"));
        assert!(!within("C:/ProgramData", "C:/ProgramData/poolgate"));
        assert!(!within("/strasse/run", "/straße"));
    }

    #[test]
    #[cfg(unix)]
    fn on_unix_another_case_is_another_folder() {
        assert!(!is_within(Path::new("/VAR/lib/run"), Path::new("/var/lib")));
        assert!(is_within(Path::new("/var/lib/run"), Path::new("/var/lib")));
    }

    #[test]
    #[cfg(windows)]
    fn on_windows_another_case_is_the_same_folder() {
        let state = r"C:\ProgramData\poolgate";
        assert!(is_same(Path::new(r"c:\PROGRAMDATA\poolgate"), Path::new(state)));
        assert!(!is_same(Path::new(r"C:\ProgramData\poolgate\run"), Path::new(state)));
        assert!(is_within(Path::new(r"c:\programdata\Poolgate\run"), Path::new(state)));
    }
}
