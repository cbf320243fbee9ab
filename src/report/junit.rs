//! `junit.xml`: one suite per scenario and one case per threshold. A case is named by the text of its threshold, so
//! names do not change from one night to the next.
//!
//! This is the only file that uses `junit_report`. That crate does not escape text, so every text passes through
//! [`line`] or [`content`] first. A tag or a workload may hold bytes that XML forbids, and CI would then reject the
//! whole file.

use std::fmt::Write;

use jiff::Timestamp;
use junit_report::{
    Duration, OffsetDateTime, ReportBuilder, TestCase, TestCaseBuilder, TestResult, TestSuite, TestSuiteBuilder,
};

use super::{Host, Report};
use crate::failure::Failure;
use crate::judge::{Ruling, Verdict};
use crate::scenario::Bytes;

/// Returns the report as JUnit XML.
pub fn junit(report: &Report) -> Vec<u8> {
    junit_of(std::slice::from_ref(report))
}

/// Returns several reports as JUnit XML, one suite each. The suites of reports of one scenario also have the run in
/// their name.
pub fn junit_of(reports: &[Report]) -> Vec<u8> {
    let mut xml = String::from(BEFORE);
    for (number, report) in reports.iter().enumerate() {
        let same = reports.iter().filter(|other| other.scenario == report.scenario).count();
        let name = if same > 1 { format!("{} ({})", report.scenario, report.run) } else { report.scenario.clone() };
        let suite = suite(report, &name);
        let skipped = suite.skipped();
        let _ = write!(xml, "<testsuite skipped=\"{skipped}\" id=\"{number}\" {}", inside(suite));
    }
    xml.push_str(AFTER);
    xml.push('\n');
    xml.into_bytes()
}

/// Merges several files made by [`junit`] into one. Other files are left out.
pub fn junit_together(files: &[Vec<u8>]) -> Vec<u8> {
    let mut xml = String::from(BEFORE);
    let mut number = 0;
    for file in files {
        let text = String::from_utf8_lossy(file);
        let suite = text.strip_prefix(BEFORE).and_then(|rest| rest.trim_end().strip_suffix(AFTER));
        // The number comes before any text from outside.
        if let Some((opening, rest)) = suite.and_then(|suite| suite.split_once(" id=\"0\" ")) {
            let _ = write!(xml, "{opening} id=\"{number}\" {rest}");
            number += 1;
        }
    }
    xml.push_str(AFTER);
    xml.push('\n');
    xml.into_bytes()
}

/// The name of the case of a run that has no thresholds to report.
const RUN: &str = "the run ends";
/// The name of the case that fails until the flags are restored.
const RESTORED: &str = "the flags are put back";

const BEFORE: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites>"#;
const AFTER: &str = "</testsuites>";

/// Returns one suite as written by `junit_report`, from after its number on, and adds the `skipped` count, which the
/// crate does not write. Without it, tools that add up the counts of suites, such as GitHub's "Publish Test Results"
/// (EnricoMi/publish-unit-test-result-action, `junit.py`), would count unclear as held. Each suite is written alone,
/// because its text may contain anything and its start could not be found among other suites.
fn inside(suite: TestSuite) -> String {
    let mut xml = Vec::new();
    // Writing to memory cannot fail, and all text is clean.
    let written = ReportBuilder::new().add_testsuite(suite).build().write_xml(&mut xml);
    debug_assert!(written.is_ok(), "{written:?}");
    let xml = String::from_utf8_lossy(&xml);
    let opening = format!("{BEFORE}<testsuite id=\"0\" ");
    let whole = xml.strip_prefix(&opening).and_then(|rest| rest.trim_end().strip_suffix(AFTER));
    debug_assert!(whole.is_some(), "{xml}");
    whole.unwrap_or_default().to_owned()
}

fn suite(report: &Report, name: &str) -> TestSuite {
    let mut suite = TestSuiteBuilder::new(&line(name));
    suite.set_timestamp(time(report.started)).set_system_out(&content(&facts(report)));
    suite.testsuite.package = "poolgate".to_owned();
    if let Some(host) = &report.host {
        suite.testsuite.hostname = line(&host.name);
    }
    // JUnit adds up the times of the cases, and all thresholds are judged on the one run.
    let whole = report.ended.duration_since(report.started).as_millis().max(0) as i64;
    let each = Duration::milliseconds(whole / (report.thresholds.len().max(1) as i64));
    let cases = report.thresholds.iter().enumerate().map(|(at, words)| {
        let words = line(words);
        let mut case = match &report.result {
            Err(failure) => failed(&words, each, failure),
            Ok(judgement) => match judgement.rulings.get(at) {
                Some(ruling) => judged(&words, each, ruling, report),
                None => TestCase::error(&words, each, "error", "this threshold was not judged"),
            },
        };
        case.set_classname(&line(name));
        case.time = each;
        case
    });
    suite.add_testcases(cases);
    // If a scenario cannot be read, its run has no thresholds. A suite without cases would look like success.
    let unjudged = report.result.as_ref().err().filter(|_| report.thresholds.is_empty());
    let more = unjudged.map(|failure| (RUN, failure)).into_iter();
    let more = more.chain(report.not_restored.as_ref().map(|failure| (RESTORED, failure)));
    suite.add_testcases(more.map(|(words, failure)| {
        let mut case = failed(words, Duration::ZERO, failure);
        case.set_classname(&line(name));
        case
    }));
    suite.build()
}

