//! Output to the terminal: verdicts on stdout, errors and progress on stderr.

pub(super) mod change;
pub(super) mod diagnoses;
pub(super) mod errors;
pub(super) mod progress;
pub(super) mod reports;
pub(super) mod runs;
pub(super) mod stdout;
pub(super) mod tag_answers;
pub(super) mod terminal;
pub(super) mod verbosity;
