//! Loads the BPF programs, attaches them, and reads their maps.

use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use aya::maps::{Array, HashMap as BpfHash, Map, MapError};
use aya::programs::{FEntry, Program, ProgramError, RawTracePoint};
use aya::{Btf, Ebpf, EbpfLoader, Pod, include_bytes_aligned};

use super::caches::{FollowedCache, find_caches};
use super::decode::MapContents;
use super::layout::{CACHES, CacheCounts, NAME_WORDS, NameWords, Present, name_words};
use super::symbols::KernelSymbols;
use super::{TracerError, Unavailable, available};
use crate::pool::{Survivors, Tag};

/// `bpf/build.sh` compiles it.
static OBJECT: &[u8] = include_bytes_aligned!("bpf/objects.bpf.o");
/// The name of the maps and global variables in error messages.
const OBJECT_NAME: &str = "objects.bpf.o";

/// Functions that free objects and have no event: program and function. A kernel may lack one, or be unable to attach.
const QUIET_FREES: [(&str, &str); 2] = [("pg_free_bulk", "kmem_cache_free_bulk"), ("pg_free_rcu", "kvfree_call_rcu")];
/// Events: programs and event. Frees come first: an object allocated in between would count as alive for ever. Of two
/// programs for an event, one runs while the other is interrupted.
const EVENTS: [(&[&str], &str); 4] = [
    (&["pg_kfree", "pg_kfree_2"], "kfree"),
    (&["pg_free", "pg_free_2"], "kmem_cache_free"),
    (&["pg_alloc"], "kmem_cache_alloc"),
    (&["pg_kmalloc"], "kmalloc"),
];

/// Follows the objects of slab caches from [`ObjectTracer::attach`] until it is dropped, or its process ends: the kernel
/// then detaches the programs and frees their maps.
#[derive(Debug)]
pub struct ObjectTracer {
    bpf: Ebpf,
    caches: Vec<FollowedCache>,
    unwatched: Vec<String>,
    symbols: Option<KernelSymbols>,
    /// Number of iterations that began.
    iterations: u64,
    last_iteration: u32,
}

impl ObjectTracer {
    /// Returns an error if objects of this kernel cannot be followed, with the reason. It attaches nothing.
    ///
    /// # Errors
    /// The first missing requirement.
    pub fn available() -> Result<(), Unavailable> {
        available::available()
    }

    /// Follows 1 to 8 caches from now on. Objects that are already alive are not followed. Several names of one cache
    /// are followed as one.
    ///
    /// # Errors
    /// If this machine cannot follow objects, a cache does not exist, or the kernel refuses a program.
    pub fn attach(caches: &[Tag]) -> Result<ObjectTracer, TracerError> {
        ObjectTracer::available()?;
        let caches = find_caches(Path::new("/"), caches)?;
        let refused = |problem: String| TracerError::Refused { program: OBJECT_NAME, problem };
        let btf = Btf::from_sys_fs().map_err(|error| refused(error.to_string()))?;
        let globals = Globals::of(&caches);
        let mut loader = EbpfLoader::new();
        loader
            .btf(Some(&btf))
            .override_global("names", &globals.names, true)
            .override_global("class_bytes", &globals.bytes, true)
            .override_global("class_kinds", &globals.kinds, true)
            .override_global("cache_of_caches", &globals.cache_of_caches, true);
        let bpf = loader.load(OBJECT).map_err(|error| refused(chain(&error)))?;
        let mut tracer =
            ObjectTracer { bpf, caches, unwatched: Vec::new(), symbols: None, iterations: 0, last_iteration: 0 };
        tracer.attach_programs(&btf)?;
        tracer.begin(0)?;
        Ok(tracer)
    }

