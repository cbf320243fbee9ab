//! The recording of a run's memory: the file `recording.pgr`.
//!
//! A [`Recorder`] appends samples and [`Mark`]s during the run; a [`Recording`] returns them as [`Events`], during the
//! run or years later. The machine may lose power at any instant, so the file is only appended to, in checksummed
//! frames. A torn tail is ignored. Damage elsewhere costs the damaged samples and is reported, but never gives a wrong
//! number. The module knows neither the source of the samples nor their meaning.
//!
//! # The format, version 1
//!
//! A file is a sequence of frames. Integers in a frame's own fields are little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 4 | magic `f7 50 47 52`: no text contains it, since `f7` never occurs in UTF-8 |
//! | 4 | length of kind and payload: 1 to 64 MiB, never 0 |
//! | 1 | kind, an ASCII letter |
//! | length − 1 | payload |
//! | 4 | CRC-32C (Castagnoli) of all the above; it is seeded with the magic, so a run of zeros never has a right CRC |
//!
//! After a frame that is not whole, a reader looks for the next magic with a whole frame. If there is none, the file
//! ends there, as after a crash during an append.
//!
//! A *varint* is LEB128: seven bits per byte, the lowest first, the top bit set on all but the last; at most 64 bits. A
//! *time* is a varint of microseconds since the recording began.
//!
//! | kind | payload |
//! |---|---|
//! | `H` header | JSON `{"format": "poolgate recording", "version": 1, "sealed": true, "recording": {…}}`, the last being a [`Header`]; the first frame |
//! | `K` key | varint row, then JSON of a [`Key`](crate::pool::Key). Rows are numbered from 0 in order |
//! | `W` whole sample | the fields below, every row counted as absent before |
//! | `C` changes | the same, against the sample before |
//! | `M` mark | time, then JSON of a [`Mark`] |
//! | `E` end | time, then the seal; the last frame of a run that was not cut short |
//!
//! The *seal* is 32 bytes: the SHA-256 of every byte of the file before the end's frame, followed by the bytes of the
//! end's time. No bytes follow the end. Files of early versions have no seal, and their header has no `sealed`. If the
//! header has it, an end without the right seal or with bytes after it means that the file was changed after it was
//! closed.
//!
//! A sample is: varint number (from 0, one more with each sample), time, varint [missed](SampleInfo::missed), varint
//! flags (bit 0: [settled](SampleInfo::settled)), varint number of rows, then the changed rows, up to the end of the
//! payload. Such a row is a varint: the number of rows passed over since the last one, doubled, plus 1 if the row is
//! present. If it is, three varints follow for allocs, frees and bytes: each the wrapping 64-bit difference to the
//! value before (0 if the row was absent) as zig-zag (0, −1, 1, −2 … are 0, 1, 2, 3 …).
//!
//! A mark is an object with one key, the kind of the event:
//!
//! | mark | when |
//! |---|---|
//! | `{"stage": "lead_in"}` | a stage begins: `lead_in`, `workload`, `cool_down`, any number of `second_look`, `teardown` |
//! | `{"iteration": 17}` | before the next sample: the number of completed iterations, counted through all stages |
//! | `{"second_look": {…}}` | before its stage begins: a [`SecondLook`], the plan of all its blocks |
//! | `{"block": {"number": 0, "work": true}}` | a block of that plan begins; 0 is the work before the first one |
//! | `{"gap": {"because": "…"}}` | in place of a sample that could not be read |
//! | `{"incomplete": {"unread": 3, "partial": true, "rows": […]}}` | before a sample of an imported table: an [`Incomplete`] |
//! | `{"survivors": {…}}` | after the last second look: the live [`Survivors`](crate::pool::Survivors) of the followed rows |
//! | `{"kernel": {…}}` | after teardown: a [`KernelReport`] of the kernel's messages since the run began |
//!
//! A sample without an `incomplete` mark has every tag. Only recordings of imported logs have such marks. They exist
//! while a log is judged and are not kept, so an older reader, which ignores them, never meets one. A newer reader
//! treats an old file as complete, as the samples of a run are.
//!
//! In a second look every slot, of work or of rest, ends with a settled sample. There may be other samples between
//! them.
//!
//! Changes apply only to the sample with the previous number, and only if the number of known rows is that of the
//! sample. Otherwise a frame between was lost, and a reader drops samples up to the next whole one. Each key is written
//! twice, before the first sample with its row and again before the next whole sample, so that no single damage makes
//! all later samples unreadable. A key without its predecessor is ignored: it is repeated later, after its predecessor.
//!
//! A reader ignores kinds, marks and JSON fields that it does not know, so a newer poolgate may add them. A change that
//! an old reader must not ignore raises the version, and the old reader refuses the file. The header's frame and its
//! first two fields never change.

mod csv;
mod digest;
mod disk;
mod error;
mod frame;
mod frame_log;
mod header;
mod input;
mod journal;
mod mark;
mod reader;
mod sample;
mod seal;
mod varint;
mod writer;

pub use self::csv::{COLUMNS, MORE_COLUMNS, TABLE_COLUMNS, Unwritten, cell, write_csv};
pub use digest::Digest;
pub use disk::replace;
pub use error::RecordError;
pub use header::{Header, TimeSource};
pub use input::Input;
pub use journal::{Journal, JournalError, Storage};
pub use mark::{BlockPause, Incomplete, KernelReport, Mark, SecondLook, Stage};
pub use reader::{Event, Events, Recording};
pub use sample::SampleInfo;
pub use seal::Seal;
pub use writer::Recorder;

/// Whether this poolgate skips syncing files to disk. Only the test bed builds such a poolgate, to prove that its power
/// cuts detect missing syncs (tests/qemu/chain.rs).
const CARELESS: bool = cfg!(poolgate_careless);
