//! Output to the terminal: verdicts on stdout, errors and progress on stderr.

pub(super) mod errors;
pub(super) mod reports;
pub(super) mod stdout;
pub(super) mod story;
pub(super) mod talk;
pub(super) mod terminal;
