//! Autostart: the systemd unit, and hooks for any other init.

use std::path::Path;

use poolgate::exit::Exit;

use super::root::{Root, told};

const UNIT: &str = "etc/systemd/system/poolgate-resume.service";
const LINK: &str = "etc/systemd/system/multi-user.target.wants/poolgate-resume.service";
const RUN: &str = "/var/lib/poolgate/run-1";

fn systemd() -> Root {
    Root::new().with("run/systemd/system/.keep", "")
}

#[test]
fn the_unit_resumes_the_run_after_the_boot() {
    let root = systemd();
    let mut autostart = root.machine().autostart;
    assert_eq!(autostart.get().unwrap(), None);
    for _ in 0..2 {
        autostart.set(Some(Path::new(RUN))).unwrap();
        autostart.flush().unwrap();
    }
    assert_eq!(autostart.get().unwrap().as_deref(), Some(Path::new(RUN)));
    let unit = root.text(UNIT).unwrap();
    let program = std::env::current_exe().unwrap();
    let command = format!("ExecStart=\"{}\" resume \"{RUN}\"", program.display());
    for line in
        [command.as_str(), "After=multi-user.target", "Type=exec", "Restart=on-failure", "WantedBy=multi-user.target"]
    {
        assert!(unit.lines().any(|found| found == line), "{line} is not in\n{unit}");
    }
    // The same link as `systemctl enable` would create.
    assert_eq!(fs_err::read_link(root.at(LINK)).unwrap(), Path::new("/").join(UNIT));
    assert_eq!(fs_err::read_dir(root.at(LINK).parent().unwrap()).unwrap().count(), 1, "a temporary file is left");
}

#[test]
fn it_is_removed_without_trace_however_often() {
    let root = systemd();
    let mut autostart = root.machine().autostart;
    autostart.set(None).unwrap();
    autostart.set(Some(Path::new(RUN))).unwrap();
    for _ in 0..2 {
        autostart.set(None).unwrap();
        autostart.flush().unwrap();
        assert_eq!(autostart.get().unwrap(), None);
        assert!(!root.at(UNIT).exists() && !root.at(LINK).is_symlink());
    }
}

/// A power cut can leave a unit without its link: the unit is written before the link and removed after it.
#[test]
fn remains_of_a_power_cut_are_completed_or_removed() {
    for run in [Some(Path::new(RUN)), None] {
        let root = systemd();
        let mut autostart = root.machine().autostart;
        autostart.set(Some(Path::new(RUN))).unwrap();
        fs_err::remove_file(root.at(LINK)).unwrap();
        assert_eq!(autostart.get().unwrap().as_deref(), Some(Path::new(RUN)));
        autostart.set(run).unwrap();
        assert_eq!((root.at(UNIT).exists(), root.at(LINK).is_symlink()), (run.is_some(), run.is_some()));
    }
}

#[test]
fn odd_folders_are_read_back() {
    let root = systemd();
    let mut autostart = root.machine().autostart;
    for run in ["/a b/c", "/100%/%h", "/$HOME/${x}", "/quo\"te\\s'", "/\" resume \"/x", "/gr\u{fc}n"] {
        autostart.set(Some(Path::new(run))).unwrap();
        assert_eq!(autostart.get().unwrap().as_deref(), Some(Path::new(run)));
    }
    let (error, _) = told(autostart.set(Some(Path::new("/a\nExecStart=/b"))).unwrap_err());
    assert!(error.contains("control character"), "{error}");
}

#[test]
fn a_foreign_unit_stays_as_it_is() {
    let text = "[Service]\nExecStart=\"/usr/bin/poolgate\" resume \"/tmp\"\n";
    let root = systemd().with(UNIT, text);
    let mut autostart = root.machine().autostart;
    for error in [
        autostart.get().unwrap_err(),
        autostart.set(Some(Path::new(RUN))).unwrap_err(),
        autostart.set(None).unwrap_err(),
    ] {
        let (error, help) = told(error);
        assert!(error.contains("poolgate-resume.service was not written by poolgate"), "{error}");
        assert!(help.contains("move it away"), "{help}");
    }
    assert_eq!(root.text(UNIT).unwrap(), text);
}

#[test]
fn systemd_is_reloaded_and_need_not_answer() {
    let root = systemd().program("usr/bin/systemctl", "exit 1");
    let mut autostart = root.machine().autostart;
    autostart.set(Some(Path::new(RUN))).unwrap();
    autostart.set(None).unwrap();
    assert_eq!(root.calls(), ["systemctl daemon-reload"; 2]);
}

