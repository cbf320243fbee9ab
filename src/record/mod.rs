//! What was learned about memory during a run, as one file: `recording.pgr`.
//!
//! A [`Recorder`] appends samples and [`Mark`]s while the run goes on; a [`Recording`] gives them back as [`Events`], now
//! or years later. The machine may lose power at any instant, so the file is only ever appended to, in checksummed
//! frames: a torn tail never existed, and damage further up costs what it hit and is reported, but never gives a wrong
//! number. Knows nothing of where samples come from, nor of what they mean.
//!
//! # The format, version 1
//!
//! A file is frames, one after the other. Integers in a frame's own fields are little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 4 | magic `f7 50 47 52`: no text contains it, since `f7` never occurs in UTF-8 |
//! | 4 | length of kind and payload: 1 to 64 MiB, never 0 |
//! | 1 | kind, an ASCII letter |
//! | length − 1 | payload |
//! | 4 | CRC-32C (Castagnoli) of all the above; the magic seeds it, so that no run of zeros has a right one |
//!
//! Where a frame is not whole, a reader looks for the next magic which begins a whole one. When none is left, the file
//! ended there: that is how a crash while appending looks.
//!
//! *varint* is LEB128: seven bits a byte, the lowest first, the top bit set on all but the last; at most 64 bits. A
//! *time* is a varint of microseconds since the recording began.
//!
//! | kind | payload |
//! |---|---|
//! | `H` header | JSON `{"format": "poolgate recording", "version": 1, "sealed": true, "recording": {…}}`, the last being a [`Header`]; the first frame |
//! | `K` key | varint row, then JSON of a [`Key`](crate::pool::Key). Rows are numbered from 0 in order |
//! | `W` whole sample | the fields below, every row counted as absent before |
//! | `C` changes | the same, against the sample before |
//! | `M` mark | time, then JSON of a [`Mark`] |
//! | `E` end | time, then the seal; the last frame of a run which was not cut short |
//!
//! The *seal* is 32 bytes: the SHA-256 of every byte of the file before the end's frame, followed by the bytes of the end's
//! time. Nothing stands behind the end. Files of early versions have no seal, and their header does not say `sealed`. If
//! it does, an end without the right seal, or with bytes behind it, means that the file was changed after it was closed.
//!
//! A sample is: varint number (from 0, one more with each sample), time, varint [missed](SampleInfo::missed), varint
//! flags (bit 0: [settled](SampleInfo::settled)), varint number of rows, then the rows which changed, up to the end of
//! the payload. Such a row is a varint: the number of rows passed over since the last one, doubled, plus 1 when the row
//! is present. If it is, three varints follow for allocs, frees and bytes: each the wrapping 64-bit difference to the
//! value before (0 when the row was absent) as zig-zag (0, −1, 1, −2 … are 0, 1, 2, 3 …).
//!
//! A mark is an object with one key, which says what happened:
//!
//! | mark | when |
//! |---|---|
//! | `{"stage": "lead_in"}` | a stage begins: `lead_in`, `workload`, `cool_down`, any number of `second_look`, `teardown` |
//! | `{"iteration": 17}` | before the next sample: so many are complete, counted through all stages |
//! | `{"second_look": {…}}` | before its stage begins: a [`SecondLook`], the plan of all its blocks |
//! | `{"block": {"number": 0, "work": true}}` | a block of that plan begins; 0 is the work before the first one |
//! | `{"gap": {"because": "…"}}` | in place of a sample which could not be read |
//! | `{"incomplete": {"unread": 3, "partial": true, "rows": […]}}` | before a sample of an imported table: an [`Incomplete`] |
//! | `{"kernel": {…}}` | after teardown: a [`KernelReport`] of the kernel's messages since the run began |
//!
//! Without an `incomplete` mark a sample has every tag. Only recordings of imported logs have such marks. They exist while a
//! log is judged and are not kept, so an older reader, which passes over these marks, does not meet them. A newer reader takes
//! an old file for complete, as the samples of a run are.
//!
//! In a second look every slot ends with a settled sample, of work and of rest alike; others may stand between them.
//!
//! Changes are applied only to the sample numbered one less, with exactly as many rows known as the sample has.
//! Otherwise something between was lost, and a reader drops samples up to the next whole one. Each key is written twice,
//! before the first sample which has its row and again before the next whole sample, so that no single damage makes all
//! later samples unreadable. A key whose predecessor is lost is ignored: it will come again too, behind its predecessor.
//!
//! A reader passes over kinds, marks and JSON fields it does not know, so a newer poolgate may add them. What an old
//! reader must not pass over raises the version, which it refuses; the header's frame and its first two fields stay.

mod csv;
mod digest;
mod disk;
mod error;
mod frame;
mod header;
mod input;
mod journal;
mod log;
mod mark;
mod reader;
mod sample;
mod seal;
mod varint;
mod writer;

pub use self::csv::{COLUMNS, MORE_COLUMNS, TABLE_COLUMNS, Unwritten, cell, write_csv};
pub use digest::Digest;
pub use disk::{replace, sync_folder};
pub use error::RecordError;
pub use header::{Header, TimeSource};
pub use input::Input;
pub use journal::{Journal, JournalError, Storage};
pub use mark::{Incomplete, KernelReport, Mark, Pause, SecondLook, Stage};
pub use reader::{Event, Events, Recording};
pub use sample::SampleInfo;
pub use seal::Seal;
pub use writer::Recorder;

/// Whether this poolgate does not wait for its disk. The test bed builds one, to see that its power cuts notice
/// (tests/qemu/chain.rs); nobody else does.
const CARELESS: bool = cfg!(poolgate_careless);
