//! Explains the errors of serde and libyaml to the author of a scenario.
//!
//! Both provide an error only as text, so this module recognises their texts (`mistakes/` in the tests has one file for
//! each). An unknown text is passed on unchanged: it is harder to read, but not lost.

use super::mistake::{MistakeText, shown};
use super::scalar::unpack;

/// Returns the mistake, and the offending text if it is known. `said` is an error without its position.
pub(super) fn explain(said: &str) -> (MistakeText, String) {
    if let Some((wrong, about)) = unpack(said) {
        return (wrong, about.to_owned());
    }
    let said = without_path(said);
    let about = quoted(said).next().unwrap_or_default().to_owned();
    let wrong = if said.starts_with("unknown field") {
        unknown("key", &about, said)
    } else if said.starts_with("unknown variant") {
        unknown("value", &about, said)
    } else if let Some(rest) = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: ")) {
        return mistyped(rest);
    } else if said.starts_with("missing field") {
        let help = format!("write `{about}:` and its value here");
        return (
            MistakeText::new(format!("the key `{about}` is missing"), format!("without `{about}`"), help),
            String::new(),
        );
    } else {
        return (syntax(said), String::new());
    };
    (wrong, about)
}

/// Removes serde_yaml's path, such as `thresholds[0].tag: `. The position in the file is more useful.
fn without_path(said: &str) -> &str {
    let path = |c: char| c.is_ascii_alphanumeric() || "_.[]?".contains(c);
    said.split_once(": ").filter(|(before, _)| before.chars().all(path)).map_or(said, |(_, after)| after)
}

/// Returns the texts between backticks, in order.
fn quoted(said: &str) -> impl Iterator<Item = &str> {
    said.split('`').skip(1).step_by(2)
}

fn unknown(what: &str, about: &str, said: &str) -> MistakeText {
    // The text from the file may contain backticks. The expected names after it never do.
    let (_, expected) = said.rsplit_once("expected").unwrap_or_default();
    let allowed: Vec<&str> = quoted(expected).collect();
    let list = allowed.join("`, `");
    let similar = |name: &&str| strsim::jaro_winkler(name, &about.to_lowercase());
    let nearest = allowed.iter().copied().map(|name| (similar(&name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match (nearest, allowed.as_slice()) {
        (_, [only]) => format!("only `{only}` is possible here"),
        (Some((likeness, name)), _) if likeness > 0.8 => format!("did you mean `{name}`? possible here: `{list}`"),
        _ => format!("possible here: `{list}`"),
    };
    MistakeText::new(format!("unknown {what} `{}`", shown(about)), format!("unknown {what}"), help)
}

/// Explains serde's `integer \`5\`, expected a list`; `rest` is that text.
fn mistyped(rest: &str) -> (MistakeText, String) {
    let (found, expected) = rest.rsplit_once(", expected ").unwrap_or((rest, "something else"));
    let about = found.split(['`', '"']).nth(1).unwrap_or_default().to_owned();
    let found = match found.split(' ').next().unwrap_or_default() {
        "string" => "a text".to_owned(),
        "integer" | "floating" => format!("`{}`", shown(&about)),
        "boolean" => "a boolean".to_owned(),
        "map" => "a mapping".to_owned(),
        "sequence" => "a list".to_owned(),
        "unit" | "null" => "nothing".to_owned(),
        _ => shown(found),
    };
    let (expected, help) = match expected {
        "a sequence" => ("a list", "write `[FIRST, SECOND]`, or one `- ITEM` per line"),
        "a string" => ("a text", "write one line of text"),
        "a boolean" => ("`true` or `false`", "write `true` or `false` without quotes"),
        "u64" => ("a whole number, 0 or more", "write digits only, without sign, quotes or unit"),
        "u32" => (
            "a whole number from 0 to 4294967295",
            "write digits, or `0x` and hexadecimal digits, without sign, quotes or unit",
        ),
        "a key" => ("a key", "write `KEY: VALUE`"),
        other if other.starts_with("a mapping") => (other, "write `{ KEY: VALUE }`, or one `KEY: VALUE` per line"),
        other => (other, "see `poolgate schema` for what is possible here"),
    };
    (MistakeText::new(format!("expected {expected}, found {found}"), format!("this is {found}"), help), about)
}

/// The parser's own errors. The first one that a text contains is used.
const SYNTAX: [(&str, &str, &str); 14] = [
    (
        "more than one document",
        "there is more than one document in this file",
        "write one scenario per file, without `---`",
    ),
    ("recursion limit", "lists and mappings are nested too deeply", "no scenario needs more than five levels"),
    (
        "repetition limit",
        "the aliases expand to too many values",
        "write the values out instead of using aliases (`*name`)",
    ),
    (
        "unknown anchor",
        "`*` refers to a name (`&name`) that is not defined",
        "quote the text if it is a tag pattern: \"*\"",
    ),
    ("expected alphabetic or numeric", "an unquoted `*` or `&` begins a reference in YAML", "quote the text: \"*\""),
    (
        "mapping values are not allowed",
        "a `: ` where no key is allowed",
        "begin all keys of one mapping in the same column, and quote text that contains `: `",
    ),
    ("',' or '}'", "a `{` is not closed where it should be", "write `{ KEY: VALUE, KEY: VALUE }`; quote other texts"),
    ("',' or ']'", "a `[` is not closed where it should be", "write `[FIRST, SECOND]`; quote other texts"),
    ("'-' indicator", "the list ends here", "begin each item with `- `, all in the same column"),
    ("expected key", "no key is allowed here", "begin all keys of one mapping in the same column"),
    ("expected ':'", "a key without its `:`", "write `KEY: VALUE`, with a space after the colon"),
    ("unexpected end of stream", "a quote is not closed", "close the quote"),
    ("cannot start any token", "a text cannot begin with this character", "quote the text"),
    ("document start", "this is outside the mapping", "begin all keys at the start of a line"),
];

fn syntax(said: &str) -> MistakeText {
    match SYNTAX.iter().find(|(part, _, _)| said.contains(part)) {
        Some((_, message, help)) => MistakeText::new(*message, "here", *help),
        None => {
            let help = "check the indentation, brackets and quotes up to here";
            MistakeText::new(format!("this is not YAML: {}", shown(said)), "here", help)
        }
    }
}
