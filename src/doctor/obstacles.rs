//! Finds the reasons, before a run, why it can only end unclear or in an error, regardless of the driver.

use std::path::{Path, PathBuf};

use crate::failure;
use crate::judge::evidence::{NEEDED, Window};
use crate::machine::MachineError;
use crate::pool::{Pool, Snapshot};
use crate::scenario::{Limit, Plan, Scenario, Subject, Threshold, WarmUp};

/// The reasons why a run cannot pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Obstacles {
    pub(crate) certain: Vec<String>,
    /// Reasons that hold now, but may not with more rights or at another time.
    pub(crate) for_now: Vec<String>,
    /// Reasons that hold unless an earlier command removes them.
    pub(crate) likely: Vec<String>,
}

impl Obstacles {
    /// Adds a failure of the machine; the same failure is listed once.
    pub(crate) fn meets(&mut self, error: &MachineError) {
        let help = failure::help(error).map_or(String::new(), |help| format!("; {help}"));
        let why = format!("{error}{help}");
        let reasons = if error.may_pass() { &mut self.for_now } else { &mut self.certain };
        if !reasons.contains(&why) {
            reasons.push(why);
        }
    }

    /// Collects reasons. Commands run in `home`; `now` is the machine's pool table, if it could be read.
    pub(crate) fn look(&mut self, scenario: &Scenario, home: &Path, now: Option<&Snapshot>) {
        for threshold in scenario.thresholds() {
            self.certain.extend(too_few(scenario, &threshold));
            self.certain.extend(no_such_pool(scenario, &threshold, now));
        }
        let setup = scenario.setup.iter().map(|step| ("setup", step.run.as_str()));
        let teardown = scenario.teardown.iter().map(|step| ("teardown", step.run.as_str()));
        let lines = setup.chain([("workload", scenario.workload.run.as_str())]).chain(teardown);
        let lacks = |(_, (what, line)): &(usize, (&str, &str))| Some(format!("{what}: {}", lack(line, home)?));
        for line in lines.enumerate() {
            let Some(lack) = lacks(&line) else { continue };
            // Nothing runs before the first command; a later command may use files that an earlier one creates.
            if line.0 == 0 { self.certain.push(lack) } else { self.likely.push(lack) }
        }
    }
}

/// Returns a message if there will be too few samples for a `max_rate`. With a `time_limit` the workload may run
/// longer.
fn too_few(scenario: &Scenario, threshold: &Threshold) -> Option<String> {
    if !threshold.limits.iter().any(|limit| matches!(limit, Limit::MaxRate(_))) || scenario.time_limit.is_some() {
        return None;
    }
    let every = scenario.sampling.every.as_std();
    let (slots, unit) = match &scenario.workload.plan {
        Plan::Iterations { count, .. } => (*count, "iterations"),
        Plan::Lasting { count_lines: Some(_), .. } => return None,
        Plan::Lasting { duration, .. } => (duration.as_std().div_duration_f64(every) as u64, "samples"),
    };
    let warm_up = match scenario.workload.warm_up {
        None => Window::usual_warm_up(slots),
        Some(WarmUp::Iterations(count)) => count,
        Some(WarmUp::Time(length)) => length.as_std().div_duration_f64(every) as u64,
    };
    let left = slots.saturating_sub(warm_up);
    (left < NEEDED).then(|| {
        format!(
            "{}: a rate needs {NEEDED} {unit} after the warm-up, but there are only {left} ({slots} minus {warm_up} of \
                 warm-up)",
            threshold.words()
        )
    })
}

