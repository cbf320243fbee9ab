//! The command `poolgate flags` on the simulated machine, as an old and a new Windows: output like gflags.exe, written
//! values, their restoration, and refusals.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;

use poolgate::machine::sim::{Home, Kernel, KernelState, Population};

use crate::program::Completed;

const NONE: &str = "Current Boot Registry Settings are: 00000000\n";

/// A simulated machine that is switched on.
struct Machine {
    folder: tempfile::TempDir,
    kernel: Kernel,
}

impl Machine {
    fn new(state: KernelState) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::create(&folder.path().join("kernel.json"), state).unwrap();
        Machine { folder, kernel }
    }

    /// A Windows that always counts pool tags.
    fn today() -> Machine {
        Machine::new(KernelState::new(Population { seed: 1, tags: 5, noise: Vec::new() }))
    }

    /// A Windows that counts pool tags only if it was booted with `ptg`.
    fn of_old() -> Machine {
        Machine::new(KernelState::new(Population { seed: 1, tags: 5, noise: Vec::new() }).with_tagging_off())
    }

    /// Sets GlobalFlag in the registry, in a checkpoint's notation.
    fn with(self, value: &str) -> Machine {
        let set = |state: &mut KernelState| {
            state.settings.set_flag("GlobalFlag", Some(value.to_owned()));
            state.settings.flush();
        };
        self.kernel.change(set).unwrap();
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("kernel.json")
    }

    /// Returns GlobalFlag in the registry, after checking that it is on disk.
    fn value(&self) -> Option<String> {
        let state = self.kernel.read().unwrap();
        assert_eq!(state.settings.unflushed(), 0, "something was not flushed");
        state.settings.flag("GlobalFlag")
    }

    fn flags(&self, words: &str) -> Completed {
        poolgate(&format!("flags {words}"), &self.path())
    }

    #[track_caller]
    fn does(&self, words: &str) -> Completed {
        let said = self.flags(words);
        assert_eq!(said.code, Some(0), "{words}: {}{}", said.stdout, said.stderr);
        said
    }

    fn sim(&self, command: &str) -> Option<i32> {
        poolgate(&format!("sim {command}"), &self.path()).code
    }
}

/// Runs the command, with its words split at spaces, on the machine with its kernel in that file.
fn poolgate(words: &str, kernel: &std::path::Path) -> Completed {
    let mut command = crate::program::poolgate();
    command.args(words.split_whitespace()).env("POOLGATE_SIM_KERNEL", kernel);
    let Completed { code, stdout, stderr } = Completed::run(&mut command);
    Completed { code, stdout: stdout.replace("\r\n", "\n"), stderr: stderr.replace("\r\n", "\n") }
}

#[test]
fn example_9_is_followed_word_for_word() {
    let machine = Machine::of_old();
    assert_eq!(machine.sim("show"), Some(3), "tags are counted without the flag");
    let set = machine.does("/r +ptg");
    assert_eq!(set.stdout, "Current Boot Registry Settings are: 00000400\n    ptg - Enable pool tagging\n");
    assert!(set.stderr.contains("it takes effect after a restart"), "{}", set.stderr);
    assert_eq!(machine.does("/k").stdout, "Current Running Kernel Settings are: 00000000\n");
    assert_eq!(machine.sim("reboot"), Some(0));
    assert_eq!(
        machine.does("/k").stdout,
        "Current Running Kernel Settings are: 00000400\n    ptg - Enable pool tagging\n"
    );
    assert_eq!(machine.sim("show"), Some(0), "tags are not counted with the flag");
    let cleared = machine.does("/r -ptg");
    assert_eq!(cleared.stdout, NONE);
    assert!(!cleared.stderr.contains("permanently"), "{}", cleared.stderr);
    // Undoes the change before the restart.
    assert!(machine.does("/r +ptg").stderr.contains("no restart is needed"));
    machine.does("/r -ptg");
    assert_eq!(machine.sim("reboot"), Some(0));
    assert_eq!(machine.sim("show"), Some(3), "tags are still counted");
    // gflags.exe leaves this value behind and cannot remove it.
    assert_eq!(machine.value().as_deref(), Some("dword:00000000"));
    machine.does("/r --remove");
    assert_eq!(machine.value(), None);
}

