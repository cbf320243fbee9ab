//! The rules of `junit-10.xsd`, the schema of Jenkins' xUnit plugin, rewritten here:
//! <https://github.com/jenkinsci/xunit-plugin>, `src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/`.
//!
//! The schema hardly restricts counts and times. `wrong_sums` also checks them, because some readers show the
//! attributes of a suite without counting its cases.

use roxmltree::{Document, Node};

use super::document::{all, parse, xml_of};
use super::draft::{every_kind, run_of};

/// The schema's rules for one element. The order of the children is free.
struct Element {
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    children: &'static [&'static str],
    /// Whether the element may hold text (`mixed`, or of type `xs:string`).
    text: bool,
}

const SCHEMA: [Element; 10] = [
    Element {
        name: "testsuites",
        required: &[],
        optional: &["name", "time", "tests", "failures", "errors"],
        children: &["testsuite"],
        text: false,
    },
    Element {
        name: "testsuite",
        required: &["name", "tests", "failures", "errors"],
        optional: &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
        children: &["testsuite", "properties", "testcase", "system-out", "system-err"],
        text: false,
    },
    Element {
        name: "testcase",
        required: &["name"],
        optional: &["time", "classname", "group"],
        // The schema's rerun and flaky kinds are from Surefire. poolgate never writes them, so here they are
        // violations.
        children: &["skipped", "error", "failure", "system-out", "system-err"],
        text: false,
    },
    Element { name: "skipped", required: &[], optional: &["type", "message"], children: &[], text: true },
    Element { name: "error", required: &[], optional: &["type", "message"], children: &[], text: true },
    Element { name: "failure", required: &[], optional: &["type", "message"], children: &[], text: true },
    Element { name: "properties", required: &[], optional: &[], children: &["property"], text: false },
    Element { name: "property", required: &["name", "value"], optional: &[], children: &[], text: false },
    Element { name: "system-out", required: &[], optional: &[], children: &[], text: true },
    Element { name: "system-err", required: &[], optional: &[], children: &[], text: true },
];

/// Returns the document's violations of the schema's rules.
pub(crate) fn violations(document: &Document<'_>) -> Vec<String> {
    let root = document.root_element().tag_name().name();
    let wrong_root = !["testsuites", "testsuite"].contains(&root);
    let mut found = Vec::from_iter(wrong_root.then(|| format!("the root is <{root}>")));
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        match SCHEMA.iter().find(|element| element.name == name) {
            Some(element) => found.extend(element.violations(node)),
            None => found.push(format!("<{name}> is not in the schema")),
        }
    }
    found
}

impl Element {
    fn violations(&self, node: Node<'_, '_>) -> Vec<String> {
        let name = self.name;
        let missing = self.required.iter().filter(|required| !node.has_attribute(**required));
        let mut found: Vec<String> = missing.map(|missing| format!("<{name}> has no {missing}")).collect();
        for attribute in node.attributes() {
            let called = attribute.name();
            if !self.required.contains(&called) && !self.optional.contains(&called) {
                found.push(format!("<{name}> may not have {called}"));
            }
            if called == "time" && !is_surefire_time(attribute.value()) && name != "testcase" {
                found.push(format!("<{name}> has the time {:?}", attribute.value()));
            }
        }
        for child in node.children() {
            let called = child.tag_name().name();
            if child.is_element() && !self.children.contains(&called) {
                found.push(format!("<{name}> may not hold <{called}>"));
            }
            if child.is_text() && !self.text && child.text().is_some_and(|text| !text.trim().is_empty()) {
                found.push(format!("<{name}> may not hold text"));
            }
        }
        found
    }
}

/// Returns whether `time` is a `SUREFIRE_TIME` of the schema, but without thousands separators: digits, and optionally
/// a point and more digits.
fn is_surefire_time(time: &str) -> bool {
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
}

