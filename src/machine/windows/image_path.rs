//! Formats our service's command line, and reads the run's folder back from it.
//!
//! Both paths are always quoted. Without quotes Windows would try `C:\Program.exe` first for a program below
//! `C:\Program Files` (Microsoft Learn, "CreateServiceW", lpBinaryPathName). A path that Windows would change or that
//! cannot be read back exactly is refused.

use std::path::{Path, PathBuf};

use crate::machine::MachineError;

/// The subcommand that runs poolgate as a service.
const SERVICE: &str = "service";

/// Returns the command line that resumes the run in `folder`.
pub(super) fn text(program: &Path, folder: &Path) -> Result<String, MachineError> {
    Ok(format!("\"{}\" {SERVICE} \"{}\"", plain(program)?, plain(folder)?))
}

/// Returns the run's folder from a command line made by [`text`]; `None` for any other.
pub(super) fn folder(command: &str) -> Option<PathBuf> {
    let (_, rest) = first_word(command)?;
    let (service, rest) = first_word(rest)?;
    let (folder, rest) = first_word(rest)?;
    (service == SERVICE && rest.is_empty() && !folder.is_empty()).then(|| folder.into())
}

/// Returns the first word of a command line, and the rest. Our paths contain no quotes.
fn first_word(command: &str) -> Option<(&str, &str)> {
    let command = command.trim_start_matches(' ');
    match command.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None if command.is_empty() => None,
        None => Some(command.split_once(' ').unwrap_or((command, ""))),
    }
}

/// Returns the path as text if a service's command line can hold it.
fn plain(path: &Path) -> Result<&str, MachineError> {
    let refused = |problem| MachineError::AutostartPath { path: path.to_owned(), problem };
    let text = path.to_str().ok_or(refused("it is not whole Unicode"))?;
    let absolute =
        text.starts_with(r"\\") || matches!(text.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    if !absolute {
        Err(refused("it does not begin with a drive or a share"))
    } else if text.contains('"') || text.chars().any(char::is_control) {
        Err(refused("it has a quote or a control character"))
    } else if text.contains('%') {
        // ImagePath is a REG_EXPAND_SZ: %NAME% in it would become the value of a variable.
        Err(refused("it has a %, which begins the name of a variable there"))
    } else if text.ends_with('\\') {
        // The C runtime reads `\"` as a quote that does not end the word.
        Err(refused(r"it ends in \"))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(program: &str, folder: &str) -> Result<String, MachineError> {
        text(Path::new(program), Path::new(folder))
    }

    proptest! {
        #[test]
        fn every_folder_is_read_back_from_its_command_line(
            program in "[^\\p{C}\"%]{0,30}[^\\p{C}\"%\\\\]",
            name in "[^\\p{C}\"%]{0,30}[^\\p{C}\"%\\\\]",
        ) {
            let (program, run) = (format!(r"C:\{program}"), format!(r"C:\{name}"));
            prop_assert_eq!(folder(&line(&program, &run).unwrap()), Some(run.into()));
        }
    }

    #[test]
    fn both_paths_are_quoted() {
        let quoted = line(r"C:\Program Files\poolgate\poolgate.exe", r"C:\ProgramData\poolgate\run-1").unwrap();
        let wanted = r#""C:\Program Files\poolgate\poolgate.exe" service "C:\ProgramData\poolgate\run-1""#;
        assert_eq!(quoted, wanted);
    }

    #[test]
    fn a_path_that_no_command_line_can_hold_is_refused() {
        for (path, problem) in [
            (r"run", "it does not begin with a drive or a share"),
            (r"/run", "it does not begin with a drive or a share"),
            (r#"C:\a" service "C:\b"#, "it has a quote or a control character"),
            ("C:\\a\nb", "it has a quote or a control character"),
            (r"C:\%TEMP%\run", "it has a %, which begins the name of a variable there"),
            (r"C:\", r"it ends in \"),
        ] {
            for (program, folder) in [(r"C:\poolgate.exe", path), (path, r"C:\run")] {
                let error = line(program, folder).unwrap_err();
                assert!(
                    matches!(error, MachineError::AutostartPath { problem: found, .. } if found == problem),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn any_other_command_line_is_not_ours() {
        assert_eq!(folder(r"C:\poolgate.exe service C:\run"), Some(r"C:\run".into()), "unquoted, but the same");
        for other in [
            "",
            r"C:\Windows\notepad.exe",
            r#""C:\poolgate.exe" resume "C:\run""#,
            r#""C:\poolgate.exe" service"#,
            r#""C:\poolgate.exe" service """#,
            r#""C:\poolgate.exe" service "C:\run" more"#,
            r#""C:\poolgate.exe" service "C:\run"#,
        ] {
            assert_eq!(folder(other), None, "{other}");
        }
    }
}