    /// Objects allocated from now on belong to this iteration, from 1. Before the first call, and with 0, they belong to
    /// none. On another processor an allocation may be counted for the iteration before.
    ///
    /// # Errors
    /// If the kernel refuses to change a map, which it has no reason to.
    pub fn begin(&mut self, iteration: u32) -> Result<(), TracerError> {
        self.iterations += u64::from(iteration > self.last_iteration);
        self.last_iteration = self.last_iteration.max(iteration);
        let map = self.bpf.map_mut("present").ok_or_else(|| no_map("present"))?;
        let present: Present = [1, iteration];
        let set = Array::<_, Present>::try_from(map).and_then(|mut array| array.set(0, present, 0));
        set.map_err(|error| map_problem("present", &error))
    }

    /// Returns the objects that are alive now, and goes on to follow. An object counts as alive until RCU or a worker
    /// has freed it: wait before the last call.
    ///
    /// Names of functions are those of now: call it before a module under test is unloaded.
    ///
    /// # Errors
    /// If a map cannot be read. A partial reading is never returned.
    pub fn survivors(&mut self) -> Result<Survivors, TracerError> {
        let contents =
            MapContents { paths: self.entries("paths")?, births: self.entries("births")?, counts: self.counts()? };
        let missed = self.missed();
        let known = self.symbols.take();
        let symbols = self.symbols.insert(KernelSymbols::read(Path::new("/"), known));
        Ok(Survivors {
            iterations: self.iterations,
            caches: contents.survivors(&self.caches, symbols),
            symbols: symbols.names(),
            missed,
            unwatched: self.unwatched.clone(),
        })
    }

    fn attach_programs(&mut self, btf: &Btf) -> Result<(), TracerError> {
        for (program, function) in QUIET_FREES {
            if attach_to_function(&mut self.bpf, program, function, btf).is_err() {
                self.unwatched.push(function.to_owned());
            }
        }
        let kmalloc = self.caches.iter().any(|cache| cache.class.is_some());
        for (programs, event) in EVENTS.into_iter().filter(|(_, event)| kmalloc || *event != "kmalloc") {
            for program in programs {
                attach_to_event(&mut self.bpf, program, event)
                    .map_err(|error| TracerError::Refused { program, problem: brief(&error) })?;
            }
        }
        Ok(())
    }

    /// All entries of a hash. Entries are never removed from these maps, so each is met once.
    fn entries<K: Pod, V: Pod>(&self, name: &'static str) -> Result<Vec<(K, V)>, TracerError> {
        let hash = BpfHash::<_, K, V>::try_from(self.map(name)?).map_err(|error| map_problem(name, &error))?;
        hash.iter().collect::<Result<_, _>>().map_err(|error| map_problem(name, &error))
    }

    fn counts(&self) -> Result<Vec<CacheCounts>, TracerError> {
        let array = Array::<_, CacheCounts>::try_from(self.map("counts")?);
        let array = array.map_err(|error| map_problem("counts", &error))?;
        array.iter().collect::<Result<_, _>>().map_err(|error| map_problem("counts", &error))
    }

    fn map(&self, name: &'static str) -> Result<&Map, TracerError> {
        self.bpf.map(name).ok_or_else(|| no_map(name))
    }

    /// The most events that no program saw. An event is lost only if all its programs missed it.
    fn missed(&self) -> Option<u64> {
        let of = |program: &&str| {
            let Some(Ok(fd)) = self.bpf.program(program).map(Program::fd) else { return Some(0) };
            recursion_misses(fd.as_fd().as_raw_fd())
        };
        let quiet = QUIET_FREES.iter().map(|(program, _)| of(program));
        let events = EVENTS.iter().map(|(programs, _)| programs.iter().map(of).min().flatten());
        events.chain(quiet).sum()
    }
}

/// The values of the program's global variables.
struct Globals {
    names: [NameWords; CACHES + 1],
    bytes: [u32; CACHES],
    kinds: [u32; CACHES],
    cache_of_caches: u32,
}

