//! A drive with a volatile write cache, as plain data.
//!
//! A power cut may lose, tear and reorder unflushed writes sector by sector, as on a real drive. The drive can also
//! ignore flushes while acknowledging them, to prove that a test would notice. It is independent of the transport of
//! requests.

use std::collections::BTreeMap;

use poolgate::random::split_mix;

/// The unit that a real drive writes completely or not at all, bytes.
pub(crate) const SECTOR: usize = 512;

/// A drive's contents and its unflushed writes.
pub(crate) struct Drive {
    contents: Vec<u8>,
    /// By sector, the durable version and then every one written since.
    unflushed: BTreeMap<usize, Vec<Vec<u8>>>,
    flushes: Flushes,
    powered: bool,
    tripwire: Option<Tripwire>,
    /// The number of acknowledged flushes.
    pub(crate) flushed: usize,
    /// The number of sectors that lost their last version in power cuts.
    pub(crate) lost: usize,
}

/// How a drive handles a flush. It acknowledges either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushes {
    Honoured,
    Ignored,
}

/// The effect of a power cut on unflushed sectors.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// Each returns to its durable version.
    Lose,
    /// Each keeps a random one of its versions, regardless of the order of writes; the number is the seed.
    Scatter(u64),
    /// Each keeps its last version.
    Keep,
}

/// A power cut that occurs with a write.
struct Tripwire {
    /// The number of writes still to come, including the one with the cut.
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

    /// Whether the drive has power. Without power it answers no request, not even one sent before the cut.
    pub(crate) fn is_powered(&self) -> bool {
        self.powered
    }

    pub(crate) fn power_on(&mut self) {
        self.powered = true;
        self.tripwire = None;
    }

    /// Makes the `writes`-th write from now cut the power, so that at least this write is not flushed.
    pub(crate) fn cut_at_write(&mut self, writes: usize, cut: Cut) {
        assert!(writes > 0, "the power cannot go with a write of the past");
        self.tripwire = Some(Tripwire { writes, cut });
    }

    /// Writes whole sectors from byte `offset` on. Afterwards the power may be off.
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

    /// Makes `length` bytes from `offset` on durable, and no others ("force unit access").
    pub(crate) fn force(&mut self, offset: usize, length: usize) {
        if self.flushes == Flushes::Honoured {
            self.unflushed.retain(|sector, _| !(offset..offset + length).contains(&(sector * SECTOR)));
        }
    }

    /// Makes everything durable, unless this drive ignores flushes.
    pub(crate) fn flush(&mut self) {
        self.flushed += 1;
        if self.flushes == Flushes::Honoured {
            self.unflushed.clear();
        }
    }

    /// Writes the sectors that differ from `contents`, and flushes if there are any.
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

    /// Cuts the power.
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
                Cut::Scatter(_) => split_mix(&mut seed) as usize % versions.len(),
                Cut::Keep => last,
            };
            self.lost += usize::from(kept < last);
            self.contents[sector * SECTOR..][..SECTOR].copy_from_slice(&versions[kept]);
        }
    }
}

mod tests {
    use super::*;

    /// Two sectors: zeros at first, then 1 written and flushed, then 2 and 3 written without a flush.
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
    fn a_cut_loses_unflushed_writes_and_nothing_else() {
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