/// Returns a message if the threshold is about a pool that the machine does not have.
fn no_such_pool(scenario: &Scenario, threshold: &Threshold, now: Option<&Snapshot>) -> Option<String> {
    let pool = match &threshold.subject {
        Subject::Total(pool) => *pool,
        Subject::Tags { pool, .. } => (*pool)?,
    };
    let foreign: &[Pool] = match (&scenario.machine, cfg!(windows)) {
        (Some(_), _) | (None, true) => &[Pool::Slab, Pool::Callsite],
        (None, false) => &[Pool::Nonpaged, Pool::Paged],
    };
    let uncounted = pool == Pool::Callsite && now.is_some_and(|now| !now.present().any(|(key, _)| key.pool == pool));
    let machine = match scenario.machine {
        Some(_) => "a simulated kernel",
        None if cfg!(windows) => "Windows",
        None => "Linux",
    };
    let why = match (foreign.contains(&pool), uncounted) {
        (true, _) => format!("{machine} has no pool `{pool}`"),
        (false, true) => "this kernel does not count call sites (sysctl.vm.mem_profiling=1)".to_owned(),
        (false, false) => return None,
    };
    Some(format!("{}: {why}", threshold.words()))
}

/// Returns a message if the program of `line` is missing or not executable; `None` if it is present, or if only a shell
/// could find out.
fn lack(line: &str, home: &Path) -> Option<String> {
    let program = program(line)?;
    let by_path = program.contains('/') || cfg!(windows) && program.contains('\\');
    let folders: Vec<PathBuf> = match std::env::var_os("PATH") {
        _ if by_path => vec![home.to_owned()],
        path => {
            let here = cfg!(windows).then(|| home.to_owned());
            here.into_iter().chain(path.iter().flat_map(std::env::split_paths)).collect()
        }
    };
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| names(&folder.join(program))).collect();
    let there = files.iter().find(|file| file.is_file());
    match there {
        Some(file) if !is_executable(file) => Some(format!("{} is not executable: chmod +x {program}", file.display())),
        Some(_) => None,
        None if by_path => Some(format!("there is no {}", home.join(program.trim_start_matches("./")).display())),
        None => Some(format!("there is no program `{program}` in PATH")),
    }
}

/// Returns the program that `line` begins with; `None` if the line needs a shell to parse it.
fn program(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next()?;
    let plain = |char: char| char.is_alphanumeric() || "_-./+".contains(char) || cfg!(windows) && "\\:".contains(char);
    let builtin =
        if cfg!(windows) { CMD.iter().any(|name| name.eq_ignore_ascii_case(word)) } else { SH.contains(&word) };
    // A run puts poolgate itself in the commands' PATH.
    (word.chars().all(plain) && !builtin && word != "poolgate").then_some(word)
}

/// Returns the files that a program's name may refer to.
fn names(path: &Path) -> Vec<PathBuf> {
    let mut names = vec![path.to_owned()];
    if cfg!(windows) {
        let extensions = std::env::var("PATHEXT").unwrap_or_else(|_| ".COM;.EXE;.BAT;.CMD".to_owned());
        names.extend(extensions.split(';').map(|extension| {
            let mut name = path.as_os_str().to_owned();
            name.push(extension);
            PathBuf::from(name)
        }));
    }
    names
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    let mode = file.metadata().map(|found| std::os::unix::fs::PermissionsExt::mode(&found.permissions()));
    mode.is_ok_and(|mode| mode & 0o111 != 0)
}

#[cfg(windows)]
fn is_executable(_: &Path) -> bool {
    true
}

/// The builtins and keywords of a POSIX shell (POSIX.1-2024, 2.9.1.4 and 2.15), and common extensions.
const SH: [&str; 49] = [
    ".", ":", "!", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "echo", "elif", "else", "eval",
    "exec", "exit", "export", "false", "fg", "for", "function", "getopts", "hash", "if", "jobs", "kill", "local",
    "printf", "pwd", "read", "readonly", "return", "set", "shift", "source", "test", "then", "time", "times", "trap",
    "true", "type", "ulimit", "umask", "unalias", "unset", "until", "while",
];

