//! A machine that is on, and the programs on it.
//!
//! A boot is the life of a wineserver. Wine has no kernel that could restart: its ExitWindowsEx ends all sessions and
//! continues. Therefore a witness process runs in each boot, and when it is gone, the host cuts the power. Files that
//! programs have open stay as the power cut finds them. The registry is written, since Wine keeps it in one process.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err::File;

use super::machine::{LAB, Machine, WORK};
use super::tool::{SCRIPT, wine};

/// A machine that is on. Dropping it switches the machine off.
pub(crate) struct Boot<'machine> {
    machine: &'machine Machine,
    witness: Child,
}

/// A program on the machine.
pub(crate) struct Program {
    process: Child,
    code: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// A program that has ended.
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

/// Far longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// The exit code of Wine's `sc query` if there is no such service. That of Windows is 1060.
const NO_SUCH_SERVICE: u32 = 1;
/// Disables Wine's downloads and debugger, and makes poolgate load the bcryptprimitives.dll beside it instead of
/// Wine's.
const OVERRIDES: &str = "mscoree,mshtml,winedbg.exe=;bcryptprimitives,wevtutil.exe=n,b";

impl Machine {
    /// Switches the machine on, and waits until it is up.
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

    /// Starts a program below one of ours that writes its exit code to a file. Wine's server kills a process that has
    /// ended but does not disappear at once, and the host would get the status of that kill.
    pub(crate) fn start(&self, program: &str, words: &[&str]) -> Program {
        let output = tempfile::tempdir_in(self.machine.file("ended")).unwrap().keep();
        let [code, stdout, stderr] = ["code", "stdout", "stderr"].map(|name| output.join(name));
        let below = format!(r"C:\ended\{}\code", output.file_name().unwrap().to_str().unwrap());
        let file = |path: &PathBuf| File::create(path).unwrap().into_parts().0;
        let mut wine = self.machine.wine(WORK, &["run", &below, program]);
        wine.args(words).stdout(file(&stdout)).stderr(file(&stderr));
        Program { process: wine.spawn().unwrap(), code, stdout, stderr }
    }

    /// Starts a program at a console that accepts key presses: Wine treats a terminal as one.
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

    /// Whether a program has requested a restart, so that all sessions have ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.witness.try_wait().unwrap().is_some()
    }

    /// Waits until a program has requested a restart, and cuts the power.
    pub(crate) fn until_over(mut self) {
        until(|| self.is_over().then_some(())).expect("the machine does not restart");
    }

    /// Waits until the service manager no longer knows the service. Wine removes a deleted service some time after its
    /// process has ended.
    pub(crate) fn until_no_service(&self, name: &str) {
        let unknown = || self.run("sc", &["query", name]).code == Some(NO_SUCH_SERVICE);
        until(|| unknown().then_some(())).unwrap_or_else(|| panic!("the service {name} stays"));
    }

    /// Cuts the power: all running programs are gone.
    pub(crate) fn cut(self) {}

    /// Returns the number of running programs with `words` in their command line.
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
    /// Returns the result if the program has ended. A killed program has no exit code.
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

    /// Waits until its program has ended, and returns its output. Wine reports no exit code to a terminal, so the
    /// result must be read from the files.
    pub(crate) fn end(mut self) -> String {
        until(|| self.script.try_wait().unwrap()).expect("the program does not end");
        self.shown()
    }

    /// Returns its output so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&fs_err::read(&self.shown).unwrap()).into_owned()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Calls `look` again and again until it returns a value; returns nothing after a timeout.
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
