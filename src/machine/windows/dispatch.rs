//! Life as a service: what the service manager is told, and what it says.
//!
//! *Stop* is somebody's wish, and ends the work in order. *Shutdown* and *preshutdown* are the machine going down, and
//! end this process at once, as a power cut would: whatever phase the run is in is then taken up, or reported, by the next
//! boot. To pull the brake instead would put down to a person what the machine did, in the few seconds it has left.

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

/// What a service does with its life.
pub struct Duty {
    /// All of it; returns the exit code, of which 0 is well.
    pub work: Box<dyn FnOnce() -> u32 + Send>,
    /// Asks `work` to come to its end.
    pub stop: Box<dyn Fn() + Send + Sync>,
}

/// How long the service manager should expect a stop to take; a run tears down first.
const STOPPING: Duration = Duration::from_secs(60);

// The entry point and the handler are functions which Windows calls, so what they need is here. There is one service in a
// process, and one life.
static WORK: Mutex<Option<Box<dyn FnOnce() -> u32 + Send>>> = Mutex::new(None);
static STOP: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();
static STATUS: OnceLock<ServiceStatusHandle> = OnceLock::new();
/// After the manager was told so nothing more may be told.
static STOPPED: AtomicBool = AtomicBool::new(false);

define_windows_service!(entry_point, live);

/// Serves until the work is done or the machine goes down; the process must end then.
///
/// # Errors
/// When this process was not started by the service manager.
pub fn serve(duty: Duty) -> Result<(), MachineError> {
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some(duty.work);
    let _ = STOP.set(duty.stop);
    service_dispatcher::start(NAME, entry_point).map_err(|error| match error {
        windows_service::Error::Winapi(source)
            if source.raw_os_error() == Some(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT.cast_signed()) =>
        {
            MachineError::NotAService
        }
        windows_service::Error::Winapi(source) => MachineError::System { what: "be a service", source },
        other => MachineError::System { what: "be a service", source: std::io::Error::other(other) },
    })
}

/// The service's life, on a thread which Windows makes.
fn live(_: Vec<OsString>) {
    // `heed` keeps nothing of its own: windows-service lets go of a handler once it was told to stop, and Windows may
    // call it all the same.
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

/// What Windows asks of the service.
fn heed(control: ServiceControl) -> ServiceControlHandlerResult {
    match control {
        ServiceControl::Stop => {
            // Before anything else: from this state on no further control is sent.
            tell(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
            if let Some(stop) = STOP.get() {
                stop();
            }
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Shutdown | ServiceControl::Preshutdown => {
            // The dispatcher returns, `main` with it, and the process ends with everything it does.
            tell(ServiceState::Stopped, ServiceExitCode::NO_ERROR);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    }
}

/// Tells the service manager how things stand. Nothing can be done where that fails.
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
