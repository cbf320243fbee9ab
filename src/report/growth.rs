//! The tags with the largest growth in a log, as a table for a person. It opens the report on a log without thresholds.

use super::table::RowLimit;
use crate::counted::counted;
use crate::judge::Ranking;
use crate::scenario::{Bytes, Duration};
use crate::table::borderless;

/// The number of tags shown.
const SHOWN: usize = 10;

/// Formats the ranking as text, `width` columns wide.
pub(super) fn growth(ranking: &Ranking, width: u16, rows: RowLimit) -> String {
    let apart = match ranking.hours {
        Some(hours) => format!("{} apart", Duration::from_secs((hours * 3600.0).round() as u64)),
        None => "the time between them is unknown".to_owned(),
    };
    let head = format!("{}, {apart}", ranking.compared);
    let mut text = match ranking.tags.as_slice() {
        [] => format!("no tag grew ({head})\n"),
        _ => format!("largest growth ({head}):\n{}\n", listed(ranking, width, rows)),
    };
    let left = ranking.tags.len() - rows.of(SHOWN, ranking.tags.len());
    rows.more(left).into_iter().for_each(|more| text.push_str(&format!("{more}\n")));
    if ranking.unknown > 0 {
        let unknown = counted(
            ranking.unknown,
            "tag is not in both tables; its growth is unknown",
            "tags are not in both tables; their growth is unknown",
        );
        text.push_str(&format!("{unknown}\n"));
    }
    text
}

fn listed(ranking: &Ranking, width: u16, rows: RowLimit) -> String {
    let mut table = borderless(width);
    table.set_header(["tag", "grew by", "per hour", "of its pool's growth", "from", "to"]);
    for grown in ranking.tags.iter().take(rows.of(SHOWN, ranking.tags.len())) {
        let bytes = |bytes: u64| Bytes(bytes).rounded();
        let by_hour = grown.bytes_per_hour(ranking.hours);
        table.add_row([
            grown.key.to_string(),
            bytes(grown.levels.growth().unsigned_abs()),
            by_hour.map_or("?".to_owned(), |by_hour| format!("{}/h", bytes(by_hour.round() as u64))),
            grown.share.map_or(String::new(), |share| format!("{:.0} %", share * 100.0)),
            bytes(grown.levels.bytes_before),
            bytes(grown.levels.bytes_after),
        ]);
    }
    table.trim_fmt()
}
