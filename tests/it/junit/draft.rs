//! Builds reports for tests, step by step.

use jiff::{SignedDuration, Timestamp};
use poolgate::failure::Failure;
use poolgate::judge::{Evidence, Finding, Judgement, Levels, Ruling, TagFigures, Verdict};
use poolgate::pool::{Counters, Key, Pool, Tag};
use poolgate::report::{Host, Report};
use poolgate::scenario::{Bytes, Limit, Subject, Threshold};

/// A report under construction.
#[derive(Clone)]
pub(crate) struct Draft {
    report: Report,
    judgement: Judgement,
}

/// A run of `scenario` that lasted one minute and has no verdicts yet.
pub(crate) fn run_of(scenario: &str) -> Draft {
    let started: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
    let report = Report {
        started,
        ended: started,
        host: Some(Host {
            name: "lab7".to_owned(),
            system: "Linux 12 Debian".to_owned(),
            kernel: "6.1.0".to_owned(),
            architecture: "x86_64".to_owned(),
            memory: 8 << 30,
        }),
        source: "simulated kernel".to_owned(),
        boot: "boot 1".to_owned(),
        ..Report::new(scenario, format!("{scenario}-20260102T030405Z-k3f9"))
    };
    Draft {
        report,
        judgement: Judgement {
            rulings: Vec::new(),
            tags: Vec::new(),
            notes: Vec::new(),
            ignored: Vec::new(),
            ranking: None,
        },
    }
    .lasting(SignedDuration::from_secs(60))
}

impl Draft {
    pub(crate) fn held(self, words: &str, findings: &[(&str, &str)]) -> Draft {
        self.ruling(words, Verdict::Held, findings)
    }

    pub(crate) fn unclear(self, words: &str, findings: &[(&str, &str)]) -> Draft {
        self.ruling(words, Verdict::Unclear, findings)
    }

    pub(crate) fn broken(self, words: &str, findings: &[(&str, &str)]) -> Draft {
        self.ruling(words, Verdict::Broken, findings)
    }

    fn ruling(mut self, words: &str, verdict: Verdict, findings: &[(&str, &str)]) -> Draft {
        let finding = |&(subject, because): &(&str, &str)| Finding {
            key: None,
            subject: subject.to_owned(),
            verdict,
            because: because.to_owned(),
            base: None,
        };
        self.report.thresholds.push(words.to_owned());
        self.judgement.rulings.push(Ruling {
            threshold: Threshold {
                subject: Subject::Total(Pool::Nonpaged),
                limits: vec![Limit::MaxBytes(Bytes(64 << 20))],
                measure: None,
            },
            verdict,
            findings: findings.iter().map(finding).collect(),
        });
        self
    }

    /// Adds a finding to the last threshold, with a verdict of its own.
    pub(crate) fn beside(mut self, verdict: Verdict, subject: &str, because: &str) -> Draft {
        let (subject, because) = (subject.to_owned(), because.to_owned());
        self.judgement.rulings.last_mut().unwrap().findings.push(Finding {
            key: None,
            subject,
            verdict,
            because,
            base: None,
        });
        self
    }

    pub(crate) fn note(mut self, note: &str) -> Draft {
        self.judgement.notes.push(note.to_owned());
        self
    }

    /// Adds figures of a pool tag with these bytes, with too few samples for a verdict.
    pub(crate) fn tag(mut self, bytes: [u8; 4]) -> Draft {
        let tag = Tag::from_pool_tag(bytes);
        self.judgement.tags.push(TagFigures {
            survivors: None,
            slabs: None,
            key: Key::new(tag, Pool::Paged, Counters::Wrapping32),
            levels: Some(Levels { bytes_before: u64::MAX, bytes_after: 0, objects_before: i64::MIN, objects_after: 0 }),
            evidence: Evidence::TooFew { samples: 3, needed: 36, rate: None },
            confirmation: None,
            in_lockstep_with: Vec::new(),
            generic: false,
            verdict: None,
            threshold: None,
            broke: Vec::new(),
            ignored: None,
        });
        self
    }

    pub(crate) fn on(mut self, host: Host) -> Draft {
        self.report.host = Some(host);
        self
    }

    pub(crate) fn measured_from(mut self, source: &str, boot: &str) -> Draft {
        self.report.source = source.to_owned();
        self.report.boot = boot.to_owned();
        self
    }

    pub(crate) fn started(mut self, at: Timestamp) -> Draft {
        self.report.started = at;
        self.report.ended = at;
        self
    }

    pub(crate) fn lasting(mut self, time: SignedDuration) -> Draft {
        self.report.ended = self.report.started + time;
        self
    }

    /// The run has its verdicts.
    pub(crate) fn judged(mut self) -> Report {
        self.report.result = Ok(self.judgement);
        self.report
    }

    /// The run failed, so its thresholds have no verdict.
    pub(crate) fn failed(mut self, message: &str, help: Option<&str>, output: &str) -> Report {
        self.report.result =
            Err(Failure { message: message.to_owned(), help: help.map(str::to_owned), output: output.to_owned() });
        self.report
    }

    /// The run is still running, or the machine never came back.
    pub(crate) fn not_finished(self) -> Report {
        self.report
    }
}

/// Returns reports of all kinds, with names.
pub(crate) fn every_kind() -> Vec<(&'static str, Report)> {
    let leaky = || {
        run_of("mydriver-copy")
            .held("tag MyD2 nonpaged max_growth 64 KiB", &[("MyD2 nonpaged", "grew by 0 B (4 KiB → 4 KiB)")])
            .held("tag * max_rate 0 B/iteration", &[])
            .broken(
                "tag MyD? max_rate 0 B/iteration",
                &[("MyD1 nonpaged", "grows steadily by 96.0 B/iteration"), ("MyD1 paged", "grows steadily by 8.0 B/h")],
            )
            .beside(Verdict::Held, "MyD3 paged", "no steady growth")
            .unclear("total slab max_bytes 64 MiB", &[("total slab", "this kernel has no slab pool")])
            .unclear("tag X? max_growth 1 B", &[("X1 paged", "was not there"), ("X2 paged", "was not there either")])
            .note("2 samples were missed")
            .tag(*b"MyD1")
            .tag([0, 0xff, b'<', b'&'])
    };
    let said = "iteration 17 failed: exited with code 3";
    vec![
        ("judged", leaky().judged()),
        ("held", run_of("held").held("tag * max_rate 0 B/iteration", &[]).judged()),
        ("unclear", run_of("unclear").unclear("tag * max_rate 0 B/iteration", &[]).judged()),
        ("failed", leaky().failed(said, Some("its output is in workload.log"), "line 1\nline 2\n")),
        ("failed silently", leaky().failed("interrupted", None, "")),
        ("not finished", leaky().not_finished()),
        ("of no length", leaky().lasting(SignedDuration::ZERO).judged()),
        ("of a clock set back", leaky().lasting(SignedDuration::from_secs(-3600)).judged()),
        ("of one millisecond", leaky().lasting(SignedDuration::from_millis(1)).judged()),
        ("of 100 days", leaky().lasting(SignedDuration::from_hours(2400)).judged()),
    ]
}
