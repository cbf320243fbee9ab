//! I/O faults: the n-th system call of every kind fails, once or from then on, in every life of a run.
//!
//! The real program runs on the Linux machine below a scratch root, with systemd's unit, GRUB's files and a fake
//! `update-grub`. strace makes one system call fail (`inject=fsync:error=EIO:when=3`, `when=3+`). A clean run of each
//! life lists the calls to fail. After the fault the run is resumed without faults until it is over, and then
//! everything must be as it was before ([`Machine::left_behind`]). The conditions after every single process are in
//! [`life::broken`].
//!
//! `cargo test --test it faults::` takes a sample, of `POOLGATE_FAULTS` faults if that is set. `POOLGATE_NIGHTLY=1` takes
//! every call (.ci/nightly). `POOLGATE_FAULT` takes the faults with its value in their name and prints the output of
//! each process.
//!
//! strace counts calls per process and follows poolgate only, so its children never see a fault.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod life;
mod machine;
mod story;
mod strace;
mod sweep;

use std::process::Command;
use std::sync::Arc;

use machine::{Boot, Programs};
use story::STORIES;
use strace::Fault;
use sweep::{Site, sites, sweep};

/// Number of faults that CI tries; `POOLGATE_FAULTS` sets another number.
const SAMPLE: usize = 90;

/// Faults that once left something behind; every sample has them.
const FOUND: [&str; 1] = ["report/unlink EIO at 1, sticky"];

#[test]
fn a_run_survives_a_failing_system_call() {
    let Some(programs) = programs() else { return };
    let all = sites(&programs);
    let chosen = chosen(&all);
    eprintln!("{} faults of {}", chosen.len(), all.len());
    let report = sweep(&programs, &chosen);
    assert!(report.failures.is_empty(), "{report}");
}

/// The clean run of every story must itself be without fault, or the sweep would prove nothing.
#[test]
fn a_run_without_faults_leaves_nothing() {
    let Some(programs) = programs() else { return };
    let stories: Vec<Site> = STORIES.iter().map(|story| Site { story, fault: None }).collect();
    let report = sweep(&programs, &stories);
    assert!(report.failures.is_empty(), "{report}");
}

/// `update-grub` fails at its n-th call, once or from then on, with `grub.cfg` untouched or half written.
#[test]
fn a_run_survives_a_failing_update_grub() {
    let Some(programs) = programs() else { return };
    let mut runs = Vec::new();
    for boot in [Boot::DropIn, Boot::Default] {
        for how in ["fail", "fail-half-written"] {
            runs.extend((1..=3).flat_map(|at| [(boot, how, at, at), (boot, how, at, u32::MAX)]));
        }
    }
    let report =
        sweep::all(&runs, |&(boot, how, at, until)| story::with_failing_update_grub(&programs, boot, how, at, until));
    assert!(report.failures.is_empty(), "{report}");
}

/// The programs of every machine; `None`, with a message on stderr, if no fault can be injected.
fn programs() -> Option<Arc<Programs>> {
    let Some(because) = missing() else { return Some(Programs::shared()) };
    assert!(std::env::var_os("CI").is_none(), "CI must be able to inject faults: {because}");
    eprintln!("skipped, because {because}");
    None
}

/// Every site for the nightly sweep; otherwise an even sample that includes every story and kind of call.
fn chosen(all: &[Site]) -> Vec<Site> {
    if let Some(name) = std::env::var_os("POOLGATE_FAULT") {
        let name = name.to_string_lossy().into_owned();
        return all.iter().filter(|site| site.to_string().contains(&name)).cloned().collect();
    }
    if std::env::var_os("POOLGATE_NIGHTLY").is_some() {
        return all.to_vec();
    }
    let wanted = std::env::var("POOLGATE_FAULTS").map_or(SAMPLE, |number| number.parse().unwrap());
    let step = all.len().div_ceil(wanted).max(1);
    let sampled = |(at, site): (usize, &Site)| at % step == 0 || FOUND.contains(&site.to_string().as_str());
    all.iter().enumerate().filter(|(at, site)| sampled((*at, site))).map(|(_, site)| site.clone()).collect()
}

/// Why no fault can be injected here.
fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root has a folder that a run trusts".to_owned());
    }
    let fault = Fault { call: "fsync".to_owned(), error: "EIO", at: 1, sticky: false };
    let mut command = Command::new("strace");
    command.args(["-o", "/dev/null"]).args(fault.arguments()).arg("true");
    match command.output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("strace cannot trace: {}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Some(format!("there is no strace: {error}")),
    }
}
