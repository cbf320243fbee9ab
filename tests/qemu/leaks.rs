//! The leaky driver really leaks, and poolgate detects it.

use serde_json::Value;

use super::bed::bed;
use super::machine::Ended;

/// Carries out 8,000 requests twice, first without the bug and then with it, and counts the driver's objects before,
/// between and after. The kernel frees late (RCU), hence the pauses and the second shrink.
const REQUESTS: &str = "
    insmod /lib/leakydrv.ko leak_every=0
    count() {
        for again in 1 2; do
            usleep 50000
            echo 1 >/sys/kernel/slab/leakydrv/shrink
        done
        usleep 20000
        awk '$1 == \"leakydrv\" { print \"BED: objects \" $2 }' /proc/slabinfo
    }
    count
    echo 8000 >/proc/leakydrv
    count
    echo 10 >/sys/module/leakydrv/parameters/leak_every
    echo 8000 >/proc/leakydrv
    count
    cat /proc/leakydrv";

#[test]
fn every_leaked_object_is_counted_and_no_other() {
    let Some(bed) = bed() else { return };
    let ended = bed.disk_running(REQUESTS).made().boot().until_end();
    assert_eq!(ended.last("requests "), Some("16000 leaked 800"));
    let [before, clean, leaky] = objects(&ended);
    assert!((-2..=2).contains(&(clean - before)), "the clean driver leaked:\n{}", ended.log);
    assert!((798..=802).contains(&(leaky - clean)), "not 800 objects:\n{}", ended.log);
}

/// Both runs in one boot: the driver with the bug, and without.
const RUNS: &str = "
    insmod /lib/leakydrv.ko leak_every=10
    poolgate run /root/leakydrv.yaml --reports /root/leaky
    echo \"BED: leaky $?\"
    echo 0 >/sys/module/leakydrv/parameters/leak_every
    poolgate run /root/leakydrv.yaml --reports /root/clean
    echo \"BED: clean $?\"
    cp /root/leaky/*/report.json /root/leaky.json";

#[test]
fn poolgate_finds_the_leak_in_a_driver_and_none_in_its_clean_twin() {
    let Some(bed) = bed() else { return };
    let disk = bed.disk_running(RUNS).with_file("root/leakydrv.yaml", include_str!("leakydrv.yaml")).made();
    let ended = disk.boot().until_end();
    assert_eq!(ended.last("BED: leaky "), Some("1"), "{}", ended.log);
    assert_eq!(ended.last("BED: clean "), Some("0"), "{}", ended.log);
    let leaky = driver_in(&disk.read("/root/leaky.json").unwrap());
    let rate = leaky["evidence"]["objects_per_iteration"]["rate"].as_f64().unwrap();
    assert!((rate - 1.0).abs() < 0.15, "{rate} objects an iteration:\n{}", ended.log);
    // This kernel has BTF, so the objects were followed to the driver's function.
    let followed = &leaky["call_paths"];
    let first = &followed["paths"][0];
    let calls_driver = |frame: &Value| frame["module"] == "leakydrv" && frame["function"] == "leakydrv_write";
    assert!(first["frames"].as_array().unwrap().iter().any(calls_driver), "{followed:#}");
    assert_eq!(first["alive"], followed["iterations"], "{followed:#}");
    assert!(ended.log.contains("allocated by leakydrv_write [leakydrv]"), "{}", ended.log);
}

/// The driver is unloaded without a leak, and then with one: a cache destroyed with objects in it stays for the rest of
/// the boot. The verdict on the second run is computed again from its recording.
const UNLOADED: &str = "
    for leak in 0 10; do
        insmod /lib/leakydrv.ko leak_every=$leak
        poolgate run /root/unloaded.yaml --reports /root/unloaded-$leak
        echo \"BED: unloaded-$leak $?\"
    done
    poolgate judge /root/unloaded-10/*
    echo \"BED: again $?\"
    cp /root/unloaded-10/*/kernel.log /root/unloaded-10/*/report.json /root
    grep '^requests' /root/unloaded-10/*/workload.log";

#[test]
fn the_kernel_reports_a_driver_unloaded_with_live_objects() {
    let Some(bed) = bed() else { return };
    let disk = bed.disk_running(UNLOADED).with_file("root/unloaded.yaml", include_str!("unloaded.yaml")).made();
    let ended = disk.boot().until_end();
    let told = ["BED: unloaded-10 ", "BED: unloaded-0 ", "BED: again "].map(|words| ended.last(words));
    assert_eq!(told, [Some("1"), Some("0"), Some("1")], "{}", ended.log);
    let leaked = ended.last("requests ").and_then(|line| line.split_once(" leaked ")).unwrap().1;
    assert_ne!(leaked, "0", "{}", ended.log);
    let log = disk.read("/root/kernel.log").unwrap();
    assert!(log.contains("Objects remaining in leakydrv on __kmem_cache_shutdown()"), "{log}");
    let report = disk.read("/root/report.json").unwrap();
    assert!(report.contains("the kernel reports at least "), "{report}");
    assert!(report.contains("remaining in cache leakydrv when it was destroyed"), "{report}");
    // The kernel does not list objects of full slabs, but slabinfo counts them.
    let left = leaked.parse::<u64>().unwrap() * 208;
    assert!(report.contains(&format!("; {left} B are left after teardown")), "{left} in {report}");
}

/// Returns the figures of the driver's tag in a report.
fn driver_in(report: &str) -> Value {
    let report: Value = serde_json::from_str(report).unwrap();
    report["tags"].as_array().unwrap().iter().find(|figures| figures["tag"] == "leakydrv").unwrap().clone()
}

fn objects(ended: &Ended) -> [i64; 3] {
    let counts = ended.log.lines().filter_map(|line| line.strip_prefix("BED: objects ")?.parse().ok());
    counts.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("not three counts:\n{}", ended.log))
}
