//! The import address table: an image's addresses of imported routines.

use std::collections::BTreeMap;

use object::LittleEndian as LE;
use object::read::pe::{ImageNtHeaders, ImageThunkData, Import, PeFile};

use super::routine::{Effect, Routine};

/// The largest number of entries read. Only a forged image has more.
const MOST: usize = 1 << 16;

/// The routines that take tags, by the RVA of their slot in the import address table.
#[derive(Debug, Default)]
pub(super) struct Imports(BTreeMap<u32, &'static Routine>);

impl Imports {
    /// Reads all readable entries. A driver without imports calls no allocating routine.
    pub(super) fn from_pe<Pe: ImageNtHeaders>(pe: &PeFile<'_, Pe>) -> Imports {
        let mut imports = Imports::default();
        let mut budget = MOST;
        let Ok(Some(table)) = pe.import_table() else { return imports };
        let Ok(mut descriptors) = table.descriptors() else { return imports };
        while let Ok(Some(descriptor)) = descriptors.next() {
            let slots = descriptor.first_thunk.get(LE);
            let names = match descriptor.original_first_thunk.get(LE) {
                0 => slots,
                names => names,
            };
            let Ok(mut thunks) = table.thunks(names) else { continue };
            let mut slot = slots;
            while let Ok(Some(thunk)) = thunks.next::<Pe>() {
                if let Ok(Import::Name(_, name)) = read_import::<Pe>(&table, thunk)
                    && let Some(routine) = Routine::named(name)
                {
                    imports.0.insert(slot, routine);
                }
                let Some(left) = budget.checked_sub(1) else { return imports };
                budget = left;
                slot = slot.wrapping_add(size_of::<Pe::ImageThunkData>() as u32);
            }
        }
        imports
    }

    /// Returns the routine with its address stored at `rva`.
    pub(super) fn at(&self, rva: u32) -> Option<&'static Routine> {
        self.0.get(&rva).copied()
    }

    /// Returns whether the image imports an allocating routine.
    pub(super) fn has_allocator(&self) -> bool {
        self.0.values().any(|routine| routine.effect == Effect::Allocates)
    }

    /// Returns whether the image imports none of the routines.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn read_import<'a, Pe: ImageNtHeaders>(
    table: &object::read::pe::ImportTable<'a>,
    thunk: Pe::ImageThunkData,
) -> object::read::Result<Import<'a>> {
    if thunk.is_ordinal() { Ok(Import::Ordinal(thunk.ordinal())) } else { table.import::<Pe>(thunk) }
}

#[cfg(test)]
impl FromIterator<(u32, &'static Routine)> for Imports {
    fn from_iter<I: IntoIterator<Item = (u32, &'static Routine)>>(slots: I) -> Imports {
        Imports(slots.into_iter().collect())
    }
}
