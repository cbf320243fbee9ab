//! Single histories as CSV, for the pictures in docs/how-we-judge.md.

use std::fmt::Write;

use super::family::HARD;
use super::leak::{LeakKind, NoiseLevel, background};
use super::movement::PartClock;
use super::random::Random;
use super::seen::{blocks, plan};
use super::tag::{Quirks, REST, SimulatedTag};

/// Iterations of the first look.
const ITERATIONS: u64 = 300;

/// The names of the available histories.
pub(crate) const SERIES: [&str; 3] = ["leak", "fill", "background"];

/// The history of one tag through a first and a second look: `slot,part,block,work,objects`. `None` if there is none of
/// this name.
pub(crate) fn series(name: &str) -> Option<String> {
    let seed = format!("leakbench/v1/picture/{name}");
    let random = Random::named(&seed);
    let mut tag = match name {
        "leak" => LeakKind::Even.tag(NoiseLevel::Moderate, 0.3, Quirks::default(), ITERATIONS, random),
        "fill" => HARD[3].tag(Some(PartClock::Work), Quirks::default(), ITERATIONS, random),
        "background" => background(0, ITERATIONS, random),
        _ => return None,
    };
    let mut rows = CsvRows { text: "slot,part,block,work,objects\n".to_owned(), slot: 0 };
    for (part, work, slots) in [("lead-in", false, REST), ("workload", true, ITERATIONS), ("cool-down", false, REST)] {
        rows.add(&mut tag, part, 0, work, slots);
    }
    let plan = plan(&tag, ITERATIONS, 1, &seed);
    for (block, work, slots) in blocks(&plan) {
        rows.add(&mut tag, "second look", block, work, slots);
    }
    Some(rows.text)
}

struct CsvRows {
    text: String,
    slot: u64,
}

impl CsvRows {
    fn add(&mut self, tag: &mut SimulatedTag, part: &str, block: u32, work: bool, slots: u64) {
        for _ in 0..slots {
            let Some(usage) = tag.slot(work).taken() else { continue };
            let objects = tag.key.live(usage);
            let _ = writeln!(self.text, "{},{part},{block},{},{objects}", self.slot, u8::from(work));
            self.slot += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_has_its_series() {
        for name in SERIES {
            let text = series(name).unwrap();
            // 3N slots in the second look, rounded to a lead of a tenth and twelve equal blocks.
            assert_eq!(text.lines().count(), 1 + 320 + 90 + 12 * 67, "{name}");
        }
        assert_eq!(series("nothing"), None);
    }
}
