//! The routines of Windows that take a pool tag, and the position of their tag argument.
//!
//! They are declared in wdm.h, ntddk.h, ntifs.h, ndis.h, fltkernel.h, storport.h, video.h and winddi.h. The list has
//! only routines that a driver can import. The inline functions of newer kits (`ExAllocatePoolZero`, `NonPagedPoolNx`
//! wrappers) call one of these, and are listed only if a kernel also exports them.

use std::fmt;

/// The routine's use of the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Allocates under the tag, at once or later.
    Allocates,
    /// Frees memory that was allocated under the tag.
    Frees,
}

/// A routine that takes a pool tag.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Routine {
    /// The name in the import table.
    pub name: &'static str,
    /// The routine's use of the tag.
    pub effect: Effect,
    /// Position of the tag among the arguments, from 0.
    pub(super) tag: usize,
    /// Whether the first argument takes two slots of a 32-bit stack.
    pub(super) begins_wide: bool,
}

const fn allocates(name: &'static str, tag: usize) -> Routine {
    Routine { name, effect: Effect::Allocates, tag, begins_wide: false }
}

const fn frees(name: &'static str, tag: usize) -> Routine {
    Routine { name, effect: Effect::Frees, tag, begins_wide: false }
}

/// A routine that takes `POOL_FLAGS`, which have 64 bits on every machine.
const fn by_flags(name: &'static str) -> Routine {
    Routine { name, effect: Effect::Allocates, tag: 2, begins_wide: true }
}

/// Sorted by name.
static ROUTINES: [Routine; 29] = [
    allocates("EngAllocMem", 2),
    allocates("EngAllocUserMem", 1),
    allocates("ExAllocateCacheAwareRundownProtection", 1),
    by_flags("ExAllocatePool2"),
    by_flags("ExAllocatePool3"),
    allocates("ExAllocatePoolPriorityUninitialized", 2),
    allocates("ExAllocatePoolPriorityZero", 2),
    allocates("ExAllocatePoolQuotaUninitialized", 2),
    allocates("ExAllocatePoolQuotaZero", 2),
    allocates("ExAllocatePoolUninitialized", 2),
    allocates("ExAllocatePoolWithQuotaTag", 2),
    allocates("ExAllocatePoolWithTag", 2),
    allocates("ExAllocatePoolWithTagPriority", 2),
    allocates("ExAllocatePoolZero", 2),
    frees("ExFreePool2", 1),
    frees("ExFreePoolWithTag", 1),
    allocates("ExInitializeLookasideListEx", 6),
    allocates("ExInitializeNPagedLookasideList", 5),
    allocates("ExInitializePagedLookasideList", 5),
    allocates("FltAllocatePoolAlignedWithTag", 3),
    frees("FltFreePoolAlignedWithTag", 2),
    allocates("FsRtlAllocatePoolWithQuotaTag", 2),
    allocates("FsRtlAllocatePoolWithTag", 2),
    allocates("NdisAllocateMemoryWithTag", 2),
    allocates("NdisAllocateMemoryWithTagPriority", 2),
    frees("NdisFreeMemoryWithTagPriority", 2),
    allocates("NdisInitializeNPagedLookasideList", 5),
    allocates("StorPortExtendedFunction", 3),
    allocates("VideoPortAllocatePool", 3),
];

impl Routine {
    /// Returns the routine with this name.
    pub fn named(name: &[u8]) -> Option<&'static Routine> {
        let at = ROUTINES.binary_search_by(|routine| routine.name.as_bytes().cmp(name)).ok()?;
        Some(&ROUTINES[at])
    }

    /// Returns the stack slot of the tag at the call on a 32-bit machine.
    pub(super) fn slot(&self) -> usize {
        self.tag + usize::from(self.begins_wide)
    }
}

impl fmt::Display for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_routine_is_found_by_its_name() {
        for routine in &ROUTINES {
            assert_eq!(Routine::named(routine.name.as_bytes()), Some(routine), "the table is not in order");
        }
        assert_eq!(Routine::named(b"ExAllocatePool"), None, "it takes no tag");
    }
}