/// The builtins of cmd.exe (Microsoft Learn, "Windows Commands").
const CMD: [&str; 43] = [
    "assoc", "break", "call", "cd", "chdir", "cls", "color", "copy", "date", "del", "dir", "echo", "endlocal", "erase",
    "exit", "for", "ftype", "goto", "if", "md", "mkdir", "mklink", "move", "path", "pause", "popd", "prompt", "pushd",
    "rd", "rem", "ren", "rename", "rmdir", "set", "setlocal", "shift", "start", "time", "title", "type", "ver",
    "verify", "vol",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::windows::pool::{Class, PoolTagsError};

    fn found(yaml: &str) -> Obstacles {
        let text = format!("scenario: test\n{yaml}\n");
        let loaded = crate::scenario::parse("test.yaml", text.as_bytes()).unwrap();
        let mut found = Obstacles::default();
        found.look(&loaded.scenario, Path::new("/nonexistent"), None);
        found
    }

    fn certain(yaml: &str) -> String {
        found(yaml).certain.join("\n")
    }

    #[test]
    fn a_failure_is_met_once_and_is_certain_unless_rights_or_time_change_it() {
        let denied = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let mut found = Obstacles::default();
        for error in [
            MachineError::PoolTags(PoolTagsError::Wow64),
            MachineError::PoolTags(PoolTagsError::Wow64),
            MachineError::PoolTags(PoolTagsError::Growing(Class::PoolTag)),
            MachineError::NotElevated("read it"),
            MachineError::unreadable("slabinfo", denied()),
            MachineError::unreadable("slabinfo", std::io::ErrorKind::NotFound.into()),
        ] {
            found.meets(&error);
        }
        assert_eq!((found.certain.len(), found.for_now.len()), (2, 3), "{found:?}");
        assert!(found.certain[0].contains("32-bit poolgate") && found.certain[0].contains("x64 build"), "{found:?}");
    }

    #[test]
    fn too_few_iterations_for_a_rate_are_reported() {
        let with = |workload: &str| {
            let unit = if workload.contains("duration") { "h" } else { "iteration" };
            let rate = format!("thresholds: [ {{ tag: MyD1, max_rate: 0 B/{unit} }} ]");
            certain(&format!("workload: {{ run: echo, {workload} }}\n{rate}"))
        };
        assert!(with("iterations: 43").contains(
            "needs 36 iterations after the warm-up, but there are only 35 (43 \
             minus 8"
        ));
        assert!(with("iterations: 60, warm_up: 30").contains("there are only 30 (60 minus 30 of warm-up)"));
        assert_eq!(with("iterations: 44"), "");
        let lasts = |duration: &str| {
            let rate = "thresholds: [ { tag: MyD1, max_rate: 0 B/h } ]";
            certain(&format!("workload: {{ run: echo, duration: {duration} }}\n{rate}"))
        };
        assert!(lasts("30 s").contains("36 samples"));
        assert_eq!(lasts("10 min"), "");
        assert_eq!(
            certain("workload: { run: echo, iterations: 5 }\nthresholds: [ { tag: MyD1, max_bytes: 1 MiB } ]"),
            ""
        );
    }

    #[test]
    fn pools_of_another_system_are_reported() {
        let pool = |pool: &str| {
            certain(&format!(
                "workload: {{ run: echo, iterations: 99 }}\nthresholds: [ {{ total: {pool}, max_growth: 1 MiB }} ]"
            ))
        };
        let (here, foreign) = if cfg!(windows) { ("paged", "slab") } else { ("slab", "paged") };
        assert_eq!(pool(here), "");
        assert!(pool(foreign).contains(&format!("has no pool `{foreign}`")), "{}", pool(foreign));
    }

    #[test]
    fn a_missing_command_is_reported() {
        let thresholds = "thresholds: [ { tag: MyD1, max_bytes: 1 MiB } ]";
        let workload = |run: &str| found(&format!("workload: {{ run: {run:?}, iterations: 99 }}\n{thresholds}"));
        assert!(workload("no-such-program --x").certain[0].contains("workload: there is no program `no-such-program`"));
        assert!(workload("./copy-test 1").certain[0].contains("copy-test"));
        for shell in ["echo a", "for i in 1 2; do no-such-program; done", "A=1 no-such-program", "\"$X\" y", "exit 1"] {
            assert_eq!(workload(shell), Obstacles::default(), "{shell}");
        }
        let built =
            format!("setup: [ {{ run: echo build }} ]\nworkload: {{ run: ./copy-test, iterations: 99 }}\n{thresholds}");
        let built = found(&built);
        assert_eq!(
            (built.certain.len(), built.likely.len()),
            (0, 1),
            "what an earlier command may make is not certain"
        );
    }
}
