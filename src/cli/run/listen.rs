//! What asks poolgate to stop: Ctrl-C, and whatever else the system has for it. The first request ends the workload in
//! order, the second one the teardown too.

use crate::run::{Brake, Stop, brake};

/// Listens from now on.
pub(crate) fn listen() -> Stop {
    let (brake, stop) = brake();
    // Not first when the task runs, which is when the run first waits for something. Without it Ctrl-C still kills.
    if let Ok(requests) = native::Requests::new() {
        tokio::spawn(pull(brake, requests));
    }
    stop
}

async fn pull(brake: Brake, mut requests: native::Requests) {
    loop {
        requests.next().await;
        brake.pull();
    }
}

#[cfg(unix)]
mod native {
    use std::io;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) struct Requests {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Requests {
        pub(super) fn new() -> io::Result<Requests> {
            let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            Ok(Requests { interrupt, terminate })
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }
}

#[cfg(windows)]
mod native {
    use std::io;
    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
        ctrl_shutdown,
    };

    /// Closing the console, logging off and shutting down leave poolgate a few seconds; what cannot be put back in them is
    /// put back when the run is taken up.
    pub(super) struct Requests {
        c: CtrlC,
        r#break: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl Requests {
        pub(super) fn new() -> io::Result<Requests> {
            let (c, r#break, close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
            Ok(Requests { c, r#break, close, logoff: ctrl_logoff()?, shutdown: ctrl_shutdown()? })
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                _ = self.c.recv() => {}
                _ = self.r#break.recv() => {}
                _ = self.close.recv() => {}
                _ = self.logoff.recv() => {}
                _ = self.shutdown.recv() => {}
            }
        }
    }
}