impl Globals {
    fn of(caches: &[FollowedCache]) -> Globals {
        let own = name_words(b"kmem_cache").unwrap_or([0; NAME_WORDS]);
        let mut globals = Globals {
            names: [[0; NAME_WORDS]; CACHES + 1],
            bytes: [0; CACHES],
            kinds: [0; CACHES],
            cache_of_caches: 0,
        };
        globals.names[CACHES] = own;
        for (index, cache) in caches.iter().enumerate() {
            globals.names[index] = cache.name;
            if let Some(class) = cache.class {
                (globals.bytes[index], globals.kinds[index]) = (class.bytes, class.kinds);
            }
        }
        // The first index with the name, as the program finds it.
        let at = globals.names.iter().position(|name| *name == own);
        globals.cache_of_caches = at.unwrap_or(CACHES) as u32;
        globals
    }
}

fn attach_to_function(bpf: &mut Ebpf, program: &str, function: &str, btf: &Btf) -> Result<(), ProgramError> {
    let program: &mut FEntry = found(bpf, program)?.try_into()?;
    program.load(function, btf)?;
    program.attach().map(drop)
}

fn attach_to_event(bpf: &mut Ebpf, program: &str, event: &str) -> Result<(), ProgramError> {
    let program: &mut RawTracePoint = found(bpf, program)?.try_into()?;
    program.load()?;
    program.attach(event).map(drop)
}

fn found<'a>(bpf: &'a mut Ebpf, program: &str) -> Result<&'a mut Program, ProgramError> {
    bpf.program_mut(program).ok_or_else(|| ProgramError::InvalidName { name: program.to_owned() })
}

/// `recursion_misses` of a program (kernel/bpf/syscall.c, `bpf_prog_show_fdinfo`). aya does not return it.
fn recursion_misses(program: i32) -> Option<u64> {
    misses(&fs_err::read_to_string(format!("/proc/self/fdinfo/{program}")).ok()?)
}

fn misses(fdinfo: &str) -> Option<u64> {
    fdinfo.lines().find_map(|line| line.strip_prefix("recursion_misses:"))?.trim().parse().ok()
}

fn no_map(map: &'static str) -> TracerError {
    TracerError::Map { map, problem: format!("it is not in {OBJECT_NAME}") }
}

fn map_problem(map: &'static str, error: &MapError) -> TracerError {
    TracerError::Map { map, problem: chain(error) }
}

/// An error and its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// The verifier's log can have thousands of lines. The reason is in the last ones.
fn brief(error: &ProgramError) -> String {
    let ProgramError::LoadError { io_error, verifier_log } = error else { return chain(error) };
    let log = verifier_log.to_string();
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(4)..].join("; ");
    format!("{io_error}: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::linux::objects::caches::SizeClass;

    #[test]
    fn misses_are_read_from_fdinfo() {
        let fdinfo = "pos:\t0\nprog_type:\t26\nrecursion_misses:\t17\nverified_insns:\t9\n";
        assert_eq!(misses(fdinfo), Some(17));
        assert_eq!(misses("pos:\t0\nprog_type:\t26\n"), None);
    }

    #[test]
    fn globals_have_the_caches_in_order_and_the_cache_of_caches_last() {
        let cache = |name: &str, class| FollowedCache {
            tag: name.parse().unwrap(),
            also: Vec::new(),
            name: name_words(name.as_bytes()).unwrap(),
            class,
        };
        let class = SizeClass { bytes: 64, kinds: 2 };
        let globals = Globals::of(&[cache("key_jar", None), cache("kmalloc-cg-64", Some(class))]);
        assert_eq!(globals.names[0], name_words(b"key_jar").unwrap());
        assert_eq!((globals.bytes[0], globals.bytes[1], globals.kinds[1]), (0, 64, 2));
        assert_eq!((globals.names[CACHES], globals.cache_of_caches), (name_words(b"kmem_cache").unwrap(), 8));
        assert_eq!(Globals::of(&[cache("kmem_cache", None)]).cache_of_caches, 0);
    }
}
