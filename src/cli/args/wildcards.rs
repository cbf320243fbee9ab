//! Expands wildcards and folders on a command line, because cmd.exe leaves that to programs.

use std::path::{Path, PathBuf};

/// Returns the paths that match the wildcards `*` and `?` in a path, sorted by name. A path without a match is returned
/// unchanged, so that the caller reports it as missing.
pub(in crate::cli) fn expanded(path: &Path) -> Vec<PathBuf> {
    let written = path.to_string_lossy();
    if !written.contains(['*', '?']) || path.exists() {
        return vec![path.to_owned()];
    }
    // `[a-z]` is not a wildcard in cmd.exe, and brackets are common in names.
    let pattern = written.replace('[', "[[]");
    let options = glob::MatchOptions {
        case_sensitive: !cfg!(windows),
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let found: Vec<PathBuf> = glob::glob_with(&pattern, options).into_iter().flatten().flatten().collect();
    if found.is_empty() { vec![path.to_owned()] } else { found }
}

/// Returns the scenarios that a path names. The path may contain wildcards. A folder stands for its `.yaml` and `.yml`
/// files, sorted by name.
///
/// # Errors
/// A message about the first path without scenarios.
pub(in crate::cli) fn scenarios(path: &Path) -> Result<Vec<PathBuf>, String> {
    let shown = path.display();
    let found = expanded(path);
    if found.as_slice() == [path] && !path.exists() && path.to_string_lossy().contains(['*', '?']) {
        return Err(format!("no file matches {shown}"));
    }
    let mut scenarios = Vec::new();
    for path in found {
        if !path.is_dir() {
            scenarios.push(path);
            continue;
        }
        let entries = fs_err::read_dir(&path).map_err(|error| error.to_string())?;
        let is_yaml =
            |file: &PathBuf| file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_yaml).collect();
        if files.is_empty() {
            return Err(format!("{} is a folder without scenarios (*.yaml, *.yml)", path.display()));
        }
        files.sort_unstable();
        scenarios.extend(files);
    }
    Ok(scenarios)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let file = folder.path().join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        folder
    }

    #[test]
    fn wildcards_mean_files_in_order() {
        let folder =
            folder(&["snap-2.log", "snap-1.log", "snap-1.txt", "other.log", "a[1]-x.log", "n1/r.pgr", "n2/r.pgr"]);
        let at = |name: &str| folder.path().join(name);
        assert_eq!(expanded(&at("snap-*.log")), [at("snap-1.log"), at("snap-2.log")]);
        assert_eq!(expanded(&at("snap-1.???")), [at("snap-1.log"), at("snap-1.txt")]);
        assert_eq!(expanded(&at("n?/r.pgr")), [at("n1/r.pgr"), at("n2/r.pgr")]);
        assert_eq!(expanded(&at("a[1]-*.log")), [at("a[1]-x.log")]);
        assert_eq!(expanded(&at("none*")), [at("none*")]);
        assert_eq!(expanded(&at("other.log")), [at("other.log")]);
    }

    #[test]
    fn a_folder_means_the_scenarios_in_it() {
        let folder = folder(&["b.yaml", "a.yml", "readme.md", "deep/c.yaml", "empty/readme.md"]);
        let at = |name: &str| folder.path().join(name);
        assert_eq!(scenarios(folder.path()), Ok(vec![at("a.yml"), at("b.yaml")]));
        assert_eq!(scenarios(&at("*.yaml")), Ok(vec![at("b.yaml")]));
        assert_eq!(scenarios(&at("missing.yaml")), Ok(vec![at("missing.yaml")]));
        assert!(scenarios(&at("x*.yaml")).unwrap_err().contains("no file matches"));
        assert!(scenarios(&at("empty")).unwrap_err().contains("without scenarios"));
    }
}
