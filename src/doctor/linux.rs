//! Turns facts about a Linux machine into diagnoses.

use super::diagnosis::{Diagnosis, Level, Reboots};
use crate::machine::MachineError;
use crate::machine::linux::Facts;

/// Returns a diagnosis for each fact that matters to the scenarios.
pub(super) fn diagnoses(facts: &Facts, reboots: Reboots) -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    if let Some(lack) = reboots.lack() {
        diagnoses.push(root(facts.root, lack));
    }
    diagnoses.push(shrinking(facts.shrinks));
    diagnoses.push(call_sites(facts.call_sites));
    diagnoses.push(call_paths(facts.call_paths.as_ref()));
    diagnoses.push(messages(facts.messages.as_ref()));
    if let Some(lack) = reboots.lack() {
        let of = |what, answer: &Result<&str, MachineError>, begin: &str, end: &str| match answer {
            Ok(answer) => Diagnosis::ok(what, format!("{begin}{answer}{end}")),
            Err(error) => Diagnosis::failed(lack, what, error),
        };
        diagnoses.push(of("boot loader", &facts.parameters, "kernel parameters go into ", ""));
        diagnoses.extend(facts.parameters.is_ok().then(|| hang(facts.every_boot)));
        diagnoses.push(match &facts.restart {
            Ok(()) => Diagnosis::ok("restart", "possible"),
            Err(error) => Diagnosis::failed(lack, "restart", error),
        });
        diagnoses.push(of("autostart", &facts.starter, "", " starts poolgate after a boot"));
        diagnoses.push(machine_id(facts.id));
    }
    diagnoses
}

/// Returns a diagnosis about a kernel that hangs with the flags before they can be restored.
fn hang(every_boot: Option<&str>) -> Diagnosis {
    match every_boot {
        None => Diagnosis::ok("hung boot", "the flags apply to one boot: after a hang, a reset boots without them"),
        Some(why) => {
            let message =
                "the flags apply to every boot until they are removed: after a hang, remove them in the boot menu";
            Diagnosis::note("hung boot", format!("{message} ({why})"))
        }
    }
}

fn root(root: bool, lack: Level) -> Diagnosis {
    match root {
        true => Diagnosis::ok("rights", "root's"),
        false => Diagnosis::at(lack, "rights", "only root may change flags and restart").help("run poolgate with sudo"),
    }
}

fn shrinking(shrinks: bool) -> Diagnosis {
    match shrinks {
        true => Diagnosis::ok("slab counts", "exact: caches can be shrunk before they are counted"),
        false => {
            let message = "no /sys/kernel/slab: free objects cached per CPU count as in use, which hides small leaks";
            Diagnosis::note("slab counts", message)
        }
    }
}

fn call_sites(counted: bool) -> Diagnosis {
    match counted {
        true => Diagnosis::ok("call sites", "counted in /proc/allocinfo"),
        false => Diagnosis::note("call sites", "not counted, or only for root (/proc/allocinfo)")
            .help("not needed; a kernel of 6.10 or later counts them with sysctl.vm.mem_profiling=1"),
    }
}

fn call_paths(available: Result<&(), &MachineError>) -> Diagnosis {
    match available {
        Ok(()) => Diagnosis::ok("call paths", "a second look names the functions that allocate leaked objects"),
        Err(error) => Diagnosis::failed(Level::Note, "call paths", error),
    }
}

fn messages(read: Result<&(), &MachineError>) -> Diagnosis {
    match read {
        Ok(()) => Diagnosis::ok("kernel messages", "read from /dev/kmsg: leaks that the kernel reports are found"),
        Err(error) => Diagnosis::note("kernel messages", format!("leaks that the kernel reports are missed: {error}"))
            .help("run poolgate with sudo"),
    }
}

/// The machine ID distinguishes a run that began here from a copy of another machine's state.
fn machine_id(known: bool) -> Diagnosis {
    match known {
        true => Diagnosis::ok("machine id", "known"),
        false => Diagnosis::note(
            "machine id",
            "/etc/machine-id is missing or empty: a copied run state cannot be recognised",
        )
        .help("run `systemd-machine-id-setup`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Facts {
        Facts {
            root: true,
            id: true,
            parameters: Ok("/boot/grub/custom.cfg"),
            every_boot: None,
            restart: Ok(()),
            starter: Ok("systemd"),
            shrinks: true,
            messages: Ok(()),
            call_sites: true,
            call_paths: Ok(()),
        }
    }

    fn bare() -> Facts {
        let error = || MachineError::NoAutostart("/etc/poolgate/autostart-hook".into());
        Facts {
            root: false,
            id: false,
            parameters: Err(error()),
            every_boot: None,
            restart: Err(error()),
            starter: Err(error()),
            shrinks: false,
            messages: Err(error()),
            call_sites: false,
            call_paths: Err(error()),
        }
    }

    fn at(level: Level, facts: &Facts, reboots: Reboots) -> Vec<&'static str> {
        let found = diagnoses(facts, reboots).into_iter();
        found.filter(|diagnosis| diagnosis.level == level).map(|diagnosis| diagnosis.what).collect()
    }

    #[test]
    fn on_a_healthy_machine_all_is_well() {
        for reboots in [Reboots::Unknown, Reboots::Never, Reboots::Needed] {
            assert_eq!(at(Level::Ok, &healthy(), reboots).len(), diagnoses(&healthy(), reboots).len());
        }
    }

    #[test]
    fn flags_that_stay_for_every_boot_are_noted() {
        let facts = Facts { every_boot: Some("GRUB has no environment block"), ..healthy() };
        assert_eq!(at(Level::Note, &facts, Reboots::Needed), ["hung boot"]);
        assert_eq!(at(Level::Note, &facts, Reboots::Never), [""; 0]);
    }

    #[test]
    fn requirements_of_reboots_are_problems_only_if_there_are_reboots() {
        let for_reboots = ["rights", "boot loader", "restart", "autostart"];
        assert_eq!(at(Level::Problem, &bare(), Reboots::Needed), for_reboots);
        assert_eq!(
            at(Level::Note, &bare(), Reboots::Needed),
            ["slab counts", "call sites", "call paths", "kernel messages", "machine id"]
        );
        assert_eq!(at(Level::Problem, &bare(), Reboots::Unknown), [""; 0]);
        assert_eq!(diagnoses(&bare(), Reboots::Unknown).len(), diagnoses(&bare(), Reboots::Needed).len());
        let never: Vec<_> = diagnoses(&bare(), Reboots::Never).into_iter().map(|diagnosis| diagnosis.what).collect();
        assert_eq!(never, ["slab counts", "call sites", "call paths", "kernel messages"]);
    }
}
