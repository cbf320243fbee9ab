//! GRUB: shell files below `/etc/default`, from which a program makes `grub.cfg`.
//!
//! `grub-mkconfig` sources `/etc/default/grub`; Debian's also sources `/etc/default/grub.d/*.cfg` after it, in order, which
//! GRUB's own, Fedora's and Arch's do not. So the program itself is asked, by its text, before a drop-in is relied on.

use std::path::{Path, PathBuf};

use super::Setting;
use crate::machine::MachineError;
use crate::machine::linux::{durable, programs};

/// The file of GRUB's which is to be changed; `None` where GRUB's configuration cannot be made.
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

/// Whether the parameters stand in boot loader entries, which `grub-mkconfig` leaves as they are: Fedora, RHEL.
pub(super) fn uses_entries(root: &Path) -> Result<bool, MachineError> {
    let text = durable::text(&Setting::GrubDefault.path(root))?.unwrap_or_default();
    let mut assigned = text.lines().filter_map(|line| line.trim().strip_prefix("GRUB_ENABLE_BLSCFG="));
    Ok(assigned.next_back().is_some_and(|value| value.trim_matches(['"', '\'']) == "true"))
}

/// `original` with a line which adds `parameters`. All of them: one which is there now may come from a line somebody
/// typed at the boot menu, and twice is as good as once.
pub(super) fn with(original: Option<&str>, parameters: &[&str]) -> String {
    let original = original.unwrap_or_default();
    let newline = if original.is_empty() || original.ends_with('\n') { "" } else { "\n" };
    let parameters = parameters.join(" ");
    format!(
        "{original}{newline}\
         # Written by poolgate for the time of a run, which puts this file back as it was.\n\
         GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX {parameters}\"\n"
    )
}

/// Makes GRUB's configuration anew.
pub(super) fn regenerate(root: &Path) -> Result<(), MachineError> {
    match program(root) {
        Some(Program::Update(program)) => programs::run(root, &program, &[]).map(drop),
        Some(Program::Make(program, configuration)) => {
            programs::run(root, &program, &["-o".as_ref(), configuration.as_os_str()]).map(drop)
        }
        None => Err(MachineError::Program {
            program: "update-grub".into(),
            problem: "neither it nor grub-mkconfig with a grub.cfg is there any more".to_owned(),
        }),
    }
}

enum Program {
    /// Knows by itself where the configuration goes.
    Update(PathBuf),
    /// Is told where it goes.
    Make(PathBuf, PathBuf),
}

fn program(root: &Path) -> Option<Program> {
    if let Some(update) = programs::find(root, "update-grub") {
        return Some(Program::Update(update));
    }
    let make = mkconfig(root)?;
    let configurations = ["boot/grub/grub.cfg", "boot/grub2/grub.cfg"].map(|path| root.join(path));
    configurations.into_iter().find(|path| path.exists()).map(|path| Program::Make(make, path))
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
