//! The cost of reading a log: many snapshots of PoolMon (`-n`) with thousands of tags.
//!
//! For comparison, an awk script that only subtracts each tag's first bytes from its last reads the same file in the
//! same run: `cargo bench --bench import`.
#![allow(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use divan::Bencher;
use divan::counter::BytesCount;
use poolgate::import;

const TAGS: u64 = 4_000;
const SNAPSHOTS: u64 = 500;

fn main() {
    divan::main();
}

/// A log. From snapshot to snapshot one tag in `of` changes: all tags, or one third as on a busy machine.
struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
    bytes: u64,
}

static ALL_CHANGE: LazyLock<Log> = LazyLock::new(|| Log::new(1));
static A_THIRD_CHANGES: LazyLock<Log> = LazyLock::new(|| Log::new(3));

impl Log {
    fn new(of: u64) -> Log {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poolsnap.log");
        let mut file = std::io::BufWriter::new(fs_err::File::create(&path).unwrap());
        let mut bytes = 0;
        for at in 0..SNAPSHOTS {
            let text = snapshot(at, of);
            bytes += text.len() as u64;
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        }
        std::io::Write::flush(&mut file).unwrap();
        Log { _folder: folder, path, bytes }
    }
}

/// A snapshot with the sum of its rows in its header.
fn snapshot(at: u64, of: u64) -> String {
    let (mut rows, mut pools) = (String::new(), [0, 0]);
    for tag in 0..TAGS {
        let slot = if tag % of == 0 { at } else { 0 };
        let frees = tag * 977 + slot * (1 + tag % 16);
        let diff = 40 + tag % 300 + (slot ^ tag) % 5;
        let (pool, size) = if tag % 2 == 0 { ("Nonp", 32) } else { ("Paged", 144) };
        let letters = [tag / 26 / 26 % 26, tag / 26 % 26, tag % 26].map(|letter| char::from(b'a' + letter as u8));
        let name: String = letters.into_iter().collect();
        pools[tag as usize % 2] += diff * size;
        let _ = writeln!(
            rows,
            " T{name} {pool:<5} {:>10} {frees:>9} {diff:>9} {:>8} {size:>10}",
            frees + diff,
            diff * size
        );
    }
    let [nonpaged, paged] = pools.map(|bytes| bytes / 1024);
    format!(
        " Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:{paged}K\n \
         Commit:4100436K Limit:17517136K Peak:11685564K            Pool N:{nonpaged}K P:{paged}K\n\n \
         Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n{rows}"
    )
}

fn read(bencher: Bencher<'_, '_>, log: &'static Log) {
    bencher.counter(BytesCount::new(log.bytes)).bench_local(|| {
        let folder = tempfile::tempdir().unwrap();
        let input = fs_err::File::open(&log.path).unwrap();
        let every = Some(Duration::from_secs(60));
        let written = import::write(input, "poolsnap.log", every, &folder.path().join("imported.pgr")).unwrap();
        assert_eq!((written.tables, written.notes.len()), (Some(SNAPSHOTS), 0));
    });
}

#[divan::bench(sample_count = 10)]
fn all_tags_change(bencher: Bencher<'_, '_>) {
    read(bencher, &ALL_CHANGE);
}

#[divan::bench(sample_count = 10)]
fn a_third_of_the_tags_changes(bencher: Bencher<'_, '_>) {
    read(bencher, &A_THIRD_CHANGES);
}

/// The usual script without poolgate.
#[divan::bench(sample_count = 3)]
fn awk_subtracts_first_from_last(bencher: Bencher<'_, '_>) {
    const LAST_MINUS_FIRST: &str = r#"$2 == "Nonp" || $2 == "Paged" {
        key = $1 " " $2; if (!(key in first)) first[key] = $6; last[key] = $6
    } END { for (key in last) print key, last[key] - first[key] }"#;
    let log = &*ALL_CHANGE;
    bencher.counter(BytesCount::new(log.bytes)).bench_local(|| {
        let awk = Command::new("awk").arg(LAST_MINUS_FIRST).arg(&log.path).stdout(Stdio::null()).status();
        assert!(awk.unwrap().success());
    });
}
