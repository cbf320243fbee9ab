//! A whole recording of Windows rows, judged: sessions, totals, and the tag for memory that did not fit into the
//! kernel's table.

use std::time::Duration;

use poolgate::judge::{Judgement, Verdict, judge};
use poolgate::machine::PoolSource;
use poolgate::machine::windows::pool::{Bits, Class, PoolTotals};
use poolgate::record::{Header, Mark, Recorder, Recording, SampleInfo, Stage};
use poolgate::scenario;

use crate::pool_tags::bytes::{sessions, table};
use crate::pool_tags::kernel::Kernel;
use crate::pool_tags::{nonpaged, paged, source};

/// The rows that grow with the workload.
#[derive(Clone, Copy, Default)]
struct Growing {
    session: bool,
    kernel: bool,
    overflow: bool,
}

/// A run of 100 iterations, judged by thresholds.
fn judged(growing: Growing, thresholds: &str) -> Judgement {
    let text = format!(
        "scenario: windows\nworkload: {{ run: work, iterations: 100, warm_up: 20 }}\n\
         sampling: {{ every: 1 s, settle: 0 s, lead_in: 10 s, cool_down: 10 s }}\nthresholds:\n{thresholds}"
    );
    let scenario = scenario::parse("windows.yaml", text.as_bytes()).unwrap().scenario;
    let header = Header::new("windows", "windows", "windows pool tags");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.pgr");
    let mut recorder = Recorder::create(&path, &header).unwrap();
    let kernel = Kernel::listing(&[]);
    let mut source = source(&kernel);
    for second in 0..120u64 {
        let done = second.clamp(10, 110) - 10;
        let stage = match second {
            0 => Some(Stage::LeadIn),
            10 => Some(Stage::Workload),
            110 => Some(Stage::CoolDown),
            _ => None,
        };
        let at = Duration::from_secs(second);
        if let Some(stage) = stage {
            recorder.mark(at, &Mark::Stage(stage)).unwrap();
        }
        recorder.mark(at, &Mark::Iteration(done)).unwrap();
        let grown = |grows: bool| if grows { done * 10 } else { 0 };
        let rows = [nonpaged(b"Irp ", 50), paged(b"Gla1", 100), nonpaged(b"Ovfl", 5 + grown(growing.overflow))];
        kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, &rows)));
        let session = [paged(b"Gla1", 100 + grown(growing.session))];
        kernel.set(Class::SessionPoolTag, Ok(sessions(Bits::Bits64, &[(1, &session)])));
        let paged = 1000 + grown(growing.kernel);
        kernel.change(|answers| answers.totals = Some(PoolTotals { paged, nonpaged: 500, page: 4096 }));
        let info = SampleInfo { at, settled: true, missed: 0 };
        recorder.sample(info, source.sample().unwrap()).unwrap();
    }
    recorder.finish(Duration::from_secs(120)).unwrap();
    judge(&scenario, &Recording::open(&path).unwrap()).unwrap()
}

fn verdicts(judgement: &Judgement) -> Vec<Verdict> {
    judgement.rulings.iter().map(|ruling| ruling.verdict).collect()
}

const THRESHOLDS: &str = "
  - { tag: \"*\", max_growth: 1 KiB }
  - { total: paged, max_growth: 1 KiB }
  - { total: kernel, max_growth: 1 KiB }
  - { tag: nonpaged, pool: kernel, max_growth: 1 KiB }
";

#[test]
fn constant_tags_hold() {
    let judgement = judged(Growing::default(), THRESHOLDS);
    assert_eq!(verdicts(&judgement), [Verdict::Held; 4]);
    assert_eq!(judgement.notes, Vec::<String>::new());
}

#[test]
fn a_leak_in_one_session_is_found_and_is_no_part_of_the_total() {
    let judgement = judged(Growing { session: true, ..Growing::default() }, THRESHOLDS);
    assert_eq!(verdicts(&judgement), [Verdict::Broken, Verdict::Held, Verdict::Held, Verdict::Held]);
    let guilty: Vec<&str> = judgement.rulings[0].findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(guilty, ["Gla1 paged (session 1)"]);
}

#[test]
fn growth_of_a_whole_pool_accuses_only_with_a_threshold_on_it() {
    let judgement = judged(Growing { kernel: true, ..Growing::default() }, THRESHOLDS);
    assert_eq!(verdicts(&judgement), [Verdict::Held, Verdict::Held, Verdict::Broken, Verdict::Held]);
    let total = &judgement.rulings[2].findings[0];
    assert!(total.because.starts_with("grew by 3.91 MiB"), "{}", total.because);
}

#[test]
fn an_overflow_of_the_kernels_tag_table_makes_every_tags_figures_unsound() {
    let growing = Growing { overflow: true, ..Growing::default() };
    let judgement = judged(growing, "  - { tag: Irp, max_growth: 0 B }\n  - { total: kernel, max_growth: 1 KiB }\n");
    assert_eq!(verdicts(&judgement), [Verdict::Unclear, Verdict::Held]);
    assert_eq!(
        judgement.notes,
        ["the kernel's tag table overflowed during the run: the figures of some tags are counted under Ovfl"]
    );
}
