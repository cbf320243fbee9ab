//! Draws a table into a terminal of any size.

use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};

use super::flow::{cut, end_of, fields, fitting, wrapped};
use super::help::HELP;
use super::view::{Over, View};
use crate::mon::{
    LiveTable, PoolmonLayout, PoolmonText, RowChange, RowFilter, Screen, ScreenRow, SortOrder, growing, sparkline,
};

/// The text next to the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusLine {
    /// The source of the readings, and their interval.
    pub watched: String,
    /// Why the last reading failed.
    pub failed: Option<String>,
}

/// The maximum number of bars in a sparkline.
const BARS: usize = 24;
/// Columns between a row and its bars.
const GAP: usize = 2;

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const GROWING: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
const FAILED: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const BAR: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws `table` with the choices in `view`.
pub(crate) fn draw(frame: &mut Frame<'_>, view: &mut View, table: &LiveTable, status: &StatusLine) {
    let mut pen = Pen { frame, line: 0 };
    let width = pen.width();
    if matches!(view.over, Over::Help) {
        HELP.lines().flat_map(|line| wrapped(line, width)).for_each(|line| pen.write(&line, PLAIN));
        return;
    }
    let screen = table.screen(&view.shown, view.order);
    let [memory, commit, title] = PoolmonText::live_title(&screen);
    [memory, commit].iter().flat_map(|line| fields(line, width)).for_each(|line| pen.write(&line, PLAIN));
    pen.write(&format!("{title}{}", chosen(view)), BOLD);

    let text = PoolmonText::new(PoolmonLayout::native(), view.drivers.clone());
    let lines = match text.fitted(&screen, width, view.order) {
        Some(fitted) => {
            pen.write(&fitted.columns, PLAIN);
            fitted.lines
        }
        None => {
            pen.write(" too narrow", BOLD);
            Vec::new()
        }
    };
    pen.write("", PLAIN);
    if let Some(why) = table.why_empty(&view.shown) {
        wrapped(&format!(" {why}"), width).iter().for_each(|line| pen.write(line, PLAIN));
    }
    let row_width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);

    let failed = match (&view.over, &status.failed) {
        (Over::Nothing | Over::Help, Some(failed)) => wrapped(&format!(" not read: {failed}"), width),
        (Over::Prompt(_), _) | (_, None) => Vec::new(),
    };
    let room = pen.height().saturating_sub(pen.line + failed.len().max(1));
    view.top = view.top.min(lines.len().saturating_sub(room));
    for (at, line) in lines.iter().enumerate().skip(view.top).take(room) {
        match screen.rows.get(at) {
            Some(row) => pen.row(row, line, row_width, view.highlight),
            None => pen.write(line, BOLD),
        }
    }
    pen.line = pen.height().saturating_sub(failed.len().max(1));
    match &view.over {
        Over::Prompt(prompt) => pen.write(&end_of(&prompt.line(), width), BOLD),
        Over::Nothing | Over::Help if failed.is_empty() => {
            let bottom = bottom(view, &screen, lines.len(), room, status, width);
            pen.bar(&bottom);
        }
        Over::Nothing | Over::Help => failed.iter().for_each(|line| pen.write(line, FAILED)),
    }
}

/// The user's choices, after the title.
fn chosen(view: &View) -> String {
    let View { shown: RowFilter { include, exclude, pool, .. }, order: SortOrder { by, change }, .. } = view;
    let mut words = Vec::new();
    words.extend(pool.map(|pool| format!("{pool} only")));
    words.extend(include.iter().map(ToString::to_string));
    words.extend(exclude.iter().map(|tag| format!("without {tag}")));
    words.push(format!("by {}{}", if *change { "change of " } else { "" }, by.name()));
    words.extend(view.paused.then(|| "held".to_owned()));
    format!(" ({})", words.join(", "))
}

/// The last line of the screen: the state of the view, or the reason of a failure.
fn bottom(view: &View, screen: &Screen, lines: usize, room: usize, status: &StatusLine, width: usize) -> String {
    let at = screen.at.strftime("%H:%M:%S UTC").to_string();
    let last = (view.top + room).min(lines);
    let rows = format!("rows {}-{last} of {lines}", (view.top + 1).min(last));
    // Each part has the order in which it is left out if there is no room: the highest first.
    fitting(&[(&at, 2), (&status.watched, 3), (&rows, 0), ("h help", 1), ("q end", 4)], width)
}

