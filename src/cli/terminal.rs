//! The width of the terminal.

/// Returns the number of columns for tables on stdout, or 120 if stdout is not a terminal, so that logs are always the
/// same.
pub(super) fn width() -> u16 {
    match console::Term::stdout().size_checked() {
        Some((_, columns)) => columns.max(60),
        None => 120,
    }
}
