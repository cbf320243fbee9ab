//! Translates PoolMon's own switches to options (Microsoft Learn, "PoolMon Startup Command").
//!
//! Both forms are accepted, `/b` and `-b`. On Linux a path also begins with `/`: a word that matches a switch is a
//! switch, in any position; any other must be an existing file. `//b` and all words after `--` are files.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Args;
use miette::Diagnostic;

use super::MonCommand;
use crate::cli::args::takes_value::takes_value;
use crate::mon::SortColumn;

/// A word that is neither a switch of PoolMon nor a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub(in crate::cli) enum BadSwitch {
    /// PoolMon has no such switch.
    #[error("PoolMon has no switch {0}, and there is no file of that name")]
    #[diagnostic(help("`poolgate mon --help` lists the switches"))]
    Unknown(String),
    /// `/i` or `/x` without a tag.
    #[error("{0} needs a tag, written without a space: {0}MyD1")]
    #[diagnostic(help("or write --include MyD1, --exclude MyD1"))]
    NoTag(String),
}

/// The options requested by switches. Of several exclusive switches, PoolMon takes the last.
#[derive(Default)]
struct SwitchWords {
    column: Option<SortColumn>,
    session: Option<String>,
    pools: u32,
    changes: bool,
    totals: bool,
    no_highlight: bool,
    help: bool,
    snapshot: Option<OsString>,
    lists: Vec<OsString>,
    tags: Vec<String>,
}

/// Returns the words of a command line. PoolMon's switches after `poolgate mon` become options.
pub(in crate::cli) fn translated(words: Vec<OsString>) -> Result<Vec<OsString>, BadSwitch> {
    translated_with(words, Path::exists)
}

fn translated_with(words: Vec<OsString>, exists: impl Fn(&Path) -> bool) -> Result<Vec<OsString>, BadSwitch> {
    if words.get(1).is_none_or(|word| word != "mon") {
        return Ok(words);
    }
    let mut rest: VecDeque<OsString> = words.into();
    let mut out: Vec<OsString> = rest.drain(..2).collect();
    let mut asked = SwitchWords::default();
    let mut options = Vec::new();
    let command = MonCommand::augment_args(clap::Command::new("mon"));
    let has_value = |word: &OsStr| word.to_str().is_some_and(|word| takes_value(&command, word));
    while let Some(word) = rest.pop_front() {
        if word == "--" {
            rest.push_front(word);
            break;
        }
        match switch(&word) {
            Some(switch) => asked.take(switch, &mut rest)?,
            None if word == "-q" => options.push("--quiet".into()),
            None if word == "-v" => options.push("--verbose".into()),
            None if has_value(&word) => options.extend([Some(word), rest.pop_front()].into_iter().flatten()),
            None if is_neither(&word, &exists) => return Err(BadSwitch::Unknown(word.to_string_lossy().into_owned())),
            None => options.push(word),
        }
    }
    out.extend(asked.options());
    out.extend(options);
    out.extend(rest);
    Ok(out)
}

/// Returns the switch without its `/` or `-`. A word with a second `/` is a path, one with `--` an option of poolgate.
fn switch(word: &OsStr) -> Option<&str> {
    let word = word.to_str()?;
    let switch = word.strip_prefix(['/', '-'])?;
    let path = word.starts_with('/') && switch.contains('/');
    let mut letters = switch.chars();
    let reads_as_one = match letters.next()? {
        't' | 'a' | 'f' | 'd' | 'b' | 'u' | 'm' | 'p' | 'e' | 'l' | 'r' | '(' | ')' | '?' | 'h' | 'n' | 'g' | 'c' => {
            letters.next().is_none()
        }
        's' => letters.all(|digit| digit.is_ascii_digit()),
        'i' | 'x' => true,
        _ => false,
    };
    (!path && reads_as_one).then_some(switch)
}

/// Returns whether the word looks like a switch, and is neither a switch nor a file.
fn is_neither(word: &OsStr, exists: impl Fn(&Path) -> bool) -> bool {
    let text = word.to_string_lossy();
    match (text.strip_prefix('-'), text.strip_prefix('/')) {
        (Some(rest), _) => !rest.is_empty() && !rest.starts_with('-'),
        (_, Some(rest)) => !rest.contains('/') && !exists(Path::new(word)),
        (None, None) => false,
    }
}

impl SwitchWords {
    fn take(&mut self, switch: &str, rest: &mut VecDeque<OsString>) -> Result<(), BadSwitch> {
        let (letter, behind) = switch.split_at(1);
        match letter {
            "p" => self.pools += 1,
            "e" => self.totals = true,
            "l" => self.no_highlight = true,
            // Each one toggles.
            "(" | ")" => self.changes = !self.changes,
            "?" | "h" => self.help = true,
            "s" => self.session = Some(if behind.is_empty() { "all" } else { behind }.to_owned()),
            "n" => {
                let named = rest.pop_front_if(|word| is_file(word));
                self.snapshot = Some(named.unwrap_or_else(|| "poolsnap.log".into()));
            }
            "g" | "c" => {
                let mut list = OsString::from(if letter == "g" { "--pooltag" } else { "--localtag" });
                if let Some(file) = rest.pop_front_if(|word| is_file(word)) {
                    list.push("=");
                    list.push(file);
                }
                self.lists.push(list);
            }
            "i" | "x" if behind.is_empty() => return Err(BadSwitch::NoTag(format!("/{letter}"))),
            "i" => self.tags.push(format!("--include={behind}")),
            "x" => self.tags.push(format!("--exclude={behind}")),
            // `/r` needs no option, because every snapshot of poolgate has its header.
            other => self.column = other.chars().next().and_then(SortColumn::from_letter).or(self.column),
        }
        Ok(())
    }

