//! The width of the terminal.

/// Columns for tables on stdout: those of the terminal, else of the variable COLUMNS, else 120. So a log does not depend on its
/// reader's terminal.
pub(in crate::cli) fn width() -> u16 {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    match console::Term::stdout().size_checked() {
        Some((_, columns)) => columns.max(60),
        None => columns().unwrap_or(120).max(60),
    }
}
