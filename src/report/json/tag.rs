//! The figures of a tag in `report.json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::judge::evidence::{Doubt, GrowthCheck, Interval, Standing, TestedFigure};
use crate::judge::{Confirmation, Early, Evidence, Levels, TagFigures, Trend, Verdict};
use crate::pool::{CacheSurvivors, Key, Pool};
use crate::report::{Report, Suspect};
use crate::scenario::Per;

/// A tag.
#[derive(Serialize, JsonSchema)]
pub(super) struct JsonTag<'a> {
    /// The tag's canonical text.
    tag: &'a str,
    pool: Pool,
    /// The session that owns the pool; null for the system's pool.
    session: Option<u32>,
    /// Whether the kernel can reclaim this memory when it needs some.
    reclaimable: bool,
    /// Whether many drivers allocate under this tag, so that its owners are suspects only.
    generic: bool,
    /// The worst verdict of the thresholds that apply to the tag; null if none applies.
    verdict: Option<Verdict>,
    /// The first threshold that applies to the tag.
    threshold: Option<String>,
    /// All thresholds that the tag broke.
    broke: Vec<String>,
    /// The reason why the tag is ignored; null if it is not.
    ignored: Option<&'a str>,
    /// The settled levels; null if the tag was not measured at rest.
    levels: Option<Levels>,
    growth_bytes: Option<i64>,
    /// Memory of the whole slabs of a Linux slab cache, including their unused objects; null if it was not measured.
    slabs: Option<Slabs>,
    /// The evidence of the first look.
    evidence: TagEvidence,
    /// The evidence of the second look; null if there was none at this tag.
    second_look: Option<Second>,
    /// The tags that grow in lockstep with this one.
    in_lockstep_with: Vec<String>,
    /// The live objects by the call path that allocated them, of the whole second look; null if they were not followed.
    call_paths: Option<FollowedObjects<'a>>,
    /// The drivers that may own the tag, the most certain first; null if they were not looked up. They are looked up
    /// only for tags that broke a threshold, and for tags that grow steadily without a second look.
    suspected_drivers: Option<&'a [Suspect]>,
}

/// The objects of a slab cache that were allocated in the second look and are alive.
#[derive(Serialize, JsonSchema)]
struct FollowedObjects<'a> {
    /// Number of iterations of the workload that ran while the objects were followed.
    iterations: u64,
    /// Growth of the tag in that time, in objects; null if it was not sampled.
    growth_objects: Option<i64>,
    /// The most events of all slab caches that were missed in that time; null if unknown. A missed free makes an object
    /// count as alive.
    events_missed: Option<u64>,
    #[serde(flatten)]
    objects: &'a CacheSurvivors,
}

/// The memory of whole slabs at rest, in bytes.
#[derive(Serialize, JsonSchema)]
struct Slabs {
    /// Before the workload.
    bytes_before: u64,
    /// After the workload.
    bytes_after: u64,
}

/// The evidence on one tag's growth. Rates have 95 % intervals.
#[derive(Serialize, JsonSchema)]
struct TagEvidence {
    /// Whether the tag grows steadily and so may leak. Null if this could not be tested.
    growing: Option<bool>,
    /// The reason, in words.
    because: String,
    /// The rate of a series that is too short for the test; null for longer series.
    few_samples: Option<FewSamples>,
    #[serde(flatten)]
    trend: Option<Tested>,
}

/// The rate of a series that is too short for the test.
#[derive(Serialize, JsonSchema)]
struct FewSamples {
    /// The number of samples of the series.
    samples: u64,
    #[serde(flatten)]
    rates: TagRates,
}

/// The figures of a test for steady growth.
#[derive(Serialize, JsonSchema)]
struct Tested {
    /// The test statistic.
    t: f64,
    /// The value that the statistic is compared with.
    cut_off: f64,
    failed_guards: Vec<GrowthCheck>,
    /// The measure that was tested.
    measure: TestedFigure,
    /// The shape of the series, in words.
    shape: String,
    /// The tested window from its start to its end, in iterations; null if iterations are not counted.
    window_iterations: Option<[f64; 2]>,
    /// The tested window in minutes of the workload.
    window_minutes: [f64; 2],
    growth_objects: f64,
    growth_bytes: f64,
    /// Average size of an object, in bytes; null if no object was in use.
    object_size: Option<f64>,
    #[serde(flatten)]
    rates: TagRates,
    smallest_visible_objects_per_iteration: Option<f64>,
    smallest_visible_objects_per_hour: Option<f64>,
    smallest_visible_bytes_per_iteration: Option<f64>,
    smallest_visible_bytes_per_hour: Option<f64>,
}

/// Rates. Those per iteration are null if iterations are not counted.
#[derive(Serialize, JsonSchema)]
struct TagRates {
    bytes_per_iteration: Option<Interval>,
    bytes_per_hour: Option<Interval>,
    objects_per_iteration: Option<Interval>,
    objects_per_hour: Option<Interval>,
}

