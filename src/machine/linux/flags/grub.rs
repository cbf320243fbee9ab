//! GRUB: shell files below `/etc/default`, from which a program makes `grub.cfg`.
//!
//! `grub-mkconfig` sources `/etc/default/grub`. Debian's version then also sources `/etc/default/grub.d/*.cfg`, in
//! order; the versions of GRUB itself, Fedora and Arch do not. So poolgate searches the program's text for that folder
//! before it relies on a drop-in.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{Setting, command_line};
use crate::machine::MachineError;
use crate::machine::linux::{durable, programs};

/// The beginning of a line that adds to the earlier assignments.
const ASSIGNMENT: &str = "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX ";

/// Returns the GRUB file to change; `None` if GRUB's configuration cannot be made.
pub(super) fn setting(root: &Path) -> Result<Option<Setting>, MachineError> {
    if program(root).is_none() {
        return Ok(None);
    }
    let drop_ins = Setting::GrubDropIn.path(root);
    if drop_ins.parent().is_some_and(Path::is_dir) && reads_drop_ins(root) {
        return Ok(Some(Setting::GrubDropIn));
    }
    Ok(Setting::GrubDefault.path(root).exists().then_some(Setting::GrubDefault))
}

/// Whether the parameters are in boot loader entries, which `grub-mkconfig` leaves unchanged: Fedora, RHEL.
pub(super) fn uses_entries(root: &Path) -> Result<bool, MachineError> {
    let text = durable::text(&Setting::GrubDefault.path(root))?.unwrap_or_default();
    let mut assigned = text.lines().filter_map(|line| line.trim().strip_prefix("GRUB_ENABLE_BLSCFG="));
    Ok(assigned.next_back().is_some_and(|value| value.trim_matches(['"', '\'']) == "true"))
}

/// Returns `original` with a line that adds all of `parameters`. Parameters of the running kernel are included, because
/// they may have been typed at the boot menu; a repeated parameter does no harm.
pub(super) fn with(original: Option<&str>, parameters: &[&str]) -> String {
    let original = original.unwrap_or_default();
    let newline = if original.is_empty() || original.ends_with('\n') { "" } else { "\n" };
    let assignment = assignment(&parameters.join(" "));
    format!(
        "{original}{newline}\
         # Written by poolgate for the time of a run, which puts this file back as it was.\n\
         {assignment}\n"
    )
}

/// Returns the line that adds `parameters`.
pub(super) fn assignment(parameters: &str) -> String {
    format!("{ASSIGNMENT}{parameters}\"")
}

/// Returns the parameters that `line` adds, if it is such a line.
pub(super) fn added(line: &str) -> Option<&str> {
    line.strip_prefix(ASSIGNMENT)?.strip_suffix('"')
}

/// Whether `line` puts `parameter` on the kernel's command line.
pub(super) fn assigns(line: &str, parameter: &str) -> bool {
    let assigned = line.trim().strip_prefix("GRUB_CMDLINE_LINUX").and_then(|line| line.split_once('='));
    assigned.is_some_and(|(_, value)| command_line::has(value.trim_matches(['"', '\'']), parameter))
}

/// Returns `original` with a line that adds `parameter`, until [`less`] removes it; `None` if it has such a line.
pub(super) fn more(original: Option<&str>, parameter: &str) -> Option<String> {
    let original = original.unwrap_or_default();
    if less(original, parameter).is_some() {
        return None;
    }
    let ended = original.is_empty() || original.ends_with('\n');
    Some(original.to_owned() + &lines(parameter, ended))
}

/// Returns the text before [`more`]; `None` if [`more`] did not write this text.
pub(super) fn less(text: &str, parameter: &str) -> Option<String> {
    let added = [true, false].map(|ended| lines(parameter, ended));
    let added = added.iter().find(|lines| text.contains(lines.as_str()))?;
    Some(text.replacen(added, "", 1))
}

