//! The cost of one sample (read, parse, difference, append) beside a bare read of the same `/proc/slabinfo`.
//!
//! A busy machine moves both by more than their difference. So [`main`] first measures them in turn and prints the
//! ratio, the main figure; divan's table with the allocations of each follows. The `fixture` rows read a file in memory
//! at almost no cost, and so show the cost of the parser and the recorder.
#![allow(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use divan::{AllocProfiler, Bencher};
use poolgate::machine::PoolSource;
use poolgate::machine::linux::MemoryTables;
use poolgate::record::{Header, Recorder, SampleInfo};
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Caches of a kernel with few modules.
const USUAL: usize = 250;

pub(crate) fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--list") {
        let test = arguments.iter().any(|argument| argument == "--test");
        if let Err(because) = live_root() {
            println!("/proc/slabinfo skipped, because {because}; {USUAL} caches in a file instead, which reads faster");
        }
        // Two pairs only show that the benchmark still works.
        let ratio = ratio(if test { 2 } else { 2_000 });
        if !test {
            println!("{ratio}");
        }
    }
    divan::main();
}

/// The cost of a sample in bare reads, both measured in turn, as a line of text.
fn ratio(pairs: usize) -> String {
    let place = Place::live_or_fixture();
    let (mut bare, mut sampler) = (BareRead::of(&place.slabinfo()), Sampler::of(&place.root));
    let (mut reads, mut samples, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..pairs {
        // The second of a pair finds the kernel's lists in the processor's caches, so the order alternates.
        let (read, sample) = if pair % 2 == 0 {
            let read = duration_of(|| bare.rewound());
            (read, duration_of(|| sampler.sample()))
        } else {
            let sample = duration_of(|| sampler.sample());
            (duration_of(|| bare.rewound()), sample)
        };
        ratios.push(sample.as_secs_f64() / read.as_secs_f64());
        reads.push(read);
        samples.push(sample);
    }
    format!(
        "live sample {:.2} × bare read (median of {pairs} interleaved pairs; {:.1?} and {:.1?}); at most 1.5 is wanted",
        median(ratios),
        median(samples),
        median(reads),
    )
}

fn duration_of<T>(mut act: impl FnMut() -> T) -> Duration {
    let begin = Instant::now();
    black_box(act());
    begin.elapsed()
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[values.len() / 2]
}

mod live {
    use super::{BareRead, Bencher, Place, Sampler};

    #[divan::bench(sample_count = 1_000, sample_size = 1)]
    fn bare_read_rewound(bencher: Bencher<'_, '_>) {
        let place = Place::live_or_fixture();
        let mut bare = BareRead::of(&place.slabinfo());
        bencher.bench_local(|| bare.rewound());
    }

    #[divan::bench(sample_count = 1_000, sample_size = 1)]
    fn bare_read_opened_anew(bencher: Bencher<'_, '_>) {
        let place = Place::live_or_fixture();
        let path = place.slabinfo();
        bencher.bench_local(|| fs_err::read(&path).unwrap());
    }

    #[divan::bench(sample_count = 1_000, sample_size = 1)]
    fn sample(bencher: Bencher<'_, '_>) {
        let place = Place::live_or_fixture();
        let mut sampler = Sampler::of(&place.root);
        bencher.bench_local(|| sampler.sample());
    }
}

mod fixture {
    use super::{BareRead, Bencher, File, FileExt, MemoryTables, Place, PoolSource, Sampler, USUAL, text};

    const CACHES: [usize; 2] = [USUAL, 4_000];

    #[divan::bench(args = CACHES, sample_count = 300, sample_size = 1)]
    fn bare_read_rewound(bencher: Bencher<'_, '_>, caches: usize) {
        let place = Place::fixture(caches);
        let mut bare = BareRead::of(&place.slabinfo());
        bencher.bench_local(|| bare.rewound());
    }

    #[divan::bench(args = CACHES, sample_count = 300, sample_size = 1)]
    fn read_and_parse(bencher: Bencher<'_, '_>, caches: usize) {
        let place = Place::fixture(caches);
        let mut source = MemoryTables::new(&place.root);
        source.sample().unwrap();
        bencher.bench_local(|| source.sample().map(|snapshot| snapshot.keys().len()).unwrap());
    }

    /// One cache in twenty changes between two samples.
    #[divan::bench(args = CACHES, sample_count = 300, sample_size = 1)]
    fn sample(bencher: Bencher<'_, '_>, caches: usize) {
        let place = Place::fixture(caches);
        let mut sampler = Sampler::of(&place.root);
        let file = File::options().write(true).open(place.slabinfo()).unwrap();
        let mut texts = [text(caches, 1), text(caches, 0)].into_iter().cycle();
        bencher
            .with_inputs(|| file.write_all_at(texts.next().unwrap().as_bytes(), 0).unwrap())
            .bench_local_values(|()| sampler.sample());
    }
}

/// A root with a readable `/proc/slabinfo`.
struct Place {
    root: PathBuf,
    _folder: Option<TempDir>,
}

impl Place {
    fn live_or_fixture() -> Place {
        match live_root() {
            Ok(root) => Place { root, _folder: None },
            Err(_) => Place::fixture(USUAL),
        }
    }

    fn fixture(caches: usize) -> Place {
        let folder = folder_in_memory();
        let place = Place { root: folder.path().to_owned(), _folder: Some(folder) };
        fs_err::create_dir(place.root.join("proc")).unwrap();
        File::create(place.slabinfo()).unwrap().write_all_at(text(caches, 0).as_bytes(), 0).unwrap();
        place
    }

    fn slabinfo(&self) -> PathBuf {
        self.root.join("proc/slabinfo")
    }
}

/// This machine's root, or why its slabinfo cannot be read.
fn live_root() -> Result<PathBuf, std::io::Error> {
    fs_err::read("/proc/slabinfo").map(|_| PathBuf::from("/"))
}

fn folder_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A slabinfo text of the same length for each `time`; one cache in twenty has other figures at another time.
fn text(caches: usize, time: usize) -> String {
    let lines = (0..caches).map(|cache| {
        let active = 1_000 + cache + if cache % 20 == 0 { time } else { 0 };
        let size = 8 * (cache % 128 + 1);
        format!(
            "driver_cache_{cache:<9} {active:>6} {:>6} {size:>6}   16    1 : tunables    0    0    0 : slabdata {:>6} {:>6}      0\n",
            active + 7,
            active / 16,
            active / 16 + 1,
        )
    });
    let head =
        "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n";
    std::iter::once(head.to_owned()).chain(lines).collect()
}

/// The least work of any reader of slabinfo.
struct BareRead {
    file: File,
    text: Vec<u8>,
}

impl BareRead {
    fn of(slabinfo: &Path) -> BareRead {
        let mut bare = BareRead { file: File::open(slabinfo).unwrap(), text: Vec::new() };
        bare.rewound();
        bare
    }

    fn rewound(&mut self) -> usize {
        self.file.rewind().unwrap();
        self.text.clear();
        self.file.read_to_end(&mut self.text).unwrap()
    }
}

/// The work of `poolgate run` at each tick.
struct Sampler {
    source: MemoryTables,
    recorder: Recorder,
    at: Duration,
    _folder: TempDir,
}

impl Sampler {
    /// Creates a sampler and takes the first samples. They create the rows.
    fn of(root: &Path) -> Sampler {
        let folder = tempfile::tempdir().unwrap();
        let header = Header::new("benchmark", "benchmark", "linux slabinfo");
        let recorder = Recorder::create(&folder.path().join("recording.pgr"), &header).unwrap();
        let mut sampler = Sampler { source: MemoryTables::new(root), recorder, at: Duration::ZERO, _folder: folder };
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
