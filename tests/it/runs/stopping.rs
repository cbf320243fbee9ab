//! Requests to stop, in the same process and with real commands: the effect of Ctrl-C on systems where no test can
//! press it.

use std::path::{Path, PathBuf};

use poolgate::machine::sim::{Kernel, KernelState, Population, machine};
use poolgate::record::{Header, Recorder};
use poolgate::run::{Brake, Instruments, LookAgain, Output, RunError, RunEvent, Shell, brake, measure};
use poolgate::scenario;

use super::lines::{Forever, each, touch};

struct Run {
    folder: tempfile::TempDir,
    text: String,
}

impl Run {
    fn of(workload: &str, teardown: &str) -> Run {
        let text = format!(
            "scenario: test\nmachine: {{ simulated: {{}} }}\nworkload: {{ run: {workload:?}, iterations: 45 }}\n\
             teardown: [ {{ run: {teardown:?} }} ]\nsampling: {{ every: 20 ms, lead_in: 200 ms, cool_down: 200 ms }}\n"
        );
        Run { folder: tempfile::tempdir().unwrap(), text }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Conducts the run, while `meanwhile` has the brake.
    async fn stopped_by(&self, meanwhile: impl AsyncFnOnce(Brake)) -> (Result<(), RunError>, Vec<RunEvent>) {
        let loaded = scenario::parse("test.yaml", self.text.as_bytes()).unwrap();
        let state = KernelState::new(Population { seed: 1, tags: 3, noise: Vec::new() });
        let mut machine = machine(&Kernel::create(&self.path("kernel.json"), state).unwrap());
        let header = Header::new("test", "test", "");
        let mut recorder = Recorder::create(&self.path("recording.pgr"), &header).unwrap();
        let mut output = Output::append(&self.path("workload.log")).unwrap();
        let kernel = self.path("kernel.json").display().to_string();
        let shell = Shell {
            program: PathBuf::from(env!("CARGO_BIN_EXE_poolgate")),
            folder: self.folder.path().to_owned(),
            run: format!("stopping-{}", self.folder.path().file_name().unwrap().to_string_lossy()),
            patience: poolgate::run::process::patience(),
            variables: vec![("POOLGATE_SIM_KERNEL".to_owned(), kernel)],
        };
        let (brake, stop) = brake();
        let mut told = Vec::new();
        let instruments = Instruments {
            objects: None,
            source: machine.pool.as_mut(),
            recorder: &mut recorder,
            tell: &mut |event| told.push(event),
            stop,
            milestone: &mut |_| Ok(()),
        };
        let look_again: &mut LookAgain = &mut || Ok(None);
        let measured = measure(&loaded.scenario, &shell, &mut output, instruments, look_again);
        let (measured, ()) = tokio::join!(measured, meanwhile(brake));
        (measured.map(|_| ()), told)
    }
}

/// Like poolgate, does not wait for readers of pipes at the end, because under Wine one never ended.
fn in_runtime(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
    runtime.shutdown_background();
}

async fn made(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[test]
fn one_request_to_stop_ends_the_workload_and_runs_teardown() {
    in_runtime(async {
        let forever = Forever::new(47140);
        let run = Run::of(&each(&[&forever.detached(), &touch("begun"), &forever.line()]), &touch("torn-down"));
        let (begun, torn_down) = (run.path("begun"), run.path("torn-down"));
        let (measured, told) = run
            .stopped_by(async |brake| {
                made(&begun).await;
                brake.pull();
            })
            .await;
        assert!(matches!(measured, Err(RunError::Interrupted)), "{measured:?}");
        assert!(torn_down.exists() && told.contains(&RunEvent::Stopping), "{told:?}");
        assert_eq!(forever.alive(), 0);
    });
}

#[test]
fn a_second_request_to_stop_ends_teardown_too() {
    in_runtime(async {
        let forever = Forever::new(47141);
        let run = Run::of(
            &each(&[&touch("begun"), &forever.line()]),
            &each(&[&forever.detached(), &touch("tearing"), &forever.line()]),
        );
        let (begun, tearing) = (run.path("begun"), run.path("tearing"));
        let (measured, told) = run
            .stopped_by(async |brake| {
                made(&begun).await;
                brake.pull();
                made(&tearing).await;
                brake.pull();
            })
            .await;
        assert!(matches!(measured, Err(RunError::Interrupted)), "{measured:?}");
        let cut = told.iter().map(ToString::to_string).find(|line| line.contains("teardown was cut short"));
        assert!(cut.is_some_and(|line| line.contains("not done: `")), "{told:?}");
        assert_eq!(forever.alive(), 0);
    });
}
