//! What Windows does when poolgate crashes in its service.

use std::time::Duration;

use windows_service::service::{ServiceAction, ServiceActionType, ServiceFailureActions, ServiceFailureResetPeriod};

/// The service is restarted three times, later each time, and left to the next boot then. So a crash of poolgate does not
/// leave flags in force until somebody restarts the machine. A phase that crashes poolgate again and again is given up by
/// the run's checkpoint.
pub(super) fn restarts() -> ServiceFailureActions {
    let after = |delay| ServiceAction { action_type: ServiceActionType::Restart, delay: Duration::from_secs(delay) };
    let enough = ServiceAction { action_type: ServiceActionType::None, delay: Duration::ZERO };
    ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(24 * 60 * 60)),
        reboot_msg: None,
        command: None,
        // The last one is also for every failure after it (Microsoft Learn, "SERVICE_FAILURE_ACTIONSW").
        actions: Some(vec![after(5), after(30), after(120), enough]),
    }
}
