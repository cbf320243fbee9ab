//! How wide the terminal is.

/// Columns for tables on stdout; 120 where it is no terminal, so that logs do not depend on who reads them.
pub(super) fn width() -> u16 {
    match console::Term::stdout().size_checked() {
        Some((_, columns)) => columns.max(60),
        None => 120,
    }
}
