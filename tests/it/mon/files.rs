//! `--snapshot` and `--log`, `/n` and `>>`.

use super::{Bed, file, rows};

#[test]
fn a_snapshot_is_poolmons_file() {
    let bed = Bed::new();
    let said = bed.mon(&["/n", "/b"]).output().unwrap();
    assert!(said.status.success() && said.stdout.is_empty() && said.stderr.is_empty(), "{said:?}");
    insta::assert_snapshot!(bed.text("poolsnap.log"));
}

#[test]
fn a_snapshot_is_written_to_the_given_file() {
    let bed = Bed::new();
    for words in [&["/n", "snap.txt", "/a"][..], &["--sort", "allocs", "--snapshot", "snap.txt"]] {
        assert!(bed.mon(words).status().unwrap().success());
    }
    // The existing content stays.
    let text = bed.text("snap.txt");
    assert_eq!(text.matches(" Memory:").count(), 2, "{text}");
    let (first, second) = text.split_once("\n\n Memory:").unwrap();
    assert_eq!(rows(first), rows(second));
    let printed = bed.mon(&["-n", "-", "-a"]).output().unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), format!("{first}\n"));
}

#[test]
fn count_sets_the_number_of_snapshots() {
    let bed = Bed::new();
    let count = ["--count", "3", "--every", "10 ms"];
    let said = bed.mon(&[&["-n", "snap.txt", "-b"], &count[..]].concat()).output().unwrap();
    assert!(said.status.success() && said.stdout.is_empty() && said.stderr.is_empty(), "{said:?}");
    let one = String::from_utf8(bed.mon(&["-n", "-", "-b"]).output().unwrap().stdout).unwrap();
    assert_eq!(bed.text("snap.txt"), [one.as_str(); 3].join("\n"));
    let printed = bed.mon(&[&["-n", "-", "-b"], &count[..]].concat()).output().unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), bed.text("snap.txt"));
}

#[test]
fn a_log_has_one_screen_after_the_other_and_stdout_none() {
    let bed = Bed::new();
    for _ in 0..2 {
        let said = bed.once(&["/b", "--log", "pool.log"]);
        assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
    }
    let screen = bed.once(&["/b"]).stdout;
    assert_eq!(bed.text("pool.log"), format!("{screen}\n{screen}"));
}

#[test]
fn timestamps_are_written_to_a_log_on_request() {
    let bed = Bed::new();
    let before = jiff::Timestamp::now();
    bed.once(&["--log", "pool.log", "--timestamps"]);
    let text = bed.text("pool.log");
    let (time, screen) = text.split_once('\n').unwrap();
    let time: jiff::Timestamp = time.strip_prefix("# ").unwrap().parse().unwrap();
    assert!(time.as_millisecond() >= before.as_millisecond(), "{text}");
    assert_eq!(screen, bed.once(&[]).stdout);
}

#[test]
fn missing_times_of_an_unusual_log_cause_a_warning() {
    let bed = Bed::new();
    let said = bed.once(&["--log", "pool.log", "--every", "1 s"]);
    assert!(said.stderr.contains("add --timestamps"), "{}", said.stderr);
    assert_eq!(bed.once(&["--log", "pool.log", "--every", "1 s", "--timestamps"]).stderr, "");
}

#[test]
fn the_column_mapped_driver_shows_the_lists() {
    let bed = Bed::new();
    let said = bed.once(&["/c"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("localtag.txt") && said.stderr.contains("poolgate tag --scan"), "{}", said.stderr);
    file(&bed.path("pooltag.txt"), "Few  - few.sys - Few things\nB*   - nt!b - Anything\n");
    file(&bed.path("localtag.txt"), "Big  - bigdrv\n");
    for words in [&["/g", "/c", "/iBig", "/iFew"][..], &["--pooltag", "--localtag=localtag.txt", "-i?i?", "-iFew"]] {
        let screen = bed.once(words).stdout;
        let row = |tag: &str| screen.lines().find(|line| line.contains(tag)).unwrap();
        assert!(screen.contains(" Mapped_Driver\n"), "{screen}");
        assert!(row(" Big ").ends_with(" 4096 [bigdrv][nt!b - Anything]"), "{screen}");
        assert!(row(" Few ").ends_with(" 2048 [few.sys - Few things]"), "{screen}");
    }
    assert!(bed.once(&["/g", "pooltag.txt", "/iBoth"]).stdout.contains("Paged"));
    let said = bed.once(&["/g", "nowhere.txt"]);
    assert!(said.code == Some(2) && said.stderr.contains("nowhere.txt"), "{}", said.stderr);
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let bed = Bed::new();
    for words in [["--log", "no/such/folder.log"], ["--snapshot", "no/such/folder.log"]] {
        let said = bed.mon(&words).args(["--every", "5 s"]).output().unwrap();
        assert_eq!(said.status.code(), Some(2), "{said:?}");
        assert!(String::from_utf8_lossy(&said.stderr).contains("folder.log"), "{said:?}");
    }
}

/// Microsoft's "Example 9: Detecting a Pool Memory Leak", with the program's name changed.
#[cfg(unix)]
#[test]
fn example_9_word_for_word() {
    let bed = Bed::new();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_poolgate")).parent().unwrap();
    for run in 1..=2 {
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", "exec poolgate mon /b >> poolmon.log"]).current_dir(bed.folder.path());
        shell.env("PATH", bin).env("POOLGATE_SIM_KERNEL", bed.kernel.path()).stdin(std::process::Stdio::null());
        let mut going = shell.spawn().unwrap();
        let screens = || bed.text("poolmon.log").matches(" Few  Nonp").count();
        while !bed.path("poolmon.log").exists() || screens() < run {
            assert!(going.try_wait().unwrap().is_none(), "it ended");
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
        let process = rustix::process::Pid::from_child(&going);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        assert!(going.wait().unwrap().success());
        bed.allocate("MyD1", poolgate::pool::Pool::Nonpaged, 64, 1000);
    }
    assert_eq!(rows(&bed.text("poolmon.log"))[..3], ["Big Paged", "Few Nonp", "Both Paged"]);
}
