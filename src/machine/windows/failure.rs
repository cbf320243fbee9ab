//! The actions of the service manager when poolgate's service crashes.

use std::time::Duration;

use windows_service::service::{ServiceAction, ServiceActionType, ServiceFailureActions, ServiceFailureResetPeriod};

/// Restarts the service three times, later each time, and then leaves it to the next boot. A crash of poolgate
/// therefore does not leave flags in force until a user restarts the machine. If a phase crashes poolgate again and
/// again, the run's checkpoint ends it.
pub(super) fn restarts() -> ServiceFailureActions {
    let after = |delay| ServiceAction { action_type: ServiceActionType::Restart, delay: Duration::from_secs(delay) };
    let enough = ServiceAction { action_type: ServiceActionType::None, delay: Duration::ZERO };
    ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(24 * 60 * 60)),
        reboot_msg: None,
        command: None,
        // The last action also applies to every later failure (Microsoft Learn, "SERVICE_FAILURE_ACTIONSW").
        actions: Some(vec![after(5), after(30), after(120), enough]),
    }
}
