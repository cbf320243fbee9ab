//! Restarts Windows: tries the ordinary calls in order, then force.
//!
//! This module decides the order of the calls and which errors count as a refusal. The calls are injected; `shutdown`
//! makes the real ones. If a machine accepts a restart and then stays up (because of a program that holds the shutdown,
//! or a system that only pretends), a watchdog forces the restart. The watchdog is part of this process: ending
//! poolgate to keep the machine up also ends the watchdog.

use std::sync::Arc;

/// A system error code (Microsoft Learn, "System Error Codes").
pub(super) type ErrorCode = u32;

/// A shutdown is already in progress or scheduled; another request is refused.
const PENDING: [ErrorCode; 2] = [1115, 1190];

/// The calls that restart Windows, from the most polite to the forced one.
pub(super) trait Ways: Send + Sync + 'static {
    /// InitiateShutdownW.
    fn initiate(&self) -> Result<(), ErrorCode>;
    /// InitiateSystemShutdownExW, an older call.
    fn initiate_as_before(&self) -> Result<(), ErrorCode>;
    /// ExitWindowsEx with EWX_FORCE.
    fn force(&self) -> Result<(), ErrorCode>;
}

/// Restarts the machine. If Windows only accepts the request, the watchdog runs `patience` and then uses force.
///
/// # Errors
/// If every call was refused; the code is that of the last one.
pub(super) fn restart(ways: &Arc<impl Ways>, patience: impl FnOnce() + Send + 'static) -> Result<(), ErrorCode> {
    if accepted(ways.initiate()).or_else(|_| accepted(ways.initiate_as_before())).is_err() {
        return accepted(ways.force());
    }
    let ways = Arc::clone(ways);
    // A failed thread start and the result of force are ignored here: the run waits for the machine to go down, and
    // reports an error if it stays up.
    let _ = std::thread::Builder::new().name("restart watchdog".to_owned()).spawn(move || {
        patience();
        ways.force()
    });
    Ok(())
}

fn accepted(answer: Result<(), ErrorCode>) -> Result<(), ErrorCode> {
    match answer {
        Err(code) if PENDING.contains(&code) => Ok(()),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const REFUSED: ErrorCode = 5;

    /// A system with predefined answers that reports each call.
    struct FakeSystem {
        answers: [Result<(), ErrorCode>; 3],
        asked: Mutex<Sender<&'static str>>,
    }

    impl FakeSystem {
        fn answer(&self, way: usize) -> Result<(), ErrorCode> {
            self.asked.lock().unwrap().send(["initiate", "as before", "force"][way]).unwrap();
            self.answers[way]
        }
    }

    impl Ways for FakeSystem {
        fn initiate(&self) -> Result<(), ErrorCode> {
            self.answer(0)
        }
        fn initiate_as_before(&self) -> Result<(), ErrorCode> {
            self.answer(1)
        }
        fn force(&self) -> Result<(), ErrorCode> {
            self.answer(2)
        }
    }

    fn told(answers: [Result<(), ErrorCode>; 3]) -> (Arc<FakeSystem>, Receiver<&'static str>) {
        let (sender, asked) = channel();
        (Arc::new(FakeSystem { answers, asked: Mutex::new(sender) }), asked)
    }

    /// Returns the result and all calls in order, with a watchdog that does not wait.
    fn restarted(answers: [Result<(), ErrorCode>; 3]) -> (Result<(), ErrorCode>, Vec<&'static str>) {
        let (ways, asked) = told(answers);
        let restarted = restart(&ways, || {});
        // The channel closes when the watchdog, the other owner of the system, has finished.
        drop(ways);
        (restarted, asked.iter().collect())
    }

    #[test]
    fn each_way_is_tried_only_after_the_one_before_was_refused() {
        let (no, yes) = (Err(REFUSED), Ok(()));
        assert_eq!(restarted([yes, yes, yes]), (Ok(()), vec!["initiate", "force"]));
        assert_eq!(restarted([no, yes, yes]), (Ok(()), vec!["initiate", "as before", "force"]));
        assert_eq!(restarted([no, no, yes]), (Ok(()), vec!["initiate", "as before", "force"]));
        assert_eq!(restarted([no, no, Err(87)]), (Err(87), vec!["initiate", "as before", "force"]));
    }

    #[test]
    fn a_pending_shutdown_is_not_requested_twice() {
        for pending in PENDING {
            assert_eq!(restarted([Err(pending), Err(REFUSED), Ok(())]), (Ok(()), vec!["initiate", "force"]));
        }
    }

    #[test]
    fn an_accepted_restart_that_does_not_happen_is_forced_after_the_patience() {
        let (ways, asked) = told([Ok(()), Ok(()), Ok(())]);
        let (over, patience) = channel::<()>();
        restart(&ways, move || _ = patience.recv()).unwrap();
        assert_eq!(asked.recv().unwrap(), "initiate");
        assert!(asked.try_recv().is_err(), "no force while there is patience");
        drop(over);
        assert_eq!(asked.recv().unwrap(), "force");
    }
}
