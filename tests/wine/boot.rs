//! A machine which is on, and the programs on it.
//!
//! A boot is the life of a wineserver. Wine has no kernel which could restart: its ExitWindowsEx ends everybody's session
//! and goes on. So a witness runs in each boot, and when it is gone, the host takes the power. What the programs have open
//! is as the power cut finds it; the registry is written, since Wine keeps it in one process.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err::File;

use super::machine::{LAB, Machine, WORK};
use super::tool::{SCRIPT, wine};

/// A machine which is on. It goes off when this is dropped.
pub(crate) struct Boot<'machine> {
    machine: &'machine Machine,
    witness: Child,
}

/// A program on it.
pub(crate) struct Program {
    process: Child,
    code: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// A program which has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<u32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program at a console.
pub(crate) struct Console {
    script: Child,
    shown: PathBuf,
}

/// Far more than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Nothing that Wine would like to download, or say; and poolgate finds the library beside it before Wine's.
const OVERRIDES: &str = "mscoree,mshtml,winedbg.exe=;bcryptprimitives,wevtutil.exe=n,b";

impl Machine {
    /// Switches it on, and waits until it is up.
    pub(crate) fn power_on(&self) -> Boot<'_> {
        self.give_power();
        let up = self.file("up");
        if up.exists() {
            fs_err::remove_file(&up).unwrap();
        }
        let witness = self.wine(WORK, &["linger", r"C:\up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let boot = Boot { machine: self, witness: witness.unwrap() };
        until(|| up.exists().then_some(())).expect("the machine does not come up");
        boot
    }

    fn wine(&self, program: &str, words: &[&str]) -> Command {
        let mut wine = wine();
        wine.arg(program).args(words).stdin(Stdio::null()).current_dir(self.file(LAB));
        wine.env("WINEPREFIX", self.prefix()).env("WINEDEBUG", "-all").env_remove("DISPLAY");
        wine.env("WINEDLLOVERRIDES", OVERRIDES);
        wine
    }
}

impl Boot<'_> {
    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> Ended {
        let mut program = self.start(program, words);
        until(|| program.ended()).expect("the program does not end")
    }

    /// Starts a program below one of ours, which writes its exit code down: Wine's server kills a process that has ended and
    /// does not go away at once, and the host would be told of that.
    pub(crate) fn start(&self, program: &str, words: &[&str]) -> Program {
        let output = tempfile::tempdir_in(self.machine.file("ended")).unwrap().keep();
        let [code, stdout, stderr] = ["code", "stdout", "stderr"].map(|name| output.join(name));
        let below = format!(r"C:\ended\{}\code", output.file_name().unwrap().to_str().unwrap());
        let file = |path: &PathBuf| File::create(path).unwrap().into_parts().0;
        let mut wine = self.machine.wine(WORK, &["run", &below, program]);
        wine.args(words).stdout(file(&stdout)).stderr(file(&stderr));
        Program { process: wine.spawn().unwrap(), code, stdout, stderr }
    }

    /// Starts a program at a console, where keys can be pressed: Wine takes a terminal for one.
    pub(crate) fn at_a_console(&self, program: &str, words: &[&str]) -> Console {
        let wine = self.machine.wine(program, words);
        let line =
            std::iter::once(wine.get_program()).chain(wine.get_args()).map(|word| format!("'{}'", word.display()));
        let mut script = Command::new(SCRIPT);
        script.args(["--quiet", "--command"]).arg(line.collect::<Vec<_>>().join(" ")).arg("/dev/null");
        script
            .current_dir(self.machine.file(LAB))
            .envs(wine.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let shown = self.machine.file("ended/console");
        script.env_remove("DISPLAY").stdin(Stdio::piped()).stdout(File::create(&shown).unwrap().into_parts().0);
        Console { script: script.spawn().unwrap(), shown }
    }

    /// Whether somebody has asked for a restart, so that everybody's session has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.witness.try_wait().unwrap().is_some()
    }

    /// Waits until somebody has asked for a restart, and takes the power.
    pub(crate) fn until_over(mut self) {
        until(|| self.is_over().then_some(())).expect("the machine does not restart");
    }

    /// Takes the power: whatever runs is gone.
    pub(crate) fn cut(self) {}

    /// How many programs run whose command line contains `words`.
    pub(crate) fn running(&self, words: &str) -> usize {
        self.machine.running(words).len()
    }
}

impl Drop for Boot<'_> {
    fn drop(&mut self) {
        self.machine.take_power();
        drop(self.witness.kill());
        drop(self.witness.wait());
    }
}

impl Program {
    /// What it came to, if it has ended. One which was killed has no exit code.
    pub(crate) fn ended(&mut self) -> Option<Ended> {
        let gone = self.process.try_wait().unwrap().is_some();
        let text = |path: &PathBuf| String::from_utf8_lossy(&fs_err::read(path).unwrap_or_default()).into_owned();
        let code = text(&self.code).strip_suffix('\n').map(|code| code.parse().unwrap());
        (gone || code.is_some()).then(|| Ended { code, stdout: text(&self.stdout), stderr: text(&self.stderr) })
    }
}

impl Console {
    pub(crate) fn press(&mut self, key: u8) {
        let keyboard = self.script.stdin.as_mut().unwrap();
        keyboard.write_all(&[key]).and_then(|()| keyboard.flush()).unwrap();
    }

    /// Waits until its program has ended. What it came to is in what it left: Wine tells no exit code to a terminal.
    pub(crate) fn end(mut self) -> String {
        until(|| self.script.try_wait().unwrap()).expect("the program does not end");
        self.shown()
    }

    /// What it has shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&fs_err::read(&self.shown).unwrap()).into_owned()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Looks again and again, until there is something to see; nothing when that never comes.
pub(crate) fn until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(seen) = look() {
            return Some(seen);
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    None
}