#[test]
fn a_machine_to_try_it_on_is_made_in_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = folder.path().join("old.json");
    assert_eq!(poolgate("sim new --old-windows --tags 30", &kernel).code, Some(0));
    assert_eq!(poolgate("sim show", &kernel).code, Some(3));
    assert_eq!(poolgate("flags /r +ptg", &kernel).code, Some(0));
    assert_eq!(poolgate("sim reboot", &kernel).code, Some(0));
    let shown = poolgate("sim show", &kernel);
    assert!(shown.stdout.lines().count() > 30, "{}", shown.stdout);
    // The existing machine is not replaced.
    let again = poolgate("sim new", &kernel);
    assert!(again.code == Some(3) && again.stderr.contains("old.json"), "{}", again.stderr);
    assert_eq!(poolgate("sim show", &kernel).stdout, shown.stdout);
}

#[cfg(unix)]
#[test]
fn the_example_in_the_documentation_works_as_it_stands() {
    let document = fs_err::read_to_string("docs/from-poolmon-and-gflags.md").unwrap();
    let (_, block) = document.split_once("```sh\n").unwrap();
    let (script, _) = block.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_poolgate")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("sh")
        .args(["-ec", script])
        .current_dir(folder.path())
        .env("PATH", path)
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    assert_eq!(stdout.matches("    ptg - Enable pool tagging\n").count(), 3, "{stdout}{stderr}");
}

#[test]
fn both_values_are_shown_as_gflags_exe_prints_them() {
    let machine = Machine::today().with("dword:40001400");
    let kept = "Current Boot Registry Settings are: 40001400\n    ptg - Enable pool tagging\n    ust - Create user mode stack \
                trace database\n    bhd - Enable bad handles detection\n";
    let running = "Current Running Kernel Settings are: 00000000\n";
    for (words, shown) in [("", &format!("{kept}{running}")), ("/r", &kept.to_owned()), ("-k", &running.to_owned())] {
        let said = machine.does(words);
        assert_eq!((&said.stdout, said.stderr.as_str()), (shown, ""), "{words}");
    }
    let absent = Machine::today().does("");
    assert_eq!(absent.stdout, format!("{NONE}{running}"));
    assert_eq!(absent.stderr, "note: GlobalFlag does not exist and counts as 0\n");
}

#[test]
fn flags_are_switched_in_every_form_that_gflags_exe_takes() {
    for (words, value) in [
        ("/r +kst", "dword:00002001"),
        ("-r +kst", "dword:00002001"),
        ("/R +kst -soe", "dword:00002000"),
        ("/r +2000", "dword:00002001"),
        ("/r 2000", "dword:00002001"),
        ("/r 0x2000", "dword:00002001"),
        ("/r -1", "dword:00000000"),
        ("/r -soe", "dword:00000000"),
        ("+kst /r -soe +otl", "dword:00006000"),
        ("/r -ffffffff +kst", "dword:00002000"),
        ("/r +kst -ffffffff", "dword:00000000"),
        ("/r -ffffffff", "dword:00000000"),
        ("--next-boot -- -soe +ece", "dword:00400000"),
        ("/r +soe", "dword:00000001"),
        ("/r --set sz:0x400", "sz:0x400"),
    ] {
        let machine = Machine::today().with("dword:00000001");
        let said = machine.does(words);
        assert_eq!(machine.value().as_deref(), Some(value), "{words}");
        assert_eq!(
            said.stderr.contains("to put it back: poolgate flags /r --set dword:00000001"),
            value != "dword:00000001"
        );
    }
}

#[test]
fn absent_values_stay_absent_if_nothing_is_switched_on() {
    let machine = Machine::today();
    for words in ["/r -kst", "/r +kst -kst", "/r -ffffffff", "/r --remove"] {
        let said = machine.does(words);
        assert!(said.stderr.contains("nothing to change"), "{words}: {}", said.stderr);
        assert_eq!(machine.value(), None, "{words}");
    }
}

#[test]
fn the_printed_command_restores_the_old_state_exactly() {
    for before in [None, Some("dword:00000400"), Some("sz:0x400"), Some("sz:00000400"), Some("hex(3):00,04,00,00")] {
        let machine = match before {
            Some(value) => Machine::today().with(value),
            None => Machine::today(),
        };
        let told = machine.does("/r +kst").stderr;
        assert_ne!(machine.value().as_deref(), before);
        let back = told.split_once("to put it back: poolgate ").unwrap().1.trim();
        // The words as a shell would split them.
        let back = back.replace('"', "");
        assert_eq!(poolgate(&back, &machine.path()).code, Some(0), "{back}");
        assert_eq!(machine.value().as_deref(), before, "{back}");
    }
}

