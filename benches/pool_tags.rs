//! The cost of one sample of Windows' pool tags: read 4,000 of them through an injected call, parse, difference,
//! append.
//!
//! The call only copies a prepared table, so the kernel's time for creating it is not included; all work of poolgate
//! is. [`main`] first prints the median, the main figure; divan's table with the allocations of each follows. It runs
//! on every platform, as the layouts do.
#![allow(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

use std::time::{Duration, Instant};

use divan::{AllocProfiler, Bencher};
use poolgate::machine::PoolSource;
use poolgate::machine::windows::pool::{Bits, Class, NtStatus, PoolTable, PoolTotals, ProcessKind, System};
use poolgate::record::{Header, Recorder, SampleInfo};
use tempfile::TempDir;

use bytes::{Row, give, sessions, table};

#[path = "../tests/it/pool_tags/bytes.rs"]
mod bytes;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const TAGS: u64 = 4_000;
/// One in this number of tags changes from one sample to the next.
const CHANGING: [u64; 2] = [20, 1];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--list") {
        let test = arguments.iter().any(|argument| argument == "--test");
        for changing in CHANGING {
            // Two samples only show that the benchmark still works.
            let median = median_of(if test { 2 } else { 5_000 }, changing);
            if !test {
                println!(
                    "{TAGS} tags, one in {changing} changing: {median:.1?} a sample (median); at most 100 µs is wanted"
                );
            }
        }
    }
    divan::main();
}

fn median_of(samples: usize, changing: u64) -> Duration {
    let mut sampler = Sampler::of(changing);
    let mut taken: Vec<Duration> = (0..samples)
        .map(|_| {
            let begin = Instant::now();
            sampler.sample();
            begin.elapsed()
        })
        .collect();
    taken.sort_unstable();
    taken[samples / 2]
}

#[divan::bench(args = CHANGING, sample_count = 2_000, sample_size = 1)]
fn sample(bencher: Bencher<'_, '_>, changing: u64) {
    let mut sampler = Sampler::of(changing);
    bencher.bench_local(|| sampler.sample());
}

#[divan::bench(args = CHANGING, sample_count = 2_000, sample_size = 1)]
fn read_and_parse(bencher: Bencher<'_, '_>, changing: u64) {
    let mut source = PoolTable::new(Kernel::of(changing));
    source.sample().unwrap();
    bencher.bench_local(|| source.sample().map(|snapshot| snapshot.keys().len()).unwrap());
}

#[divan::bench(args = CHANGING, sample_count = 2_000, sample_size = 1)]
fn bare_copy(bencher: Bencher<'_, '_>, changing: u64) {
    let mut kernel = Kernel::of(changing);
    let mut buffer = vec![0; 1 << 20];
    bencher.bench_local(|| kernel.query(Class::PoolTag, &mut buffer));
}

/// A kernel with two tables, returned in turn.
struct Kernel {
    tables: [Vec<u8>; 2],
    sessions: Vec<u8>,
    turn: usize,
}

impl Kernel {
    fn of(changing: u64) -> Kernel {
        let tables = [0, 1].map(|time| table(Class::PoolTag, Bits::Bits64, &rows(changing, time)));
        let session = &rows(changing, 0)[..20];
        Kernel { tables, sessions: sessions(Bits::Bits64, &[(0, session), (1, session)]), turn: 0 }
    }
}

/// A table like that of a real machine: one tag in nine is in both pools.
fn rows(changing: u64, time: u64) -> Vec<Row> {
    let row = |tag: u64| {
        let allocs = 1_000 * tag + if tag.is_multiple_of(changing) { time } else { 0 };
        let used = [allocs, 999 * tag, allocs * 96];
        let paged = if tag.is_multiple_of(3) { used } else { [0; 3] };
        let nonpaged = if tag.is_multiple_of(9) || !tag.is_multiple_of(3) { used } else { [0; 3] };
        Row { tag: (tag as u32 + 0x2020_2020).to_be_bytes(), paged, nonpaged }
    };
    (1..=TAGS).map(row).collect()
}

impl System for Kernel {
    fn query(&mut self, class: Class, buffer: &mut [u8]) -> (NtStatus, usize) {
        match class {
            Class::PoolTag2 | Class::Verifier | Class::Modules => (NtStatus::INVALID_INFO_CLASS, 0),
            Class::PoolTag => {
                self.turn += 1;
                give(&self.tables[self.turn % 2], buffer)
            }
            Class::SessionPoolTag => give(&self.sessions, buffer),
        }
    }

    fn totals(&mut self) -> Option<PoolTotals> {
        Some(PoolTotals { paged: 100_000 + self.turn as u64, nonpaged: 50_000, page: 4096 })
    }

    fn enable_privileges(&mut self) {}

    fn process(&self) -> ProcessKind {
        ProcessKind::Native(Bits::Bits64)
    }
}

/// The work of `poolgate run` at each tick.
struct Sampler {
    source: PoolTable<Kernel>,
    recorder: Recorder,
    at: Duration,
    _folder: TempDir,
}

impl Sampler {
    /// Creates a sampler and takes the first samples. They create the rows.
    fn of(changing: u64) -> Sampler {
        let folder = tempfile::tempdir().unwrap();
        let header = Header::new("benchmark", "benchmark", "windows pool tags");
        let recorder = Recorder::create(&folder.path().join("recording.pgr"), &header).unwrap();
        let source = PoolTable::new(Kernel::of(changing));
        let mut sampler = Sampler { source, recorder, at: Duration::ZERO, _folder: folder };
        for _ in 0..3 {
            sampler.sample();
        }
        sampler
    }

    fn sample(&mut self) {
        self.at += Duration::from_secs(1);
        let info = SampleInfo { at: self.at, settled: false, missed: 0 };
        self.recorder.sample(info, self.source.sample().unwrap()).unwrap();
    }
}