fn failed(words: &str, each: Duration, failure: &Failure) -> TestCase {
    let mut text = failure.message.clone();
    if let Some(help) = &failure.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    if !failure.output.is_empty() {
        let _ = write!(text, "\n\nlast output:\n{}", failure.output);
    }
    TestCaseBuilder::error(words, each, "error", &line(&failure.message)).set_trace(&content(&text)).build()
}

fn judged(words: &str, each: Duration, ruling: &Ruling, report: &Report) -> TestCase {
    let worst = ruling.findings.iter().filter(|finding| finding.verdict == ruling.verdict);
    let lines: Vec<String> = worst.map(|finding| format!("{}: {}", finding.subject, finding.because)).collect();
    let message = match lines.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, others @ ..] => format!("{first} (and {} more)", others.len()),
    };
    let origins = ruling.findings.iter().flat_map(|finding| {
        report.origins(finding).into_iter().map(|origin| format!("\n{}: {origin}", finding.subject))
    });
    let text = content(&(lines.join("\n") + &origins.collect::<String>()));
    match ruling.verdict {
        Verdict::Held => {
            let mut case = TestCase::success(words, each);
            if !lines.is_empty() {
                case.set_system_out(&text);
            }
            case
        }
        Verdict::Unclear => {
            let mut case = TestCase::skipped_with_cause(words, "unclear", &line(&message));
            // The builder's `set_trace` ignores skipped cases.
            if let TestResult::SkippedWithCause { cause, .. } = &mut case.result {
                *cause = Some(text);
            }
            case
        }
        Verdict::Broken => TestCaseBuilder::failure(words, each, "broken", &line(&message)).set_trace(&text).build(),
    }
}

/// Returns the facts about the run for a reader who has only the XML.
fn facts(report: &Report) -> String {
    let system = |host: &Host| {
        let memory = Bytes(host.memory).rounded();
        format!("{}, kernel {}, {}, {memory}", host.system, host.kernel, host.architecture)
    };
    let mut facts = [
        ("outcome", report.outcome().to_string()),
        ("run", report.run.clone()),
        ("host", report.host.as_ref().map(|host| host.name.clone()).unwrap_or_default()),
        ("system", report.host.as_ref().map(system).unwrap_or_default()),
        ("pool usage from", report.source.clone()),
        ("boot", report.boot.clone()),
        ("poolgate", env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .into_iter()
    // Unknown facts have no line.
    .filter(|(_, value)| !value.is_empty())
    .map(|(what, value)| format!("{what:<16}{value}\n"))
    .collect::<String>();
    report.driver.iter().for_each(|driver| facts.push_str(&format!("{:<16}{driver}\n", "driver")));
    for entry in report.ignored().filter(|entry| !entry.expired && !entry.tags.is_empty()) {
        facts.push_str(&format!("{:<16}{entry}\n", "ignored"));
    }
    report.warnings().for_each(|warning| facts.push_str(&format!("{:<16}{warning}\n", "warning")));
    report.all_notes().for_each(|note| facts.push_str(&format!("{:<16}{note}\n", "note")));
    facts
}

/// Converts to whole seconds, for the schema's dateTime. RFC 3339 begins with the year 0, and `junit_report` panics on
/// earlier times. No clock that was ever set shows a time before 1970.
fn time(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second().max(0)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Prepares text for an attribute. It must be one line: a reader replaces a line end or a tab by a space (XML 1.0,
/// 3.3.3).
fn line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// Prepares text for the inside of an element, in CDATA sections. The end mark of a section is split between two
/// sections.
fn content(text: &str) -> String {
    clean(text).replace("]]>", "]]]]><![CDATA[>")
}

/// Returns text as XML 1.0 allows it (2.2, Char): other characters become `\xNN`, as in a tag. A carriage return ends a
/// line, as for every XML reader (2.11).
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => clean.push(c),
            '\0'..'\x20' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(clean, "\\x{:02x}", u32::from(c));
            }
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_forbidden_in_xml_are_escaped() {
        assert_eq!(clean("a\0b\x1b[1m\u{ffff}é\n\u{1f600}"), "a\\x00b\\x1b[1m\\xffffé\n\u{1f600}");
    }

    #[test]
    fn every_line_end_is_a_newline_and_an_attribute_has_none() {
        assert_eq!(content("10 %\r20 %\r\n\r\tend\r"), "10 %\n20 %\n\n\tend\n");
        assert_eq!(line("10 %\r20 %\r\n\tend"), "10 % 20 %  end");
    }

    #[test]
    fn the_end_mark_of_a_cdata_section_is_split() {
        assert_eq!(content("x]]>y"), "x]]]]><![CDATA[>y");
    }
}
