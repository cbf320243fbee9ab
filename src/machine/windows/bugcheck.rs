//! Reads the crash that Windows records in its System event log at the boot after it.
//!
//! - Event 41 of Microsoft-Windows-Kernel-Power is written early in any boot that follows an unclean shutdown. Its data
//!   is named: `BugcheckCode` in decimal, and `BugcheckParameter1` to `4` in hexadecimal with `0x`. The code is 0 if no
//!   bugcheck was recorded (Microsoft Learn, "Windows Kernel event ID 41 error").
//! - Event 1001 of Microsoft-Windows-WER-SystemErrorReporting, shown in Event Viewer with the source BugCheck, is
//!   written once the dump has been saved. Its first datum is `0x000000d1 (0x…, 0x…, 0x…, 0x…)`, its second the dump's
//!   path (Microsoft Learn, "Advanced troubleshooting for Stop error or blue screen error issue").
//!
//! The fixtures of the tests have the layout of published events. This has not yet been tested on a real Windows.

use jiff::Timestamp;

use super::system_log::{attribute, element, unescaped};
use crate::machine::Bugcheck;

const POWER: &str = "Microsoft-Windows-Kernel-Power";
const REPORT: &str = "Microsoft-Windows-WER-SystemErrorReporting";
const REPORT_SOURCE: &str = "BugCheck";

/// Returns the XPath query for both events since that time, for wevtutil.
pub(super) fn query(since: Timestamp) -> String {
    format!(
        "*[System[((Provider[@Name='{REPORT}' or @Name='{REPORT_SOURCE}'] and EventID=1001) or \
         (Provider[@Name='{POWER}'] and EventID=41)) and TimeCreated[@SystemTime>='{since:.3}']]]"
    )
}

/// Returns the crashes in a text of events that were written since that time, in the order of the text.
pub(super) fn bugchecks(xml: &str, since: Timestamp) -> Vec<Bugcheck> {
    xml.split("</Event>").filter_map(bugcheck).filter(|bugcheck| bugcheck.at >= since).collect()
}

fn bugcheck(xml: &str) -> Option<Bugcheck> {
    let at = attribute(xml, "TimeCreated", "SystemTime")?.parse().ok()?;
    match (attribute(xml, "Provider", "Name")?, element(xml, "EventID")?) {
        (POWER, "41") => {
            let datum = |name: String| data(xml).find(|(known, _)| *known == Some(name.as_str())).map(|(_, text)| text);
            let code = number(&datum("BugcheckCode".to_owned())?)?;
            let parameters = (1..=4).map(|parameter| number(&datum(format!("BugcheckParameter{parameter}"))?));
            Some(Bugcheck { at, code, parameters: parameters.collect::<Option<_>>()?, dump: None })
        }
        (REPORT | REPORT_SOURCE, "1001") => {
            let mut texts = data(xml).map(|(_, text)| text);
            let (stop, dump) = (texts.next()?, texts.next()?);
            let (code, rest) = stop.split_once('(')?;
            let parameters = rest.trim_end().strip_suffix(')')?.split(',').map(number);
            let (code, parameters) = (number(code)?, parameters.collect::<Option<_>>()?);
            Some(Bugcheck { at, code, parameters, dump: Some(dump) })
        }
        _ => None,
    }
}

/// Returns the event's own data: the name, if there is one, and the text.
fn data(xml: &str) -> impl Iterator<Item = (Option<&str>, String)> {
    xml.split("<Data").skip(1).filter_map(|part| {
        let (head, rest) = part.split_once('>')?;
        // `<Data/>` is empty; the text after it belongs to other elements.
        let text = if head.ends_with('/') { "" } else { rest.split_once("</Data>")?.0 };
        let name = head.trim().strip_prefix("Name=").map(|name| name.trim_matches(['\'', '"', '/']));
        Some((name, unescaped(text)))
    })
}

/// Parses a number in decimal, or in hexadecimal with `0x`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POWER_41: &str = include_str!("../../../tests/fixtures/system_log/kernel-power-41.xml");
    const BUGCHECK_1001: &str = include_str!("../../../tests/fixtures/system_log/bugcheck-1001.xml");

    fn began() -> Timestamp {
        "2026-11-29T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn code_and_parameters_are_read_from_both_events() {
        let found = bugchecks(&format!("{POWER_41}{BUGCHECK_1001}"), began());
        let parameters = vec![0xffff_a98c_99cc_35bf, 0, 0xffff_f804_6554_5b04, 2];
        let [power, report] = found.try_into().unwrap();
        let expected = Bugcheck { at: power_time(), code: 0x50, parameters: parameters.clone(), dump: None };
        assert_eq!(power, expected);
        assert_eq!((report.code, report.parameters), (0x50, parameters));
        assert_eq!(report.dump.as_deref(), Some(r"C:\Windows\MEMORY.DMP"));
    }

    fn power_time() -> Timestamp {
        "2026-11-29T10:12:41.8229120Z".parse().unwrap()
    }

    #[test]
    fn the_data_of_event_1001_may_have_no_names() {
        let unnamed = BUGCHECK_1001.replace(" Name='param1'", "").replace(" Name='param2'", "");
        assert!(unnamed.contains("<Data>0x00000050"));
        let [report] = bugchecks(&unnamed, began()).try_into().unwrap();
        assert_eq!((report.code, report.dump.as_deref()), (0x50, Some(r"C:\Windows\MEMORY.DMP")));
    }

    #[test]
    fn a_boot_that_ended_without_a_bugcheck_has_the_code_0() {
        let [power] = bugchecks(&POWER_41.replace(">80<", ">0<"), began()).try_into().unwrap();
        assert_eq!(power.code, 0);
    }

    #[test]
    fn events_of_before_the_run_and_other_events_are_left_out() {
        let later = power_time() + std::time::Duration::from_secs(1);
        assert_eq!(bugchecks(POWER_41, later), []);
        for (what, xml) in [
            ("another event of the same provider", POWER_41.replace(">41<", ">42<")),
            ("the same number of another provider", BUGCHECK_1001.replace(REPORT, "Windows Error Reporting")),
            ("no number", POWER_41.replace(">80<", ">x<")),
            ("a parameter less", POWER_41.replace("BugcheckParameter4", "Other")),
            ("no parameters", BUGCHECK_1001.replace(['(', ')'], "")),
            ("no time", POWER_41.replace("SystemTime", "Other")),
            ("torn", POWER_41[..POWER_41.len() / 2].to_owned()),
        ] {
            assert_eq!(bugchecks(&xml, began()), [], "{what}");
        }
    }

    #[test]
    fn the_query_names_providers_numbers_and_the_time() {
        let query = query(began());
        for part in [POWER, REPORT, "EventID=41", "EventID=1001", "@SystemTime>='2026-11-29T10:00:00.000Z'"] {
            assert!(query.contains(part), "{query}");
        }
    }
}
