//! Retries for files that another program has open for a moment: a virus scanner, an indexer, a viewer of the reports.

use std::io;
use std::time::Duration;

/// ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION. The first can also be a lack of rights; waiting does not help then,
/// and the error is returned after the last attempt.
const BUSY: [i32; 2] = [5, 32];
/// Each pause is twice as long as the one before: 1.3 s in all.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const PAUSES: u32 = 7;

/// Repeats `attempt` while the file is busy, for about a second.
#[cfg(windows)]
pub(super) fn patiently<T>(attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    tried(attempt, std::thread::park_timeout)
}

fn tried<T>(mut attempt: impl FnMut() -> io::Result<T>, mut pause: impl FnMut(Duration)) -> io::Result<T> {
    for number in 0..PAUSES {
        match attempt() {
            Err(error) if error.raw_os_error().is_some_and(|code| BUSY.contains(&code)) => {
                pause(FIRST_PAUSE * 2_u32.pow(number));
            }
            done => return done,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the result of an attempt that first fails with these codes, and the pauses in milliseconds.
    fn met(codes: &[i32]) -> (Result<(), Option<i32>>, Vec<u128>) {
        let (mut codes, mut pauses) = (codes.iter(), Vec::new());
        let attempt = || codes.next().map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code)));
        let done = tried(attempt, |pause| pauses.push(pause.as_millis()));
        (done.map_err(|error| error.raw_os_error()), pauses)
    }

    #[test]
    fn a_busy_file_is_tried_again_after_longer_and_longer_pauses() {
        assert_eq!(met(&[]), (Ok(()), vec![]));
        assert_eq!(met(&[32, 5, 32]), (Ok(()), vec![10, 20, 40]));
        assert_eq!(met(&[32; 7]), (Ok(()), vec![10, 20, 40, 80, 160, 320, 640]));
        assert_eq!(met(&[5; 8]), (Err(Some(5)), vec![10, 20, 40, 80, 160, 320, 640]));
        // ERROR_FILE_NOT_FOUND: waiting does not help.
        assert_eq!(met(&[32, 2]), (Err(Some(2)), vec![10]));
    }
}
