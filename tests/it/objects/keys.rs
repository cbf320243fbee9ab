//! Keys: one object of `key_jar` each, allocated by key_alloc, freed later by a worker.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use super::live::{alive, alone, follow, have, shell, through, wait_for};

/// A keyring of root, removed at the end. While it exists, no other test of this module runs.
struct Keyring {
    id: String,
    _alone: MutexGuard<'static, ()>,
}

impl Keyring {
    /// Returns none if there is no keyctl.
    fn new(name: &str) -> Option<Keyring> {
        let alone = alone();
        have("keyctl", "keyutils").then(|| {
            let id = shell(&format!("keyctl newring poolgate-objects-{name}-{} @u", std::process::id()));
            Keyring { id: id.trim().to_owned(), _alone: alone }
        })
    }

    /// Adds keys with the given numbers.
    fn add(&self, from: u32, to: u32) {
        shell(&format!("for i in $(seq {from} {to}); do keyctl add user key-$i secret {} >/dev/null; done", self.id));
    }

    fn clear(&self) {
        shell(&format!("keyctl clear {}", self.id));
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let _ = std::process::Command::new("keyctl").args(["unlink", &self.id, "@u"]).output();
    }
}

#[test]
fn leaked_keys_survive_under_key_alloc_in_their_iterations() {
    let Some(keyring) = Keyring::new("leaked") else { return };
    let Some(mut tracer) = follow(&["key_jar"]) else { return };
    tracer.begin(7).unwrap();
    keyring.add(1, 60);
    tracer.begin(8).unwrap();
    keyring.add(61, 100);
    tracer.begin(9).unwrap();
    let cache = wait_for(&mut tracer, |cache| alive(cache, "key_alloc") == 100);
    let paths = through(&cache, "key_alloc");
    let mut born = BTreeMap::new();
    for birth in paths.iter().flat_map(|path| &path.born) {
        *born.entry(birth.iteration).or_insert(0) += birth.alive;
    }
    assert_eq!(born, BTreeMap::from([(7, 60), (8, 40)]), "{cache:#?}");
    assert!(paths.iter().all(|path| path.task == "keyctl"), "{cache:#?}");
    assert_eq!(cache.lost, Default::default());
}

#[test]
fn removed_keys_are_no_survivors() {
    let Some(keyring) = Keyring::new("removed") else { return };
    let Some(mut tracer) = follow(&["key_jar"]) else { return };
    keyring.add(1, 30);
    wait_for(&mut tracer, |cache| alive(cache, "key_alloc") == 30);
    keyring.clear();
    let cache = wait_for(&mut tracer, |cache| alive(cache, "key_alloc") == 0);
    assert!(cache.allocated >= 30, "{cache:#?}");
}

#[test]
fn two_tracers_at_once_do_not_disturb_each_other() {
    let Some(keyring) = Keyring::new("two") else { return };
    let Some(mut first) = follow(&["key_jar"]) else { return };
    let Some(mut second) = follow(&["kmalloc-64", "key_jar"]) else { return };
    first.begin(1).unwrap();
    second.begin(2).unwrap();
    keyring.add(1, 10);
    let cache = wait_for(&mut first, |cache| alive(cache, "key_alloc") == 10);
    assert!(
        through(&cache, "key_alloc").iter().all(|path| path.born.iter().all(|born| born.iteration == 1)),
        "{cache:#?}"
    );
    drop(first);
    keyring.add(11, 15);
    let caches = second.survivors().unwrap().caches;
    assert_eq!(alive(&caches[1], "key_alloc"), 15, "{caches:#?}");
    assert!(through(&caches[1], "key_alloc").iter().all(|path| path.born.iter().all(|born| born.iteration == 2)));
}

#[test]
fn survivors_keep_their_form_in_json() {
    let Some(keyring) = Keyring::new("json") else { return };
    let Some(mut tracer) = follow(&["key_jar"]) else { return };
    keyring.add(1, 3);
    let survivors = tracer.survivors().unwrap();
    let text = serde_json::to_string(&survivors).unwrap();
    let read: poolgate::pool::Survivors = serde_json::from_str(&text).unwrap();
    assert_eq!(read, survivors);
}