#[test]
fn written_settings_survive_a_power_cut() {
    let machine = Machine::today();
    machine.does("/r +kst");
    assert_eq!(machine.sim("power-cut"), Some(0));
    assert_eq!(machine.value().as_deref(), Some("dword:00002000"));
    assert!(machine.does("/k").stdout.contains("    kst - Create kernel mode stack trace database\n"));
    // Changes back to the flags of the running kernel.
    let said = machine.does("/r -kst +kst");
    assert!(said.stderr.contains("nothing to change"), "{}", said.stderr);
    machine.does("/r -kst");
    assert!(machine.does("/r +kst").stderr.contains("no restart is needed"));
}

#[test]
fn permanent_pool_tagging_is_reported_as_permanent() {
    let note = "note: pool tagging is permanently on since Windows Server 2003";
    for (before, words, after) in [
        (None, "/r +ptg", None),
        (None, "/r -ptg", None),
        (None, "/r +400", None),
        (None, "/r +ptg +kst", Some("dword:00002000")),
        (Some("dword:00000401"), "/r -ptg", Some("dword:00000001")),
        (Some("dword:00000001"), "/r +2400 -soe", Some("dword:00002000")),
    ] {
        let machine = match before {
            Some(value) => Machine::today().with(value),
            None => Machine::today(),
        };
        let said = machine.does(words);
        assert!(said.stderr.contains(note), "{words}: {}", said.stderr);
        assert_eq!(machine.value().as_deref(), after, "{words}");
    }
    for (machine, words) in
        [(Machine::of_old(), "/r +ptg"), (Machine::today(), "/r +kst"), (Machine::today(), "/r -ffffffff")]
    {
        let said = machine.does(words);
        assert!(!said.stderr.contains("permanently"), "{words}: {}", said.stderr);
    }
}

#[test]
fn a_dry_run_lists_changes_and_changes_nothing() {
    let machine = Machine::today().with("dword:00000001");
    let before = fs_err::read(machine.path()).unwrap();
    let said = machine.does("/r +kst -soe --dry-run");
    assert_eq!(
        said.stdout,
        "GlobalFlag: \"dword:00000001\" → \"dword:00002000\"\n  -soe  stop on exception\n  +kst  kernel mode stack trace \
         database\n"
    );
    assert!(machine.does("/r --remove --dry-run").stdout.starts_with("GlobalFlag: \"dword:00000001\" → absent\n"));
    assert_eq!(fs_err::read(machine.path()).unwrap(), before);
}

#[test]
fn every_mistake_is_refused_with_the_right_form() {
    let machine = Machine::today().with("dword:00000001");
    let before = fs_err::read(machine.path()).unwrap();
    for (words, says, help) in [
        ("/r kst", "`kst` without + or - does nothing", "write `+kst` to set it"),
        ("/r +kts", "no global flag `kts`", "did you mean `+kst`"),
        ("/r +PTG", "no global flag `PTG`", "did you mean `+ptg`"),
        ("/r +", "no global flag ``", "such as `+kst`"),
        ("/r 0", "0 is not a global flag", "`-ffffffff` clears all flags"),
        ("/r +100000000", "32-bit number", "at most eight hexadecimal digits"),
        ("/r +shg", "(stop on hung GUI) cannot be set in the registry", "`gflags /k +shg`"),
        ("/r +2008", "(stop on hung GUI) cannot be set in the registry", "`gflags /k +shg`"),
        ("/r +dse", "cannot be set in the registry", "`gflags /i IMAGE +dse`"),
        ("/r +kst +dse", "cannot be set in the registry", "`gflags /i IMAGE +dse`"),
        ("/k +soe", "but does not switch them", "`poolgate flags /r +soe`; or"),
        ("/k +shg", "but does not switch them", "until the next boot: `gflags /k +shg`"),
        ("/k +kst", "cannot be set in the running kernel", "`poolgate flags /r +kst`, and restart"),
        ("/k soe", "`soe` without + or - does nothing", "write `+soe`"),
        ("+kst", "flags need `/r`", "`poolgate flags /r +kst`"),
        ("/i notepad.exe +sls", "`/i` is for the flags of one program", "`gflags /i IMAGE +hpa`"),
        ("-p /enable notepad.exe", "`-p` is for the page heap", "Application Verifier"),
        ("/ro /t Tag1", "`/ro` is for object reference tracing", "gflags.exe"),
        ("/r +spp Tag1", "`+spp` is for special pool", "level: 0x1"),
        ("/r +lpg", "`+lpg` is for one program", "gflags /i"),
        ("/x", "`/x` is not an option", "`poolgate flags /?`"),
        ("/r +slab_nomerge", "no global flag `slab_nomerge`", "such as `+kst`"),
        ("/r /k", "cannot be used with", ""),
        ("--remove", "--next-boot", ""),
        ("/r --remove +kst", "cannot be used with", ""),
        ("/r --set", "a value is required", ""),
        ("/r --set 400", "cannot be set to \"400\"", "write `dword:00000400`"),
        ("/r --dry-run", "no change was given", "`/r +kst`"),
        ("/r --quick +kst", "unexpected argument '--quick'", ""),
    ] {
        let said = machine.flags(words);
        assert_eq!(said.code, Some(2), "{words}: {}{}", said.stdout, said.stderr);
        assert!(said.stderr.contains(says) && said.stderr.contains(help), "{words}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{words}");
        assert_eq!(fs_err::read(machine.path()).unwrap(), before, "{words}");
    }
}

