//! Facts about a Windows machine for `poolgate doctor`, in addition to those from the parts of `Machine`.

use super::bitlocker::BitLocker;

/// The facts. Doctor decides their meaning for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The account of this process, such as `NT AUTHORITY\NETWORK SERVICE`; `None` if Windows does not return it.
    pub account: Option<String>,
    /// Whether this process has an administrator's rights.
    pub administrator: bool,
    /// Whether this process may create a service; the error is the reason against it.
    pub services: Result<(), String>,
    /// The changes that Windows will make at the next restart.
    pub waiting: Vec<Waiting>,
    /// Whether a shutdown saves the kernel and power-on resumes it.
    pub fast_startup: bool,
    /// The system drive: `C:`.
    pub system_drive: String,
    /// The effect of BitLocker on a restart.
    pub bitlocker: BitLocker,
}

/// A kind of change that Windows makes at the next restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Servicing of Windows itself (Component Based Servicing).
    Servicing,
    /// Installation of updates.
    Updates,
    /// Replacement of files that were in use.
    Files,
}

#[cfg(windows)]
pub use asked::facts;

#[cfg(windows)]
mod asked {
    use std::path::Path;

    use windows_registry::LOCAL_MACHINE;
    use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

    use super::super::bitlocker::{BitLocker, bitlocker};
    use super::super::token::account;
    use super::super::{folders, is_administrator};
    use super::{Facts, Waiting};

    const SESSION_MANAGER: &str = r"SYSTEM\CurrentControlSet\Control\Session Manager";
    const CURRENT_VERSION: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion";

    /// Collects the facts of this machine. Changes nothing.
    pub fn facts(_: &Path) -> Facts {
        let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
        let services = ServiceManager::local_computer(None::<&str>, access);
        let administrator = is_administrator();
        Facts {
            account: account().ok(),
            administrator,
            services: services.map(drop).map_err(|error| match error {
                windows_service::Error::Winapi(error) => error.to_string(),
                other => other.to_string(),
            }),
            waiting: waiting(),
            fast_startup: LOCAL_MACHINE
                .open(format!(r"{SESSION_MANAGER}\Power"))
                .is_ok_and(|power| power.get_u32("HiberbootEnabled").is_ok_and(|enabled| enabled != 0)),
            system_drive: folders::system_drive(),
            // Without administrator rights, manage-bde fails with a code of unknown meaning.
            bitlocker: if administrator {
                bitlocker()
            } else {
                BitLocker::Unknown("only administrators may ask manage-bde".to_owned())
            },
        }
    }

    fn waiting() -> Vec<Waiting> {
        let is_there = |key: &str| LOCAL_MACHINE.open(format!(r"{CURRENT_VERSION}\{key}")).is_ok();
        // Pairs of names, and the second of a pair may be empty. Only the presence of a pair matters.
        let files = LOCAL_MACHINE.open(SESSION_MANAGER).and_then(|key| key.get_value("PendingFileRenameOperations"));
        let files = files.is_ok_and(|value| value.as_wide().iter().any(|&unit| unit != 0));
        let all = [
            (is_there(r"Component Based Servicing\RebootPending"), Waiting::Servicing),
            (is_there(r"WindowsUpdate\Auto Update\RebootRequired"), Waiting::Updates),
            (files, Waiting::Files),
        ];
        all.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn this_system_answers_with_any_rights() {
            let facts = facts(Path::new("/"));
            // Reading `waiting` needs no rights. Under Wine it is empty.
            let asked_bitlocker =
                facts.bitlocker != BitLocker::Unknown("only administrators may ask manage-bde".into());
            assert!(facts.account.as_ref().is_some_and(|account| account.contains('\\')), "{facts:?}");
            assert_eq!(facts.administrator, asked_bitlocker, "{facts:?}");
            eprintln!("{facts:#?}");
        }
    }
}
