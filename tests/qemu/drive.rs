//! A drive with a volatile write cache, as plain data.
//!
//! What was written may be lost, torn and reordered by a power cut until it is flushed, sector by sector: exactly what a
//! real drive is allowed to do. It can also lie about flushes, to prove that a test would notice. Knows nothing of how
//! requests reach it.

use std::collections::BTreeMap;

/// What a real drive writes whole or not at all.
pub(crate) const SECTOR: usize = 512;

/// A drive's contents and what of them is not durable yet.
pub(crate) struct Drive {
    contents: Vec<u8>,
    /// By sector, the durable version and then every one written since.
    unflushed: BTreeMap<usize, Vec<Vec<u8>>>,
    flushes: Flushes,
    powered: bool,
    tripwire: Option<Tripwire>,
    /// How many flushes were acknowledged.
    pub(crate) flushed: usize,
    /// How many sectors lost their last version in power cuts.
    pub(crate) lost: usize,
}

/// What a drive does when it is asked to flush. It acknowledges either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushes {
    Honoured,
    Ignored,
}

/// What a power cut does to unflushed sectors.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// Each goes back to its durable version.
    Lose,
    /// Each keeps a random one of its versions, whatever the order they were written in; the number is the seed.
    Scatter(u64),
    /// Each keeps its last version.
    Keep,
}

/// A power cut which comes with a write.
struct Tripwire {
    /// How many writes there are still to be, the last of which it comes with.
    writes: usize,
    cut: Cut,
}

impl Drive {
    pub(crate) fn new(mut contents: Vec<u8>, flushes: Flushes) -> Drive {
        contents.resize(contents.len().next_multiple_of(SECTOR), 0);
        Drive { contents, unflushed: BTreeMap::new(), flushes, powered: true, tripwire: None, flushed: 0, lost: 0 }
    }

    pub(crate) fn contents(&self) -> &[u8] {
        &self.contents
    }

    /// Without power a drive answers nothing, not even what was asked before the cut.
    pub(crate) fn is_powered(&self) -> bool {
        self.powered
    }

    pub(crate) fn power_on(&mut self) {
        self.powered = true;
        self.tripwire = None;
    }

    /// Has the `writes`-th write from now take the power away: that one, at least, is not flushed then.
    pub(crate) fn cut_at_write(&mut self, writes: usize, cut: Cut) {
        assert!(writes > 0, "the power cannot go with a write of the past");
        self.tripwire = Some(Tripwire { writes, cut });
    }

    /// Writes whole sectors from byte `offset` on. Afterwards the power may be gone.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        for (at, new) in bytes.chunks_exact(SECTOR).enumerate() {
            let sector = offset / SECTOR + at;
            let old = &mut self.contents[sector * SECTOR..][..SECTOR];
            self.unflushed.entry(sector).or_insert_with(|| vec![old.to_vec()]).push(new.to_vec());
            old.copy_from_slice(new);
        }
        if let Some(tripwire) = &mut self.tripwire {
            tripwire.writes -= 1;
            if tripwire.writes == 0 {
                let cut = tripwire.cut;
                self.cut(cut);
            }
        }
    }

    /// Makes `length` bytes from `offset` on durable, and no others: what "force unit access" asks for.
    pub(crate) fn force(&mut self, offset: usize, length: usize) {
        if self.flushes == Flushes::Honoured {
            self.unflushed.retain(|sector, _| !(offset..offset + length).contains(&(sector * SECTOR)));
        }
    }

    /// Makes everything durable, unless this drive lies.
    pub(crate) fn flush(&mut self) {
        self.flushed += 1;
        if self.flushes == Flushes::Honoured {
            self.unflushed.clear();
        }
    }

    /// Writes what differs in `contents`, and flushes if anything does.
    pub(crate) fn become_durably(&mut self, contents: &[u8]) {
        let offsets = (0..contents.len()).step_by(SECTOR);
        let differ: Vec<usize> =
            offsets.filter(|&at| self.contents[at..][..SECTOR] != contents[at..][..SECTOR]).collect();
        for &at in &differ {
            self.write(at, &contents[at..][..SECTOR]);
        }
        if !differ.is_empty() {
            self.flush();
        }
    }

    /// Takes the power away.
    pub(crate) fn cut(&mut self, cut: Cut) {
        self.powered = false;
        self.tripwire = None;
        let mut seed = match cut {
            Cut::Scatter(seed) => seed,
            Cut::Lose | Cut::Keep => 0,
        };
        for (sector, versions) in std::mem::take(&mut self.unflushed) {
            let last = versions.len() - 1;
            let kept = match cut {
                Cut::Lose => 0,
                Cut::Scatter(_) => random(&mut seed) as usize % versions.len(),
                Cut::Keep => last,
            };
            self.lost += usize::from(kept < last);
            self.contents[sector * SECTOR..][..SECTOR].copy_from_slice(&versions[kept]);
        }
    }
}

