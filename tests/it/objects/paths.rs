//! Two leaks in one cache: message queues and shared memory segments of System V IPC. They outlive the program that makes
//! them, and no other test uses them. And objects that their owner frees by kfree_rcu.

use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};

use super::live::{alive, alone, follow, have, shell, through, wait_for};

/// Queues or segments, removed at the end.
struct Ipc {
    /// The option of ipcrm.
    remove: &'static str,
    ids: Vec<String>,
}

impl Ipc {
    fn made(count: usize, make: &str, remove: &'static str) -> Ipc {
        let printed = shell(&format!("for i in $(seq {count}); do ipcmk {make}; done"));
        let ids = printed.lines().filter_map(|line| line.rsplit_once(": ")).map(|(_, id)| id.to_owned());
        Ipc { remove, ids: ids.collect() }
    }
}

impl Drop for Ipc {
    fn drop(&mut self) {
        for id in &self.ids {
            let _ = std::process::Command::new("ipcrm").args([self.remove, id]).output();
        }
    }
}

#[test]
fn two_leaks_in_one_cache_are_two_paths() {
    let _alone = alone();
    if !have("ipcmk", "util-linux") {
        return;
    }
    // Both structures have 192 to 256 bytes in the kernels from 6.1 to 6.18.
    let Some(mut tracer) = follow(&["kmalloc-cg-256"]) else { return };
    let queues = Ipc::made(40, "-Q", "-q");
    let segments = Ipc::made(25, "-M 4096", "-m");
    assert_eq!((queues.ids.len(), segments.ids.len()), (40, 25));
    let both = |cache: &_| (alive(cache, "newque"), alive(cache, "newseg"));
    wait_for(&mut tracer, |cache| both(cache) == (40, 25));
    drop(queues);
    wait_for(&mut tracer, |cache| both(cache) == (0, 25));
    drop(segments);
    wait_for(&mut tracer, |cache| both(cache) == (0, 0));
}

#[test]
fn objects_given_to_kfree_rcu_are_no_survivors() {
    let _alone = alone();
    let Some(mut tracer) = follow(&["kmalloc-256"]) else { return };
    if tracer.survivors().unwrap().unwatched.contains(&"kvfree_call_rcu".to_owned()) {
        eprintln!("skipped, because this kernel does not let a program watch kvfree_call_rcu");
        return;
    }
    let timers: Vec<_> =
        (0..50).map(|_| timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::empty()).unwrap()).collect();
    let function = "__do_sys_timerfd_create";
    let cache = wait_for(&mut tracer, |cache| alive(cache, function) == 50);
    assert_eq!(through(&cache, function).len(), 1, "{cache:#?}");
    drop(timers);
    wait_for(&mut tracer, |cache| alive(cache, function) == 0);
}
