//! What an image's code does with tags, as it is read: what it hands to which routine, and which constants it has.
//!
//! Filled by the readers of code, one for each kind of processor. Bounded, since an image may be made to have anything in
//! it: past the limits places are no longer kept, and the image is said to be read in part.

use std::collections::{BTreeMap, BTreeSet};

use super::routine::{Does, Routine};

/// Which tags are looked for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Every text which an allocating routine is handed as its tag.
    All,
    /// These, and where else they stand; as the four bytes in memory.
    Tags(Vec<[u8; 4]>),
}

/// Where a constant stands, and what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Constant {
    /// Relative to the image.
    pub(super) at: u32,
    /// It is put somewhere, rather than compared or computed with.
    pub(super) moved: bool,
}

/// A number which is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) number: u32,
    /// It was read from a variable, which has it at first and may have another later.
    pub(super) variable: bool,
}

/// That a routine was handed a tag: where first, how often, and whether always from a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) first: u32,
    pub(super) places: u32,
    pub(super) variable: bool,
}

/// Places kept in all.
const MOST: usize = 1 << 16;

/// What was found in an image's code.
#[derive(Debug)]
pub(super) struct Uses {
    wanted: Wanted,
    handed: BTreeMap<[u8; 4], BTreeMap<&'static Routine, Handed>>,
    constants: BTreeMap<[u8; 4], Vec<Constant>>,
    /// Tags handed to the driver's own functions: the place, and the function.
    passed: BTreeMap<[u8; 4], Vec<(u32, u32)>>,
    /// Calls of the routines, in the order of their places.
    calls: Vec<(u32, &'static Routine)>,
    kept: usize,
}

impl Uses {
    pub(super) fn new(wanted: Wanted) -> Uses {
        let (handed, constants, passed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Uses { wanted, handed, constants, passed, calls: Vec::new(), kept: 0 }
    }

    /// Whether there was more than is kept.
    pub(super) fn overflowed(&self) -> bool {
        self.kept > MOST
    }

    fn room(&mut self) -> bool {
        self.kept += 1;
        self.kept <= MOST
    }

    /// Whether somebody asks for this number as a tag.
    fn is_wanted(&self, tag: [u8; 4]) -> bool {
        match &self.wanted {
            Wanted::All => is_text(tag),
            Wanted::Tags(tags) => tags.contains(&tag),
        }
    }

    /// An instruction at `at` has `number` in it.
    pub(super) fn constant(&mut self, number: u32, at: u32, moved: bool) {
        let tag = number.to_le_bytes();
        if matches!(self.wanted, Wanted::Tags(_)) && self.is_wanted(tag) && self.room() {
            self.constants.entry(tag).or_default().push(Constant { at, moved });
        }
    }

    /// `routine` is called at `at`, with `tag` where that is known.
    pub(super) fn call(&mut self, at: u32, routine: &'static Routine, tag: Option<Given>) {
        if self.room() {
            self.calls.push((at, routine));
        }
        let Some(Given { number, variable }) = tag else { return };
        let tag = number.to_le_bytes();
        if !self.is_wanted(tag) {
            return;
        }
        if let Some(handed) = self.handed.get_mut(&tag).and_then(|routines| routines.get_mut(routine)) {
            handed.places = handed.places.saturating_add(1);
            handed.variable &= variable;
        } else if self.room() {
            self.handed.entry(tag).or_default().insert(routine, Handed { first: at, places: 1, variable });
        }
    }

    /// The driver's own function at `function` is called at `at`, with `number` as one of its arguments.
    pub(super) fn passed(&mut self, number: u32, at: u32, function: u32) {
        let tag = number.to_le_bytes();
        if self.is_wanted(tag) && self.room() {
            self.passed.entry(tag).or_default().push((at, function));
        }
    }

    /// Call once all code was read.
    pub(super) fn sort(&mut self) {
        self.calls.sort_by_key(|(at, _)| *at);
    }

    /// All tags which an allocating routine is handed, at once or by a function of the driver's own.
    pub(super) fn allocated(&self, soon: u32) -> BTreeSet<[u8; 4]> {
        let allocates =
            |routines: &BTreeMap<&Routine, _>| routines.keys().any(|routine| routine.does == Does::Allocates);
        let handed = self.handed.iter().filter(|(_, routines)| allocates(routines)).map(|(tag, _)| *tag);
        let through = self.passed.keys().copied().filter(|tag| self.through(*tag, soon).is_some());
        handed.chain(through).collect()
    }

    /// What is handed `tag`, with where; allocating routines first.
    pub(super) fn handed(&self, tag: [u8; 4]) -> Vec<(&'static Routine, Handed)> {
        let all = self.handed.get(&tag).into_iter().flatten();
        let mut handed: Vec<_> = all.map(|(routine, handed)| (*routine, *handed)).collect();
        handed.sort_by_key(|(routine, handed)| (routine.does, handed.variable));
        handed
    }

    /// The first call of a function of the driver's own which has `tag` among its arguments and allocates soon itself.
    pub(super) fn through(&self, tag: [u8; 4], soon: u32) -> Option<(u32, &'static Routine)> {
        self.passed.get(&tag)?.iter().find_map(|(at, function)| {
            let next = self.calls.partition_point(|(call, _)| call < function);
            let inside = self.calls[next..].iter().take_while(|(call, _)| call - function < soon);
            inside.map(|(_, routine)| *routine).find(|routine| routine.does == Does::Allocates).map(|r| (*at, r))
        })
    }

    /// The constant of `tag` which stands nearest to a call that allocates, with the call and how far it is; without one,
    /// the first. One that is moved goes before one that is not.
    pub(super) fn nearest(&self, tag: [u8; 4]) -> Option<(Constant, Option<(&'static Routine, u32)>)> {
        let allocating: Vec<_> = self.calls.iter().filter(|(_, routine)| routine.does == Does::Allocates).collect();
        let beside = |constant: &Constant| {
            let next = allocating.partition_point(|(at, _)| *at < constant.at);
            let around = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|at| allocating.get(at));
            around.map(|(at, routine)| (*routine, at.abs_diff(constant.at))).min_by_key(|(_, far)| *far)
        };
        let all = self.constants.get(&tag)?.iter().map(|constant| (*constant, beside(constant)));
        all.min_by_key(|(constant, beside)| (!constant.moved, beside.map_or(u32::MAX, |(_, far)| far), constant.at))
    }
}

/// Whether four bytes are a tag as people choose them: printable, the last perhaps with PROTECTED_POOL.
fn is_text([a, b, c, d]: [u8; 4]) -> bool {
    let text = [a, b, c, d & 0x7f];
    let trimmed = text.trim_ascii_end();
    !trimmed.is_empty() && text.iter().all(|byte| (b' '..=b'~').contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routine(name: &str) -> &'static Routine {
        Routine::named(name.as_bytes()).unwrap()
    }

    fn given(tag: [u8; 4]) -> Given {
        Given { number: u32::from_le_bytes(tag), variable: false }
    }

    #[test]
    fn the_nearest_call_counts_on_either_side_and_a_moved_constant_before_a_compared_one() {
        let mut uses = Uses::new(Wanted::Tags(vec![*b"MyD1"]));
        let tag = u32::from_le_bytes(*b"MyD1");
        for (at, moved) in [(0x90, false), (0x200, true), (0x1000, true)] {
            uses.constant(tag, at, moved);
        }
        assert_eq!(uses.nearest(*b"MyD1").unwrap().0.at, 0x200, "no call at all: the first which is moved");
        for at in [0x100, 0xff0, 0x2000] {
            uses.call(at, routine("ExAllocatePool2"), None);
        }
        uses.call(0x201, routine("ExFreePoolWithTag"), None);
        uses.sort();
        let (constant, beside) = uses.nearest(*b"MyD1").unwrap();
        assert_eq!((constant.at, beside), (0x1000, Some((routine("ExAllocatePool2"), 0x10))));
    }

    #[test]
    fn only_texts_are_tags_where_no_tag_is_asked_for() {
        let mut uses = Uses::new(Wanted::All);
        for tag in [*b"MyD1", *b"MyD\xb1", *b"\0\0\0\0", *b"    ", [1, 0, 0, 0]] {
            uses.call(1, routine("ExAllocatePoolWithTag"), Some(given(tag)));
            uses.call(2, routine("ExFreePoolWithTag"), Some(given(*b"Free")));
        }
        assert_eq!(uses.allocated(512), BTreeSet::from([*b"MyD1", *b"MyD\xb1"]));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut uses = Uses::new(Wanted::All);
        for at in 0..2 * MOST as u32 {
            uses.call(
                at,
                routine("ExAllocatePoolWithTag"),
                Some(Given { number: 0x2020_4141 + (at & 0x3f), variable: false }),
            );
        }
        assert!(uses.overflowed() && uses.calls.len() <= MOST);
    }
}
