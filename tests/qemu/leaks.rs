//! The leaky driver really leaks, and poolgate sees it.

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
    let rate = rate(&disk.read("/root/leaky.json").unwrap());
    assert!((rate - 1.0).abs() < 0.15, "{rate} objects an iteration:\n{}", ended.log);
}

/// The rate of the driver's tag in a report, objects an iteration.
fn rate(report: &str) -> f64 {
    let report: Value = serde_json::from_str(report).unwrap();
    let figures = report["tags"].as_array().unwrap().iter().find(|figures| figures["tag"] == "leakydrv");
    figures.unwrap()["evidence"]["objects_per_iteration"]["rate"].as_f64().unwrap()
}

fn objects(ended: &Ended) -> [i64; 3] {
    let counts = ended.log.lines().filter_map(|line| line.strip_prefix("BED: objects ")?.parse().ok());
    counts.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("not three counts:\n{}", ended.log))
}
