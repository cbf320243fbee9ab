//! Starts runs and checks their results, such that a test reads as its own specification.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::program::{Completed, poolgate, program};

/// A short but complete scenario.
pub(crate) struct Scenario {
    folder: tempfile::TempDir,
    machine: &'static str,
    workload: String,
    plan: Option<String>,
    sampling: &'static str,
    steps: String,
    thresholds: String,
    confirm: bool,
    options: Vec<String>,
    program: PathBuf,
    variables: Vec<(&'static str, String)>,
    /// The program that runs poolgate, and its first arguments.
    by: Vec<String>,
}

/// The results of a run.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) junit: String,
    pub(crate) run: PathBuf,
    #[cfg_attr(windows, expect(dead_code, reason = "only Unix has runs on another root"))]
    program: PathBuf,
    _folder: tempfile::TempDir,
}

/// A run in progress.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// Files, not pipes: under Wine, a poolgate that is killed while it starts a command leaves the ends of pipes open.
    stdout: File,
    stderr: File,
    scenario: Scenario,
}

impl Scenario {
    /// A workload on the simulated kernel.
    pub(crate) fn running(workload: &str) -> Scenario {
        Scenario {
            folder: tempfile::tempdir().unwrap(),
            machine: "{ simulated: { tags: 20 } }",
            workload: workload.to_owned(),
            plan: None,
            // Half of the samples are enough for a verdict, and the machine is busy with many tests.
            sampling: "every: 250 ms, settle: 0 ms, lead_in: 1 s, cool_down: 1 s",
            steps: String::new(),
            thresholds: "- { total: nonpaged, max_growth: 1 GiB }".to_owned(),
            // A second look takes three times as long as the rest of the run.
            confirm: false,
            options: Vec::new(),
            program: PathBuf::from(env!("CARGO_BIN_EXE_poolgate")),
            variables: Vec::new(),
            by: Vec::new(),
        }
    }

    /// Adds a second look if there is growth.
    pub(crate) fn confirmed(self) -> Scenario {
        Scenario { confirm: true, ..self }
    }

    /// A workload on a simulated kernel that counts pool tags only with a flag, so that the run boots twice.
    pub(crate) fn with_flag(workload: &str) -> Scenario {
        Scenario { machine: "{ simulated: { tags: 20, pool_tagging: by_flag } }", ..Scenario::running(workload) }
    }

    /// Uses the Linux machine below `root`, a folder with a `/proc` made by the test.
    #[cfg(unix)]
    pub(crate) fn on_root(mut self, root: &Path) -> Scenario {
        self.machine = "";
        self.thresholds = "- { tag: victim, max_growth: 1 GiB }".to_owned();
        self.option("--root").option(root.to_str().unwrap())
    }

    pub(crate) fn plan(mut self, plan: &str) -> Scenario {
        self.plan = Some(plan.to_owned());
        self
    }

    pub(crate) fn flags(self, flags: &str) -> Scenario {
        self.section(&format!("flags: {flags}"))
    }

    /// Samples often enough for a verdict on a workload of some seconds that is sampled by the clock.
    pub(crate) fn sampled_often(mut self) -> Scenario {
        self.sampling = "every: 50 ms, settle: 0 ms, lead_in: 1 s, cool_down: 1 s";
        self
    }

    /// Samples so rarely that a busy machine misses no sample.
    #[cfg(unix)]
    pub(crate) fn sampled_slowly(mut self) -> Scenario {
        self.sampling = "every: 500 ms, settle: 0 ms, lead_in: 2 s, cool_down: 2 s";
        self
    }

    /// Adds another key of the scenario with its value.
    pub(crate) fn section(mut self, line: &str) -> Scenario {
        self.steps.push_str(&format!("{line}\n"));
        self
    }

    /// Uses a folder and a poolgate that only root can write to. Otherwise root does not resume commands.
    #[cfg(unix)]
    pub(crate) fn trusted(mut self) -> Scenario {
        if rustix::process::geteuid().is_root() {
            let folder = tempfile::Builder::new().prefix("poolgate-test-").tempdir_in("/var/lib").unwrap();
            self.program = folder.path().join("poolgate");
            crate::install(env!("CARGO_BIN_EXE_poolgate"), &self.program);
            self.folder = folder;
        }
        self
    }

