//! Parses a threshold from its words, `tag MyD? nonpaged max_growth 64 KiB`: the inverse of [`Threshold::words`].
//!
//! A command line uses these words, because the YAML of a scenario would need two levels of quotes. The name of a test
//! case in `junit.xml` can be used unchanged. A mistake is shown at its place, as in a scenario.

use std::ops::Range;

use super::mistake::{MistakeText, Mistakes, shown};
use super::quantity::{Amount, Bytes, GrowthLimit, Rate};
use super::scalar::Scalar;
use super::threshold::{Limit, Measure, Subject, Threshold};
use crate::pool::{Pool, TagPattern};

/// The names of the limits, and the functions that parse their values.
const LIMITS: [(&str, ReadLimit); 4] = [
    ("max_growth", |value| GrowthLimit::read(value).map(Limit::MaxGrowth)),
    ("max_rate", |value| Rate::read(value).map(Limit::MaxRate)),
    ("max_bytes", |value| Bytes::read(value).map(Limit::MaxBytes)),
    ("after_teardown", |value| Bytes::read(value).map(Limit::AfterTeardown)),
];

/// The measures that a threshold can name.
const MEASURES: [Measure; 2] = [Measure::Objects, Measure::Slabs];

type ReadLimit = fn(&str) -> Result<Limit, MistakeText>;

const EXAMPLES: &str = "write `tag MyD? nonpaged max_growth 64 KiB` or `total nonpaged max_bytes 8 MiB`";

type Parsed<T> = Result<T, (MistakeText, Range<usize>)>;

impl Threshold {
    /// Parses a threshold from its words; `option` is the command-line option, for mistakes.
    ///
    /// # Errors
    /// The first mistake.
    pub fn given(option: &str, text: &str) -> Result<Threshold, Mistakes> {
        threshold(text).map_err(|(wrong, span)| Mistakes::new(option, text, vec![wrong.at(span)]))
    }
}

fn threshold(text: &str) -> Parsed<Threshold> {
    let words: Vec<Range<usize>> = words(text).collect();
    let Some(first) = words.first() else {
        return Err((MistakeText::new("the threshold is empty", "nothing here", EXAMPLES), 0..text.len()));
    };
    let is_limit = |at: &usize| {
        let word = |at: usize| words.get(at).map_or("", |word| &text[word.clone()]);
        // A tag may be called `measure`.
        let measures = || word(*at) == "measure" && measure(word(at + 1).trim_end_matches(',')).is_some();
        LIMITS.iter().any(|(name, _)| *name == word(*at)) || measures()
    };
    let limits_at = (1..words.len()).find(is_limit).map_or(text.len(), |at| words[at].start);
    let subject = subject(text, first, limits_at)?;
    if limits_at == text.len() {
        return Err((no_limit(), words.last().unwrap_or(first).clone()));
    }
    let (limits, measure) = limits(text, limits_at)?;
    checked(Threshold { subject, limits, measure }, &words)
}

fn subject(text: &str, first: &Range<usize>, end: usize) -> Parsed<Subject> {
    // One space is the separator. Further spaces are the start of a tag such as ` CM`.
    let begin = (first.end + 1).min(end);
    let rest = begin..begin + text[begin..end].trim_end().len();
    match &text[first.clone()] {
        "total" => {
            let named = pool(text[rest.clone()].trim());
            named.map(Subject::Total).ok_or_else(|| (not_a_pool(text[rest.clone()].trim()), span(text, &rest, first)))
        }
        "tag" => tags(text, rest, first),
        other => {
            let message = format!("`{}` is neither `tag` nor `total`", shown(other));
            Err((MistakeText::new(message, "no `tag` or `total`", EXAMPLES), first.clone()))
        }
    }
}

