//! Loads a file as a checked [`Scenario`], or returns mistakes with their places. Only this file uses serde_yaml
//! directly.
//!
//! serde_yaml is archived, but it was chosen for this program and gives exact places for errors that are raised while
//! it is at the place. So a document is parsed three times: to walk it for mistakes that types cannot find, to read it
//! into types, and to find the places of the mistakes from the checks across keys. Nothing here changes the machine.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use miette::Diagnostic;
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_yaml::Deserializer;

use super::blank::{without_block, without_line};
use super::encoding::{LARGEST, text_of};
use super::explain::explain;
use super::mistake::{Mistake, MistakeText, Mistakes};
use super::place::{DocumentPath, PathMistake, PathProbe, extent};
use super::types::Scenario;
use super::validate::validate;
use super::walk::{MOST_VALUES, NO_VALUE, Walk};
use super::written::Document;

/// A scenario and its text, which a run keeps.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The scenario after all checks.
    pub scenario: Scenario,
    /// The text of the file, without a byte order mark.
    pub text: String,
}

/// The reason why there is no scenario.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum LoadError {
    /// The file cannot be read; the error names it.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// The file is not a scenario.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Mistakes(#[from] Mistakes),
}

/// Loads a scenario from a file of at most 1 MiB.
///
/// # Errors
/// [`LoadError::Unreadable`] from the system, [`LoadError::Mistakes`] as in [`parse`].
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let mut bytes = Vec::new();
    // One byte more than the limit shows that the file is too large, for every kind of file.
    fs_err::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(parse(&path.display().to_string(), &bytes)?)
}

/// Parses a scenario from bytes. Mistakes name `source` as the file.
///
/// # Errors
/// The first mistake in encoding or syntax; else the mistakes in single keys and values; else the mistakes across keys.
/// At most 20 of them.
pub fn parse(source: &str, bytes: &[u8]) -> Result<Loaded, Mistakes> {
    let text = text_of(bytes).map_err(|(text, mistake)| Mistakes::new(source, &text, vec![mistake]))?;
    match read(&text) {
        Ok(scenario) => Ok(Loaded { scenario, text }),
        Err(found) => Err(Mistakes::new(source, &text, found)),
    }
}

fn read(text: &str) -> Result<Scenario, Vec<Mistake>> {
    let document = document(text).map_err(|error| with_others(text, &error))?;
    validate(document)
        .map_err(|findings| findings.into_iter().take(MOST_SHOWN).map(|finding| placed(text, finding)).collect())
}

fn document(text: &str) -> Result<Document, serde_yaml::Error> {
    let left = Cell::new(MOST_VALUES);
    Walk::new(&left).deserialize(Deserializer::from_str(text))?;
    Document::deserialize(Deserializer::from_str(text))
}

/// Returns the mistake that ended the reading, and further ones. Each mistake is removed from the text before the text
/// is read again. Mistakes caused by this removal are not reported.
fn with_others(text: &str, error: &serde_yaml::Error) -> Vec<Mistake> {
    let mut found = vec![mistake(text, error)];
    let mut left = text.to_owned();
    let mut at = found[0].span().start;
    let mut whole_block = is_of_a_block(&error.to_string());
    for _ in 0..MOST_SHOWN {
        let next = if whole_block { without_block(&left, at) } else { without_line(&left, at) };
        // Text that is not YAML has no keys, so no more mistakes can be found.
        let rest = serde_yaml::Value::deserialize(Deserializer::from_str(&next));
        if next == left || !rest.is_ok_and(|rest| rest.is_mapping()) {
            break;
        }
        left = next;
        let Err(error) = document(&left) else { break };
        let said = error.to_string();
        let another = mistake(&left, &error);
        at = another.span().start;
        whole_block = is_of_a_block(&said);
        // Returns the first line below a key.
        let below = |text: &str| text[at..].lines().skip(1).find(|line| !line.trim().is_empty()).map(str::to_owned);
        let is_for_what_was_left_out =
            said.contains("missing field") || said.contains(NO_VALUE) && below(text) != below(&left);
        if !is_for_what_was_left_out {
            found.push(another);
        }
    }
    found.sort_by_key(|mistake| mistake.span().start);
    found
}