    fn options(self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        let mut option = |text: String| options.push(text.into());
        if let Some(column) = self.column {
            option(format!("--sort={}", column.name()));
        }
        if let Some(session) = self.session {
            option(format!("--session={session}"));
        }
        // A third /p shows both pools again, as the key does.
        match self.pools % 3 {
            1 => option("--pool=nonpaged".to_owned()),
            2 => option("--pool=paged".to_owned()),
            _ => {}
        }
        for (asked, name) in [
            (self.changes, "--changes"),
            (self.totals, "--totals"),
            (self.no_highlight, "--no-highlight"),
            (self.help, "--help"),
        ] {
            if asked {
                option(name.to_owned());
            }
        }
        self.tags.into_iter().for_each(&mut option);
        options.extend(self.lists);
        if let Some(file) = self.snapshot {
            let mut named = OsString::from("--snapshot=");
            named.push(file);
            options.push(named);
        }
        options
    }
}

/// Returns whether the word after `/n` is its file.
fn is_file(word: &OsStr) -> bool {
    word == "-" || switch(word).is_none() && !word.to_string_lossy().starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn given(line: &str) -> Result<String, BadSwitch> {
        let there = |path: &Path| path == Path::new("/there") || path == Path::new("/dev/null");
        let translated = translated_with(words(&format!("poolgate mon {line}")), there)?;
        let texts: Vec<_> = translated[2..].iter().map(|word| word.to_string_lossy()).collect();
        Ok(texts.join(" "))
    }

    #[test]
    fn poolmons_switches_are_options_in_both_forms() {
        for (line, expected) in [
            ("/b", "--sort=bytes"),
            ("-b", "--sort=bytes"),
            ("/t /a /f /d", "--sort=diff"),
            ("/u", "--sort=bytes"),
            ("/m /(", "--sort=per-alloc --changes"),
            ("/) -(", ""),
            ("/p", "--pool=nonpaged"),
            ("/p /p", "--pool=paged"),
            ("-p -p -p", ""),
            ("/s", "--session=all"),
            ("/s0", "--session=0"),
            ("-s12", "--session=12"),
            ("/e /l /r", "--totals --no-highlight"),
            ("/iAud* /iCc?? /xCcBc", "--include=Aud* --include=Cc?? --exclude=CcBc"),
            ("-iMyD1", "--include=MyD1"),
            ("-iA/B1", "--include=A/B1"),
            ("/n", "--snapshot=poolsnap.log"),
            ("/n /b", "--sort=bytes --snapshot=poolsnap.log"),
            ("-n snap.txt -b", "--sort=bytes --snapshot=snap.txt"),
            ("/n /tmp/snap.txt", "--snapshot=/tmp/snap.txt"),
            ("/n -", "--snapshot=-"),
            ("/n --sort bytes", "--snapshot=poolsnap.log --sort bytes"),
            ("/g", "--pooltag"),
            ("/g pooltag.txt /b", "--sort=bytes --pooltag=pooltag.txt"),
            ("-c -b", "--sort=bytes --localtag"),
            ("/c local.txt", "--localtag=local.txt"),
            ("--pooltag /b", "--sort=bytes --pooltag"),
            ("-q /b", "--sort=bytes --quiet"),
            ("/?", "--help"),
            ("-h", "--help"),
        ] {
            assert_eq!(given(line), Ok(expected.to_owned()), "{line}");
        }
    }

    #[test]
    fn arguments_that_are_no_switches_stay() {
        for line in [
            "",
            "recording.pgr --every 5s",
            "--sort bytes",
            // Values of options stay unchanged even if they look like switches.
            "--log /b",
            "--root /host",
            "--include -b",
            // Paths.
            "/there",
            "/tmp/b",
            "//b",
            "-- /b -x",
            "-",
        ] {
            assert_eq!(given(line), Ok(line.to_owned()), "{line}");
        }
        let other = words("poolgate judge /b -n");
        assert_eq!(translated_with(other.clone(), |_| false), Ok(other));
    }

    #[test]
    fn a_switch_that_poolmon_does_not_have_is_named() {
        for (line, expected) in [
            ("/z", BadSwitch::Unknown("/z".to_owned())),
            ("/nowhere", BadSwitch::Unknown("/nowhere".to_owned())),
            ("-be", BadSwitch::Unknown("-be".to_owned())),
            ("/sX", BadSwitch::Unknown("/sX".to_owned())),
            ("/i MyD1", BadSwitch::NoTag("/i".to_owned())),
            ("-x", BadSwitch::NoTag("/x".to_owned())),
        ] {
            assert_eq!(given(line), Err(expected), "{line}");
        }
    }
}
