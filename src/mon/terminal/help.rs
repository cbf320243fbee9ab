//! The text that `h` shows. It fits a terminal of 80 columns and 24 lines.

/// The keys, and the meaning of the marks.
pub(super) const HELP: &str = "\
\x20Keys, as in PoolMon
   t a f d b m   sort by tag, allocs, frees, diff, bytes, bytes per alloc
   ( )           sort by value, or by change since the previous screen
   p             nonpaged, paged, both; on Linux slab, slabs, call sites, all
   s, 0-9        the system's pools or all sessions'; one session's
   i             ask for a session's number
   e             totals of the rows below them, or none
   l             highlighting on, or off
   h ?           this help
   q Esc         end

 Keys only in poolgate
   /             ask for the tags to show
   Space         pause the table, or resume it
   Up Down PgUp PgDn Home End   scroll
   Left Right [ ]               in a recording: previous, next, first, last

 In parentheses: the change since the previous screen. Per Alloc: Bytes / Diff.
 A changed row is bold. A row with + grows: the lowest Bytes of each third of
 the last 48 screens is higher than in the third before. The bars show the last
 24 screens, from the lowest to the highest value.

 Any key closes this.";