/// Writes one line after another.
struct Pen<'a, 'b> {
    frame: &'a mut Frame<'b>,
    line: usize,
}

impl Pen<'_, '_> {
    fn width(&self) -> usize {
        self.frame.area().width.into()
    }

    fn height(&self) -> usize {
        self.frame.area().height.into()
    }

    /// Writes one line. If it is too long, it ends at a word, with a mark.
    fn write(&mut self, text: &str, style: Style) {
        self.write_at(0, &cut(text, self.width()), style);
        self.line += 1;
    }

    fn write_at(&mut self, column: usize, text: &str, style: Style) {
        let (width, height) = (self.width(), self.height());
        if let (Ok(x), Ok(y)) = (u16::try_from(column), u16::try_from(self.line))
            && column < width
            && self.line < height
        {
            self.frame.buffer_mut().set_stringn(x, y, text, width - column, style);
        }
    }

    fn row(&mut self, row: &ScreenRow, line: &str, row_width: usize, highlight: bool) {
        let grows = growing(&row.history);
        let style = match highlight {
            true if grows => GROWING,
            true if row.change != RowChange::default() => BOLD,
            true | false => PLAIN,
        };
        self.write_at(0, &cut(line, self.width()), style);
        if grows {
            self.write_at(0, "+", style);
        }
        let from = row_width + GAP;
        let bars = BARS.min(self.width().saturating_sub(from));
        self.write_at(from, &sparkline(&row.history, bars), style);
        self.line += 1;
    }

    fn bar(&mut self, text: &str) {
        let width = self.width();
        self.write(&format!("{text:<width$}"), BAR);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::machine::Memory;
    use crate::pool::{Counters, Key, Pool, Snapshot, Usage};

    /// A table of one tag that leaks, one that churns, and many that do not change.
    fn table() -> LiveTable {
        let (mut table, mut snapshot) = (LiveTable::new(), Snapshot::new());
        for reading in 0..9_u64 {
            let mut set = |tag: &str, pool, allocs, frees, bytes| {
                let row = snapshot.row(Key::new(tag.parse().unwrap(), pool, Counters::Full64));
                snapshot.set(row, Some(Usage { allocs, frees, bytes }));
            };
            set("Leak", Pool::Nonpaged, 100 + 4 * reading, 0, 409_600 + 16_384 * reading);
            set("Saws", Pool::Paged, 1000 * reading, 1000 * reading - reading % 3, reading % 3 * 512);
            (0..30).for_each(|rest| set(&format!("Rs{rest:02}"), Pool::Paged, 7, 2, 320));
            table.take(&snapshot, Memory::default(), Timestamp::from_second(1_795_428_000).unwrap());
        }
        table
    }

    fn drawn(view: &mut View, width: u16, height: u16, status: &StatusLine) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, view, &table(), status)).unwrap();
        terminal.backend().to_string()
    }

    fn by_bytes() -> View {
        View::new(RowFilter::default(), SortOrder { by: crate::mon::SortColumn::Bytes, change: false }, true)
    }

    fn watched() -> StatusLine {
        StatusLine { watched: "simulated kernel, every 5 s".to_owned(), failed: None }
    }

    #[test]
    fn a_leak_is_marked_and_its_bars_rise() {
        insta::assert_snapshot!(drawn(&mut by_bytes(), 120, 12, &watched()));
    }

    #[test]
    fn a_narrow_terminal_has_the_narrow_layout() {
        insta::assert_snapshot!(drawn(&mut by_bytes(), 80, 12, &watched()));
    }

    #[test]
    fn a_failed_reading_is_reported_and_the_last_one_stays() {
        let failed = StatusLine { failed: Some("cannot read kernel.json: gone".to_owned()), ..watched() };
        let screen = drawn(&mut by_bytes(), 100, 12, &failed);
        assert!(screen.contains(" not read: cannot read kernel.json: gone"), "{screen}");
        assert!(screen.contains("Leak Nonp"), "{screen}");
    }

    #[test]
    fn a_terminal_of_any_size_is_drawn() {
        for (width, height) in [(1, 1), (3, 2), (200, 4), (10, 40), (500, 100)] {
            drawn(&mut by_bytes(), width, height, &watched());
        }
    }

    #[test]
    fn scrolling_ends_at_the_last_row() {
        let mut view = View { top: usize::MAX, ..by_bytes() };
        let screen = drawn(&mut view, 100, 12, &watched());
        assert!(screen.contains("rows 27-32 of 32"), "{screen}");
        assert_eq!(view.top, 26);
    }
}
