//! Identifying boots, and restarting the machine.

use std::path::{Path, PathBuf};

use rustix::system::{RebootCommand, reboot};

use super::programs;
use crate::machine::{Boot, BootId, MachineError};

pub(super) struct LinuxBoot {
    pub(super) root: PathBuf,
}

impl Boot for LinuxBoot {
    fn id(&self) -> Result<BootId, MachineError> {
        let path = self.root.join("proc/sys/kernel/random/boot_id");
        match fs_err::read_to_string(&path) {
            Ok(id) => Ok(BootId(id.trim().to_owned())),
            Err(source) => Err(MachineError::unreadable(path, source)),
        }
    }

    fn restart(&mut self) -> Result<(), MachineError> {
        let way = RestartMethod::find(&self.root, programs::is_this_machine(&self.root))?;
        // Sync before requesting the restart, so that the last writes do not depend on how the machine goes down.
        rustix::fs::sync();
        match way {
            RestartMethod::Hook(hook) => programs::run(&self.root, &hook, &[]).map(drop),
            RestartMethod::Systemctl(systemctl) => {
                programs::run(&self.root, &systemctl, &["reboot".as_ref()]).map(drop)
            }
            RestartMethod::Kernel => {
                reboot(RebootCommand::Restart).map_err(|error| MachineError::NotRestarted(error.into()))
            }
        }
    }
}

/// How to restart the machine.
#[derive(Debug, PartialEq)]
enum RestartMethod {
    /// By the administrator's own program.
    Hook(PathBuf),
    /// By systemd, which stops everything cleanly.
    Systemctl(PathBuf),
    /// By reboot(2): nothing is stopped, but everything is synced.
    Kernel,
}

impl RestartMethod {
    fn find(root: &Path, is_this_machine: bool) -> Result<RestartMethod, MachineError> {
        if let Some(hook) = programs::hook(root, "reboot-hook")? {
            return Ok(RestartMethod::Hook(hook));
        }
        if !is_this_machine {
            return Err(MachineError::ForeignRoot(root.to_owned()));
        }
        // sd_booted(3): this folder exists only if systemd is the init of the running system.
        let systemctl = root.join("run/systemd/system").is_dir().then(|| programs::find(root, "systemctl")).flatten();
        Ok(systemctl.map_or(RestartMethod::Kernel, RestartMethod::Systemctl))
    }
}

/// Returns an error if this machine cannot be restarted. Checked before changes that only a restart brings into force.
pub(super) fn can_restart(root: &Path) -> Result<(), MachineError> {
    RestartMethod::find(root, programs::is_this_machine(root)).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn executable(path: &Path) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::File::create(path).unwrap();
        fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    #[test]
    fn systemd_restarts_a_machine_that_runs_it_and_the_kernel_any_other() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let systemctl = root.join("usr/bin/systemctl");
        executable(&systemctl);
        assert_eq!(RestartMethod::find(root, true).unwrap(), RestartMethod::Kernel);
        fs_err::create_dir_all(root.join("run/systemd/system")).unwrap();
        assert_eq!(RestartMethod::find(root, true).unwrap(), RestartMethod::Systemctl(systemctl));
    }

    #[test]
    fn a_foreign_root_is_not_restarted_but_by_its_hook() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert!(matches!(RestartMethod::find(root, false), Err(MachineError::ForeignRoot(_))));
        let hook = root.join("etc/poolgate/reboot-hook");
        executable(&hook);
        assert_eq!(RestartMethod::find(root, false).unwrap(), RestartMethod::Hook(hook.clone()));
        fs_err::set_permissions(&hook, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(matches!(RestartMethod::find(root, false), Err(MachineError::Untrusted { .. })));
    }
}
