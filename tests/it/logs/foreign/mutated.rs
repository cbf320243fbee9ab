//! Every importer with damaged logs: no panic, and a whole recording or a printable error.

use std::path::Path;
use std::time::Duration;

use poolgate::failure::help;
use poolgate::import;
use poolgate::record::{Event, Recording};

/// A sequence of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// The text with some bytes changed, removed or repeated.
fn mutated(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    const ODD: [&[u8]; 10] = [b"\n", b"\0", b"-", b"99999999999999999999", b"\xff", b" ", b",", b"\t", b"0x", b":"];
    let mut text = text.to_owned();
    for _ in 0..=dice.below(6) {
        let (at, other) = (dice.below(text.len()), dice.below(text.len()));
        let (from, to) = (at.min(other), at.max(other).min(at.min(other) + 200));
        match dice.below(4) {
            0 => drop(text.drain(from..to)),
            1 => drop(text.splice(from..from, ODD[dice.below(ODD.len())].iter().copied())),
            2 => {
                let part = text[from..to].to_owned();
                drop(text.splice(at..at, part));
            }
            _ => text[at] = dice.below(256) as u8,
        }
    }
    text
}

fn check(text: &[u8], to: &Path) {
    let every = Some(Duration::from_secs(5));
    match import::write(text, "some.log", every, to) {
        Err(error) => {
            let said = format!("{error} {}", help(&error).unwrap_or_default());
            assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
        }
        Ok(_) => {
            let recording = Recording::open(to).unwrap();
            let mut events = recording.events();
            let mut last = None;
            while let Some(event) = events.next() {
                if let Event::Sample { info, .. } = event {
                    assert!(last < Some(info.at), "{last:?} {:?}", info.at);
                    last = Some(info.at);
                }
            }
        }
    }
}

#[test]
fn damaged_logs_never_cause_a_panic() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let to = folder.path().join("imported.pgr");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut files = 0;
    for kind in ["linux_logs", "poolmon", "totals", "verifier"] {
        for entry in fs_err::read_dir(fixtures.join(kind)).unwrap() {
            let text = fs_err::read(entry.unwrap().path()).unwrap();
            (0..60).for_each(|_| check(&mutated(&text, &mut dice), &to));
            files += 1;
        }
    }
    assert!(files > 10, "{files}");
}
