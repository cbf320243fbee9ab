//! The text of our systemd unit, and the run's folder parsed back from it.
//!
//! In a systemd command line `%` begins a specifier and `$` a variable; each is doubled to stand for itself. `\` begins
//! an escape within quotes (systemd.service(5), "Command lines"). systemd does not expand variables in the program's
//! own path, so its `$` stays single. Every other character between double quotes stands for itself.

use std::path::{Path, PathBuf};

use crate::machine::MachineError;

/// Identifies a unit that poolgate wrote.
const FIRST_LINE: &str = "# Written by poolgate, which removes it when the run has ended.";
const COMMAND: &str = "ExecStart=\"";
const RESUME: &str = "\" resume \"";

/// Returns the unit that resumes the run in `folder`. It waits for the file systems that hold the program and the
/// folder.
pub(super) fn text(program: &Path, folder: &Path) -> Result<String, MachineError> {
    let mounts = [program.parent().unwrap_or(program), folder].map(|path| plain(path).map(mount));
    let [of_program, of_folder] = mounts;
    let mounts = format!("{} {}", of_program?, of_folder?);
    let program = plain(program)?.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    let folder = plain(folder)?.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    // Type=exec: the unit counts as started once the program runs, since a run takes hours. SuccessExitStatus lists the
    // exit codes of src/exit.rs that describe the driver or a restart. They are not failures of the unit, so systemd
    // does not report the machine as degraded. After an error, such as a root that is still read-only, or a crash,
    // systemd tries again within the same boot. A finished run removes the unit; a run that ended in an error only
    // reports that error again.
    Ok(format!(
        "{FIRST_LINE}\n\
         [Unit]\n\
         Description=poolgate goes on with a run after a boot\n\
         After=multi-user.target\n\
         RequiresMountsFor={mounts}\n\
         StartLimitIntervalSec=1h\n\
         StartLimitBurst=5\n\
         \n\
         [Service]\n\
         Type=exec\n\
         {COMMAND}{program}{RESUME}{folder}\"\n\
         SuccessExitStatus=1 4 10\n\
         Restart=on-failure\n\
         RestartSec=60\n\
         RestartPreventExitStatus=2\n\
         TimeoutStartSec=infinity\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    ))
}

/// Returns the run's folder from a unit made by [`text`], or `None` for any other unit.
pub(super) fn folder(unit: &str) -> Option<PathBuf> {
    let mut lines = unit.strip_prefix(FIRST_LINE)?.lines();
    let command = lines.find_map(|line| line.strip_prefix(COMMAND))?;
    // A quote inside a path has a backslash before it, so this matches only between the two paths.
    let (_, folder) = command.split_once(RESUME)?;
    let mut path = String::new();
    let mut chars = folder.strip_suffix('"')?.chars();
    while let Some(first) = chars.next() {
        match first {
            '\\' => path.push(chars.next()?),
            '%' | '$' => path.push(chars.next().filter(|second| *second == first)?),
            '"' => return None,
            _ => path.push(first),
        }
    }
    Some(path.into()).filter(|path: &PathBuf| path.is_absolute())
}

/// Quotes a path for a list of paths, in which variables are not expanded (systemd.unit(5), "RequiresMountsFor=").
fn mount(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

/// Returns the path as text if a unit can hold it.
fn plain(path: &Path) -> Result<&str, MachineError> {
    let refused = |problem| MachineError::AutostartPath { path: path.to_owned(), problem };
    let text = path.to_str().ok_or(refused("it is not UTF-8"))?;
    if !path.is_absolute() {
        Err(refused("it does not begin with /"))
    } else if text.chars().any(char::is_control) {
        Err(refused("it has a control character"))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_folder_is_read_back_from_its_unit(name in "[^\\p{C}]{0,40}", program in "[^\\p{C}]{0,40}") {
            let (program, run) = (PathBuf::from(format!("/{program}")), PathBuf::from(format!("/{name}")));
            prop_assert_eq!(folder(&text(&program, &run).unwrap()), Some(run));
        }
    }

    #[test]
    fn odd_paths_are_quoted_for_systemd() {
        let unit = text(Path::new("/opt/a $b/100%"), Path::new("/var/c \"d\"\\$e %h")).unwrap();
        let line = r#"ExecStart="/opt/a $b/100%%" resume "/var/c \"d\"\\$$e %%h""#;
        assert!(unit.lines().any(|found| found == line), "{unit}");
        let mounts = r#"RequiresMountsFor="/opt/a $b" "/var/c \"d\"\\$e %%h""#;
        assert!(unit.lines().any(|found| found == mounts), "{unit}");
    }

    #[test]
    fn a_path_that_no_unit_can_hold_is_refused() {
        for (path, problem) in [("a/b", "it does not begin with /"), ("/a\nExecStart=/b", "it has a control character")]
        {
            let error = text(Path::new("/poolgate"), Path::new(path)).unwrap_err();
            assert!(matches!(error, MachineError::AutostartPath { problem: found, .. } if found == problem), "{error}");
        }
    }

    #[test]
    fn any_other_unit_is_not_ours() {
        let ours = text(Path::new("/poolgate"), Path::new("/run")).unwrap();
        assert_eq!(folder(&ours), Some("/run".into()));
        for other in
            ["", "[Service]\nExecStart=\"/poolgate\" resume \"/run\"\n", FIRST_LINE, &ours.replace("/run", "run")]
        {
            assert_eq!(folder(other), None, "{other}");
        }
    }
}
