//! The uses of tags in an image's code: tags passed to routines, and constants.
//!
//! The readers of code, one for each kind of processor, fill it. Its size is bounded, because an image may contain
//! anything. Beyond the limits no more places are kept, and the image counts as read in part.

use std::collections::{BTreeMap, BTreeSet};

use super::routine::{Effect, Routine};

/// The tags to search for.
#[derive(Debug, Clone)]
pub enum WantedTags {
    /// Every printable tag passed to an allocating routine.
    All,
    /// These tags, also in other places. Each is four bytes in memory order.
    Only(Vec<[u8; 4]>),
}

/// A constant in the code and its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Constant {
    /// The address, relative to the image.
    pub(super) at: u32,
    /// Whether the constant is moved, and not compared or computed with.
    pub(super) moved: bool,
}

/// A number passed as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) number: u32,
    /// Whether the number is the initial value of a variable, which may change later.
    pub(super) variable: bool,
}

/// The calls that pass a tag to a routine: the first place, the number of places, and whether the tag always comes from
/// a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) first: u32,
    pub(super) places: u32,
    pub(super) variable: bool,
}

/// The largest number of places kept in total.
const MOST: usize = 1 << 16;

/// The uses found in an image's code.
#[derive(Debug)]
pub(super) struct Uses {
    wanted: WantedTags,
    handed: BTreeMap<[u8; 4], BTreeMap<&'static Routine, Handed>>,
    constants: BTreeMap<[u8; 4], Vec<Constant>>,
    /// The tags passed to the driver's own functions: the place of the call, and the function.
    passed: BTreeMap<[u8; 4], Vec<(u32, u32)>>,
    /// The calls of the routines, sorted by place.
    calls: Vec<(u32, &'static Routine)>,
    kept: usize,
}

impl Uses {
    pub(super) fn new(wanted: WantedTags) -> Uses {
        let (handed, constants, passed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Uses { wanted, handed, constants, passed, calls: Vec::new(), kept: 0 }
    }

    /// Returns whether some places were not kept.
    pub(super) fn overflowed(&self) -> bool {
        self.kept > MOST
    }

    fn room(&mut self) -> bool {
        self.kept += 1;
        self.kept <= MOST
    }

    /// Returns whether this number is a requested tag.
    fn is_wanted(&self, tag: [u8; 4]) -> bool {
        match &self.wanted {
            WantedTags::All => is_text(tag),
            WantedTags::Only(tags) => tags.contains(&tag),
        }
    }

    /// Adds a constant: the instruction at `at` contains `number`.
    pub(super) fn constant(&mut self, number: u32, at: u32, moved: bool) {
        let tag = number.to_le_bytes();
        if matches!(self.wanted, WantedTags::Only(_)) && self.is_wanted(tag) && self.room() {
            self.constants.entry(tag).or_default().push(Constant { at, moved });
        }
    }

    /// Adds a call of `routine` at `at`, with `tag` if it is known.
    pub(super) fn call(&mut self, at: u32, routine: &'static Routine, tag: Option<Argument>) {
        if self.room() {
            self.calls.push((at, routine));
        }
        let Some(Argument { number, variable }) = tag else { return };
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

    /// Adds a call at `at` of the driver's own function at `function`, with `number` as one of its arguments.
    pub(super) fn passed(&mut self, number: u32, at: u32, function: u32) {
        let tag = number.to_le_bytes();
        if self.is_wanted(tag) && self.room() {
            self.passed.entry(tag).or_default().push((at, function));
        }
    }

    /// Sorts the calls. Must be called after all code was read.
    pub(super) fn sort(&mut self) {
        self.calls.sort_by_key(|(at, _)| *at);
    }

    /// Returns all tags passed to an allocating routine, directly or through a function of the driver.
    pub(super) fn allocated(&self, soon: u32) -> BTreeSet<[u8; 4]> {
        let allocates =
            |routines: &BTreeMap<&Routine, _>| routines.keys().any(|routine| routine.effect == Effect::Allocates);
        let handed = self.handed.iter().filter(|(_, routines)| allocates(routines)).map(|(tag, _)| *tag);
        let through = self.passed.keys().copied().filter(|tag| self.through(*tag, soon).is_some());
        handed.chain(through).collect()
    }

    /// Returns the routines that `tag` is passed to and the calls; allocating routines first.
    pub(super) fn handed(&self, tag: [u8; 4]) -> Vec<(&'static Routine, Handed)> {
        let all = self.handed.get(&tag).into_iter().flatten();
        let mut handed: Vec<_> = all.map(|(routine, handed)| (*routine, *handed)).collect();
        handed.sort_by_key(|(routine, handed)| (routine.effect, handed.variable));
        handed
    }

    /// Returns the first call that passes `tag` to a function of the driver that soon allocates.
    pub(super) fn through(&self, tag: [u8; 4], soon: u32) -> Option<(u32, &'static Routine)> {
        self.passed.get(&tag)?.iter().find_map(|(at, function)| {
            let next = self.calls.partition_point(|(call, _)| call < function);
            let inside = self.calls[next..].iter().take_while(|(call, _)| call - function < soon);
            inside.map(|(_, routine)| *routine).find(|routine| routine.effect == Effect::Allocates).map(|r| (*at, r))
        })
    }

    /// Returns the constant of `tag` nearest to an allocating call, with the call and the distance; without such a
    /// call, the first constant. Constants that are moved take precedence.
    pub(super) fn nearest(&self, tag: [u8; 4]) -> Option<(Constant, Option<(&'static Routine, u32)>)> {
        let allocating: Vec<_> = self.calls.iter().filter(|(_, routine)| routine.effect == Effect::Allocates).collect();
        let beside = |constant: &Constant| {
            let next = allocating.partition_point(|(at, _)| *at < constant.at);
            let around = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|at| allocating.get(at));
            around.map(|(at, routine)| (*routine, at.abs_diff(constant.at))).min_by_key(|(_, far)| *far)
        };
        let all = self.constants.get(&tag)?.iter().map(|constant| (*constant, beside(constant)));
        all.min_by_key(|(constant, beside)| (!constant.moved, beside.map_or(u32::MAX, |(_, far)| far), constant.at))
    }
}

/// Returns whether four bytes are a typical tag: printable, the last perhaps with PROTECTED_POOL.
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

    fn argument(tag: [u8; 4]) -> Argument {
        Argument { number: u32::from_le_bytes(tag), variable: false }
    }

    #[test]
    fn the_nearest_call_counts_on_either_side_and_a_moved_constant_before_a_compared_one() {
        let mut uses = Uses::new(WantedTags::Only(vec![*b"MyD1"]));
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
    fn without_requested_tags_only_text_is_a_tag() {
        let mut uses = Uses::new(WantedTags::All);
        for tag in [*b"MyD1", *b"MyD\xb1", *b"\0\0\0\0", *b"    ", [1, 0, 0, 0]] {
            uses.call(1, routine("ExAllocatePoolWithTag"), Some(argument(tag)));
            uses.call(2, routine("ExFreePoolWithTag"), Some(argument(*b"Free")));
        }
        assert_eq!(uses.allocated(512), BTreeSet::from([*b"MyD1", *b"MyD\xb1"]));
    }

    #[test]
    fn the_number_of_places_is_bounded() {
        let mut uses = Uses::new(WantedTags::All);
        for at in 0..2 * MOST as u32 {
            uses.call(
                at,
                routine("ExAllocatePoolWithTag"),
                Some(Argument { number: 0x2020_4141 + (at & 0x3f), variable: false }),
            );
        }
        assert!(uses.overflowed() && uses.calls.len() <= MOST);
    }
}
