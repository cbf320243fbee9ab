//! The user's choices, and the keys that change them (Microsoft Learn, "PoolMon Run-time Commands").

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::prompt::{Prompt, PromptAnswer};
use crate::mon::{Drivers, PoolScope, RowFilter, SortColumn, SortOrder};
use crate::pool::Pool;

/// The rows, order and highlights that the user chose.
#[derive(Debug)]
pub(crate) struct View {
    /// The rows to show.
    pub shown: RowFilter,
    /// The order of the rows.
    pub order: SortOrder,
    /// Whether rows that changed and rows that grow are highlighted.
    pub highlight: bool,
    /// The content of the column Mapped_Driver, if there is one.
    pub drivers: Option<Drivers>,
    /// Whether the table is paused. Readings continue.
    pub paused: bool,
    /// The number of rows above the first one on the screen.
    pub(super) top: usize,
    pub(super) over: Over,
}

/// The content in front of the table.
#[derive(Debug)]
pub(super) enum Over {
    Nothing,
    Help,
    Prompt(Prompt),
}

/// The action that a key requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAction {
    /// Draw the screen again.
    Redraw,
    /// End the program.
    Quit,
    /// Go to another sample of a recording.
    Go(SampleMove),
}

/// A movement in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SampleMove {
    /// To its first sample.
    First,
    /// To the previous sample.
    Back,
    /// To the next sample.
    On,
    /// To its last sample.
    Last,
}

/// The number of rows that Page Up and Page Down move by.
const PAGE: usize = 20;

impl View {
    /// Creates a view of `shown` in `order`.
    pub(crate) fn new(shown: RowFilter, order: SortOrder, highlight: bool) -> View {
        View { shown, order, highlight, drivers: None, paused: false, top: 0, over: Over::Nothing }
    }

    /// Handles a key; `pools` are the pools in the table.
    pub(crate) fn press(&mut self, key: KeyEvent, pools: &[Pool]) -> KeyAction {
        // Windows also reports the release of a key.
        if key.kind == KeyEventKind::Release {
            return KeyAction::Redraw;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') { KeyAction::Quit } else { KeyAction::Redraw };
        }
        match std::mem::replace(&mut self.over, Over::Nothing) {
            Over::Nothing => self.press_in_table(key.code, pools),
            // Any key closes the help.
            Over::Help => KeyAction::Redraw,
            Over::Prompt(mut prompt) => {
                match prompt.press(key.code) {
                    PromptAnswer::GoOn => self.over = Over::Prompt(prompt),
                    PromptAnswer::Cancelled => {}
                    PromptAnswer::Scope(scope) => self.show(|shown| shown.scope = scope),
                    PromptAnswer::Tags { include, exclude } => {
                        self.show(|shown| (shown.include, shown.exclude) = (include, exclude));
                    }
                }
                KeyAction::Redraw
            }
        }
    }

    fn press_in_table(&mut self, code: KeyCode, pools: &[Pool]) -> KeyAction {
        match code {
            KeyCode::Char('q') | KeyCode::Esc => return KeyAction::Quit,
            KeyCode::Left => return KeyAction::Go(SampleMove::Back),
            KeyCode::Right => return KeyAction::Go(SampleMove::On),
            KeyCode::Char('[') => return KeyAction::Go(SampleMove::First),
            KeyCode::Char(']') => return KeyAction::Go(SampleMove::Last),
            KeyCode::Char('h' | '?') => self.over = Over::Help,
            KeyCode::Char('i') => self.over = Over::Prompt(Prompt::session()),
            KeyCode::Char('/') => self.over = Over::Prompt(Prompt::tags(&self.shown)),
            KeyCode::Char('p') => self.show(|shown| shown.pool = next_pool(shown.pool, pools)),
            KeyCode::Char('(' | ')') => self.order.change = !self.order.change,
            KeyCode::Char('s') => self.show(|shown| {
                shown.scope = if shown.scope == PoolScope::System { PoolScope::AllSessions } else { PoolScope::System };
            }),
            KeyCode::Char(digit @ '0'..='9') => {
                let number = u32::from(digit) - u32::from('0');
                self.show(|shown| shown.scope = PoolScope::Session(number));
            }
            KeyCode::Char('l') => self.highlight = !self.highlight,
            KeyCode::Char('e') => self.shown.totals = !self.shown.totals,
            KeyCode::Char(' ') => self.paused = !self.paused,
            KeyCode::Char(letter) => {
                if let Some(by) = SortColumn::from_letter(letter) {
                    (self.order.by, self.top) = (by, 0);
                }
            }
            KeyCode::Up => self.top = self.top.saturating_sub(1),
            KeyCode::Down => self.top = self.top.saturating_add(1),
            KeyCode::PageUp => self.top = self.top.saturating_sub(PAGE),
            KeyCode::PageDown => self.top = self.top.saturating_add(PAGE),
            KeyCode::Home => self.top = 0,
            KeyCode::End => self.top = usize::MAX,
            _ => {}
        }
        KeyAction::Redraw
    }

