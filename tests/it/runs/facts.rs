//! Facts in a report about the driver under test, and about files that the kernel left in a crash.

use serde_json::{Value, json};

use super::harness::{Ended, Scenario, root};

fn report(ended: &Ended) -> Value {
    serde_json::from_slice(&fs_err::read(ended.run.join("report.json")).unwrap()).unwrap()
}

#[test]
fn the_driver_is_reported_as_it_was_while_it_was_measured() {
    let root = root();
    let module = root.path().join("sys/module/my_drv");
    let loaded = format!("mkdir -p {module:?} && echo 1.2.3 > {module:?}/version && echo 5F3C > {module:?}/srcversion");
    let ended = Scenario::running("true")
        .on_root(root.path())
        .driver("my-drv.ko")
        .setup(&loaded)
        .teardown(&format!("rm -r {module:?}"))
        .run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(!module.exists());
    let found = json!({ "version": "1.2.3", "build": "5F3C", "place": module });
    assert_eq!(report(&ended)["driver"], json!({ "name": "my-drv.ko", "found": found }));
    let told = format!("my-drv.ko 1.2.3, build 5F3C, {}", module.display());
    assert!(ended.junit.contains(&format!("driver          {told}\n")), "{}", ended.junit);
    assert_eq!(ended.stderr.matches(&format!("driver {told}")).count(), 1, "{}", ended.stderr);
}

#[test]
fn a_missing_driver_is_reported_as_missing() {
    let root = root();
    let ended = Scenario::running("true").on_root(root.path()).driver("mydrv").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(report(&ended)["driver"], json!({ "name": "mydrv", "found": null }));
    let told = "driver mydrv, not found on the machine";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.stderr);
}

#[test]
fn a_simulated_machine_has_no_driver_to_report() {
    let ended = Scenario::running("true").driver("mydrv").run();
    assert_eq!(report(&ended)["driver"], json!(null));
}

#[test]
fn kernel_dumps_of_a_failed_run_are_named() {
    let root = root();
    let crash = root.path().join("var/crash");
    fs_err::create_dir_all(&crash).unwrap();
    let old = fs_err::File::create(crash.join("old.dmp")).unwrap();
    old.file().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let ended = Scenario::running(&format!("touch {crash:?}/new.dmp; exit 3")).on_root(root.path()).run();
    ended.failed_saying("iteration 1 failed");
    let note = format!("the kernel left {}", crash.join("new.dmp").display());
    assert!(ended.stdout.contains(&note) && ended.junit.contains(&note), "{}{}", ended.stdout, ended.junit);
    assert!(!ended.stdout.contains("old.dmp"), "{}", ended.stdout);
}
