//! Runs poolgate to its end and keeps its output, for every test that starts the real program.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// poolgate, without input.
pub(crate) fn poolgate() -> Command {
    program(Path::new(env!("CARGO_BIN_EXE_poolgate")))
}

/// poolgate, started in a folder.
pub(crate) fn poolgate_in(folder: &Path) -> Command {
    let mut command = poolgate();
    command.current_dir(folder);
    command
}

/// A copy of poolgate, or a program that starts one, without input.
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

/// A program that has ended.
pub(crate) struct Completed {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Completed {
    pub(crate) fn run(command: &mut Command) -> Completed {
        Completed::from(command.output().unwrap())
    }

    /// Returns stdout followed by stderr.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Checks the exit code, and that the output has all of `words`. Line breaks count as spaces, since a table breaks
    /// sentences.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, words: &[&str]) -> &Completed {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(self.code, Some(code), "{}", self.text());
        let line = one_line(&self.text());
        words.iter().for_each(|words| assert!(line.contains(&one_line(words)), "{words}: {}", self.text()));
        self
    }
}

impl From<Output> for Completed {
    fn from(output: Output) -> Completed {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Completed { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
