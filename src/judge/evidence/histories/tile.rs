//! What one sample says of some rows, until it is compared with what was lowest in each.
//!
//! Which of two levels is lower nobody can guess. In a loop that does nothing else a processor need not, and so many rows
//! stay in its nearest memory until then. They lie field by field, because troughs in a row would be compared two fields at
//! once, which takes an x86-64 of before 2008 a dozen instructions, and a compiler makes programs for those.

use super::Trough;

/// Rows which are read together.
pub(super) const ROWS: usize = 64;

/// The troughs of a sample in so many rows.
pub(super) struct Tile {
    objects: [i64; ROWS],
    bytes: [i64; ROWS],
    adjusted: [i64; ROWS],
}

/// Where the trough of one row goes.
pub(super) struct Place<'tile> {
    objects: &'tile mut i64,
    bytes: &'tile mut i64,
    adjusted: &'tile mut i64,
}

impl Tile {
    pub(super) fn new() -> Tile {
        Tile { objects: [0; ROWS], bytes: [0; ROWS], adjusted: [0; ROWS] }
    }

    /// A place for each row, in order.
    pub(super) fn places(&mut self) -> impl Iterator<Item = Place<'_>> {
        let fields = self.objects.iter_mut().zip(&mut self.bytes).zip(&mut self.adjusted);
        fields.map(|((objects, bytes), adjusted)| Place { objects, bytes, adjusted })
    }

    /// Takes what is lower into `low`.
    pub(super) fn lower(&self, low: &mut [Trough]) {
        for (((low, objects), bytes), adjusted) in
            low.iter_mut().zip(&self.objects).zip(&self.bytes).zip(&self.adjusted)
        {
            low.objects = low.objects.min(*objects);
            low.bytes = low.bytes.min(*bytes);
            low.adjusted = low.adjusted.min(*adjusted);
        }
    }
}

impl Place<'_> {
    #[inline]
    pub(super) fn set(self, trough: Trough) {
        (*self.objects, *self.bytes, *self.adjusted) = (trough.objects, trough.bytes, trough.adjusted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_of_each_row_is_the_lowest_of_its_own() {
        let trough = |objects, bytes, adjusted| Trough { objects, bytes, adjusted };
        let mut tile = Tile::new();
        for (place, trough) in tile.places().zip([trough(1, 8, 5), trough(9, 3, -7), Trough::HOLE]) {
            place.set(trough);
        }
        let mut low = [trough(2, 7, 6), trough(9, 4, 0), trough(2, 2, 2), Trough::HOLE];
        tile.lower(&mut low[..3]);
        assert_eq!(low, [trough(1, 7, 5), trough(9, 3, -7), trough(2, 2, 2), Trough::HOLE]);
    }
}