/// Parses `MyD? nonpaged except MyD1, MyD2`.
fn tags(text: &str, rest: Range<usize>, first: &Range<usize>) -> Parsed<Subject> {
    const EXCEPT: &str = " except ";
    let (named, excepted) = match text[rest.clone()].find(EXCEPT) {
        Some(at) => (rest.start..rest.start + at, Some(rest.start + at + EXCEPT.len()..rest.end)),
        None => (rest, None),
    };
    // The name of a pool counts only after a tag: `tag paged` is the tag with that name.
    let behind = text[named.clone()].rsplit_once(' ').filter(|(tag, _)| !tag.trim().is_empty());
    let (named, pool) = match behind.and_then(|(tag, word)| Some((tag.trim_end().len(), pool(word)?))) {
        Some((length, pool)) => (named.start..named.start + length, Some(pool)),
        None => (named, None),
    };
    let tag = pattern(text, named, first)?;
    let mut except = Vec::new();
    let mut at = excepted.clone().map_or(0, |excepted| excepted.start);
    for part in excepted.map(|excepted| &text[excepted]).iter().flat_map(|list| list.split(',')) {
        let begin = at + usize::from(part.starts_with(' '));
        except.push(pattern(text, begin.min(at + part.len())..at + part.len(), first)?);
        at += part.len() + 1;
    }
    Ok(Subject::Tags { tag, except, pool })
}

fn pattern(text: &str, span: Range<usize>, first: &Range<usize>) -> Parsed<TagPattern> {
    let typed = &text[span.clone()];
    typed.parse().map_err(|error| {
        let wrong =
            MistakeText::new(format!("`{}` is not a pattern over tags", shown(typed)), "not a tag", format!("{error}"));
        (wrong, self::span(text, &span, first))
    })
}

/// Parses `max_growth 64 KiB, max_rate 0 B/iteration, measure slabs`.
fn limits(text: &str, begin: usize) -> Parsed<(Vec<Limit>, Option<Measure>)> {
    let mut limits: Vec<(&str, Limit)> = Vec::new();
    let mut measured = None;
    let mut at = begin;
    for part in text[begin..].split(',') {
        let place = span(text, &(at..at + part.len()), &(at..(at + 1).min(text.len())));
        at += part.len() + 1;
        let (name, value) = text[place.clone()].split_once(char::is_whitespace).unwrap_or((&text[place.clone()], ""));
        let name_at = place.start..place.start + name.len();
        if name == "measure" {
            let known = measure(value.trim()).filter(|_| measured.is_none());
            measured = Some(known.ok_or_else(|| {
                let help = "write `measure objects` or `measure slabs`, once";
                (MistakeText::new("this is not a measure", "not a measure", help), place.clone())
            })?);
            continue;
        }
        let Some((known, read)) = LIMITS.iter().find(|(known, _)| *known == name) else {
            let names = LIMITS.map(|(name, _)| format!("`{name}`")).join(", ");
            let wrong = MistakeText::new(
                format!("`{}` is not a limit", shown(name)),
                "not a limit",
                format!("the limits are {names}"),
            );
            return Err((wrong, name_at));
        };
        if limits.iter().any(|(given, _)| given == known) {
            let wrong = MistakeText::new(format!("`{known}` is given twice"), "again", "keep one of the two");
            return Err((wrong, name_at));
        }
        let limit = read(value.trim()).map_err(|wrong| {
            let value_at = place.end - value.trim_start().len()..place.end;
            (wrong, if value_at.is_empty() { name_at } else { value_at })
        })?;
        limits.push((known, limit));
    }
    Ok((limits.into_iter().map(|(_, limit)| limit).collect(), measured))
}

fn measure(word: &str) -> Option<Measure> {
    MEASURES.into_iter().find(|measure| measure.to_string() == word)
}