/// Returns whether serde's message is about a whole list or mapping, so that removing a part of it cannot help.
fn is_of_a_block(said: &str) -> bool {
    ["missing field", NO_VALUE, "invalid type: map", "invalid type: sequence"].iter().any(|words| said.contains(words))
}

/// The largest number of mistakes shown at once. Each one after the first needs another parse.
const MOST_SHOWN: usize = 20;

/// Returns the finding at the first of its places that the text contains, else at the beginning of the text.
fn placed(text: &str, finding: PathMistake) -> Mistake {
    let span = finding.places.iter().find_map(|place| locate(text, place));
    finding.wrong.at(span.unwrap_or_else(|| extent(text, 0, "")))
}

/// Returns the bytes of `place` in `text`; `None` if the text does not contain it.
fn locate(text: &str, place: &DocumentPath) -> Option<Range<usize>> {
    let found = RefCell::new(None);
    let error = PathProbe::new(place, &found).deserialize(Deserializer::from_str(text)).err()?;
    let known = found.take()?;
    Some(extent(text, text.floor_char_boundary(error.location()?.index()), &known))
}

fn mistake(text: &str, error: &serde_yaml::Error) -> Mistake {
    let said = error.to_string();
    let Some(at) = error.location() else {
        // Only this kind of error has no place.
        let (wrong, _) = explain(&said);
        return wrong.at(extent(text, second_document(text), ""));
    };
    let said = said.replacen(&format!(" at line {} column {}", at.line(), at.column()), "", 1);
    let start = text.floor_char_boundary(at.index());
    if let Some(tab) = tab_before(text, start) {
        return MistakeText::new("a tab cannot indent in YAML", "a tab", "indent with spaces").at(tab..tab + 1);
    }
    let (wrong, about) = explain(&said);
    wrong.at(extent(text, begun_at(text, &said, at.line()).unwrap_or(start), &about))
}

/// Returns a tab in the indentation that ends at or after `start`.
fn tab_before(text: &str, start: usize) -> Option<usize> {
    let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let indentation = text[line..].find(|c| c != ' ' && c != '\t').unwrap_or(text.len() - line);
    let tab = text[line..line + indentation].find('\t')?;
    (start <= line + indentation).then_some(line + tab)
}

/// Returns the beginning of the part that libyaml could not finish: an alias, a quote, or a bracket on a line before
/// `line`. It helps more than the place of the error. (Other contexts, such as a block mapping, begin far above.)
fn begun_at(text: &str, said: &str, line: usize) -> Option<usize> {
    let (context, place) = said.rsplit_once(" at line ")?;
    let (begun_line, column) = place.split_once(" column ")?;
    let (begun_line, column): (usize, usize) = (begun_line.parse().ok()?, column.parse().ok()?);
    let tells = context.contains("while scanning") || (context.contains("parsing a flow") && begun_line < line);
    let above: usize = text.split_inclusive('\n').take(begun_line - 1).map(str::len).sum();
    let (within, _) = text.get(above..)?.char_indices().nth(column - 1)?;
    tells.then_some(above + within)
}

/// Returns the `---` or `...` that ends the first of several documents.
fn second_document(text: &str) -> usize {
    let mut start = 0;
    let mut begun = false;
    for line in text.split_inclusive('\n') {
        let marker = line.starts_with("---") || line.starts_with("...");
        if marker && begun {
            return start;
        }
        begun |= !(line.trim().is_empty() || line.starts_with(['#', '%']));
        start += line.len();
    }
    0
}

#[cfg(test)]
mod tests;