    /// Uses another kind of simulated kernel.
    #[cfg(unix)]
    pub(crate) fn on(self, machine: &'static str) -> Scenario {
        Scenario { machine, ..self }
    }

    #[cfg(unix)]
    pub(crate) fn driver(mut self, file: &str) -> Scenario {
        self.steps.push_str(&format!("driver: {file}\n"));
        self
    }

    pub(crate) fn setup(self, line: &str) -> Scenario {
        self.step("setup", line)
    }

    pub(crate) fn teardown(self, line: &str) -> Scenario {
        self.step("teardown", line)
    }

    fn step(mut self, which: &str, line: &str) -> Scenario {
        self.steps.push_str(&format!("{which}:\n  - run: {line:?}\n"));
        self
    }

    pub(crate) fn threshold(mut self, threshold: &str) -> Scenario {
        self.thresholds = format!("- {threshold}");
        self
    }

    pub(crate) fn option(mut self, option: &str) -> Scenario {
        self.options.push(option.to_owned());
        self
    }

    /// Sets a variable in poolgate's environment.
    #[cfg(unix)]
    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> Scenario {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Uses another copy of poolgate.
    #[cfg(unix)]
    pub(crate) fn program(mut self, program: &Path) -> Scenario {
        self.program = program.to_owned();
        self
    }

    /// Lets another program run poolgate: it gets poolgate and its arguments.
    #[cfg(unix)]
    pub(crate) fn by(mut self, program: &[&str]) -> Scenario {
        self.by = program.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Returns the folder of the scenario, in which its commands run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn reports(&self) -> PathBuf {
        self.folder().join("reports")
    }

    /// A rate needs 36 iterations after the warm-up. A level does not, and Wine is slow to start processes.
    fn default_plan(&self) -> &'static str {
        if self.confirm || self.thresholds.contains("max_rate") {
            "iterations: 45, warm_up: 5"
        } else {
            "iterations: 12, warm_up: 2"
        }
    }

    pub(crate) fn command(&self) -> Command {
        let machine = if self.machine.is_empty() { String::new() } else { format!("machine: {}\n", self.machine) };
        let confirm = if self.confirm { "" } else { "confirm: false\n" };
        let text = format!(
            "scenario: test\n{confirm}{machine}{steps}workload: {{ run: {workload:?}, {plan} }}\nsampling: {{ {sampling} }}\n\
             thresholds:\n  {thresholds}\n",
            steps = self.steps,
            workload = self.workload,
            plan = self.plan.as_deref().unwrap_or(self.default_plan()),
            sampling = self.sampling,
            thresholds = self.thresholds,
        );
        let path = self.folder().join("scenario.yaml");
        write(&path, &text);
        let mut command = match self.by.split_first() {
            None => program(&self.program),
            Some((by, arguments)) => {
                let mut command = program(Path::new(by));
                command.args(arguments).arg(&self.program);
                command
            }
        };
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("run").arg(&path);
        if !self.options.iter().any(|option| option == "--reports") {
            command.arg("--reports").arg(self.reports());
        }
        command.args(&self.options);
        command
    }

    /// Runs to the end.
    pub(crate) fn run(self) -> Ended {
        let output = self.command().output().unwrap();
        self.ended(output.status.code(), &output.stdout, &output.stderr)
    }

    /// Starts the run and waits until one of its commands made the file `sign` beside the scenario.
    pub(crate) fn start_until(self, sign: &str) -> Running {
        let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let to = |file: &File| file.try_clone().unwrap();
        let child = self.command().stdout(to(&stdout)).stderr(to(&stderr)).spawn().unwrap();
        let sign = self.folder().join(sign);
        wait_until("the workload has begun", || sign.exists());
        Running { child, stdout, stderr, scenario: self }
    }

    pub(crate) fn ended(self, code: Option<i32>, stdout: &[u8], stderr: &[u8]) -> Ended {
        let folders = fs_err::read_dir(self.reports()).into_iter().flatten().flatten();
        let run = folders.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap_or_default();
        Ended {
            code,
            stdout: String::from_utf8_lossy(stdout).into_owned(),
            stderr: String::from_utf8_lossy(stderr).into_owned(),
            junit: fs_err::read_to_string(run.join("junit.xml")).unwrap_or_default(),
            run,
            program: self.program,
            _folder: self.folder,
        }
    }
}

impl Running {
    /// Kills only poolgate, in the middle of its work.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.end()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn reports(&self) -> PathBuf {
        self.scenario.reports()
    }

