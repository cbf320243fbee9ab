//! Runs poolgate as a service: it handles the service manager's controls and reports the service's state.
//!
//! *Stop* is a user's request, and ends the work in order. *Shutdown* and *preshutdown* mean that the machine is going
//! down, and end this process at once, as a power cut would. The next boot then resumes or reports the run in its
//! current phase. Signalling a stop here would record a shutdown as a user interruption, in the few seconds left.

#![allow(unsafe_code, reason = "the entry point of a service is called by Windows")]

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::{define_windows_service, service_dispatcher};
use windows_sys::Win32::Foundation::ERROR_FAILED_SERVICE_CONTROLLER_CONNECT;

use super::service::NAME;
use crate::machine::MachineError;

/// The work of the service.
pub struct Duty {
    /// Does the work; returns the exit code, 0 for success.
    pub work: Box<dyn FnOnce() -> u32 + Send>,
    /// Asks `work` to end.
    pub stop: Box<dyn Fn() + Send + Sync>,
}

/// The time a stop may take, as reported to the service manager; a run tears down first.
const STOPPING: Duration = Duration::from_secs(60);

// Windows calls the entry point and the handler as plain functions, so their state is static. A process has one service
// and runs it once.
static WORK: Mutex<Option<Box<dyn FnOnce() -> u32 + Send>>> = Mutex::new(None);
static STOP: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();
static STATUS: OnceLock<ServiceStatusHandle> = OnceLock::new();
/// Set when the service has been reported as stopped; after that it must report nothing more.
static STOPPED: AtomicBool = AtomicBool::new(false);

define_windows_service!(entry_point, live);

/// Serves until the work is done or the machine goes down. The process must end after that.
///
/// # Errors
/// If the service manager did not start this process.
pub fn serve(duty: Duty) -> Result<(), MachineError> {
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some(duty.work);
    let _ = STOP.set(duty.stop);
    service_dispatcher::start(NAME, entry_point).map_err(|error| match error {
        windows_service::Error::Winapi(source)
            if source.raw_os_error() == Some(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT.cast_signed()) =>
        {
            MachineError::NotAService
        }
        windows_service::Error::Winapi(source) => MachineError::System { what: "run as a service", source },
        other => MachineError::System { what: "run as a service", source: std::io::Error::other(other) },
    })
}

/// The body of the service, on a thread that Windows creates.
fn live(_: Vec<OsString>) {
    // `heed` owns no state: windows-service drops a handler's state at a stop, but Windows may still call the handler.
    let Ok(status) = service_control_handler::register(NAME, heed) else { return };
    let _ = STATUS.set(status);
    tell(ServiceState::Running, ServiceExitCode::NO_ERROR);
    let work = WORK.lock().unwrap_or_else(PoisonError::into_inner).take();
    let exit_code = match work.map_or(0, |work| work()) {
        0 => ServiceExitCode::NO_ERROR,
        code => ServiceExitCode::ServiceSpecific(code),
    };
    tell(ServiceState::Stopped, exit_code);
}

/// Handles a control from the service manager.
fn heed(control: ServiceControl) -> ServiceControlHandlerResult {
    match control {
        ServiceControl::Stop => {
            // This comes first: in this state the service manager sends no further control.
            tell(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
            if let Some(stop) = STOP.get() {
                stop();
            }
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Shutdown | ServiceControl::Preshutdown => {
            // The dispatcher returns, then `main`, and the process ends with all its threads.
            tell(ServiceState::Stopped, ServiceExitCode::NO_ERROR);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    }
}

/// Reports the service's state to the service manager. A failure is ignored, since nothing can be done about it.
fn tell(state: ServiceState, exit_code: ServiceExitCode) {
    let stopped = state == ServiceState::Stopped;
    if STOPPED.fetch_or(stopped, Ordering::SeqCst) {
        return;
    }
    let controls_accepted = match state {
        ServiceState::Running => {
            ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN | ServiceControlAccept::PRESHUTDOWN
        }
        _ => ServiceControlAccept::empty(),
    };
    let wait_hint = if state == ServiceState::StopPending { STOPPING } else { Duration::ZERO };
    if let Some(status) = STATUS.get() {
        let _ = status.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted,
            exit_code,
            checkpoint: 0,
            wait_hint,
            process_id: None,
        });
    }
}
