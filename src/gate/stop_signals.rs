//! Listens for requests to stop: Ctrl-C, the end of the terminal, and other signals of the system. The first request
//! ends the workload in order, and the second also ends teardown.

use crate::run::{Brake, Stop, brake};

/// Starts listening. Call it inside [`block_on`](super::block_on).
pub(crate) fn stop_on_signals() -> Stop {
    let (brake, stop) = brake();
    // Register the handlers now: the task itself starts only when the run first waits. If this fails, Ctrl-C still
    // kills poolgate.
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
        /// `None` if the run was started to outlive its terminal.
        hang_up: Option<Signal>,
    }

    impl Requests {
        pub(super) fn new() -> io::Result<Requests> {
            let hang_up = SignalKind::hangup();
            Ok(Requests {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hang_up: if is_ignored(hang_up) { None } else { Some(signal(hang_up)?) },
            })
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                () = hung_up(&mut self.hang_up) => {},
            }
        }
    }

    async fn hung_up(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }

    /// Returns whether this process was started with a signal ignored, as `nohup` does with SIGHUP. Only Linux provides
    /// this.
    fn is_ignored(signal: SignalKind) -> bool {
        let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
    }
}

#[cfg(windows)]
mod native {
    use std::io;
    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
        ctrl_shutdown,
    };

    /// After the console closes, the user logs off, or Windows shuts down, poolgate has a few seconds. Changes that
    /// cannot be restored in that time are restored when the run is resumed.
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
