//! Command lines for the workloads of these tests, for the system's shell: sh or cmd.exe.

use std::io::Write;

/// Makes the file `name` beside the scenario.
pub(crate) fn touch(name: &str) -> String {
    if cfg!(windows) { format!("type nul > {name}") } else { format!("touch {name}") }
}

/// Runs the lines in order, even if one fails.
pub(crate) fn each(lines: &[&str]) -> String {
    lines.join(if cfg!(windows) { " & " } else { "; " })
}

/// Prints the bytes of the file `bytes` beside the scenario.
pub(crate) fn print_bytes() -> String {
    // Wine's `type` changes the bytes.
    if cfg!(windows) { format!("{} runs::lines::workload_that_prints", this_program()) } else { "cat bytes".to_owned() }
}

/// This program, to run one of the workloads below.
pub(crate) fn this_program() -> String {
    format!("\"{}\" --ignored --nocapture --exact", std::env::current_exe().unwrap().display())
}

#[test]
#[ignore = "the workload of another test"]
fn workload_that_prints() {
    if let Ok(bytes) = fs_err::read("bytes") {
        std::io::stdout().write_all(&bytes).unwrap();
    }
}

#[test]
#[ignore = "the workload of another test"]
fn workload_that_crashes() {
    if std::env::var_os("POOLGATE_ITERATION").is_some() {
        std::process::abort();
    }
}

/// Processes that run until they are ended, and that differ from those of every other test.
pub(crate) struct Forever(native::Mark);

impl Forever {
    /// The number must be unique to the test.
    pub(crate) fn new(test: u32) -> Forever {
        Forever(native::Mark::new(test))
    }

    /// A process that its command waits for.
    pub(crate) fn line(&self) -> String {
        self.0.line()
    }

    /// A process that its command does not wait for, and that tries everything to escape.
    pub(crate) fn detached(&self) -> String {
        self.0.detached()
    }

    /// Processes that start others, which start others.
    pub(crate) fn multiplied(&self) -> String {
        self.0.multiplied()
    }

    /// The name of such a process in a report.
    pub(crate) fn named(&self) -> String {
        self.0.named()
    }

    /// The number of these processes that have begun to run.
    pub(crate) fn started(&self) -> usize {
        self.0.started()
    }

    /// The number of these processes that are alive.
    pub(crate) fn alive(&self) -> usize {
        self.0.alive()
    }
}

#[cfg(unix)]
mod native {
    /// A number of seconds to sleep that no other process uses.
    pub(super) struct Mark(String);

    impl Mark {
        pub(super) fn new(test: u32) -> Mark {
            Mark(format!("{test}{}", std::process::id()))
        }

        pub(super) fn line(&self) -> String {
            format!("sleep {}", self.0)
        }

        pub(super) fn detached(&self) -> String {
            format!("{{ setsid sleep {} >/dev/null 2>&1 & }}", self.0)
        }

        pub(super) fn multiplied(&self) -> String {
            let line = self.line();
            format!("for i in $(seq 60); do setsid sh -c 'setsid {line} & setsid {line} & {line}' & done; wait")
        }

        pub(super) fn named(&self) -> String {
            format!("sleep {} (process ", self.0)
        }

        pub(super) fn started(&self) -> usize {
            self.alive()
        }

        pub(super) fn alive(&self) -> usize {
            let processes = fs_err::read_dir("/proc").unwrap().flatten();
            let lines = processes.filter_map(|process| fs_err::read(process.path().join("cmdline")).ok());
            lines.filter(|line| line.split(|&b| b == 0).any(|word| word == self.0.as_bytes())).count()
        }
    }
}

#[cfg(windows)]
mod native {
    use std::cell::Cell;
    use std::os::windows::fs::OpenOptionsExt;

    const FOREVER: &str = "poolgate sim exercise --rounds 1000000 --pause 100000";

    /// A folder of files. Each process keeps one of them open.
    pub(super) struct Mark {
        folder: tempfile::TempDir,
        files: Cell<u32>,
    }

    impl Mark {
        pub(super) fn new(_: u32) -> Mark {
            Mark { folder: tempfile::tempdir().unwrap(), files: Cell::new(0) }
        }

        pub(super) fn line(&self) -> String {
            self.files.set(self.files.get() + 1);
            let file = self.folder.path().join(self.files.get().to_string());
            format!("{FOREVER} > \"{}\"", file.display())
        }

        pub(super) fn detached(&self) -> String {
            format!("start \"\" /b {}", self.line())
        }

        pub(super) fn multiplied(&self) -> String {
            let batch = self.folder.path().join("multiply.cmd");
            let text = format!(
                "@if %2==xxx goto hold\r\n\
                 @start \"\" /b cmd /d /c \"%~f0\" %1a %2x\r\n\
                 @start \"\" /b cmd /d /c \"%~f0\" %1b %2x\r\n\
                 :hold\r\n@{FOREVER} > \"%~dp0%1\"\r\n"
            );
            super::super::harness::write(&batch, &text);
            format!("\"{}\" m x", batch.display())
        }

        pub(super) fn named(&self) -> String {
            let tests = std::env::current_exe().unwrap();
            let program = tests.ancestors().nth(2).unwrap().join("poolgate.exe");
            format!("{} (process ", program.display())
        }

        /// A process prints a line at once. Its file is open even before: cmd.exe opens it. Under Wine 8, a process can
        /// outlive its job if it is created while the job is closed.
        pub(super) fn started(&self) -> usize {
            let files = fs_err::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
            // The folder has the length from before the file was opened.
            files.filter(|path| fs_err::metadata(path).unwrap().len() > 0).count()
        }

        pub(super) fn alive(&self) -> usize {
            let files = fs_err::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
            // Opening a file without sharing fails while it is open elsewhere.
            let open = |path: &std::path::Path| std::fs::File::options().read(true).share_mode(0).open(path);
            files.filter(|path| open(path).is_err()).count()
        }
    }
}
