//! The first lines of a report: each leak with its rate and its cause, or the smallest leak that the run could detect.

use super::call_paths::main_function;
use crate::judge::evidence::Standing;
use crate::judge::{Evidence, Interval, Judgement, Ruling, TagFigures, Trend, Verdict};
use crate::pool::Key;
use crate::scenario::{Bytes, Limit};

/// A headline: the word in front of it, and the rest of the line.
pub(super) type Headline = (&'static str, String);

/// Headlines shown. The table lists all.
const MOST: usize = 5;

/// The leaks, largest rate first, then other broken limits. If all held, the smallest leak that the run could detect.
pub(super) fn headlines(judgement: &Judgement) -> Vec<Headline> {
    let mut leaks: Vec<LeakingTag> = judgement.tags.iter().filter_map(|tag| LeakingTag::new(tag, judgement)).collect();
    leaks.sort_by(|a, b| b.rate.rate.total_cmp(&a.rate.rate));
    let is_leak = |key: &Option<Key>| leaks.iter().any(|leak| Some(&leak.tag.key) == key.as_ref());
    let broken = judgement.rulings.iter().flat_map(|ruling| &ruling.findings);
    let broken = broken.filter(|finding| finding.verdict == Verdict::Broken && !is_leak(&finding.key));
    let mut others: Vec<Headline> = Vec::new();
    for finding in broken {
        let because = finding.because.split(';').next().unwrap_or_default();
        let line = format!("{}  {because}", finding.subject);
        if !others.iter().any(|(_, other)| *other == line) {
            others.push(("BROKEN", line));
        }
    }
    let mut lines: Vec<Headline> = leaks.iter().map(|leak| ("LEAK", leak.line())).chain(others).collect();
    if lines.is_empty() && judgement.verdict() == Verdict::Held {
        return detectable(judgement).into_iter().collect();
    }
    if lines.len() > MOST + 1 {
        let left = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(("", format!("and {left} more")));
    }
    lines
}

/// A tag with steady growth that broke a threshold on a rate, and that no second look cleared.
struct LeakingTag<'a> {
    tag: &'a TagFigures,
    /// In bytes per iteration or hour.
    rate: Interval,
    per: String,
}

impl LeakingTag<'_> {
    fn new<'a>(tag: &'a TagFigures, judgement: &Judgement) -> Option<LeakingTag<'a>> {
        let broken = tag.broke.iter().filter_map(|at| judgement.rulings.get(*at));
        let standing = tag.confirmation.as_ref().map(|confirmation| confirmation.standing);
        if !broken.into_iter().any(limits_a_rate)
            || matches!(standing, Some(Standing::NotPersistent | Standing::NotAttributed))
        {
            return None;
        }
        let Evidence::Trend(trend) = &tag.evidence else { return None };
        let trend = tag.confirmation.as_ref().and_then(|confirmation| confirmation.trend.as_ref()).unwrap_or(trend);
        let per = trend.natural();
        let rate = trend.bytes(per)?;
        trend.growing.then(|| LeakingTag { tag, rate, per: per.to_string() })
    }

    fn line(&self) -> String {
        let Interval { rate, low, high } = self.rate;
        let cause = match self.tag.confirmation.as_ref().map(|confirmation| confirmation.standing) {
            Some(Standing::Leak) => "; grows because the workload runs",
            Some(Standing::Background) => "; grows with time, with or without the workload",
            Some(Standing::NotTested) => "; its cause is unknown",
            Some(Standing::NotAttributed | Standing::NotPersistent) | None => "",
        };
        let function = main_function(self.tag).map_or(String::new(), |function| format!("; allocated by {function}"));
        let (rate, low, high) = (amount(rate), amount(low), amount(high));
        format!("{}  about {rate} per {} ({low} to {high}){cause}{function}", self.tag.key, self.per)
    }
}

/// The largest of the smallest leaks that each held tag would have shown, if a threshold limits a rate.
fn detectable(judgement: &Judgement) -> Option<Headline> {
    let limited = judgement.rulings.iter().any(limits_a_rate);
    let held = judgement.tags.iter().filter(|tag| tag.verdict == Some(Verdict::Held));
    let trends = held.filter_map(|tag| match &tag.evidence {
        Evidence::Trend(trend) => Some((smallest(trend)?, trend.natural(), &tag.key)),
        Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => None,
    });
    let (bytes, per, key) = trends.filter(|_| limited).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(("no leak", format!("smallest detectable leak: {} per {per} (in {key})", amount(bytes))))
}

fn limits_a_rate(ruling: &Ruling) -> bool {
    ruling.threshold.limits.iter().any(|limit| matches!(limit, Limit::MaxRate(_)))
}

/// In bytes per iteration or hour; `None` if the size of an object is not known.
fn smallest(trend: &Trend) -> Option<f64> {
    Some(trend.smallest(trend.natural())? * trend.object_size?)
}

/// Bytes for people: `96 B`, `7.03 GiB`.
fn amount(bytes: f64) -> String {
    const SMALL: f64 = 1024.0;
    let sign = if bytes < 0.0 { "−" } else { "" };
    match bytes.abs() {
        small if small < 10.0 => format!("{bytes:.1} B"),
        small if small < SMALL => format!("{bytes:.0} B"),
        large => format!("{sign}{}", Bytes(large.round() as u64).rounded()),
    }
}
