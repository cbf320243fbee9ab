//! The power of a machine: on with its wineserver, and off when nobody is left who would start another one.
//!
//! A program whose server is gone dies with it, but one which is just starting starts a server of its own, and goes on in a
//! boot which nobody asked for. So at a power cut all programs are stopped, then ended, and the server goes last.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::boot::until;
use super::machine::Machine;
use super::tool::WINESERVER;

impl Machine {
    /// Starts the server: by hand, so that it holds nobody's pipes open.
    pub(crate) fn give_power(&self) {
        assert!(self.server("-p"), "the server does not start");
    }

    /// Whatever runs is gone, and what it had open is as it was. Only the registry is written, by the server.
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
        // It complains when there is nothing left to do.
        for option in ["-k", "-w"] {
            self.server(option);
        }
        gone.expect("the power cannot be taken from a program");
    }

    /// The programs which run here and whose command line contains `words`, without the server.
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

    /// Whether the server did what it was told.
    fn server(&self, option: &str) -> bool {
        let mut server = Command::new(WINESERVER);
        server.arg(option).env("WINEPREFIX", self.prefix());
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut told = server.spawn().unwrap();
        until(|| told.try_wait().unwrap()).expect("the server does not do what it is told").success()
    }
}

/// To a process which may have gone meanwhile.
fn send(process: i32, signal: Signal) {
    let _gone = kill_process(Pid::from_raw(process).unwrap(), signal);
}
