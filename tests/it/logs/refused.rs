//! A file that is not a log, or contradicts itself, is refused with the line and advice; nothing is left out.

use poolgate::failure::help;
use poolgate::import::{self, ImportError};

use super::{HEADER, PLAIN, file, gzip};
#[cfg(unix)]
use crate::program::{Completed, poolgate};

/// The error for these bytes, and the advice.
fn refused(bytes: &[u8]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "log.csv", bytes);
    let error = match import::open(&path) {
        Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(bytes)),
        Err(error) => error,
    };
    let said = error.to_string().replace(&path.display().to_string(), "log.csv");
    (said, help(&error).unwrap_or_default())
}

/// The error of `poolgate judge` for the output of a shell, and its exit code.
#[cfg(unix)]
fn piped(shell: &str) -> (Option<i32>, String) {
    let judged = format!("{shell} | {} judge /dev/stdin", env!("CARGO_BIN_EXE_poolgate"));
    let output = Completed::run(std::process::Command::new("sh").args(["-c", &judged]));
    (output.code, output.stderr)
}

#[cfg(unix)]
#[test]
fn endless_input_is_refused() {
    for device in ["/dev/zero", "/dev/urandom"] {
        for command in [&["judge"][..], &["export", "--csv"], &["compare", device], &["mon"]] {
            let output = Completed::run(poolgate().args(command).arg(device));
            let said = output.stderr;
            assert_eq!(output.code, Some(3), "{command:?} {device}: {said}");
            let told = format!("error: {device} is not a regular file\nhelp: give a recording.pgr");
            assert!(said.contains(&told), "{said}");
        }
    }
    for (endless, told) in [
        ("yes", "neither a recording nor a supported log: it begins with `y`"),
        ("cat /dev/zero", "is a binary file, but not a recording of poolgate"),
        ("yes ''", "has only blank lines in its first 64 KiB"),
        ("(echo t_seconds,tag,bytes; yes '')", "starts a row longer than 1 MiB"),
        (
            "(printf ' Memory: 1K Avail: 1K\n Tag  Type     Allocs            Frees            Diff\n'; cat /dev/zero)",
            "64 MiB",
        ),
        ("(printf '\\367PGR'; cat /dev/zero)", "is not a regular file"),
        ("(echo t_seconds,tag,bytes; yes 0,MyD1,64)", "line 3"),
    ] {
        let (code, said) = piped(endless);
        assert!(code == Some(3) && said.contains(told), "{endless}: {code:?} {said}");
    }
}

/// A pipe planted in a folder must not block the judging of that folder for ever.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_recording_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.pgr");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let error = poolgate::record::Recording::open(&path).unwrap_err();
    assert!(error.to_string().ends_with("recording.pgr is not a regular file"), "{error}");
}

fn row(row: &str) -> (String, String) {
    refused(format!("{HEADER}0,0,MyD1,Nonp,1,0,64\n{row}\n").as_bytes())
}

#[test]
fn an_implausible_row_is_named_by_its_line() {
    for (bad, said, help) in [
        (
            "1,0,MyD1,Nonp,1,0,many",
            "`many` in bytes is not a whole number",
            "write digits only, or leave it empty if it is not known",
        ),
        ("1,0,MyD1,Nonp,1,0,-4", "`-4` in bytes is not a whole number", ""),
        ("1,0,MyD1,Nonp,+1,0,4", "`+1` in allocs is not a whole number", ""),
        ("1,0,MyD1,Nonp,1,0,64.0", "`64.0` in bytes is not a whole number", ""),
        ("1,0,MyD1,Nonp,1,0,18446744073709551616", "`18446744073709551616` in bytes is not a whole number", ""),
        ("1,0,MyD1,Nonp,1,0,9223372036854775808", "9223372036854775808 bytes are more than any machine has", ""),
        ("1,0,MyD1,Nonp,1,0,", "bytes is empty", "leave out the whole row of a tag that was not seen"),
        ("1,0,MyD1,Nonp,,0,64", "has frees without allocs", ""),
        ("1,0,MyD1,Nonp,1,,64", "`MyD1` has allocs only here, but allocs and frees before", ""),
        ("soon,0,MyD1,Nonp,1,0,64", "`soon` in t_seconds is not a time in seconds", ""),
        ("nan,0,MyD1,Nonp,1,0,64", "`nan` in t_seconds is not a time in seconds", ""),
        ("inf,0,MyD1,Nonp,1,0,64", "`inf` in t_seconds is not a time in seconds", ""),
        ("-1,0,MyD1,Nonp,1,0,64", "`-1` in t_seconds is not a time in seconds", ""),
        (",0,MyD1,Nonp,1,0,64", "`` in t_seconds is not a time in seconds", ""),
        ("1,0,,Nonp,1,0,64", "`` is not a tag: a tag cannot be empty (four spaces are written \\x20)", ""),
        ("1,0,é,Nonp,1,0,64", "`é` is not a tag: 'é' is not printable ASCII; write each byte as \\xNN", ""),
        ("1,0,MyDrv,Nonp,1,0,64", "`MyDrv` is longer than the four bytes of a pool tag", ""),
        ("1,0,MyD1,Pged,1,0,64", "`Pged` is not a pool", ""),
        ("1,0,MyD1,Paged session,1,0,64", "`Paged session` is not a pool", ""),
        (
            "1,0,MyD1,Nonp,1,0",
            "has 6 fields, but the header has 7",
            "write every field, even an empty one, and use a decimal point, not a comma",
        ),
        ("1,5,0,MyD1,Nonp,1,0,64", "has 8 fields, but the header has 7", ""),
        ("0,0,MyD1,Nonp,2,0,64", "`MyD1 nonpaged` is given twice at this time, first in line 2", ""),
        ("0,0,MyD1  ,Nonp,2,0,64", "`MyD1 nonpaged` is given twice at this time, first in line 2", ""),
        ("0,1,MyD2,Nonp,2,0,64", "`iteration` differs from line 2, at the same t_seconds", ""),
    ] {
        let (actual, told) = row(bad);
        assert_eq!(actual, format!("log.csv, line 3: {said}"), "{bad}");
        assert!(!told.is_empty() && (help.is_empty() || told == help), "{bad}: {told}");
    }
}

