//! A process that is killed while it follows objects leaves nothing attached.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use aya::programs::loaded_programs;

use super::live::{alone, follow, pause};

/// Started by the test below, in a process of its own.
#[test]
#[ignore = "started by another test"]
fn holds_a_tracer_until_it_is_killed() {
    let Some(_tracer) = follow(&["key_jar", "kmalloc-64"]) else { return };
    println!("\nattached");
    loop {
        std::thread::park();
    }
}

/// The ids of this tracer's programs in the kernel, as bpf(2) lists them.
fn programs() -> BTreeSet<u32> {
    let ours = loaded_programs().filter_map(Result::ok).filter(|program| program.name().starts_with(b"pg_"));
    ours.map(|program| program.id()).collect()
}

#[test]
fn nothing_stays_attached_after_a_kill() {
    let _alone = alone();
    if follow(&["key_jar"]).is_none() {
        return;
    }
    let before = programs();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "--exact", "objects::killed::holds_a_tracer_until_it_is_killed"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let attached = lines.any(|line| line.unwrap() == "attached");
    let held: BTreeSet<u32> = programs().difference(&before).copied().collect();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(attached, "the process attached nothing");
    assert!(held.len() >= 6, "{} programs are attached", held.len());
    // The kernel frees programs after a grace period of RCU.
    for _ in 0..600 {
        if programs().is_disjoint(&held) {
            return;
        }
        pause();
    }
    panic!("these programs are still in the kernel: {:?}", programs());
}
