//! The memory needed to read a log: the same for a large log as for a small one.

use std::io::{self, Read};
use std::time::Duration;

use poolgate::import;

/// A text repeated many times, never in memory as a whole.
struct Over {
    text: Vec<u8>,
    given: usize,
    left: u64,
}

impl Read for Over {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            (self.given, self.left) = (0, self.left.saturating_sub(1));
        }
        if self.left == 0 {
            return Ok(0);
        }
        let read = (&self.text[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

/// The number of tables, and the peak of bytes in use, while `copies` copies of a text are read.
fn peak(text: &str, copies: u64) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("imported.pgr");
    let input = Over { text: text.into(), given: 0, left: copies };
    let mut tables = 0;
    let used = allocation_counter::measure(|| {
        let written = import::write(input, "some.log", Some(Duration::from_secs(60)), &to).unwrap();
        tables = written.tables.unwrap();
    });
    (tables, used.bytes_max)
}

#[test]
fn a_log_ten_times_as_large_needs_no_more_memory() {
    let rows = |form: &dyn Fn(u64) -> String| (1000..1500).map(form).collect::<String>();
    let snapshot = rows(&|tag| format!(" {tag} Nonp {:>9} 7 {tag} {:>9} 64\n", tag + 7, tag * 64));
    let live = rows(&|tag| format!(" {tag} Nonp {:>9} ( 1) 7 ( 1) {tag} {:>9} (64) 64\n", tag + 7, tag * 64));
    let used = rows(&|tag| format!(" {tag} {tag} {:>9} 0 0\tsome driver\n", tag * 64));
    let slab = rows(&|tag| format!("cache{tag} {tag} {:>9} 64 64 1 : tunables 0 0 0 : slabdata 1 1 0\n", tag * 2));
    let header = " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n";
    let bad = "this is no row\n".repeat(50);
    for (what, text) in [
        ("snapshots", format!("{header}{snapshot}")),
        ("screens", format!("{header}{live}{bad}")),
        ("slabinfo", format!("slabinfo - version: 2.1\n{slab}{bad}")),
        ("!poolused", format!("  Pool Used:\n Tag    Allocs     Used    Allocs     Used\n{used}")),
    ] {
        let ((few, small), (many, large)) = (peak(&text, 20), peak(&text, 200));
        assert_eq!((few, many), (20, 200), "{what}");
        assert!(large < small + 10_000, "{what}: {small} bytes for 20 tables and {large} for 200");
        assert!(large < 4_000_000, "{what}: {large} bytes");
    }
}
