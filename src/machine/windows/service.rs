//! Resumes poolgate after a boot through one auto-start service that runs as LocalSystem.
//!
//! RunOnce would need a logon, and does not work on every edition; a policy may disable scheduled tasks. A service
//! starts by itself. poolgate creates and removes it through the service manager, which writes the registry; poolgate
//! then flushes the registry as for any other setting.

#![allow(unsafe_code, reason = "windows-service writes a command line its own way")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use windows_registry::LOCAL_MACHINE;
use windows_service::service::{
    Service as Handle, ServiceAccess, ServiceErrorControl, ServiceInfo, ServiceStartType, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_MARKED_FOR_DELETE,
};
use windows_sys::Win32::System::Services::{ChangeServiceConfigW, SERVICE_AUTO_START, SERVICE_NO_CHANGE};

use super::failure::restarts;
use super::security::{succeeded, wide};
use super::{image_path, registry};
use crate::machine::{Autostart, MachineError};

/// The service's name. Its existence also marks, for the whole machine, that a run is in progress.
pub(super) const NAME: &str = "poolgate-resume";
const DESCRIPTION: &str = "Goes on with a run of poolgate after a restart. It is removed when the run has ended.";
/// The registry key of all services.
const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";

/// A service, by its name.
pub(super) struct ResumeService {
    pub(super) name: &'static str,
}

impl Autostart for ResumeService {
    fn get(&self) -> Result<Option<PathBuf>, MachineError> {
        match self.open(ServiceAccess::QUERY_CONFIG)? {
            Some(service) => self.folder(&service).map(Some),
            None => Ok(None),
        }
    }

