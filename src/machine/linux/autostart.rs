//! Starts poolgate again after a boot: by a systemd unit, or by an administrator's hook for any other init.
//!
//! The unit is wanted by multi-user.target and ordered after it. That is not a loop: systemd orders a target after the
//! units it wants, except those that are themselves ordered after the target (src/core/unit.c,
//! `unit_add_default_target_dependency`: "Don't create loops"). systemd's own systemd-update-utmp-runlevel.service was
//! set up the same way. poolgate creates the link that enables the unit itself, so nothing depends on systemd's answer.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::{durable, programs, unit};
use crate::machine::{Autostart, MachineError};

const NAME: &str = "poolgate-resume.service";
const UNIT: &str = "etc/systemd/system/poolgate-resume.service";
const LINK: &str = "etc/systemd/system/multi-user.target.wants/poolgate-resume.service";
pub(super) const HOOK: &str = "autostart-hook";

pub(super) struct LinuxAutostart {
    pub(super) root: PathBuf,
}

/// The mechanism that starts programs on this machine.
pub(super) enum Starter {
    Hook(PathBuf),
    Systemd,
    /// systemd is installed, but another init booted the machine, so nothing would start the unit.
    IdleSystemd,
    Nobody,
}

impl Autostart for LinuxAutostart {
    fn get(&self) -> Result<Option<PathBuf>, MachineError> {
        match self.starter()? {
            Starter::Hook(hook) => {
                let said = programs::run(&self.root, &hook, &["get".as_ref()])?;
                let folder = said.strip_suffix(b"\n").unwrap_or(&said);
                Ok((!folder.is_empty()).then(|| OsString::from_vec(folder.to_owned()).into()))
            }
            Starter::Systemd | Starter::IdleSystemd => self.unit(),
            Starter::Nobody => Ok(None),
        }
    }

    fn set(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        let starter = self.starter()?;
        let Some(run) = run else { return self.remove(&starter) };
        let program = std::env::current_exe().map_err(|source| MachineError::unreadable("/proc/self/exe", source))?;
        match starter {
            Starter::Hook(hook) => {
                let words = [OsStr::new("set"), program.as_os_str(), run.as_os_str()];
                programs::run(&self.root, &hook, &words).map(drop)
            }
            Starter::Systemd => {
                // Refuses to overwrite a unit that poolgate did not write.
                self.unit()?;
                durable::replace(&self.root.join(UNIT), &unit::text(&program, run)?)?;
                durable::link(&self.root.join(LINK), &Path::new("/").join(UNIT))?;
                self.reload();
                Ok(())
            }
            // Nothing would start the unit, and the boot settings would never be restored.
            Starter::IdleSystemd => Err(MachineError::IdleSystemd(programs::hook_path(&self.root, HOOK))),
            Starter::Nobody => Err(MachineError::NoAutostart(programs::hook_path(&self.root, HOOK))),
        }
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        for path in [UNIT, LINK].map(|path| self.root.join(path)) {
            let folder = path.parent().unwrap_or(&path);
            // The link points to the unit on the machine's own root; below another root its target may not exist.
            durable::sync(folder)?;
        }
        durable::sync(&self.root.join(UNIT))?;
        // A hook may write anywhere, depending on its init.
        if let Starter::Hook(_) = self.starter()? {
            durable::sync_file_system(&self.root.join("etc"))?;
        }
        Ok(())
    }
}

impl LinuxAutostart {
    /// Finds the mechanism that starts programs here.
    pub(super) fn starter(&self) -> Result<Starter, MachineError> {
        if let Some(hook) = programs::hook(&self.root, HOOK)? {
            return Ok(Starter::Hook(hook));
        }
        // The test of sd_booted(3) for systemd as the running init.
        if self.root.join("run/systemd/system").is_dir() {
            return Ok(Starter::Systemd);
        }
        let installed = ["lib", "usr/lib"].iter().any(|lib| self.root.join(lib).join("systemd/systemd").exists());
        Ok(if installed { Starter::IdleSystemd } else { Starter::Nobody })
    }

    /// Returns the run's folder from our unit.
    fn unit(&self) -> Result<Option<PathBuf>, MachineError> {
        let path = self.root.join(UNIT);
        match durable::text(&path)? {
            None => Ok(None),
            Some(text) => unit::folder(&text).map(Some).ok_or(MachineError::ForeignAutostart(path)),
        }
    }

    fn remove(&self, starter: &Starter) -> Result<(), MachineError> {
        match starter {
            Starter::Hook(hook) => programs::run(&self.root, hook, &["remove".as_ref()]).map(drop),
            Starter::Systemd | Starter::IdleSystemd => {
                self.unit()?;
                // The link first: a unit without its link starts nothing, but a link without its unit is an error at
                // every boot.
                durable::remove(&self.root.join(LINK))?;
                durable::remove(&self.root.join(UNIT))?;
                // Without the file, a reload would make systemd forget the unit's SuccessExitStatus.
                if matches!(starter, Starter::Systemd) && !self.is_the_unit() {
                    self.reload();
                }
                Ok(())
            }
            Starter::Nobody => Ok(()),
        }
    }

    /// Whether systemd started this process from our unit.
    fn is_the_unit(&self) -> bool {
        // One line per hierarchy, with the path of the cgroup at its end: `0::/system.slice/poolgate-resume.service`
        // (cgroups(7)).
        let cgroups = fs_err::read_to_string(self.root.join("proc/self/cgroup"));
        cgroups.is_ok_and(|cgroups| cgroups.lines().any(|line| line.rsplit('/').next() == Some(NAME)))
    }

    /// Makes systemd reread its units. Failure is harmless: the next boot reads the files anyway.
    fn reload(&self) {
        let systemctl = programs::find(&self.root, "systemctl");
        let _ = systemctl.map(|systemctl| programs::run(&self.root, &systemctl, &["daemon-reload".as_ref()]));
    }
}