#[test]
fn a_value_that_is_no_number_is_left_until_it_is_removed() {
    let machine = Machine::today().with("sz:hello");
    for words in ["", "/r", "/r +kst"] {
        let said = machine.flags(words);
        assert_eq!(said.code, Some(3), "{words}: {}", said.stderr);
        assert!(
            said.stderr.contains("GlobalFlag is not a number") && said.stderr.contains("/r --remove"),
            "{}",
            said.stderr
        );
        assert_eq!(machine.value().as_deref(), Some("sz:hello"));
    }
    assert!(machine.does("/r --remove").stderr.contains("to put it back: poolgate flags /r --set sz:hello"));
    assert_eq!(machine.value(), None);
}

#[test]
fn a_run_in_progress_owns_the_flags() {
    let waiting = Machine::today();
    waiting.kernel.change(|state| state.settings.set_autostart(Some("reports/nightly-1".as_ref()))).unwrap();
    let unfinished = Machine::today();
    fs_err::write(unfinished.folder.path().join("checkpoint.jsonl"), "").unwrap();
    for machine in [waiting, unfinished] {
        for words in ["/r +kst", "/r --remove", "/r +kst --dry-run"] {
            let said = machine.flags(words);
            assert_eq!(said.code, Some(3), "{words}: {}{}", said.stdout, said.stderr);
            assert!(
                said.stderr.contains("a run in progress owns this machine's flags")
                    && said.stderr.contains("poolgate abort")
            );
            assert_eq!(machine.kernel.read().unwrap().settings.flag("GlobalFlag"), None);
        }
        machine.does("/r");
    }
}

#[test]
fn programs_are_printed_as_json() {
    let machine = Machine::today().with("dword:00000001");
    let json = |words: &str| serde_json::from_str::<serde_json::Value>(&machine.does(words).stdout).unwrap();
    let would = json("/r +kst --dry-run --json");
    assert_eq!(would["next_boot"]["flags"], serde_json::json!(["soe"]));
    assert_eq!(
        would["change"],
        serde_json::json!({
            "setting": "GlobalFlag", "original": "dword:00000001", "wanted": "dword:00002001", "made": false
        })
    );
    let did = json("/r +kst --json");
    assert_eq!(did["next_boot"]["value"], "dword:00002001");
    assert_eq!(did["next_boot"]["flags"], serde_json::json!(["soe", "kst"]));
    assert_eq!((&did["running"]["flags"], &did["change"]["made"]), (&serde_json::json!([]), &true.into()));
    json("/r --remove --json");
    assert_eq!(json("--json")["next_boot"], serde_json::json!({ "setting": "GlobalFlag", "value": null, "flags": [] }));
}

#[test]
fn a_missing_kernel_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["flags", "flags /r +kst"] {
        let said = poolgate(words, &folder.path().join("none.json"));
        assert_eq!(said.code, Some(3), "{}", said.stderr);
        assert!(said.stderr.contains("none.json") && said.stderr.contains("--kernel"), "{}", said.stderr);
    }
}

#[test]
fn help_is_given_in_gflags_exe_s_way_of_asking() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["flags /?", "flags -?", "flags --help", "help flags"] {
        let said = poolgate(words, &folder.path().join("none.json"));
        assert_eq!(said.code, Some(0), "{words}: {}", said.stderr);
        assert!(said.stdout.contains("poolgate flags [OPTIONS] [/r | /k] [{+|-}FLAG]..."), "{}", said.stdout);
    }
}