#[test]
fn a_clock_or_a_count_that_goes_back_is_refused_with_both_lines() {
    let rows = "5,4,MyD1,Nonp,1,0,64\n5,4,MyD2,Nonp,1,0,64\n";
    let (said, help) = refused(format!("{HEADER}{rows}4.5,4,MyD1,Nonp,1,0,64\n").as_bytes());
    assert_eq!(
        (said.as_str(), help.as_str()),
        ("log.csv, line 4: t_seconds goes back from 5 (line 2) to 4.5", "sort the rows by t_seconds")
    );
    let (said, _) = refused(format!("{HEADER}{rows}6,3,MyD1,Nonp,1,0,64\n").as_bytes());
    assert_eq!(said, "log.csv, line 4: iteration goes back from 4 (line 2) to 3");
    let staged = "t_seconds,tag,bytes,stage\n1,MyD1,64,cool_down\n2,MyD1,64,workload\n";
    assert_eq!(refused(staged.as_bytes()).0, "log.csv, line 3: the workload comes after the cool-down (line 2)");
}

#[test]
fn the_error_for_an_unknown_file_quotes_its_beginning() {
    for (bytes, said) in [
        (&b""[..], "is empty"),
        (b"\n\n", "has only blank lines"),
        (b"\xff\xfet\0_\0", "is neither a recording nor a supported log: it begins with `t_`"),
        (b"PK\x03\x04rest", "is a zip archive"),
        (b"t_seconds;iteration;tag;pool;allocs;frees;bytes\n", "has its columns separated by semicolons"),
        (b"t_seconds\titeration\ttag\n", "has its columns separated by tabs"),
        (b"memory is full\n", "is neither a recording nor a supported log: it begins with `memory is full`"),
        (b"t_seconds,tag,bytes,host\n", "has the unknown column `host`"),
        (b"t_seconds,tag,tag,bytes\n", "has the column `tag` twice"),
        (b"t_seconds,tag,pool\n", "has no column `bytes`"),
        (HEADER.as_bytes(), "has a header but no rows"),
    ] {
        let (actual, help) = refused(bytes);
        assert_eq!(actual, format!("log.csv {said}"));
        assert!(!help.is_empty(), "{said}");
    }
}

#[test]
fn a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() {
    let mut bytes = format!("{HEADER}0,0,\"MyD1,Nonp,1,0,64\n").into_bytes();
    bytes.resize(8 << 20, b'x');
    let (said, help) = refused(&bytes);
    assert_eq!(
        (said.as_str(), help.as_str()),
        (
            "log.csv, line 2: starts a row longer than 1 MiB",
            "close the quotation mark, if one is open; rows of a log are short"
        )
    );
}

#[test]
fn a_gzip_file_that_was_cut_off_is_never_half_a_log() {
    let many: String =
        (0..5000).map(|at| format!("{at},{at},MyD1,Nonp,{},0,{}\n", at * 7919 % 4001, at * 64)).collect();
    let whole = gzip(format!("{HEADER}{many}").as_bytes());
    let (said, _) = refused(&whole[..whole.len() - 9]);
    assert!(said.contains("cannot be read ("), "{said}");
    assert_eq!(refused(&whole[..5]).0.split(" (").next(), Some("log.csv begins like gzip, but cannot be unpacked"));
}

#[test]
fn text_of_a_file_reaches_no_terminal_as_it_is() {
    let (said, _) = row("1,0,\x1b[31mMyD1,Nonp,1,0,64");
    assert!(said.starts_with("log.csv, line 3: `\\u{1b}[31mMyD1` is not a tag"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = import::open(&folder.path().join("missing.csv")).unwrap_err();
    assert!(matches!(error, ImportError::NoLog(_)) && error.to_string().contains("missing.csv"), "{error}");
}

#[test]
fn lost_or_changed_bytes_cause_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    // Each import writes a recording and waits for the disk.
    for (at, change) in (0..PLAIN.len()).zip([b'"', b',', b'\n', 0xff].into_iter().cycle()) {
        let mut bytes = PLAIN.as_bytes().to_vec();
        bytes[at] = change;
        let _ = import::open(&file(&folder, "log.csv", &bytes));
    }
}
