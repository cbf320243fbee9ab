//! The power of a machine: on with its wineserver, and off when no program is left that would start another one.
//!
//! A program dies with its server, but a program that is just starting starts a server of its own and continues in an
//! unintended boot. At a power cut all programs are therefore stopped, then ended, and the server goes last.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::boot::until;
use super::machine::Machine;
use super::tool::WINESERVER;

impl Machine {
    /// Starts the server separately, so that it holds no other process's pipes open.
    pub(crate) fn give_power(&self) {
        assert!(self.server("-p"), "the server does not start");
    }

    /// Ends all programs without letting them finish their work. Only the registry is written, by the server.
    pub(crate) fn take_power(&self) {
        let mut stopped = BTreeSet::new();
        loop {
            let running = self.running("");
            running.iter().for_each(|process| send(*process, Signal::STOP));
            let before = stopped.len();
            stopped.extend(running);
            if stopped.len() == before {
                break;
            }
        }
        let gone = until(|| {
            let left = self.running("");
            left.iter().for_each(|process| send(*process, Signal::KILL));
            left.is_empty().then_some(())
        });
        // The server complains when nothing is left to do.
        for option in ["-k", "-w"] {
            self.server(option);
        }
        gone.expect("the power cannot be taken from a program");
    }

    /// Returns the programs running here with `words` in their command line, except the server.
    pub(crate) fn running(&self, words: &str) -> Vec<i32> {
        let prefix = format!("WINEPREFIX={}\0", self.prefix().display());
        let ours = |process: &i32| {
            let read = |name: &str| fs_err::read(format!("/proc/{process}/{name}")).unwrap_or_default();
            let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            line.contains(words)
                && !line.starts_with(WINESERVER)
                && String::from_utf8_lossy(&read("environ")).contains(&prefix)
        };
        let processes = fs_err::read_dir("/proc").unwrap().flatten();
        processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).filter(ours).collect()
    }

    /// Runs the server with `option`, and returns whether it succeeded.
    fn server(&self, option: &str) -> bool {
        let mut server = Command::new(WINESERVER);
        server.arg(option).env("WINEPREFIX", self.prefix());
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut told = server.spawn().unwrap();
        until(|| told.try_wait().unwrap()).expect("the server does not do what it is told").success()
    }
}

/// Signals a process that may have ended meanwhile.
fn send(process: i32, signal: Signal) {
    let _gone = kill_process(Pid::from_raw(process).unwrap(), signal);
}