    pub(crate) fn end(mut self) -> Ended {
        let status = self.child.wait().unwrap();
        let [stdout, stderr] = [self.stdout, self.stderr].map(|mut file| {
            let mut written = Vec::new();
            file.rewind().and_then(|()| file.read_to_end(&mut written)).unwrap();
            written
        });
        self.scenario.ended(status.code(), &stdout, &stderr)
    }
}

impl Ended {
    /// Checks that the run failed with exit code 3, and that both the terminal and junit.xml have the reason.
    #[track_caller]
    pub(crate) fn failed_saying(&self, words: &str) {
        assert_eq!(self.code, Some(3), "{}{}", self.stdout, self.stderr);
        let terminal = format!("{}{}", self.stdout, self.stderr);
        assert!(terminal.contains(words), "{terminal}");
        assert!(self.junit.contains("<error "), "{}", self.junit);
        assert!(self.junit.contains(&words.replace('\'', "&apos;")), "{}", self.junit);
    }

    /// Runs another poolgate command on this run.
    pub(crate) fn then(&self, command: &str) -> Completed {
        Completed::run(poolgate().arg(command).arg(&self.run))
    }

    /// Runs another poolgate command on this run, with the machine below `root`.
    #[cfg(unix)]
    pub(crate) fn then_below(&self, root: &Path, command: &str) -> Completed {
        Completed::run(program(&self.program).arg(command).arg(&self.run).arg("--root").arg(root))
    }

    /// Makes an event happen on the simulated machine.
    pub(crate) fn machine(&self, what: &str) {
        let kernel = self.run.join("simulated-kernel.json");
        assert_eq!(Completed::run(poolgate().args(["sim", what, "--kernel"]).arg(kernel)).code, Some(0));
    }

    pub(crate) fn kernel(&self) -> serde_json::Value {
        serde_json::from_slice(&fs_err::read(self.run.join("simulated-kernel.json")).unwrap()).unwrap()
    }

    /// Checks that the machine has no changes from the run, even after a power cut now.
    #[track_caller]
    pub(crate) fn left_the_machine_as_it_was(&self) {
        let settings = &self.kernel()["settings"];
        assert_eq!(settings["on_disk"], serde_json::json!({}), "{settings}");
        assert_eq!(settings["unflushed"], serde_json::json!([]), "{settings}");
    }

    /// Returns the current reports.
    pub(crate) fn junit_now(&self) -> String {
        fs_err::read_to_string(self.run.join("junit.xml")).unwrap()
    }

    /// Computes the verdict again from the recording.
    pub(crate) fn judged_again(&self) -> Option<i32> {
        poolgate().arg("judge").arg(&self.run).output().unwrap().status.code()
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    write_bytes(path, text.as_bytes());
}

pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// A root with one cache in its slabinfo, `victim`.
#[cfg(unix)]
pub(crate) fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(root.path().join("proc/sys/kernel/random")).unwrap();
    fs_err::create_dir_all(root.path().join("run")).unwrap();
    write(&root.path().join("proc/sys/kernel/random/boot_id"), "0c0ffee0-test\n");
    write(&root.path().join("proc/slabinfo"), SLABINFO);
    root
}

#[cfg(unix)]
const SLABINFO: &str = "slabinfo - version: 2.1\nvictim 10 10 64 1 1 : tunables 0 0 0 : slabdata 1 1 0\n";

/// Wine needs a second to start a process, Linux only milliseconds.
const PATIENCE: Duration = Duration::from_secs(if cfg!(windows) { 300 } else { 60 });

/// Waits for an event that must happen, even on a slow machine.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