/// Returns the attributes of suites that do not match their cases.
pub(crate) fn wrong_sums(document: &Document<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for suite in all(document, "testsuite") {
        let inside = |name: &str| suite.descendants().filter(|node| node.has_tag_name(name)).count();
        let counts = [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")];
        for (attribute, element) in counts {
            let (said, counted) = (suite.attribute(attribute).map(str::parse), inside(element));
            if said != Some(Ok(counted)) {
                found.push(format!("{attribute} is {said:?}, and there are {counted} <{element}>"));
            }
        }
        let seconds =
            |node: Node<'_, '_>| node.attribute("time").and_then(|time| time.parse().ok()).unwrap_or(f64::NAN);
        let sum: f64 = suite.children().filter(|node| node.has_tag_name("testcase")).map(seconds).sum();
        // This comparison also fails for NaN.
        if (seconds(suite) - sum).abs().partial_cmp(&1e-6) != Some(std::cmp::Ordering::Less) {
            found.push(format!("the time is {:?}, and the cases' is {sum}", suite.attribute("time")));
        }
    }
    found
}

#[test]
fn jenkins_schema_accepts_every_kind_of_report() {
    for (kind, report) in every_kind() {
        let xml = xml_of(&report);
        assert_eq!(violations(&parse(&xml)), [""; 0], "{kind}: {xml}");
    }
}

#[test]
fn counts_and_times_add_up_in_every_kind_of_report() {
    for (kind, report) in every_kind() {
        let xml = xml_of(&report);
        assert_eq!(wrong_sums(&parse(&xml)), [""; 0], "{kind}: {xml}");
    }
}

#[test]
fn violations_of_the_schema_are_found() {
    let suite = |inside: &str| format!("<testsuite name='a' tests='1' failures='0' errors='0'>{inside}</testsuite>");
    let cases = [
        ("<html/>".to_owned(), "the root is <html>"),
        ("<testsuite name='a' tests='0' failures='0'/>".to_owned(), "<testsuite> has no errors"),
        ("<testsuites time='1e3'/>".to_owned(), "<testsuites> has the time \"1e3\""),
        ("<testsuites time='-1'/>".to_owned(), "<testsuites> has the time \"-1\""),
        ("<testsuites skipped='1'/>".to_owned(), "<testsuites> may not have skipped"),
        (suite("<testcase name='a' file='b'/>"), "<testcase> may not have file"),
        (suite("<testcase/>"), "<testcase> has no name"),
        (suite("<testcase name='a'>b</testcase>"), "<testcase> may not hold text"),
        (suite("<failure/>"), "<testsuite> may not hold <failure>"),
        (suite("<testcase name='a'><skipped cause='b'/></testcase>"), "<skipped> may not have cause"),
        (suite("<system-out><b/></system-out>"), "<b> is not in the schema"),
    ];
    for (xml, expected) in cases {
        let found = violations(&parse(&xml));
        assert!(found.iter().any(|one| one == expected), "{xml}: {found:?}");
    }
}

#[test]
fn a_wrong_sum_is_found() {
    let xml = "<testsuite tests='2' failures='1' errors='1' skipped='x' time='3'><testcase time='1'/></testsuite>";
    let found = wrong_sums(&parse(xml));
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn many_reports_are_one_file_whose_totals_match_its_reader() {
    let mut reports: Vec<_> = every_kind().into_iter().map(|(_, report)| report).collect();
    reports.iter_mut().enumerate().for_each(|(night, report)| report.run.push_str(&format!("-{night}")));
    // Text that looks like the beginning and end of a suite must not be treated as one.
    let nasty = "<testsuite id=\"0\" skipped=\"9\" </testsuites>";
    reports.insert(0, run_of("copy").held(nasty, &[]).failed(nasty, None, nasty));
    let xml = String::from_utf8(poolgate::report::junit_of(&reports)).unwrap();
    let document = parse(&xml);
    assert_eq!(violations(&document), [""; 0], "{xml}");
    assert_eq!(wrong_sums(&document), [""; 0], "{xml}");
    let suites: Vec<_> = document.root_element().children().filter(|node| node.has_tag_name("testsuite")).collect();
    let numbers: Vec<_> = suites.iter().filter_map(|suite| suite.attribute("id")).collect();
    assert_eq!(numbers, (0..reports.len()).map(|number| number.to_string()).collect::<Vec<_>>());
    let mut names: Vec<_> = suites.iter().filter_map(|suite| suite.attribute("name")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), reports.len(), "two suites have one name: {names:?}");
}