    /// Changes the rows to show, and scrolls to the first one.
    fn show(&mut self, change: impl FnOnce(&mut RowFilter)) {
        change(&mut self.shown);
        self.top = 0;
    }
}

/// PoolMon's `p`: each pool in turn, then all.
fn next_pool(now: Option<Pool>, pools: &[Pool]) -> Option<Pool> {
    match now.and_then(|now| pools.iter().position(|pool| *pool == now)) {
        Some(at) => pools.get(at + 1).copied(),
        None if now.is_some() => None,
        None => pools.first().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOLS: [Pool; 2] = [Pool::Nonpaged, Pool::Paged];

    fn view() -> View {
        View::new(RowFilter::default(), SortOrder::default(), true)
    }

    fn press(view: &mut View, keys: &str) -> KeyAction {
        let code = |key| match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            other => KeyCode::Char(other),
        };
        let mut last = KeyAction::Redraw;
        for key in keys.chars() {
            last = view.press(KeyEvent::new(code(key), KeyModifiers::NONE), &POOLS);
        }
        last
    }

    #[test]
    fn poolmons_keys_work_as_in_poolmon() {
        let mut view = view();
        let mut pool = || {
            press(&mut view, "p");
            view.shown.pool
        };
        assert_eq!([pool(), pool(), pool()], [Some(Pool::Nonpaged), Some(Pool::Paged), None]);
        press(&mut view, "b(");
        assert_eq!(view.order, SortOrder { by: SortColumn::Bytes, change: true });
        press(&mut view, ")m");
        assert_eq!(view.order, SortOrder { by: SortColumn::PerAlloc, change: false });
        let mut scope = |keys| {
            press(&mut view, keys);
            view.shown.scope
        };
        assert_eq!(
            [scope("s"), scope("7"), scope("s")],
            [PoolScope::AllSessions, PoolScope::Session(7), PoolScope::System]
        );
        assert_eq!(
            [scope("i12\n"), scope("i\n"), scope("i5\u{1b}")],
            [PoolScope::Session(12), PoolScope::AllSessions, PoolScope::AllSessions]
        );
        press(&mut view, "el");
        assert_eq!((view.shown.totals, view.highlight), (true, false));
        assert_eq!((press(&mut view, "q"), press(&mut view, "\u{1b}")), (KeyAction::Quit, KeyAction::Quit));
    }

    #[test]
    fn escape_closes_a_dialog_before_it_ends_the_table() {
        for opens in ["h", "?", "i", "/"] {
            let mut view = view();
            assert_eq!(press(&mut view, opens), KeyAction::Redraw);
            assert_eq!(
                (press(&mut view, "\u{1b}"), press(&mut view, "\u{1b}")),
                (KeyAction::Redraw, KeyAction::Quit),
                "{opens}"
            );
        }
    }

    #[test]
    fn ctrl_c_ends_it_wherever_one_is() {
        for opens in ["", "h", "i", "/My"] {
            let mut view = view();
            press(&mut view, opens);
            let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(view.press(ctrl_c, &POOLS), KeyAction::Quit, "{opens}");
        }
    }

    #[test]
    fn tags_are_filtered_by_a_prompt() {
        let mut view = view();
        let mut filter = |keys| {
            press(&mut view, keys);
            let texts =
                |patterns: &[crate::pool::TagPattern]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
            (texts(&view.shown.include), texts(&view.shown.exclude))
        };
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(filter("/MyD? Aux*  -MyD9\n"), (owned(&["MyD?", "Aux*"]), owned(&["MyD9"])));
        // The prompt contains the current choice for editing; an invalid pattern is refused.
        assert_eq!(filter("/\u{8}8\n"), (owned(&["MyD?", "Aux*"]), owned(&["MyD8"])));
        assert_eq!(filter("/\\n\n"), (owned(&["MyD?", "Aux*"]), owned(&["MyD8"])));
    }

    #[test]
    fn a_release_is_no_second_press() {
        let mut view = view();
        let release = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(view.press(release, &POOLS), KeyAction::Redraw);
    }
}
