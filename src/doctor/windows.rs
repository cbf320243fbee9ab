//! Turns facts about a Windows machine into diagnoses.

use super::diagnosis::{Diagnosis, Level, Reboots};
use crate::machine::windows::{BitLocker, Facts, Waiting};

/// Returns a diagnosis for each fact that matters to the scenarios.
pub(super) fn diagnoses(facts: &Facts, reboots: Reboots) -> Vec<Diagnosis> {
    let mut diagnoses = vec![elevation(facts, reboots)];
    if let Some(lack) = reboots.lack() {
        diagnoses.push(services(facts, lack));
    }
    diagnoses.push(waiting(facts, reboots));
    if let Some(lack) = reboots.lack() {
        diagnoses.push(hang());
        diagnoses.push(fast_startup(facts));
        diagnoses.push(bitlocker(facts, lack));
    }
    diagnoses
}

/// Watching needs no rights, but nearly all other steps do. The check is for membership of Administrators, because a
/// service account may have an elevated token without it.
fn elevation(facts: &Facts, reboots: Reboots) -> Diagnosis {
    let account = facts.account.as_deref().unwrap_or("this account");
    if facts.administrator {
        let message = format!("{account} is an administrator: it can change boot settings and install drivers");
        return Diagnosis::ok("elevation", message);
    }
    let message = format!("{account} is not an administrator: it cannot change boot settings or install drivers");
    let help = "open the terminal with \"Run as administrator\", or let the CI agent run as LocalSystem \
         (NetworkService is not an administrator)";
    Diagnosis::at(reboots.lack().unwrap_or(Level::Note), "elevation", message).help(help)
}

/// Returns a diagnosis about a kernel that stops with the flags before they can be restored.
fn hang() -> Diagnosis {
    let message = "GlobalFlag applies to every boot until it is removed: if the kernel stops in each of them, remove it \
         by hand. Windows switches Driver Verifier off after a failed boot (`on_boot_failure: reset`)";
    let help = "start Safe Mode from Windows' recovery, and run `verifier /reset` or `poolgate abort`";
    Diagnosis::note("hung boot", message).help(help)
}

fn services(facts: &Facts, lack: Level) -> Diagnosis {
    match &facts.services {
        Ok(()) => Diagnosis::ok("service", "can be set up to start poolgate after a boot"),
        Err(problem) => {
            let message = format!("no service can be set up to start poolgate after a boot ({problem})");
            Diagnosis::at(lack, "service", message).help("run poolgate elevated")
        }
    }
}

fn waiting(facts: &Facts, reboots: Reboots) -> Diagnosis {
    let what = facts.waiting.iter().map(|waiting| match waiting {
        Waiting::Servicing => "the servicing of Windows",
        Waiting::Updates => "updates",
        Waiting::Files => "the replacement of files in use",
    });
    let what = what.collect::<Vec<_>>().join(" and ");
    let level = match facts.waiting.as_slice() {
        [] => return Diagnosis::ok("restart", "nothing waits for a restart"),
        // Installers leave these entries behind for weeks, and they take no time.
        [Waiting::Files] => Level::Note,
        _ => reboots.lack().unwrap_or(Level::Note),
    };
    let help = "restart the machine before the run; otherwise the run may measure this work or wait for it";
    let waits = if facts.waiting.len() == 1 && facts.waiting[0] != Waiting::Updates { "waits" } else { "wait" };
    Diagnosis::at(level, "restart", format!("{what} {waits} for a restart")).help(help)
}

fn fast_startup(facts: &Facts) -> Diagnosis {
    if facts.fast_startup {
        let message = "on: a shutdown saves the kernel with its pools and leaks, and the next start restores it";
        Diagnosis::note("Fast Startup", message)
            .help("restart between runs instead of shutting down: only a restart is a boot")
    } else {
        Diagnosis::ok("Fast Startup", "off: every start is a boot")
    }
}

/// Microsoft Learn, "DisableKeyProtectors method of the Win32_EncryptableVolume class".
fn without_manage_bde(drive: &str) -> String {
    format!(
        "check whether this machine asks for a PIN at a start. If it does, suspend BitLocker with manage-bde, or \
         with WMI: `Get-CimInstance -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption -ClassName \
         Win32_EncryptableVolume -Filter \"DriveLetter='{drive}'\" | Invoke-CimMethod -MethodName \
         DisableKeyProtectors -Arguments @{{ DisableCount = 3 }}`"
    )
}

