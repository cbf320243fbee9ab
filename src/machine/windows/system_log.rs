//! The System event log: numbered events reported by the Windows kernel and its drivers.
//!
//! Read through `wevtutil qe System` (Microsoft Learn, "wevtutil"), as XML with the rendered message. Levels 1 to 3 are
//! critical, error and warning. Not yet tested on a real Windows; the tests use the layout of recorded events.

use crate::machine::KernelMessages;
use crate::utf16;

/// The displayed fields of an event.
#[derive(Debug, PartialEq, Eq)]
struct LogEvent {
    number: u64,
    line: String,
}

/// Returns the events in a text, in its order.
fn events(xml: &str) -> impl Iterator<Item = LogEvent> + '_ {
    xml.split("</Event>").filter_map(event)
}

/// Parses `<Event xmlns='…'><System><Provider Name='Srv'/><EventID Qualifiers='49152'>2019</EventID>…`.
fn event(xml: &str) -> Option<LogEvent> {
    let number = element(xml, "EventRecordID")?.parse().ok()?;
    let (provider, id) = (attribute(xml, "Provider", "Name")?, element(xml, "EventID")?);
    let time = attribute(xml, "TimeCreated", "SystemTime").unwrap_or_default();
    let message = element(xml, "Message").map_or_else(|| data(xml), unescaped);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(LogEvent { number, line: format!("{} {id}: {message} ({time})", unescaped(provider)) })
}

/// Returns the text of the first element of that name.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}"))?;
    // Excludes elements with a longer name.
    let rest = rest.strip_prefix(['>', ' ']).map(|_| rest)?;
    rest.split_once('>')?.1.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// Returns the value of an attribute, in either kind of quotes.
pub(super) fn attribute<'a>(xml: &'a str, element: &str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{element} "))?;
    let (_, value) = rest.split_once('>')?.0.split_once(&format!("{name}="))?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    value[1..].split_once(quote).map(|(value, _)| value)
}

/// Returns the event's own data, the substitute for a message that could not be rendered.
fn data(xml: &str) -> String {
    let parts = xml.split("<Data").skip(1).filter_map(|part| part.split_once('>')?.1.split_once("</Data>"));
    parts.map(|(text, _)| unescaped(text)).collect::<Vec<_>>().join(" ")
}

pub(super) fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

fn messages(xml: &str, from: u64) -> KernelMessages {
    let lines = events(xml).filter(|event| event.number >= from).map(|event| event.line).collect();
    KernelMessages { lines, lost: 0 }
}

fn next(xml: &str) -> u64 {
    events(xml).map(|event| event.number + 1).max().unwrap_or(0)
}

/// Decodes UTF-16 with or without a byte order mark, the output of `/uni:true`.
fn decoded(bytes: &[u8]) -> String {
    utf16::lossy(bytes).trim_start_matches('\u{feff}').to_owned()
}

#[cfg(windows)]
pub use asked::{Kmemleak, bugchecks, kernel_log_position, kernel_messages};

#[cfg(windows)]
mod asked {
    use std::io;
    use std::path::Path;
    use std::process::Command;

    use jiff::Timestamp;

    use super::super::{bugcheck, folders};
    use super::{decoded, messages, next};
    use crate::machine::{Bugcheck, KernelMessages, MachineError};

    /// Returns the number of the next event.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn kernel_log_position(_: &Path) -> Result<u64, MachineError> {
        Ok(next(&asked(&["/c:1", "/rd:true", "/f:xml"])?))
    }

    /// Returns the events with this number or a higher one.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn kernel_messages(_: &Path, from: u64) -> Result<KernelMessages, MachineError> {
        let query = format!("/q:*[System[(Level=1 or Level=2 or Level=3) and EventRecordID>={from}]]");
        Ok(messages(&asked(&[&query, "/f:RenderedXml"])?, from))
    }

    /// Returns the crashes that were reported since that time.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn bugchecks(_: &Path, since: Timestamp) -> Result<Vec<Bugcheck>, MachineError> {
        let query = format!("/q:{}", bugcheck::query(since));
        Ok(bugcheck::bugchecks(&asked(&[&query, "/f:xml"])?, since))
    }

    fn asked(how: &[&str]) -> Result<String, MachineError> {
        let program = folders::windows().join(r"System32\wevtutil.exe");
        let output = Command::new(&program).args(["qe", "System", "/uni:true"]).args(how).output();
        let failed = |source| MachineError::System { what: "read the System event log", source };
        let output = output.map_err(failed)?;
        if !output.status.success() {
            return Err(failed(io::Error::other(format!("{} ended with {}", program.display(), output.status))));
        }
        Ok(decoded(&output.stdout))
    }

    /// Exists only on Linux.
    #[derive(Debug)]
    pub enum Kmemleak {}

    impl Kmemleak {
        /// Always `None`.
        ///
        /// # Errors
        /// Never.
        pub fn begin(_: &Path) -> Result<Option<Kmemleak>, MachineError> {
            Ok(None)
        }

        /// Never called.
        ///
        /// # Errors
        /// Never.
        pub fn new_reports(&self) -> Result<Vec<String>, MachineError> {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENDERED: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Srv'/>\
        <EventID Qualifiers='49152'>2019</EventID><Level>2</Level><TimeCreated SystemTime='2026-11-29T10:00:00.1234567Z'/>\
        <EventRecordID>5012</EventRecordID><Channel>System</Channel></System><EventData><Data>\\Device\\LanmanServer</Data>\
        </EventData><RenderingInfo Culture='en-US'><Message>The server was unable to allocate from the system nonpaged\r\npool \
        because the pool was empty.</Message></RenderingInfo></Event>\
        <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name=\"a&amp;b\" Guid='{1}'/>\
        <EventID>7</EventID><EventRecordID>5013</EventRecordID></System><EventData><Data Name='x'>1 &lt; 2</Data><Data>y</Data>\
        </EventData></Event>\r\n";

    #[test]
    fn recorded_events_are_lines() {
        let lines = [
            "Srv 2019: The server was unable to allocate from the system nonpaged pool because the pool was empty. \
             (2026-11-29T10:00:00.1234567Z)",
            "a&b 7: 1 < 2 y ()",
        ];
        assert_eq!(messages(RENDERED, 5012).lines, lines);
        assert_eq!(messages(RENDERED, 5013).lines, lines[1..]);
        assert_eq!((next(RENDERED), next("")), (5014, 0));
    }

    #[test]
    fn text_that_is_no_event_is_left_out() {
        for text in ["", "</Event>", "<Event><System><EventRecordID>x</EventRecordID></System></Event>", "<Event"] {
            assert_eq!(messages(text, 0).lines, [""; 0], "{text}");
        }
    }

    #[test]
    fn utf_16_reads_with_and_without_a_mark() {
        let text = utf16::bytes("\u{feff}ä<");
        assert_eq!((decoded(&text), decoded(&text[2..])), ("ä<".to_owned(), "ä<".to_owned()));
    }
}
