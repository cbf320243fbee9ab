//! How Windows is restarted: it is asked in order, and made to where nothing comes of that.
//!
//! The order of the ways and what counts as refused, over injected calls; `shutdown` makes the real ones. A machine which
//! said yes and then stays up (a program that holds the shutdown, a system which only pretends) gets a watchdog. It lives
//! in this process, so whoever ends poolgate to keep the machine up has ended the watchdog too.

use std::sync::Arc;

/// A code of Windows' own (Microsoft Learn, "System Error Codes").
pub(super) type Code = u32;

/// A shutdown is on its way, or scheduled by somebody: to ask once more is refused.
const PENDING: [Code; 2] = [1115, 1190];

/// The ways to restart Windows, from the one which tells everybody to the one which asks nobody.
pub(super) trait Ways: Send + Sync + 'static {
    /// InitiateShutdownW.
    fn initiate(&self) -> Result<(), Code>;
    /// InitiateSystemShutdownExW, which is older.
    fn initiate_as_before(&self) -> Result<(), Code>;
    /// ExitWindowsEx with EWX_FORCE.
    fn force(&self) -> Result<(), Code>;
}

/// Restarts the machine. Where that was only promised, `patience` is what the watchdog waits before it uses force.
///
/// # Errors
/// When every way was refused, with the last one's code.
pub(super) fn restart(ways: &Arc<impl Ways>, patience: impl FnOnce() + Send + 'static) -> Result<(), Code> {
    if accepted(ways.initiate()).or_else(|_| accepted(ways.initiate_as_before())).is_err() {
        return accepted(ways.force());
    }
    let ways = Arc::clone(ways);
    // Neither a thread that does not start nor what force answers is told here: the run waits for the machine to go down,
    // and reports one that stays up.
    let _ = std::thread::Builder::new().name("restart watchdog".to_owned()).spawn(move || {
        patience();
        ways.force()
    });
    Ok(())
}

fn accepted(answer: Result<(), Code>) -> Result<(), Code> {
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

    const REFUSED: Code = 5;

    /// A system which answers as it is told, and tells which way it was asked.
    struct Told {
        answers: [Result<(), Code>; 3],
        asked: Mutex<Sender<&'static str>>,
    }

    impl Told {
        fn answer(&self, way: usize) -> Result<(), Code> {
            self.asked.lock().unwrap().send(["initiate", "as before", "force"][way]).unwrap();
            self.answers[way]
        }
    }

    impl Ways for Told {
        fn initiate(&self) -> Result<(), Code> {
            self.answer(0)
        }
        fn initiate_as_before(&self) -> Result<(), Code> {
            self.answer(1)
        }
        fn force(&self) -> Result<(), Code> {
            self.answer(2)
        }
    }

    fn told(answers: [Result<(), Code>; 3]) -> (Arc<Told>, Receiver<&'static str>) {
        let (sender, asked) = channel();
        (Arc::new(Told { answers, asked: Mutex::new(sender) }), asked)
    }

    /// What was asked in order, all of it, with a watchdog whose patience is over at once.
    fn restarted(answers: [Result<(), Code>; 3]) -> (Result<(), Code>, Vec<&'static str>) {
        let (ways, asked) = told(answers);
        let restarted = restart(&ways, || {});
        // The channel ends when the watchdog, which has the other hold on the system, is done.
        drop(ways);
        (restarted, asked.iter().collect())
    }

    #[test]
    fn each_way_is_tried_only_where_the_one_before_was_refused() {
        let (no, yes) = (Err(REFUSED), Ok(()));
        assert_eq!(restarted([yes, yes, yes]), (Ok(()), vec!["initiate", "force"]));
        assert_eq!(restarted([no, yes, yes]), (Ok(()), vec!["initiate", "as before", "force"]));
        assert_eq!(restarted([no, no, yes]), (Ok(()), vec!["initiate", "as before", "force"]));
        assert_eq!(restarted([no, no, Err(87)]), (Err(87), vec!["initiate", "as before", "force"]));
    }

    #[test]
    fn a_shutdown_which_is_pending_is_not_asked_for_twice() {
        for pending in PENDING {
            assert_eq!(restarted([Err(pending), Err(REFUSED), Ok(())]), (Ok(()), vec!["initiate", "force"]));
        }
    }

    #[test]
    fn a_machine_which_said_yes_and_stays_up_is_made_to_once_patience_is_over() {
        let (ways, asked) = told([Ok(()), Ok(()), Ok(())]);
        let (over, patience) = channel::<()>();
        restart(&ways, move || _ = patience.recv()).unwrap();
        assert_eq!(asked.recv().unwrap(), "initiate");
        assert!(asked.try_recv().is_err(), "no force while there is patience");
        drop(over);
        assert_eq!(asked.recv().unwrap(), "force");
    }
}
