//! The live table in a real terminal: tmux, with a server of its own. The test types keys and reads the screen.
//!
//! Without tmux, a test prints a message and is skipped; with `CI=true` it fails, so that CI cannot silently stop
//! testing this.

use std::cell::Cell;
use std::process::{Command, Output};
use std::time::Duration;

use poolgate::pool::Pool;

use super::{Bed, file, replay, rows};

/// A shell in a terminal, and the bed with the kernel that it reads.
struct Terminal {
    bed: Bed,
    socket: String,
}

/// The maximum number of looks at the screen, 50 ms apart, before a test fails.
const LOOKS: u32 = 600;

impl Terminal {
    /// A terminal of 120 columns and 20 lines; `None`, with a message on stderr, if there is no tmux.
    fn open() -> Option<Terminal> {
        thread_local!(static NEXT: Cell<u32> = const { Cell::new(0) });
        if let Err(error) = Command::new("tmux").arg("-V").output() {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "there is no tmux: {error}");
            eprintln!("skipped, because there is no tmux: {error}");
            return None;
        }
        let bed = Bed::new();
        let folder = bed.folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let terminal = Terminal { socket: format!("poolgate{folder}-{}", NEXT.replace(1)), bed };
        // A shell that reads none of the user's files and has a known prompt.
        let shell = "env -u ENV PS1='ready> ' sh";
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "20", shell]);
        terminal.until(|screen| screen.contains("ready>"));
        Some(terminal)
    }

    /// A terminal with `poolgate mon` and these arguments running in it.
    fn watching(words: &str) -> Option<Terminal> {
        let terminal = Terminal::open()?;
        terminal.mon(words);
        terminal.until(|screen| screen.contains("pool information"));
        Some(terminal)
    }

    fn mon(&self, words: &str) {
        let program = env!("CARGO_BIN_EXE_poolgate");
        let (kernel, folder) = (self.bed.kernel.path().display(), self.bed.folder.path().display());
        let every = if words.contains("--every") { "" } else { "--every 50ms" };
        // `exec` keeps the process id that the shell wrote to the file.
        let exec = format!("echo $$ >pid; exec env POOLGATE_SIM_KERNEL={kernel} {program} mon {every} {words}");
        let mon = format!("(cd {folder}; sh -c '{exec}'); echo ended $?");
        self.keys(&["-l", &mon]);
        self.keys(&["Enter"]);
    }

    fn tmux(&self, words: &[&str]) -> Output {
        let output =
            Command::new("tmux").args(["-u", "-L", &self.socket]).args(words).env_remove("TMUX").output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Presses keys, given by tmux's names.
    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn types(&self, text: &str) {
        self.keys(&["-l", "--", text]);
    }

    /// The text on the screen.
    fn screen(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Waits until the screen is as wanted, and returns it.
    #[track_caller]
    fn until(&self, wanted: impl Fn(&str) -> bool) -> String {
        for _ in 0..LOOKS {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        panic!("it never came:\n{}", self.screen());
    }

    /// Presses a key and waits until the screen is as wanted.
    #[track_caller]
    fn press(&self, key: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.keys(&[key]);
        self.until(wanted)
    }

    /// Checks that it ended with this code and that the terminal is restored: the shell's screen, and typed text is
    /// echoed.
    #[track_caller]
    fn assert_restored(&self, code: i32) -> String {
        let screen =
            self.until(|screen| screen.contains(&format!("ended {code}\n")) && screen.trim_end().ends_with("ready>"));
        let format = "#{alternate_on} #{cursor_flag} #{mouse_any_flag}";
        let flags = self.tmux(&["display-message", "-p", format]).stdout;
        assert_eq!(String::from_utf8(flags).unwrap().trim(), "0 1 0", "alternate screen, cursor, mouse");
        self.types("stty -a | tr ' ;' '\\n\\n' | grep -x -e -echo -e -icanon -e -isig -e -opost; echo settings seen");
        self.press("Enter", |screen| screen.contains("\nsettings seen\n"));
        let seen = self.screen();
        for off in ["\n-echo\n", "\n-icanon\n", "\n-isig\n", "\n-opost\n"] {
            assert!(!seen.contains(off), "{seen}");
        }
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only this test's server; errors are ignored.
        drop(Command::new("tmux").args(["-L", &self.socket, "kill-server"]).env_remove("TMUX").output());
    }
}

#[test]
fn poolmons_screen_stands_in_the_terminal() {
    let Some(terminal) = Terminal::watching("/b") else { return };
    let screen = terminal.until(|screen| screen.contains("rows 1-4 of 4"));
    // The time and the bars vary.
    let lines = screen.lines().filter(|line| !line.contains("UTC"));
    let kept: Vec<&str> = lines.map(|line| line.split('▁').next().unwrap().trim_end()).collect();
    insta::assert_snapshot!(kept.join("\n").trim_end());
}

#[test]
fn keys_sort_and_choose_rows() {
    let Some(terminal) = Terminal::watching("") else { return };
    let is = |expected: &'static [&'static str]| move |screen: &str| rows(screen) == expected;
    terminal.until(is(&["Big Paged", "Both Paged", "Both Nonp", "Few Nonp"]));
    terminal.press("b", is(&["Big Paged", "Few Nonp", "Both Paged", "Both Nonp"]));
    terminal.press("a", is(&["Big Paged", "Both Paged", "Both Nonp", "Few Nonp"]));
    terminal.press("p", is(&["Both Nonp", "Few Nonp"]));
    terminal.press("p", is(&["Big Paged", "Both Paged"]));
    terminal.press("p", is(&["Big Paged", "Both Paged", "Both Nonp", "Few Nonp"]));
    terminal.press("e", |screen| screen.contains(" TOTAL Paged"));
    terminal.press("e", |screen| !screen.contains(" TOTAL Paged"));
    terminal.press("(", |screen| screen.contains("by change of allocs"));
    terminal.press("s", |screen| screen.contains(" All sessions pool information"));
    terminal.press("3", |screen| screen.contains(" Session 3 pool information"));
    terminal.keys(&["i"]);
    terminal.until(|screen| screen.contains("Session's number"));
    terminal.types("12");
    terminal.press("Enter", |screen| screen.contains(" Session 12 pool information"));
    terminal.press("s", |screen| screen.contains(" System pool information"));
    terminal.keys(&["/"]);
    terminal.until(|screen| screen.contains("Tags, -Tag to leave one out"));
    terminal.types("B* -Big");
    terminal.press("Enter", is(&["Both Paged", "Both Nonp"]));
    terminal.press("q", |screen| screen.contains("ended 0"));
}

#[test]
fn growing_rows_are_marked_with_their_change() {
    let Some(terminal) = Terminal::watching("/iMyD1 /b --log pool.log") else { return };
    let screens = || terminal.bed.text("pool.log").matches(" Memory:").count();
    for _ in 0..4 {
        let before = screens();
        terminal.bed.allocate("MyD1", Pool::Nonpaged, 64, 10);
        terminal.until(|_| screens() > before + 1);
    }
    let grown = terminal.until(|screen| screen.contains("+MyD1 Nonp         40 "));
    assert!(grown.contains('▁') && grown.contains('█'), "{grown}");
    // `l` removes the highlighting; the mark stays.
    let highlighted = |terminal: &Terminal| {
        let coloured = String::from_utf8(terminal.tmux(&["capture-pane", "-p", "-e"]).stdout).unwrap();
        coloured.lines().any(|line| line.contains("+MyD1") && line.contains("\u{1b}[1m"))
    };
    terminal.until(|_| highlighted(&terminal));
    terminal.keys(&["l"]);
    terminal.until(|screen| !highlighted(&terminal) && screen.contains("+MyD1"));
    terminal.press("q", |screen| screen.contains("ended 0"));
}

#[test]
fn a_paused_table_stands_still_and_the_log_continues() {
    let Some(terminal) = Terminal::watching("/b --log pool.log") else { return };
    terminal.press("Space", |screen| screen.contains("held"));
    terminal.bed.allocate("Late", Pool::Paged, 1 << 30, 1);
    terminal.until(|_| terminal.bed.text("pool.log").matches(" Late ").count() > 2);
    // Keys work on a paused table.
    let held = terminal.press("t", |screen| screen.contains("by tag, held"));
    assert_eq!(rows(&held), ["Big Paged", "Both Paged", "Both Nonp", "Few Nonp"]);
    terminal.press("Space", |screen| screen.contains(" Late ") && !screen.contains("held"));
    terminal.press("q", |screen| screen.contains("ended 0"));
    // The order of the log comes from the command line; keys do not change it.
    assert!(terminal.bed.text("pool.log").ends_with('\n'));
    let last = terminal.bed.text("pool.log");
    assert_eq!(rows(last.rsplit(" Memory:").next().unwrap())[0], "Late Paged");
}

#[test]
fn help_lies_over_the_table_and_any_key_closes_it() {
    let Some(terminal) = Terminal::watching("") else { return };
    for (opens, closes) in [("h", "Escape"), ("?", "x")] {
        terminal.press(opens, |screen| screen.contains("Keys, as in PoolMon") && !screen.contains("pool information"));
        terminal.press(closes, |screen| screen.contains("pool information"));
    }
    terminal.press("q", |screen| screen.contains("ended 0"));
}

#[test]
fn count_limits_the_number_of_tables() {
    let Some(terminal) = Terminal::open() else { return };
    terminal.mon("--count 3 --every 20ms --log pool.log");
    terminal.until(|screen| screen.contains("ended 0"));
    assert_eq!(terminal.bed.text("pool.log").matches(" Memory:").count(), 3);
}

#[test]
fn the_terminal_is_restored_however_it_ends() {
    let Some(terminal) = Terminal::open() else { return };
    for key in ["q", "Escape", "C-c"] {
        terminal.keys(&["-l", "clear"]);
        terminal.press("Enter", |screen| !screen.contains("ended"));
        terminal.mon("/b");
        terminal.until(|screen| screen.contains("pool information"));
        terminal.keys(&[key]);
        let screen = terminal.assert_restored(0);
        assert!(!screen.contains("pool information"), "{screen}");
    }
    // The time of `--for` is over.
    terminal.keys(&["-l", "clear"]);
    terminal.press("Enter", |screen| !screen.contains("ended"));
    terminal.mon("/b --for 300ms");
    terminal.assert_restored(0);
    // The process is terminated from outside.
    terminal.keys(&["-l", "clear"]);
    terminal.press("Enter", |screen| !screen.contains("ended"));
    terminal.mon("/b");
    terminal.until(|screen| screen.contains("pool information"));
    let pid = terminal.bed.text("pid").trim().parse().unwrap();
    let process = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    terminal.assert_restored(0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_is_printed_on_a_restored_terminal() {
    let Some(terminal) = Terminal::open() else { return };
    terminal.mon("/b --log /dev/full");
    let screen = terminal.assert_restored(3);
    assert!(screen.contains("error:") && screen.contains("No space left on device"), "{screen}");
}

#[test]
fn a_failed_reading_is_reported_and_the_last_screen_stays() {
    let Some(terminal) = Terminal::watching("/b --log pool.log") else { return };
    let (kernel, away) = (terminal.bed.kernel.path(), terminal.bed.path("away.json"));
    fs_err::rename(kernel, &away).unwrap();
    let failed = terminal.until(|screen| screen.contains("not read: cannot read"));
    assert_eq!(rows(&failed).len(), 4, "{failed}");
    let logged = terminal.bed.text("pool.log");
    assert!(!logged.contains("Per Alloc\n\n\n"), "an empty screen: {logged}");
    fs_err::rename(&away, kernel).unwrap();
    terminal.until(|screen| !screen.contains("not read"));
    terminal.press("q", |screen| screen.contains("ended 0"));
}

#[test]
fn it_fits_itself_to_a_terminal_of_another_size() {
    let Some(terminal) = Terminal::watching("/b") else { return };
    terminal.until(|screen| screen.contains("   Bytes                 Per Alloc"));
    terminal.tmux(&["resize-window", "-x", "80", "-y", "9"]);
    let narrow =
        terminal.until(|screen| screen.contains("   Bytes       Per Alloc\n") && screen.contains("rows 1-3 of 4"));
    assert_eq!(rows(&narrow).len(), 3, "{narrow}");
    terminal.press("Down", |screen| screen.contains("rows 2-4 of 4"));
    terminal.press("q", |screen| screen.contains("ended 0"));
}

#[test]
fn a_recording_is_stepped_through_from_its_end() {
    let Some(terminal) = Terminal::open() else { return };
    file(&terminal.bed.path("log.csv"), &replay::log());
    terminal.keys(&["-l", "clear"]);
    terminal.keys(&["Enter"]);
    terminal.mon("log.csv --every 10ms /b");
    let end = terminal.until(|screen| screen.contains("sample 5 of 5"));
    assert!(end.contains("+Leak Nonp         50 (  10)"), "{end}");
    terminal.press("Left", |screen| {
        screen.contains("sample 4 of 5")
            && screen.contains(" Leak Nonp         40 ") | screen.contains("+Leak Nonp         40 ")
    });
    terminal.press("[", |screen| screen.contains("sample 1 of 5") && screen.contains(" Leak Nonp         10 (   0)"));
    terminal.press("Right", |screen| screen.contains("sample 2 of 5"));
    terminal.press("]", |screen| screen.contains("sample 5 of 5"));
    terminal.keys(&["q"]);
    terminal.assert_restored(0);
}
