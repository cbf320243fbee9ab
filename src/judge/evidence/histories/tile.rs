//! The samples of some rows, before they are compared with the lowest so far.
//!
//! No processor can predict which of two levels is lower. A loop that only compares needs no prediction, and the rows
//! of a tile stay in the nearest cache until then. The fields are stored separately, because the compiler would compare
//! two fields of a trough at once. That takes a dozen instructions on an x86-64 of before 2008, the compiler's default
//! target.

use super::Trough;

/// Number of rows that are read together.
pub(super) const ROWS: usize = 64;

/// The troughs of one sample in several rows.
pub(super) struct Tile {
    objects: [i64; ROWS],
    bytes: [i64; ROWS],
    adjusted: [i64; ROWS],
}

/// The place for the trough of one row.
pub(super) struct TilePlace<'tile> {
    objects: &'tile mut i64,
    bytes: &'tile mut i64,
    adjusted: &'tile mut i64,
}

impl Tile {
    pub(super) fn new() -> Tile {
        Tile { objects: [0; ROWS], bytes: [0; ROWS], adjusted: [0; ROWS] }
    }

    /// A place for each row, in order.
    pub(super) fn places(&mut self) -> impl Iterator<Item = TilePlace<'_>> {
        let fields = self.objects.iter_mut().zip(&mut self.bytes).zip(&mut self.adjusted);
        fields.map(|((objects, bytes), adjusted)| TilePlace { objects, bytes, adjusted })
    }

    /// Lowers each trough in `low` to the tile's values, field by field.
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

impl TilePlace<'_> {
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
