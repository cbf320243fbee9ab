//! The folders of `pooltag.txt` in Microsoft's kits.

use std::path::{Path, PathBuf};

/// The folders with the file, below the folder of programs: Windows Kits 10 and 8, and the older Debugging Tools for
/// Windows (Microsoft Learn, "!pool": the `triage` folder).
const KITS: [&str; 8] = [
    "Windows Kits/10/Debuggers/x64/triage",
    "Windows Kits/10/Debuggers/arm64/triage",
    "Windows Kits/10/Debuggers/x86/triage",
    "Windows Kits/8.1/Debuggers/x64/triage",
    "Windows Kits/8.1/Debuggers/x86/triage",
    "Debugging Tools for Windows (x64)/triage",
    "Debugging Tools for Windows (x86)/triage",
    "Debugging Tools for Windows/triage",
];

/// Returns the first `pooltag.txt` below the folders of programs: `C:\Program Files (x86)`, `C:\Program Files`.
pub fn find_pooltag(programs: &[PathBuf]) -> Option<PathBuf> {
    // Newer kits come before older ones, in all folders.
    let places = KITS.iter().flat_map(|kit| programs.iter().map(move |folder| place(folder, kit)));
    places.map(|place| place.join("pooltag.txt")).find(|file| file.is_file())
}

fn place(folder: &Path, kit: &str) -> PathBuf {
    kit.split('/').fold(folder.to_owned(), |place, part| place.join(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kit_is_found_in_any_folder() {
        let machine = tempfile::tempdir().unwrap();
        let programs = ["Program Files (x86)", "Program Files"].map(|name| machine.path().join(name));
        assert_eq!(find_pooltag(&programs), None);
        let old = programs[0].join("Debugging Tools for Windows (x86)/triage");
        let new = programs[1].join("Windows Kits/10/Debuggers/arm64/triage");
        for (folder, expected) in [(&old, &old), (&new, &new)] {
            fs_err::create_dir_all(folder).unwrap();
            std::fs::File::create(folder.join("pooltag.txt")).unwrap();
            assert_eq!(find_pooltag(&programs), Some(expected.join("pooltag.txt")));
        }
    }
}
