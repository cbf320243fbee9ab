//! Requests to stop a run in order. The first request ends the workload, and the second also ends teardown.

use tokio::sync::watch;

/// The sender of stop requests.
#[derive(Debug)]
pub struct Brake(watch::Sender<u32>);

/// The receiver of stop requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<u32>);

/// Returns a connected pair of [`Brake`] and [`Stop`].
pub fn brake() -> (Brake, Stop) {
    let (sender, receiver) = watch::channel(0);
    (Brake(sender), Stop(receiver))
}

impl Brake {
    /// Sends one more stop request.
    pub fn pull(&self) {
        self.0.send_modify(|times| *times += 1);
    }
}

impl Stop {
    /// Returns whether a stop was requested.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits for stop request number `times`, or for ever if the [`Brake`] was dropped.
    pub async fn asked(&self, times: u32) {
        if self.0.clone().wait_for(|asked| *asked >= times).await.is_err() {
            std::future::pending().await
        }
    }
}
