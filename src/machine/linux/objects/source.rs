//! The tracer as a part of a machine.

use miette::Diagnostic;

use super::layout::CACHES;
use super::{ObjectTracer, TracerError};
use crate::machine::{MachineError, ObjectSource};
use crate::pool::{Key, Pool, Survivors, Tag};

/// Follows slab caches of the running kernel. It holds a tracer from [`ObjectSource::follow`] to
/// [`ObjectSource::survivors`].
#[derive(Debug, Default)]
pub(in crate::machine::linux) struct SlabObjects {
    tracer: Option<ObjectTracer>,
}

impl ObjectSource for SlabObjects {
    fn follow(&mut self, rows: &[Key]) -> Result<(), MachineError> {
        let slabs = rows.iter().filter(|key| key.pool == Pool::Slab).take(CACHES);
        let caches: Vec<Tag> = slabs.map(|key| key.tag.clone()).collect();
        if !caches.is_empty() {
            self.tracer = Some(ObjectTracer::attach(&caches).map_err(not_followed)?);
        }
        Ok(())
    }

    fn iteration(&mut self, number: u64) -> Result<(), MachineError> {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.tracer.as_mut().map_or(Ok(()), |tracer| tracer.begin(number)).map_err(not_followed)
    }

    fn survivors(&mut self) -> Result<Option<Survivors>, MachineError> {
        self.tracer.take().map(|mut tracer| tracer.survivors()).transpose().map_err(not_followed)
    }
}

/// Returns an error if objects of this kernel cannot be followed.
pub(in crate::machine::linux) fn available() -> Result<(), MachineError> {
    ObjectTracer::available().map_err(|error| not_followed(error.into()))
}

fn not_followed(error: TracerError) -> MachineError {
    let help = error.help().map(|help| help.to_string());
    MachineError::NotFollowed { problem: error.to_string(), help }
}