/// Checks that only slab caches have a measure, and that a rate in objects is not measured in slabs.
fn checked(threshold: Threshold, words: &[Range<usize>]) -> Parsed<Threshold> {
    let pool = match threshold.subject {
        Subject::Total(pool) => Some(pool),
        Subject::Tags { pool, .. } => pool,
    };
    let objects = |limit: &Limit| matches!(limit, Limit::MaxRate(Rate { amount: Amount::Objects(_), .. }));
    let of_objects = threshold.limits.iter().any(objects);
    let wrong = match (threshold.measure, pool) {
        (Some(measure), Some(pool)) if pool != Pool::Slab => {
            let help = "remove `measure`: only the pool `slab`, of Linux, has `objects` and `slabs`";
            MistakeText::new(format!("the {pool} pool has no slabs to measure"), format!("{measure} of {pool}"), help)
        }
        (Some(Measure::Slabs), _) if of_objects => {
            let help = "give the rate in bytes, or write `measure objects`";
            MistakeText::new("a rate in objects cannot be measured in slabs", "objects, not slabs", help)
        }
        _ if threshold.limits.is_empty() => no_limit(),
        _ => return Ok(threshold),
    };
    Err((wrong, words.last().cloned().unwrap_or_default()))
}

fn no_limit() -> MistakeText {
    let help = "add `max_growth 64 KiB`, `max_rate 16 B/iteration`, `max_bytes 1 MiB` or `after_teardown 0 B`";
    MistakeText::new("this threshold limits nothing", "no limit", help)
}

fn pool(word: &str) -> Option<Pool> {
    named_pools().find(|pool| pool.to_string() == word)
}

/// Returns the pools that a threshold can name. `slabs` is not one of them, but a measure of the pool `slab`.
fn named_pools() -> impl Iterator<Item = Pool> {
    Pool::ALL.into_iter().filter(|pool| *pool != Pool::Slabs)
}

fn not_a_pool(word: &str) -> MistakeText {
    let names = named_pools().map(|pool| format!("`{pool}`")).collect::<Vec<_>>().join(", ");
    MistakeText::new(format!("`{}` is not a pool", shown(word)), "not a pool", format!("the pools are {names}"))
}

/// Returns `wanted` without surrounding spaces; `instead` if it is empty.
fn span(text: &str, wanted: &Range<usize>, instead: &Range<usize>) -> Range<usize> {
    let part = &text[wanted.clone()];
    let begin = wanted.start + part.len() - part.trim_start().len();
    let end = begin + part.trim().len();
    if begin == end { instead.clone() } else { begin..end }
}

fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.split_ascii_whitespace().map(|word| {
        let begin = word.as_ptr() as usize - text.as_ptr() as usize;
        begin..begin + word.len()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scenario::quantity::{Amount, Per, Percent};

    fn read(text: &str) -> Threshold {
        threshold(text).unwrap_or_else(|(wrong, span)| panic!("{text}: {wrong:?} at {span:?}"))
    }

    #[test]
    fn a_threshold_reads_as_people_write_it() {
        for (text, words) in [
            ("tag MyD1 max_growth 64KiB", "tag MyD1 max_growth 64 KiB"),
            (
                "  tag MyD? nonpaged  max_rate 0 B/iteration ,max_bytes 1 MiB",
                "tag MyD? nonpaged max_rate 0 B/iteration, max_bytes 1 MiB",
            ),
            ("tag * except MmSt, Ntf? max_rate 16 B/h", "tag * except MmSt, Ntf? max_rate 16 B/h"),
            ("tag Dh 1 paged max_growth 5 %", "tag Dh 1 paged max_growth 5 %"),
            ("tag paged kernel max_bytes 1 GiB", "tag paged kernel max_bytes 1 GiB"),
            ("tag  CM max_growth 0 B", "tag  CM max_growth 0 B"),
            ("total slab max_growth 8 MiB, after_teardown 0 B", "total slab max_growth 8 MiB, after_teardown 0 B"),
        ] {
            assert_eq!(read(text).words(), words);
        }
        let Subject::Tags { tag, pool, .. } = read("tag paged max_growth 0 B").subject else { panic!("a tag") };
        assert_eq!((tag.to_string().as_str(), pool), ("paged", None));
        let Subject::Tags { tag, .. } = read("tag  CM max_growth 0 B").subject else { panic!("a tag") };
        assert_eq!(tag.to_string(), " CM");
    }

    #[test]
    fn a_mistake_is_shown_with_its_position() {
        for (text, place, message) in [
            ("", "", "the threshold is empty"),
            ("MyD1 max_growth 1 KiB", "MyD1", "`MyD1` is neither `tag` nor `total`"),
            ("tag MyD1", "MyD1", "this threshold limits nothing"),
            ("tag MyD1 max_grwth 1 KiB", "KiB", "this threshold limits nothing"),
            ("tag max_growth 1 KiB", "tag", "`` is not a pattern over tags"),
            ("tag My\\D max_growth 1 KiB", "My\\D", "`My\\D` is not a pattern over tags"),
            ("tag * except MyD1, max_rate 0 B/h", "tag", "`` is not a pattern over tags"),
            ("tag * except é max_rate 0 B/h", "é", "`é` is not a pattern over tags"),
            ("tag MyD1 max_growth 64", "64", "a number of bytes needs a unit"),
            ("tag MyD1 max_growth", "max_growth", "`` is not a growth limit"),
            ("tag MyD1 max_growth 1 KiB, max_rat 0 B/h", "max_rat", "`max_rat` is not a limit"),
            ("tag MyD1 max_bytes 1 KiB, max_bytes 2 KiB", "max_bytes", "`max_bytes` is given twice"),
            ("total pagd max_bytes 1 KiB", "pagd", "`pagd` is not a pool"),
            ("total max_bytes 1 KiB", "total", "`` is not a pool"),
        ] {
            let (wrong, span) = threshold(text).expect_err(text);
            assert_eq!((&text[span], wrong.message.as_str()), (place, message), "{text}");
        }
    }

    fn any_limit() -> impl Strategy<Value = Limit> {
        let rate = (0.0..1e9, any::<bool>(), any::<bool>()).prop_map(|(amount, objects, hour)| Rate {
            amount: if objects { Amount::Objects(amount) } else { Amount::Bytes(amount) },
            per: if hour { Per::Hour } else { Per::Iteration },
        });
        prop_oneof![
            (0..u64::MAX).prop_map(|bytes| Limit::MaxGrowth(GrowthLimit::Bytes(Bytes(bytes)))),
            (0.0..1e6).prop_map(|percent| Limit::MaxGrowth(GrowthLimit::Percent(Percent(percent)))),
            rate.prop_map(Limit::MaxRate),
            any::<u64>().prop_map(|bytes| Limit::MaxBytes(Bytes(bytes))),
            any::<u64>().prop_map(|bytes| Limit::AfterTeardown(Bytes(bytes))),
        ]
    }

    proptest! {
        #[test]
        fn its_own_words_are_read_as_the_threshold(
            tag in "[ -+.-Z]?[!-+.-Z]{1,3}|[*]",
            except in proptest::collection::vec("[!-+.-Z]{1,4}", 0..3),
            pool in proptest::option::of(proptest::sample::select(named_pools().collect::<Vec<_>>())),
            limit in any_limit(),
            measure in proptest::option::of(proptest::sample::select(MEASURES.to_vec())),
        ) {
            let parsed = |text: String| text.parse().unwrap();
            let subject = Subject::Tags { tag: parsed(tag), except: except.into_iter().map(parsed).collect(), pool };
            let slab = matches!(subject, Subject::Tags { pool: None | Some(Pool::Slab), .. });
            let in_objects = matches!(limit, Limit::MaxRate(Rate { amount: Amount::Objects(_), .. }));
            let measure = measure.filter(|_| slab && !in_objects);
            let threshold = Threshold { subject, limits: vec![limit], measure };
            prop_assert_eq!(read(&threshold.words()), threshold);
        }
    }
}
