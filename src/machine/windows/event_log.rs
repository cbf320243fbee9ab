//! Writes to the Application event log, so that administrators can follow the service there.
//!
//! All writes are best effort: a run neither waits for the log nor fails because of it. Windows' own eventcreate.exe
//! supplies the message file, in which the messages 1 to 1000 are "%1" (Microsoft Learn, "eventcreate"), so nothing
//! needs to be installed.

#![allow(unsafe_code, reason = "the event log has no safe interface")]

use std::ptr::{null, null_mut};

use windows_registry::LOCAL_MACHINE;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, RegisterEventSourceW,
    ReportEventW,
};

use super::security::wide;

const SOURCE: &str = "poolgate";
const SOURCES: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\poolgate";
const MESSAGES: &str = r"%SystemRoot%\System32\EventCreate.exe";
/// Errors, warnings and information.
const TYPES: u32 = 7;
/// Any number from 1 to 1000.
const MESSAGE: u32 = 1;

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Normal progress.
    Information,
    /// A problem that the run handles.
    Warning,
    /// A problem that is not handled.
    Error,
}

/// The event log, open for writing.
#[derive(Debug)]
pub struct EventLog(HANDLE);

impl EventLog {
    /// Opens the log; `None` if that fails.
    pub fn open() -> Option<EventLog> {
        // Only administrators may register the source. Without it the log works, but the viewer does not find the
        // texts.
        let _ = register();
        // SAFETY: the name ends in zero; no machine's name means this one.
        let log = unsafe { RegisterEventSourceW(null(), wide(SOURCE).as_ptr()) };
        (!log.is_null()).then_some(EventLog(log))
    }

    /// Adds a line.
    pub fn tell(&self, weight: LogLevel, line: &str) {
        let kind = match weight {
            LogLevel::Information => EVENTLOG_INFORMATION_TYPE,
            LogLevel::Warning => EVENTLOG_WARNING_TYPE,
            LogLevel::Error => EVENTLOG_ERROR_TYPE,
        };
        let line = wide(line);
        // SAFETY: the handle is open, the single text ends in zero, and there is no data.
        unsafe { ReportEventW(self.0, kind, 0, MESSAGE, null_mut(), 1, 0, &line.as_ptr(), null()) };
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // SAFETY: this value opened the handle, and only this call closes it.
        unsafe { DeregisterEventSource(self.0) };
    }
}

fn register() -> windows_registry::Result<()> {
    let source = LOCAL_MACHINE.create(SOURCES)?;
    source.set_expand_string("EventMessageFile", MESSAGES)?;
    source.set_u32("TypesSupported", TYPES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_has_a_message_file_and_a_line_can_be_logged() {
        let log = EventLog::open().unwrap();
        log.tell(LogLevel::Information, "a line of a test of poolgate");
        let source = LOCAL_MACHINE.open(SOURCES).unwrap();
        assert_eq!(source.get_string("EventMessageFile").unwrap(), MESSAGES);
        assert_eq!(source.get_u32("TypesSupported").unwrap(), TYPES);
    }
}
