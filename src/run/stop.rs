//! Asking a run to stop in order: the first request ends the workload, the second the teardown as well.

use tokio::sync::watch;

/// The asking side.
#[derive(Debug)]
pub struct Brake(watch::Sender<u32>);

/// The listening side. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<u32>);

/// A brake and what it stops.
pub fn brake() -> (Brake, Stop) {
    let (sender, receiver) = watch::channel(0);
    (Brake(sender), Stop(receiver))
}

impl Brake {
    /// Asks once more.
    pub fn pull(&self) {
        self.0.send_modify(|times| *times += 1);
    }
}

impl Stop {
    /// Whether stopping was asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until stopping was asked for `times` times; for ever when the brake is gone.
    pub async fn asked(&self, times: u32) {
        if self.0.clone().wait_for(|asked| *asked >= times).await.is_err() {
            std::future::pending().await
        }
    }
}