/// The next of a sequence which depends on the seed alone: SplitMix64.
pub(crate) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

mod tests {
    use super::*;

    /// Two sectors of zeros; both are written 1, flushed, and written 2 and then 3.
    fn written(flushes: Flushes) -> Drive {
        let mut drive = Drive::new(vec![0; 2 * SECTOR], flushes);
        drive.write(0, &[1; 2 * SECTOR]);
        drive.flush();
        drive.write(0, &[2; 2 * SECTOR]);
        drive.write(0, &[3; 2 * SECTOR]);
        drive
    }

    fn after(cut: Cut, mut drive: Drive) -> [u8; 2] {
        drive.cut(cut);
        assert!(!drive.is_powered());
        [drive.contents()[0], drive.contents()[SECTOR]]
    }

    #[test]
    fn a_cut_takes_back_what_was_not_flushed_and_nothing_else() {
        assert_eq!(after(Cut::Lose, written(Flushes::Honoured)), [1, 1]);
        assert_eq!(after(Cut::Keep, written(Flushes::Honoured)), [3, 3]);
        assert_eq!(after(Cut::Lose, written(Flushes::Ignored)), [0, 0]);
    }

    #[test]
    fn a_forced_sector_is_durable_and_its_neighbour_is_not() {
        let mut drive = written(Flushes::Honoured);
        drive.force(SECTOR, SECTOR);
        assert_eq!(after(Cut::Lose, drive), [1, 3]);
    }

    #[test]
    fn a_tripwire_cuts_at_its_write_so_that_no_flush_and_no_force_comes_in_between() {
        let mut drive = Drive::new(vec![0; SECTOR], Flushes::Honoured);
        drive.cut_at_write(3, Cut::Lose);
        for version in 1..=2 {
            drive.write(0, &[version; SECTOR]);
            drive.flush();
            assert!(drive.is_powered());
        }
        drive.write(0, &[3; SECTOR]);
        assert!(!drive.is_powered());
        drive.force(0, SECTOR);
        assert_eq!((drive.contents()[0], drive.lost), (2, 1));
    }

    #[test]
    fn a_tripwire_is_gone_with_the_next_boot() {
        let mut drive = written(Flushes::Honoured);
        drive.cut_at_write(1, Cut::Lose);
        drive.power_on();
        drive.write(0, &[4; SECTOR]);
        assert!(drive.is_powered());
    }

    #[test]
    fn a_scattered_cut_leaves_every_mixture_of_versions() {
        let seen: std::collections::BTreeSet<[u8; 2]> =
            (0..200).map(|seed| after(Cut::Scatter(seed), written(Flushes::Honoured))).collect();
        let all = [1, 2, 3].into_iter().flat_map(|first| [1, 2, 3].map(|second| [first, second]));
        assert_eq!(seen, all.collect());
    }
}
