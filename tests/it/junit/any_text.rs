//! For any text in a report, `junit.xml` is well-formed, `report.json` is JSON, and both contain the text.

use jiff::Timestamp;
use poolgate::pool::Tag;
use poolgate::report::{self, Host, Report};
use proptest::prelude::*;
use serde_json::Value;

use super::document::{all, parse, shown, shown_on_a_line, text, xml_of};
use super::draft::{every_kind, run_of};

/// Texts that broke the XML of other programs.
const NASTY: [&str; 34] = [
    "\0",
    "\u{1}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1f}",
    "\u{7f}",
    "\u{85}",
    "\u{9f}",
    "\u{2028}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{1fffe}",
    "\u{10ffff}",
    "\x1b[31m",
    "]]>",
    "]]",
    "]",
    ">",
    "<![CDATA[",
    "<!--",
    "&",
    "&#0;",
    "<",
    "\"",
    "'",
    "\r",
    "\r\n",
    "\n",
    "\t",
];

/// Any text that a program may print, a kernel may use as a name, or a person may type.
fn any_text() -> impl Strategy<Value = String> {
    let nasty = prop::collection::vec(prop::sample::select(&NASTY[..]), 0..12).prop_map(|pieces| pieces.concat());
    let bytes =
        prop::collection::vec(any::<u8>(), 0..48).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let tag = any::<[u8; 4]>().prop_map(|bytes| Tag::from_pool_tag(bytes).as_str().to_owned());
    prop_oneof![nasty, bytes, tag, any::<String>()]
}

fn any_host() -> impl Strategy<Value = Host> {
    (any_text(), any_text(), any_text(), any_text(), any::<u64>())
        .prop_map(|(name, system, kernel, architecture, memory)| Host { name, system, kernel, architecture, memory })
}

/// Any second in the years that jiff supports.
fn any_time() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_second()..=Timestamp::MAX.as_second()).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// Returns the report's line for a finding.
fn line(subject: &str, because: &str) -> String {
    format!("{subject}: {because}")
}

proptest! {
    #[test]
    fn a_failed_run_names_the_failure(
        name in any_text(), words in any_text(), message in any_text(), help in any_text(), output in any_text(),
    ) {
        let report = run_of(&name).held(&words, &[]).failed(&message, Some(&help), &output);
        let xml = xml_of(&report);
        let document = parse(&xml);
        let case = all(&document, "testcase")[0];
        prop_assert_eq!(case.attribute("name"), Some(&*shown_on_a_line(&words)));
        prop_assert_eq!(case.attribute("classname"), Some(&*shown_on_a_line(&name)));
        let error = all(&document, "error")[0];
        prop_assert_eq!(error.attribute("message"), Some(&*shown_on_a_line(&message)));
        let output = if output.is_empty() { output } else { format!("\n\nlast output:\n{output}") };
        prop_assert_eq!(text(error), shown(&format!("{message}\nhelp: {help}{output}")));

        let json = json_of(&report);
        let wanted = serde_json::json!({ "message": message, "help": help, "output": report.result.unwrap_err().output });
        prop_assert_eq!(&json["failure"], &wanted);
    }

    #[test]
    fn every_verdict_states_its_evidence(
        words in any_text(), subject in any_text(), because in any_text(), more in any_text(),
    ) {
        let findings = [(&*subject, &*because), (&*because, &*more)];
        let report = run_of("a").held(&words, &findings).unclear(&words, &findings).broken(&words, &findings).judged();
        let xml = xml_of(&report);
        let document = parse(&xml);
        let lines = shown(&[line(&subject, &because), line(&because, &more)].join("\n"));
        let message = shown_on_a_line(&format!("{} (and 1 more)", line(&subject, &because)));
        prop_assert_eq!(text(all(&document, "system-out")[0]), &*lines);
        for element in ["skipped", "failure"] {
            let said = all(&document, element)[0];
            prop_assert_eq!(said.attribute("message"), Some(&*message));
            prop_assert_eq!(text(said), &*lines);
        }
        let finding = &json_of(&report)["thresholds"][2]["findings"][0];
        prop_assert_eq!(&finding["subject"], &Value::from(subject));
        prop_assert_eq!(&finding["because"], &Value::from(because));
    }

    #[test]
    fn the_machine_is_recorded_with_any_name(
        host in any_host(), source in any_text(), boot in any_text(), note in any_text(), tag in any::<[u8; 4]>(),
    ) {
        let draft = run_of("a").on(host.clone()).measured_from(&source, &boot).note(&note).tag(tag);
        let report = draft.held("tag * max_bytes 1 B", &[]).judged();
        let xml = xml_of(&report);
        let document = parse(&xml);
        prop_assert_eq!(all(&document, "testsuite")[0].attribute("hostname"), Some(&*shown_on_a_line(&host.name)));
        let facts = text(all(&document, "system-out")[0]);
        for told in [&host.name, &host.system, &host.kernel, &host.architecture, &source, &boot, &note] {
            // A carriage return at the end of one text would join with the line end that the table adds.
            prop_assert!(facts.contains(shown(told).trim_end_matches('\n')), "{:?} is not in {:?}", told, facts);
        }
        let json = json_of(&report);
        prop_assert_eq!(&json["host"]["kernel"], &Value::from(host.kernel));
        prop_assert_eq!(&json["notes"][0], &Value::from(note));
        prop_assert_eq!(&json["tags"][0]["tag"], &Value::from(Tag::from_pool_tag(tag).as_str()));
    }

    #[test]
    fn any_clock_gives_a_time(started in any_time(), ended in any_time()) {
        let mut report = run_of("a").started(started).held("a", &[]).held("b", &[]).held("c", &[]).judged();
        report.ended = ended;
        let xml = xml_of(&report);
        let document = parse(&xml);
        let suite = all(&document, "testsuite")[0];
        prop_assert!(suite.attribute("time").unwrap().parse::<f64>().unwrap() >= 0.0);
        prop_assert!(suite.attribute("timestamp").unwrap().parse::<Timestamp>().is_ok());
        json_of(&report);
    }
}

#[test]
fn a_mebibyte_of_nothing_but_forbidden_bytes_survives() {
    let output = "\0".repeat(1 << 20);
    let xml = xml_of(&run_of("a").held("b", &[]).failed("c", None, &output));
    let document = parse(&xml);
    assert!(text(all(&document, "error")[0]) == format!("c\n\nlast output:\n{}", "\\x00".repeat(1 << 20)));
}

#[test]
fn report_json_names_its_format_and_everything_in_it_is_json() {
    for (kind, report) in every_kind() {
        let json = json_of(&report);
        assert_eq!(json["run"], Value::from(report.run), "{kind}");
        assert_eq!(json["thresholds"].is_array(), report.result.is_ok(), "{kind}");
        assert_eq!(json["failure"].is_object(), report.result.is_err(), "{kind}");
    }
}

/// Parses the `report.json` of `report` with a parser that does not accept `NaN`, and checks its first fields.
fn json_of(report: &Report) -> Value {
    let text = report::json(report);
    assert!(text.ends_with("}\n"), "{text}");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["format"], &json["version"]), (&Value::from("poolgate report"), &Value::from(1)));
    json
}