/// The evidence of one or more second looks.
#[derive(Serialize, JsonSchema)]
struct Second {
    standing: Standing,
    /// The reasons why the growth did not persist.
    doubts: Vec<Doubt>,
    /// The number of looks.
    looks: usize,
    /// The share of all orders of work and rest that fit the growth at least as well; null if this was not tested.
    p: Option<f64>,
    /// Growth that the workload causes, in objects per slot of work, with twice its standard error on both sides.
    caused_objects_per_slot: Option<Interval>,
    /// Growth that does not depend on the workload.
    by_time_bytes_per_hour: Interval,
    t: Option<f64>,
    /// The rates while the workload ran; null if it ran too briefly.
    rates: Option<TagRates>,
}

impl<'a> JsonTag<'a> {
    pub(super) fn new(figures: &'a TagFigures, report: &'a Report) -> JsonTag<'a> {
        let rulings = report.result.as_ref().map_or(&[][..], |judgement| &judgement.rulings);
        let words = |at: &usize| rulings.get(*at).map(|ruling| ruling.threshold.words());
        JsonTag {
            tag: figures.key.tag.as_str(),
            pool: figures.key.pool,
            session: figures.key.session,
            reclaimable: figures.key.reclaimable,
            generic: figures.generic,
            verdict: figures.verdict,
            threshold: figures.threshold.as_ref().and_then(words),
            broke: figures.broke.iter().filter_map(words).collect(),
            ignored: figures.ignored.as_deref(),
            levels: figures.levels,
            growth_bytes: figures.levels.map(|levels| levels.growth()),
            slabs: figures
                .slabs
                .map(|slabs| Slabs { bytes_before: slabs.bytes_before, bytes_after: slabs.bytes_after }),
            evidence: TagEvidence::new(&figures.evidence),
            second_look: figures.confirmation.as_ref().map(Second::new),
            in_lockstep_with: figures.in_lockstep_with.iter().map(Key::to_string).collect(),
            call_paths: figures.survivors.as_ref().map(|survivors| FollowedObjects {
                iterations: survivors.iterations,
                growth_objects: survivors.grew,
                events_missed: survivors.missed,
                objects: &survivors.objects,
            }),
            suspected_drivers: report.suspected_of(&figures.key).map(|suspected| suspected.drivers.as_slice()),
        }
    }
}

impl TagEvidence {
    fn new(evidence: &Evidence) -> TagEvidence {
        let (trend, few) = match evidence {
            Evidence::TooFew { rate, .. } => (None, rate.as_ref()),
            Evidence::Interrupted(_) | Evidence::Untimed => (None, None),
            Evidence::Trend(trend) => (Some(trend), None),
        };
        TagEvidence {
            growing: trend.map(|trend| trend.growing),
            because: evidence.to_string(),
            few_samples: few.map(|few| FewSamples { samples: few.samples, rates: TagRates::of_few(few) }),
            trend: trend.map(Tested::new),
        }
    }
}

impl Tested {
    fn new(trend: &Trend) -> Tested {
        let (from, to) = trend.window;
        let smallest = |per| trend.smallest(per);
        let bytes = |per| Some(trend.smallest(per)? * trend.object_size?);
        Tested {
            t: trend.t,
            cut_off: trend.cut_off,
            failed_guards: trend.failed.clone(),
            measure: trend.measure,
            shape: trend.shape_in_words(),
            window_iterations: trend.iteration(from).zip(trend.iteration(to.saturating_sub(1))).map(Into::into),
            window_minutes: [trend.minutes(from), trend.minutes(to)],
            growth_objects: trend.growth.0,
            growth_bytes: trend.growth.1,
            object_size: trend.object_size,
            rates: TagRates::new(trend),
            smallest_visible_objects_per_iteration: smallest(Per::Iteration),
            smallest_visible_objects_per_hour: smallest(Per::Hour),
            smallest_visible_bytes_per_iteration: bytes(Per::Iteration),
            smallest_visible_bytes_per_hour: bytes(Per::Hour),
        }
    }
}

impl TagRates {
    fn of_few(few: &Early) -> TagRates {
        TagRates {
            bytes_per_iteration: few.bytes(Per::Iteration),
            bytes_per_hour: few.bytes(Per::Hour),
            objects_per_iteration: few.objects(Per::Iteration),
            objects_per_hour: few.objects(Per::Hour),
        }
    }

    fn new(trend: &Trend) -> TagRates {
        TagRates {
            bytes_per_iteration: trend.bytes(Per::Iteration),
            bytes_per_hour: trend.bytes(Per::Hour),
            objects_per_iteration: trend.objects(Per::Iteration),
            objects_per_hour: trend.objects(Per::Hour),
        }
    }
}

impl Second {
    fn new(confirmation: &Confirmation) -> Second {
        Second {
            standing: confirmation.standing,
            doubts: confirmation.doubts.clone(),
            looks: confirmation.looks,
            p: confirmation.p,
            caused_objects_per_slot: confirmation.caused,
            by_time_bytes_per_hour: confirmation.by_time,
            t: confirmation.trend.as_ref().map(|trend| trend.t),
            rates: confirmation.trend.as_ref().map(TagRates::new),
        }
    }
}
