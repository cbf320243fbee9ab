//! The text that `h` shows. It fits a terminal of 24 lines.

/// The keys, and the meaning of the marks.
pub(super) const HELP: &str = "\
\x20Keys, as in PoolMon
   t a f d b m   sort by tag, allocs, frees, diff, bytes, bytes per alloc
   ( )           sort by value, or by change since the screen before
   p             nonpaged, paged, both; on Linux slab, call sites, both
   s, 0-9        the system's pools or all sessions'; one session's
   i             ask for a session's number
   e             totals of the rows below them, or none
   l             highlighting on, or off
   h ?           this help
   q Esc         end

 Keys of poolgate's own
   /             ask for the tags to show
   Space         hold the table still, or let it go on
   Up Down PgUp PgDn Home End   scroll
   Left Right [ ]               in a recording: sample before, next, first, last

 In parentheses: the change since the screen before. Per Alloc is Bytes / Diff.
 A row which changed is bold. One with + grows: the troughs of its Bytes rise, over
 the screens in the bars at its end, which go from the lowest to the highest.

 Any key closes this.";
