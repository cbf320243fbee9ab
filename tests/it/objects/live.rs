//! A tracer on this kernel, or the reason for none; and waiting for a kernel that frees late.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use poolgate::machine::linux::{ObjectTracer, TracerError};
use poolgate::pool::Tag;
use poolgate::pool::{CacheSurvivors, CallPath};

/// A test that leaks would change the counts of another one.
static KERNEL: Mutex<()> = Mutex::new(());

/// Until it is dropped, no other test of this module runs in this process.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    KERNEL.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Follows these caches, or prints why this machine cannot.
pub(super) fn follow(caches: &[&str]) -> Option<ObjectTracer> {
    match ObjectTracer::attach(&tags(caches)) {
        Ok(tracer) => Some(tracer),
        Err(error) => {
            let could = rustix::process::geteuid().is_root() && Path::new("/sys/kernel/btf/vmlinux").exists();
            let unavailable = matches!(error, TracerError::Unavailable(_));
            assert!(!could || (unavailable && std::env::var_os("CI").is_none()), "cannot attach: {error}");
            eprintln!("skipped, because {error}");
            None
        }
    }
}

/// Whether the program can be started. Otherwise it prints that the test is skipped, and fails in CI.
pub(super) fn have(program: &str, package: &str) -> bool {
    let Err(error) = Command::new(program).arg("--version").output() else { return true };
    assert!(std::env::var_os("CI").is_none(), "CI must have {program}: {error}");
    eprintln!("skipped, because {program} (package {package}) does not start: {error}");
    false
}

/// Runs the lines with sh, and returns the standard output.
pub(super) fn shell(lines: &str) -> String {
    let output = Command::new("sh").args(["-euc", lines]).output().unwrap();
    assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Reads the survivors of the first cache until they are as expected. The kernel frees by RCU and by workers, so the
/// first readings may have more.
#[track_caller]
pub(super) fn wait_for(tracer: &mut ObjectTracer, expected: impl Fn(&CacheSurvivors) -> bool) -> CacheSurvivors {
    for _ in 0..600 {
        let cache = tracer.survivors().unwrap().caches.swap_remove(0);
        if expected(&cache) {
            return cache;
        }
        pause();
    }
    panic!("the survivors stay different from those expected: {:#?}", tracer.survivors().unwrap());
}

#[allow(clippy::disallowed_methods, reason = "the kernel works meanwhile, on no clock of tokio")]
pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

/// The paths through the kernel function `function`.
pub(super) fn through<'a>(cache: &'a CacheSurvivors, function: &str) -> Vec<&'a CallPath> {
    let is_named = |path: &&CallPath| path.frames.iter().any(|frame| frame.function.as_deref() == Some(function));
    cache.paths.iter().filter(is_named).collect()
}

/// The objects that are alive on the paths through `function`.
pub(super) fn alive(cache: &CacheSurvivors, function: &str) -> u64 {
    through(cache, function).iter().map(|path| path.alive).sum()
}