/// Returns the lines written for a parameter. `ended` is whether the text before ends in a newline; if not, one is
/// added and noted, so that [`less`] removes it too.
fn lines(parameter: &str, ended: bool) -> String {
    let comment = if ended {
        "# Added by `poolgate flags`: take it away by `poolgate flags`, too."
    } else {
        "\n# Added by `poolgate flags`, with the end of the line above: take it away by `poolgate flags`, too."
    };
    format!("{comment}\n{}\n", assignment(parameter))
}

/// Returns the file that puts `parameter` on the command line.
pub(super) fn place_of(root: &Path, parameter: &str) -> Result<Option<PathBuf>, MachineError> {
    let default = Setting::GrubDefault.path(root);
    let drop_ins = fs_err::read_dir(default.with_extension("d")).into_iter().flatten().flatten();
    let mut files: Vec<_> = drop_ins.map(|file| file.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "cfg"));
    files.sort();
    for file in [default].into_iter().chain(files) {
        let text = durable::text(&file)?.unwrap_or_default();
        if text.lines().any(|line| assigns(line, parameter)) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Returns the kernel command line of the first entry in GRUB's configuration, and the file.
pub(super) fn first_entry(root: &Path) -> Option<(PathBuf, String)> {
    let file = configuration(root)?;
    let text = fs_err::read_to_string(&file).ok()?;
    let line = text.lines().find(|line| loads_kernel(line))?;
    let words: Vec<&str> = line.split_whitespace().skip(2).collect();
    Some((file, words.join(" ")))
}

/// Whether an entry of GRUB's configuration has all of `parameters`; `None` if it cannot be read.
pub(super) fn configured(root: &Path, parameters: &[&str]) -> Option<bool> {
    let text = fs_err::read_to_string(configuration(root)?).ok()?;
    let mut lines = text.lines().filter(|line| loads_kernel(line));
    Some(lines.any(|line| parameters.iter().all(|parameter| command_line::has(line, parameter))))
}

/// Whether a line of grub.cfg loads a kernel: its image comes next, then the kernel's command line.
pub(super) fn loads_kernel(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| ["linux", "linux16", "linuxefi"].contains(&word))
}

/// Returns the program that makes GRUB's configuration, and its arguments.
pub(super) fn update_command(root: &Path) -> Option<(PathBuf, Vec<OsString>)> {
    Some(match program(root)? {
        Program::Update(program) => (program, Vec::new()),
        Program::Make(program, configuration) => (program, vec!["-o".into(), configuration.into()]),
    })
}

/// Makes GRUB's configuration again.
pub(super) fn regenerate(root: &Path) -> Result<(), MachineError> {
    let Some((program, arguments)) = update_command(root) else {
        return Err(MachineError::Program {
            program: "update-grub".into(),
            problem: "it is now missing, and so is grub-mkconfig with a grub.cfg".to_owned(),
        });
    };
    let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    programs::run(root, &program, &arguments).map(drop)
}

enum Program {
    /// Knows the path of the configuration itself.
    Update(PathBuf),
    /// Gets the path of the configuration as an argument.
    Make(PathBuf, PathBuf),
}

fn program(root: &Path) -> Option<Program> {
    if let Some(update) = programs::find(root, "update-grub") {
        return Some(Program::Update(update));
    }
    let make = mkconfig(root)?;
    configuration(root).map(|path| Program::Make(make, path))
}

pub(super) fn configuration(root: &Path) -> Option<PathBuf> {
    let configurations = ["boot/grub/grub.cfg", "boot/grub2/grub.cfg"].map(|path| root.join(path));
    configurations.into_iter().find(|path| path.exists())
}

fn mkconfig(root: &Path) -> Option<PathBuf> {
    programs::find(root, "grub-mkconfig").or_else(|| programs::find(root, "grub2-mkconfig"))
}

fn reads_drop_ins(root: &Path) -> bool {
    let sources = [mkconfig(root), programs::find(root, "update-grub"), Some(Setting::GrubDefault.path(root))];
    let mentions =
        |path: PathBuf| fs_err::read(path).is_ok_and(|text| text.windows(14).any(|window| window == b"default/grub.d"));
    sources.into_iter().flatten().any(mentions)
}
