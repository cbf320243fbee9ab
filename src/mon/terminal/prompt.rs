//! A line typed below the table: a session's number, or the tags to show.

use ratatui::crossterm::event::KeyCode;

use crate::mon::{NoSession, PoolScope, RowFilter};
use crate::pool::TagPattern;

/// A line being typed.
#[derive(Debug)]
pub(super) struct Prompt {
    about: PromptKind,
    typed: String,
    /// The reason why the entered text was refused.
    wrong: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum PromptKind {
    Session,
    Tags,
}

/// The effect of a key on the line.
#[derive(Debug)]
pub(super) enum PromptAnswer {
    GoOn,
    Cancelled,
    Scope(PoolScope),
    Tags { include: Vec<TagPattern>, exclude: Vec<TagPattern> },
}

impl Prompt {
    /// Asks for a session's number: PoolMon's `i`.
    pub(super) fn session() -> Prompt {
        Prompt { about: PromptKind::Session, typed: String::new(), wrong: None }
    }

    /// Asks for the tags to show, starting with the current ones.
    pub(super) fn tags(shown: &RowFilter) -> Prompt {
        let included = shown.include.iter().map(ToString::to_string);
        let words: Vec<String> = included.chain(shown.exclude.iter().map(|tag| format!("-{tag}"))).collect();
        Prompt { about: PromptKind::Tags, typed: words.join(" "), wrong: None }
    }

    pub(super) fn press(&mut self, code: KeyCode) -> PromptAnswer {
        self.wrong = None;
        match code {
            KeyCode::Esc => return PromptAnswer::Cancelled,
            KeyCode::Enter => match self.answer() {
                Ok(answer) => return answer,
                Err(wrong) => self.wrong = Some(wrong),
            },
            KeyCode::Backspace => drop(self.typed.pop()),
            KeyCode::Char(typed) => self.typed.push(typed),
            _ => {}
        }
        PromptAnswer::GoOn
    }

    /// The line as displayed.
    pub(super) fn line(&self) -> String {
        let asks = match self.about {
            PromptKind::Session => "Session's number, nothing for all",
            PromptKind::Tags => "Tags, -Tag to leave one out, nothing for all",
        };
        let wrong = self.wrong.as_ref().map_or_else(String::new, |wrong| format!("   {wrong}"));
        format!(" {asks}: {}_{wrong}", self.typed)
    }

    fn answer(&self) -> Result<PromptAnswer, String> {
        match self.about {
            PromptKind::Session => {
                self.typed.parse().map(PromptAnswer::Scope).map_err(|error: NoSession| error.to_string())
            }
            PromptKind::Tags => {
                let (mut include, mut exclude) = (Vec::new(), Vec::new());
                for word in self.typed.split_whitespace() {
                    let (list, tag) = match word.strip_prefix('-').filter(|tag| !tag.is_empty()) {
                        Some(tag) => (&mut exclude, tag),
                        None => (&mut include, word),
                    };
                    list.push(tag.parse::<TagPattern>().map_err(|error| format!("{tag}: {error}"))?);
                }
                Ok(PromptAnswer::Tags { include, exclude })
            }
        }
    }
}