/// Nothing would start the unit, so the machine would keep the boot settings of the run.
#[test]
fn a_systemd_that_did_not_boot_the_machine_is_not_given_a_unit() {
    let root = Root::new().with("usr/lib/systemd/systemd", "");
    let mut autostart = root.machine().autostart;
    let (error, help) = told(autostart.set(Some(Path::new(RUN))).unwrap_err());
    assert!(error.contains("systemd is installed, but it did not boot this machine"), "{error}");
    assert!(help.contains("write that hook"), "{help}");
    assert!(!root.at(UNIT).exists() && !root.at(LINK).is_symlink());
}

#[test]
fn autostart_set_under_systemd_is_removed_under_another_init() {
    let root = systemd().program("usr/bin/systemctl", "");
    root.machine().autostart.set(Some(Path::new(RUN))).unwrap();
    let root = root.without("run/systemd/system/.keep").with("usr/lib/systemd/systemd", "");
    fs_err::remove_dir(root.at("run/systemd/system")).unwrap();
    let mut autostart = root.machine().autostart;
    assert_eq!(autostart.get().unwrap().as_deref(), Some(Path::new(RUN)));
    autostart.set(None).unwrap();
    assert!(!root.at(UNIT).exists() && !root.at(LINK).is_symlink());
    assert_eq!(root.calls(), ["systemctl daemon-reload"], "a systemd which does not run is not told");
}

/// If systemd 252 reloads while a running unit's file is gone, it forgets the unit's `SuccessExitStatus`. It would then
/// report the unit as failed because of a detected leak, and the machine as degraded.
#[test]
fn the_running_unit_does_not_reload_systemd() {
    let cgroup = "0::/system.slice/poolgate-resume.service\n";
    let root = systemd().program("usr/bin/systemctl", "").with("proc/self/cgroup", cgroup);
    let mut autostart = root.machine().autostart;
    autostart.set(None).unwrap();
    assert!(root.calls().is_empty());
    let root = root.with("proc/self/cgroup", "0::/user.slice/user-0.slice/session-1.scope\n");
    autostart.set(None).unwrap();
    assert_eq!(root.calls(), ["systemctl daemon-reload"]);
}

#[test]
fn a_verdict_and_a_restart_are_no_failures_of_the_unit() {
    let root = systemd();
    root.machine().autostart.set(Some(Path::new(RUN))).unwrap();
    let codes = [Exit::Broken, Exit::Unclear, Exit::NotFinished].map(|exit| (exit as u8).to_string()).join(" ");
    assert!(root.text(UNIT).unwrap().contains(&format!("\nSuccessExitStatus={codes}\n")));
}

#[test]
fn without_systemd_or_a_hook_there_is_no_autostart() {
    let root = Root::new();
    let mut autostart = root.machine().autostart;
    assert_eq!(autostart.get().unwrap(), None);
    autostart.set(None).unwrap();
    autostart.flush().unwrap();
    let (error, help) = told(autostart.set(Some(Path::new(RUN))).unwrap_err());
    assert!(error.contains("etc/poolgate/autostart-hook was found"), "{error}");
    assert!(help.contains("docs/linux.md"), "{help}");
}

#[test]
fn a_hook_stands_in_for_any_init() {
    let hook = "
        case $1 in
            set) printf %s \"$3\" > \"$POOLGATE_ROOT/armed\" ;;
            remove) rm -f \"$POOLGATE_ROOT/armed\" ;;
            get) if [ -e \"$POOLGATE_ROOT/armed\" ]; then cat \"$POOLGATE_ROOT/armed\"; echo; fi ;;
        esac";
    let root = systemd().program("etc/poolgate/autostart-hook", hook);
    let mut autostart = root.machine().autostart;
    assert_eq!(autostart.get().unwrap(), None);
    autostart.set(Some(Path::new("/var/lib/a run"))).unwrap();
    autostart.flush().unwrap();
    assert_eq!(autostart.get().unwrap().as_deref(), Some(Path::new("/var/lib/a run")));
    autostart.set(None).unwrap();
    assert_eq!(autostart.get().unwrap(), None);
    let program = std::env::current_exe().unwrap();
    assert!(root.calls().contains(&format!("autostart-hook set {} /var/lib/a run", program.display())));
    assert!(!root.at(UNIT).exists());
}

#[test]
fn a_hook_that_others_could_have_written_is_not_run() {
    let root = Root::new().program("etc/poolgate/autostart-hook", "").mode("etc/poolgate/autostart-hook", 0o775);
    let (error, _) = told(root.machine().autostart.get().unwrap_err());
    assert!(error.contains("users other than its owner can write to it (mode 0775)"), "{error}");
    assert!(root.calls().is_empty());
}
