//! What `poolgate doctor` asks of a Windows machine besides what its four parts tell.

use super::bitlocker::BitLocker;

/// The answers. What they mean for a run is doctor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The account this process runs as, such as `NT AUTHORITY\NETWORK SERVICE`; `None` where Windows does not tell.
    pub account: Option<String>,
    /// Whether this process has an administrator's rights.
    pub administrator: bool,
    /// What keeps it from making a service.
    pub services: Result<(), String>,
    /// What waits for the next restart.
    pub waiting: Vec<Waiting>,
    /// Whether a shutdown saves the kernel, so that power-on goes on with it.
    pub fast_startup: bool,
    /// The system's drive: `C:`.
    pub system_drive: String,
    /// What that drive does to a restart.
    pub bitlocker: BitLocker,
}

/// Something which is done at the next restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Windows itself is serviced (Component Based Servicing).
    Servicing,
    /// Updates are installed.
    Updates,
    /// Files which were in use are replaced.
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

    /// What this machine answers. Changes nothing.
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
            // Without its rights manage-bde fails with a code that would have to be guessed at.
            bitlocker: if administrator {
                bitlocker()
            } else {
                BitLocker::Unknown("only administrators may ask manage-bde".to_owned())
            },
        }
    }

    fn waiting() -> Vec<Waiting> {
        let is_there = |key: &str| LOCAL_MACHINE.open(format!(r"{CURRENT_VERSION}\{key}")).is_ok();
        // Pairs of names, of which the second may be empty: only that there are any is of interest.
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
        fn this_system_answers_whatever_its_rights_are() {
            let facts = facts(Path::new("/"));
            // Everybody can see what is waiting; under Wine nothing does.
            let asked_bitlocker =
                facts.bitlocker != BitLocker::Unknown("only administrators may ask manage-bde".into());
            assert!(facts.account.as_ref().is_some_and(|account| account.contains('\\')), "{facts:?}");
            assert_eq!(facts.administrator, asked_bitlocker, "{facts:?}");
            eprintln!("{facts:#?}");
        }
    }
}
