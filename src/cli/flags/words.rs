//! Translates the command line of `poolgate flags`, which has the syntax of gflags.exe, for clap.
//!
//! clap would read `-ptg` as the options -p, -t and -g, and `/r` as a flag's name. So this module turns words that mean
//! options into options, and places all other words after `--`. It keeps the order of the other words, because the last
//! word counts if a flag is switched several times.

use std::ffi::OsString;

use super::FlagsCommand;
use crate::cli::args::takes_value::takes_value;

/// Translates the words of a command line. For `poolgate flags`, options come first; other commands are unchanged.
pub(in crate::cli) fn translated(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|command| command == "flags") {
        let theirs = words.split_off(2);
        words.extend(options_first(theirs));
    }
    words
}

fn options_first(words: Vec<OsString>) -> Vec<OsString> {
    let command = <FlagsCommand as clap::Args>::augment_args(clap::Command::new("flags"));
    let (mut options, mut flags) = (Vec::new(), Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match option(&word) {
            Some("--") => {
                flags.extend(words);
                break;
            }
            Some(option) => {
                options.push(OsString::from(option));
                if takes_value(&command, option) {
                    options.extend(words.next());
                }
            }
            None => flags.push(word),
        }
    }
    if !flags.is_empty() {
        options.push("--".into());
    }
    options.extend(flags);
    options
}

/// Returns the option that a word means, in clap's syntax, or `None` for other words.
fn option(word: &OsString) -> Option<&str> {
    match word.to_str()? {
        "/r" | "/R" | "-r" | "-R" => Some("-r"),
        "/k" | "/K" | "-k" | "-K" => Some("-k"),
        "/?" | "-?" | "/h" | "-h" => Some("--help"),
        word if word.starts_with("--") => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn arguments_of_gflags_exe_are_put_in_claps_order() {
        for (given, taken) in [
            ("", ""),
            ("/r", "-r"),
            ("-K", "-k"),
            ("/r +ptg", "-r -- +ptg"),
            ("-r -ptg", "-r -- -ptg"),
            ("/r -ffffffff +kst -soe 400", "-r -- -ffffffff +kst -soe 400"),
            ("+kst /r -soe --dry-run", "-r --dry-run -- +kst -soe"),
            ("/r --root /r -kst", "-r --root /r -- -kst"),
            ("/r --root=/r -kst", "-r --root=/r -- -kst"),
            ("/r --kernel k.json --json", "-r --kernel k.json --json"),
            ("/r --set dword:00000400", "-r --set dword:00000400"),
            ("/r --remove --dry-run -- +kst", "-r --remove --dry-run -- +kst"),
            ("/r -- --remove", "-r -- --remove"),
            ("/r --set", "-r --set"),
            ("/?", "--help"),
            ("/i notepad.exe +sls", "-- /i notepad.exe +sls"),
        ] {
            assert_eq!(
                translated(words(&format!("poolgate flags {given}"))),
                words(&format!("poolgate flags {taken}"))
            );
        }
        for other in ["poolgate", "poolgate run /r -k", "poolgate help flags"] {
            assert_eq!(translated(words(other)), words(other));
        }
    }
}