fn bitlocker(facts: &Facts, lack: Level) -> Diagnosis {
    let drive = &facts.system_drive;
    // One more than the restarts of a run, because a crash takes a boot too.
    let suspend = format!(
        "suspend it for the two restarts of a run and one after a crash: \
         `manage-bde -protectors -disable {drive} -rebootcount 3`"
    );
    match &facts.bitlocker {
        BitLocker::Off => Diagnosis::ok("BitLocker", "off or suspended: a restart needs no input"),
        BitLocker::On => {
            let message = "on; no PIN, password or startup key was found, so a restart should need no input";
            Diagnosis::note("BitLocker", message).help(format!("if it asks at a start, {suspend}"))
        }
        BitLocker::Asks => {
            let message = "on: every start waits for a PIN, a password or a startup key";
            Diagnosis::at(lack, "BitLocker", message).help(suspend)
        }
        BitLocker::Unknown(why) => {
            Diagnosis::note("BitLocker", format!("cannot be queried: {why}")).help(without_manage_bde(drive))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Facts {
        Facts {
            account: Some(r"LAB\tester".to_owned()),
            administrator: true,
            services: Ok(()),
            waiting: Vec::new(),
            fast_startup: false,
            system_drive: "D:".to_owned(),
            bitlocker: BitLocker::Off,
        }
    }

    fn denied() -> Result<(), String> {
        Err("Access is denied.".to_owned())
    }

    /// Returns the level of each diagnosis with its subject.
    fn levels(facts: &Facts, reboots: Reboots) -> Vec<(&'static str, Level)> {
        diagnoses(facts, reboots).into_iter().map(|diagnosis| (diagnosis.what, diagnosis.level)).collect()
    }

    #[test]
    fn on_a_healthy_machine_all_is_well() {
        for reboots in [Reboots::Unknown, Reboots::Never, Reboots::Needed] {
            // On Windows the flags are in force at every boot, so this is always a note.
            let other = |(what, level): &(&str, Level)| *what == "hung boot" || *level == Level::Ok;
            assert!(levels(&healthy(), reboots).iter().all(other));
        }
    }

    #[test]
    fn requirements_of_reboots_are_problems_only_if_there_are_reboots() {
        let faults = [
            ("elevation", Facts { administrator: false, ..healthy() }),
            ("service", Facts { services: denied(), ..healthy() }),
            ("restart", Facts { waiting: vec![Waiting::Updates, Waiting::Files], ..healthy() }),
            ("BitLocker", Facts { bitlocker: BitLocker::Asks, ..healthy() }),
        ];
        for (what, facts) in faults {
            for (reboots, expected) in [(Reboots::Needed, Level::Problem), (Reboots::Unknown, Level::Note)] {
                let found = levels(&facts, reboots);
                assert!(found.contains(&(what, expected)), "{what}: {found:?}");
                let faults = found.iter().filter(|(what, level)| *what != "hung boot" && *level != Level::Ok);
                assert_eq!(faults.count(), 1, "{what}: {found:?}");
            }
            let never = levels(&facts, Reboots::Never);
            assert!(!never.iter().any(|(_, level)| *level == Level::Problem), "{what}: {never:?}");
        }
    }

    #[test]
    fn harmless_findings_are_notes_at_most() {
        for (what, facts) in [
            ("Fast Startup", Facts { fast_startup: true, ..healthy() }),
            ("BitLocker", Facts { bitlocker: BitLocker::On, ..healthy() }),
            ("BitLocker", Facts { bitlocker: BitLocker::Unknown("no".to_owned()), ..healthy() }),
            ("restart", Facts { waiting: vec![Waiting::Files], ..healthy() }),
        ] {
            let found = levels(&facts, Reboots::Needed);
            assert!(found.contains(&(what, Level::Note)), "{what}: {found:?}");
        }
    }

    #[test]
    fn the_account_is_named_with_any_rights() {
        let account = Some(r"NT AUTHORITY\NETWORK SERVICE".to_owned());
        for administrator in [false, true] {
            let facts = Facts { account: account.clone(), administrator, ..healthy() };
            let found = diagnoses(&facts, Reboots::Needed);
            let elevation = found.iter().find(|diagnosis| diagnosis.what == "elevation").unwrap();
            assert!(elevation.message.contains(r"NT AUTHORITY\NETWORK SERVICE"), "{elevation:?}");
        }
    }

    #[test]
    fn bitlocker_is_suspended_for_one_start_more_than_a_run_needs() {
        for (bitlocker, words) in [
            (BitLocker::Asks, "-disable D: -rebootcount 3"),
            (BitLocker::On, "-disable D: -rebootcount 3"),
            (BitLocker::Unknown("not found".to_owned()), "DriveLetter='D:'"),
            (BitLocker::Unknown("not found".to_owned()), "DisableCount = 3"),
        ] {
            let found = diagnoses(&Facts { bitlocker, ..healthy() }, Reboots::Needed);
            let help = found.iter().find(|diagnosis| diagnosis.what == "BitLocker").unwrap().help.clone();
            assert!(help.unwrap().contains(words), "{words}");
        }
    }

    #[test]
    fn every_missing_part_has_advice() {
        let worst = Facts {
            account: None,
            administrator: false,
            services: denied(),
            waiting: vec![Waiting::Servicing],
            fast_startup: true,
            system_drive: "D:".to_owned(),
            bitlocker: BitLocker::Asks,
        };
        for diagnosis in diagnoses(&worst, Reboots::Needed) {
            assert!(diagnosis.help.is_some() && diagnosis.level != Level::Ok, "{diagnosis:?}");
        }
    }
}