    fn set(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        // The right to set restarts as a failure action requires the right to start the service.
        let access =
            ServiceAccess::QUERY_CONFIG | ServiceAccess::CHANGE_CONFIG | ServiceAccess::START | ServiceAccess::DELETE;
        let there = self.open(access)?;
        if let Some(service) = &there {
            // Refuses to change or remove a foreign service.
            self.folder(service)?;
        }
        match (run, there) {
            (None, None) => Ok(()),
            (None, Some(service)) => match code(service.delete()) {
                // Removed before; the service manager keeps the service until the last handle to it is closed.
                Err((Some(ERROR_SERVICE_MARKED_FOR_DELETE), _)) => Ok(()),
                deleted => self.explained("remove the service poolgate-resume", deleted),
            },
            (Some(run), there) => {
                let program = std::env::current_exe()
                    .map_err(|source| MachineError::System { what: "find poolgate.exe", source })?;
                let command = image_path::text(&program, run)?;
                let service = match there {
                    Some(service) => service,
                    None => self.create(&program, run, access)?,
                };
                self.explained("configure the service poolgate-resume", code(configure(&service, &command)))?;
                let restarts = code(service.update_failure_actions(restarts()));
                self.explained("set the recovery actions of the service poolgate-resume", restarts)?;
                // The description is for readers only; nothing depends on it.
                let _ = service.set_description(DESCRIPTION);
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        let key = LOCAL_MACHINE.open(SERVICES).map_err(|error| std::io::Error::other(error.message()));
        let flushed = key.and_then(|key| registry::flush(&key));
        flushed.map_err(|source| MachineError::System { what: "flush the registry of services", source })
    }
}

impl ResumeService {
    /// Opens the service; `None` if it does not exist.
    fn open(&self, access: ServiceAccess) -> Result<Option<Handle>, MachineError> {
        let manager = manager(ServiceManagerAccess::CONNECT);
        match code(manager.and_then(|manager| manager.open_service(self.name, access))) {
            Err((Some(ERROR_SERVICE_DOES_NOT_EXIST), _)) => Ok(None),
            opened => self.explained("open the service poolgate-resume", opened).map(Some),
        }
    }

    /// Returns the folder of the run that the service resumes.
    fn folder(&self, service: &Handle) -> Result<PathBuf, MachineError> {
        let config = self.explained("read the service poolgate-resume", code(service.query_config()))?;
        let command = config.executable_path;
        let folder = command.to_str().and_then(image_path::folder);
        folder.ok_or_else(|| {
            let shown = format!("the service {} ({})", self.name, command.display());
            MachineError::ForeignAutostart(shown.into())
        })
    }

    fn create(&self, program: &Path, run: &Path, access: ServiceAccess) -> Result<Handle, MachineError> {
        let info = ServiceInfo {
            name: self.name.into(),
            // Display names must be unique, like names.
            display_name: self.name.into(),
            service_type: ServiceType::OWN_PROCESS,
            start_type: ServiceStartType::AutoStart,
            error_control: ServiceErrorControl::Normal,
            executable_path: program.to_owned(),
            launch_arguments: vec!["service".into(), run.into()],
            dependencies: Vec::new(),
            // LocalSystem: other accounts lack the rights to change flags and restart.
            account_name: None,
            account_password: None,
        };
        let manager = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE);
        let created = code(manager.and_then(|manager| manager.create_service(&info, access)));
        self.explained("create the service poolgate-resume", created)
    }

    /// Converts a failure into the error that names its remedy.
    fn explained<T>(&self, what: &'static str, done: Result<T, Failed>) -> Result<T, MachineError> {
        done.map_err(|(code, source)| match code {
            Some(ERROR_ACCESS_DENIED) => MachineError::NotElevated(what),
            Some(ERROR_SERVICE_MARKED_FOR_DELETE) => MachineError::AutostartGoing(self.name.to_owned()),
            _ => MachineError::System { what, source },
        })
    }
}

/// The Windows error code, if there is one, and the error.
type Failed = (Option<u32>, std::io::Error);

fn code<T>(done: windows_service::Result<T>) -> Result<T, Failed> {
    done.map_err(|error| match error {
        windows_service::Error::Winapi(source) => (source.raw_os_error().map(i32::cast_unsigned), source),
        other => (None, std::io::Error::other(other)),
    })
}

fn manager(access: ServiceManagerAccess) -> windows_service::Result<ServiceManager> {
    ServiceManager::local_computer(None::<&OsStr>, access)
}

/// Sets our command line, with both paths in quotes, and automatic start, even if the service was configured
/// differently.
fn configure(service: &Handle, command: &str) -> windows_service::Result<()> {
    let (command, account) = (wide(command), wide("LocalSystem"));
    // SAFETY: the handle has the right to change the configuration; texts end in zero; null and SERVICE_NO_CHANGE keep
    // settings.
    let changed = unsafe {
        ChangeServiceConfigW(
            service.raw_handle(),
            SERVICE_NO_CHANGE,
            SERVICE_AUTO_START,
            SERVICE_NO_CHANGE,
            command.as_ptr(),
            null(),
            null_mut(),
            null(),
            account.as_ptr(),
            null(),
            null(),
        )
    };
    succeeded(changed).map_err(windows_service::Error::Winapi)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// A service owned by the test and removed at its end, even after a panic. Only one exists at a time: Wine 8 mixes
    /// up the handles of threads that use its service manager concurrently.
    struct Own(ResumeService, #[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

    static ONE: Mutex<()> = Mutex::new(());

    impl Own {
        fn named(name: &'static str) -> Own {
            let own = Own(ResumeService { name }, ONE.lock().unwrap_or_else(PoisonError::into_inner));
            own.remove();
            own
        }

        fn remove(&self) {
            if let Ok(Some(service)) = self.0.open(ServiceAccess::DELETE) {
                let _ = service.delete();
            }
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            self.remove();
        }
    }

    #[test]
    fn a_service_is_set_read_back_set_again_and_removed() {
        let mut own = Own::named("poolgate-test-of-autostart");
        let service = &mut own.0;
        assert_eq!(service.get().unwrap(), None);
        for run in [r"C:\ProgramData\poolgate\nightly 1", r"C:\runs\2"] {
            service.set(Some(Path::new(run))).unwrap();
            service.flush().unwrap();
            assert_eq!(service.get().unwrap(), Some(run.into()));
        }
        let there = service.open(ServiceAccess::QUERY_CONFIG).unwrap().unwrap().query_config().unwrap();
        let program = std::env::current_exe().unwrap();
        let quoted = format!(r#""{}" service "C:\runs\2""#, program.display());
        assert_eq!(there.executable_path, PathBuf::from(quoted));
        assert_eq!(there.start_type, ServiceStartType::AutoStart);
        assert_eq!(there.account_name, Some("LocalSystem".into()));
        let handle = service.open(ServiceAccess::QUERY_CONFIG).unwrap().unwrap();
        match handle.get_failure_actions() {
            Ok(set) => assert_eq!((set.actions, set.reset_period), (restarts().actions, restarts().reset_period)),
            // Wine accepts failure actions but does not return them.
            Err(error) => eprintln!("skipped: this system does not show failure actions: {error}"),
        }
        drop(handle);
        service.set(None).unwrap();
        service.flush().unwrap();
        assert_eq!(service.get().unwrap(), None);
        service.set(None).unwrap();
    }

    #[test]
    fn a_service_of_that_name_that_is_not_ours_is_left_alone() {
        let mut own = Own::named("poolgate-test-of-strangers");
        let service = &mut own.0;
        let access = ServiceAccess::QUERY_CONFIG | ServiceAccess::CHANGE_CONFIG;
        let theirs = service.create(Path::new(r"C:\theirs.exe"), Path::new("run"), access).unwrap();
        configure(&theirs, r"C:\theirs.exe -x").unwrap();
        for outcome in [service.get().map(drop), service.set(None), service.set(Some(Path::new(r"C:\run")))] {
            assert!(matches!(outcome, Err(MachineError::ForeignAutostart(_))), "{outcome:?}");
        }
        assert_eq!(theirs.query_config().unwrap().executable_path, PathBuf::from(r"C:\theirs.exe -x"));
    }

    #[test]
    fn a_service_that_another_program_keeps_open_is_named() {
        let mut own = Own::named("poolgate-test-of-removal");
        let service = &mut own.0;
        service.set(Some(Path::new(r"C:\run"))).unwrap();
        let held = service.open(ServiceAccess::QUERY_CONFIG).unwrap();
        service.set(None).unwrap();
        service.set(None).unwrap();
        let outcome = service.set(Some(Path::new(r"C:\run")));
        assert!(matches!(outcome, Err(MachineError::AutostartGoing(_))), "{outcome:?}");
        drop(held);
        service.set(Some(Path::new(r"C:\run"))).unwrap();
    }
}
