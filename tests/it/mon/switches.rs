//! PoolMon's switches, in both forms, and poolgate's own options for them.

use super::{Bed, rows, rows_of};
use crate::program::Completed;

#[test]
fn all_forms_of_a_switch_mean_the_same() {
    let bed = Bed::new();
    for (slash, dash, long) in [
        (&["/b"][..], &["-b"][..], &["--sort", "bytes"][..]),
        (&["/u"], &["-u"], &["--sort", "bytes"]),
        (&["/t"], &["-t"], &["--sort", "tag"]),
        (&["/a", "/("], &["-a", "-)"], &["--sort", "allocs", "--changes"]),
        (&["/f"], &["-f"], &["--sort", "frees"]),
        (&["/d"], &["-d"], &["--sort", "diff"]),
        (&["/m"], &["-m"], &["--sort", "per-alloc"]),
        (&["/p"], &["-p"], &["--pool", "nonpaged"]),
        (&["/p", "/p"], &["-p", "-p"], &["--pool", "paged"]),
        (&["/s"], &["-s"], &["--session", "all"]),
        (&["/s3"], &["-s3"], &["--session", "3"]),
        (&["/e", "/l"], &["-e", "-l"], &["--totals", "--no-highlight"]),
        (&["/iB*", "/xBig"], &["-iB*", "-xBig"], &["--include", "B*", "--exclude", "Big"]),
    ] {
        let said = bed.once(long);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert_eq!(bed.once(slash).stdout, said.stdout, "{slash:?}");
        assert_eq!(bed.once(dash).stdout, said.stdout, "{dash:?}");
    }
}

#[test]
fn an_empty_view_prints_the_reason() {
    let bed = Bed::new();
    for (words, why) in [
        (&["/ib*"][..], "no rows: no tag matches the filter"),
        (&["/s"], "no rows: no session has its own pools here"),
        (&["--pool", "slab"], "no rows: there is no pool `slab` here, only nonpaged, paged"),
    ] {
        let said = bed.once(words);
        assert_eq!(said.code, Some(0), "{words:?}");
        assert!(said.stdout.contains(" Tag ") && said.stderr.contains(why), "{words:?}: {}", said.stderr);
    }
}

#[test]
fn switches_choose_and_sort_rows() {
    let bed = Bed::new();
    for (words, expected) in [
        (&[][..], &["Big Paged", "Both Paged", "Both Nonp", "Few Nonp"][..]),
        (&["/b"], &["Big Paged", "Few Nonp", "Both Paged", "Both Nonp"]),
        (&["/m"], &["Big Paged", "Few Nonp", "Both Paged", "Both Nonp"]),
        (&["/a"], &["Big Paged", "Both Paged", "Both Nonp", "Few Nonp"]),
        (&["/p", "/b"], &["Few Nonp", "Both Nonp"]),
        (&["/p", "/p", "/b"], &["Big Paged", "Both Paged"]),
        (&["/iB*"], &["Big Paged", "Both Paged", "Both Nonp"]),
        (&["/iB*", "/iFew", "/xB?g"], &["Both Paged", "Both Nonp", "Few Nonp"]),
        (&["/e", "/iB*"], &["Big Paged", "Both Paged", "Both Nonp", "TOTAL Paged", "TOTAL Nonp"]),
    ] {
        assert_eq!(rows_of(&bed.once(words)), expected, "{words:?}");
    }
}

#[test]
fn titles_are_those_of_sessions() {
    let bed = Bed::new();
    for (switch, title) in [
        ("/b", " System pool information\n"),
        ("/s", " All sessions pool information\n"),
        ("/s12", " Session 12 pool information\n"),
    ] {
        let screen = bed.once(&[switch]).stdout;
        assert!(screen.contains(title), "{screen}");
    }
}

#[test]
fn bad_switches_are_refused_with_the_right_form() {
    let bed = Bed::new();
    for (words, because, help) in [
        (&["/z"][..], "PoolMon has no switch /z", "poolgate mon --help"),
        (&["-be"], "PoolMon has no switch -be", "poolgate mon --help"),
        (&["/nosuch.pgr"], "PoolMon has no switch /nosuch.pgr, and there is no file of that name", "--help"),
        (&["/i", "MyD1"], "/i needs a tag, written without a space: /iMyD1", "--include MyD1"),
        (&["/g"], "there is no pooltag.txt", "--pooltag=FILE"),
        (&["-c", "localtag.txt"], "localtag.txt", "poolgate tag --scan"),
        (&["/iMy\\D"], "invalid value 'My\\D' for '--include <TAG>'", "--help"),
        (&["/s99999999999"], "`99999999999` is not a session", "--help"),
        (&["--every", "1 ms"], "screens must be at least 10 ms apart", "--help"),
        (&["--every", "5"], "write the unit: `200 ms`, `30 s` or `5 min`", "--help"),
        (&["--sort", "size"], "possible values: tag, allocs, frees, diff, bytes, per-alloc", "--help"),
        (&["--pool", "nonp"], "possible values: nonpaged, paged, slab, slabs, callsite", "--help"),
        (&["/n", "a", "--log", "b"], "cannot be used with", "--help"),
    ] {
        let said = Completed::run(&mut bed.mon(words));
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{words:?}: {}", said.stderr);
        assert!(said.stderr.contains(because) && said.stderr.contains(help), "{words:?}: {}", said.stderr);
    }
}

#[test]
fn help_names_every_switch() {
    let bed = Bed::new();
    for word in ["/?", "-?", "/h", "-h", "--help"] {
        let said = Completed::run(&mut bed.mon(&[word]));
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        for switch in
            ["/iTAG", "/xTAG", "/p", "/s", "/e", "/t", "/a", "/f", "/d", "/b", "/m", "/(", "/l", "/n", "/g", "/c", "/?"]
        {
            assert!(said.stdout.contains(switch), "{word}: {switch}: {}", said.stdout);
        }
        assert!(rows(&said.stdout).is_empty());
    }
}
