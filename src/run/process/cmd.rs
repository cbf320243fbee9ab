//! The behaviour of cmd.exe that poolgate depends on.

use std::path::Path;

use super::ended::NotWell;

/// The longest path of a folder that a process can work in (Microsoft Learn, "SetCurrentDirectory": MAX_PATH - 2).
const LONGEST_FOLDER: usize = 258;

/// Returns the reason why cmd.exe would not run `line` as written in `folder`. cmd.exe itself reports no error: it runs
/// only the first of several lines, and instead of a network folder it uses the Windows folder.
pub(super) fn refuses(folder: &Path, line: &str) -> Option<&'static str> {
    if line.contains(['\n', '\r']) {
        return Some("cmd.exe runs only the first of several lines: join them with && or put them into a batch file");
    }
    // This includes `\\?\C:\`, because cmd.exe takes it for a network path.
    if folder.to_string_lossy().starts_with(r"\\") {
        return Some("cmd.exe cannot work in a folder of the network: give it a drive letter, or copy the scenario");
    }
    if folder.to_string_lossy().encode_utf16().count() > LONGEST_FOLDER {
        return Some(
            "cmd.exe works in no folder whose path has more than 258 characters: copy the scenario to a shorter one",
        );
    }
    None
}

/// Returns the meaning of an exit code that cmd.exe itself or Windows uses. `output` is the end of the command's
/// output.
pub(super) fn means(code: i32, output: &str) -> Option<NotWell> {
    // 9009 is the value of %ERRORLEVEL% if a program was not found, and the exit code of a batch file that ends so.
    // `cmd /c` itself returns 1, and only its message shows the reason. The message is recognised in English only; in
    // other languages, users find it in the output.
    let not_recognized = code == 1 && output.contains("is not recognized as an internal or external command");
    if code == 9009 || not_recognized {
        return Some(NotWell::NotFound(code));
    }
    Some(NotWell::Status { code, what: status(code as u32)? })
}

/// Returns the meaning of a status with which Windows ends processes. The names are in Microsoft's [MS-ERREF], section
/// 2.3.1.
fn status(code: u32) -> Option<&'static str> {
    let known = match code {
        0x8000_0003 => "crashed: breakpoint",
        0xC000_0005 => "crashed: access violation",
        0xC000_0006 => "crashed: a page could not be read",
        0xC000_001D => "crashed: illegal instruction",
        0xC000_0094 => "crashed: division by zero",
        0xC000_00FD => "crashed: stack overflow",
        0xC000_0374 => "crashed: heap corruption",
        0xC000_0409 => "crashed: stack overrun, or fast fail",
        0xC000_0420 => "crashed: assertion failure",
        0xE043_4352 => "crashed: .NET exception",
        0xE06D_7363 => "crashed: C++ exception",
        0xC000_0135 => "a DLL was not found",
        0xC000_0139 => "a function was not found in its DLL",
        0xC000_0142 => "a DLL failed to start",
        0xC000_013A => "ended by Ctrl-C, Ctrl-Break or the closing of the console",
        // The highest hexadecimal digit C marks an error defined by Microsoft.
        0xC000_0000..=0xCFFF_FFFF => "ended with an error status of the system",
        _ => return None,
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_cmd_exe_would_change_silently_are_refused() {
        let refused = |folder: &str, line: &str| refuses(Path::new(folder), line).unwrap_or_default();
        assert!(refused(r"C:\lab", "one\ntwo").starts_with("cmd.exe runs only the first"));
        assert!(refused(r"\\server\lab", "one").starts_with("cmd.exe cannot work in a folder of the network"));
        assert!(refused(r"\\?\C:\lab", "one").starts_with("cmd.exe cannot work"));
        let long = |length: usize| format!(r"C:\{}", "x".repeat(length - 3));
        assert!(refused(&long(259), "one").contains("more than 258 characters"));
        assert_eq!(refused(&long(258), "one"), "");
        assert_eq!(refused(r"C:\lab folder", r#""C:\Program Files\a b.exe" --x && echo done"#), "");
    }

    #[test]
    fn a_missing_program_is_distinguished_from_a_failing_one() {
        let words =
            "'frobnicate' is not recognized as an internal or external command,\noperable program or batch file.";
        assert_eq!(means(9009, ""), Some(NotWell::NotFound(9009)));
        assert_eq!(means(1, words), Some(NotWell::NotFound(1)));
        assert_eq!(means(1, "test failed"), None);
        assert_eq!(means(127, ""), None);
        assert_eq!(means(2, words), None);
    }

    #[test]
    fn a_crash_is_distinguished_from_an_exit_code() {
        let said = |code: u32| means(code as i32, "").map(|not_well| not_well.to_string()).unwrap_or_default();
        assert_eq!(said(0xC000_0005), "crashed: access violation (exit code 0xC0000005)");
        assert_eq!(said(0xC000_9999), "ended with an error status of the system (exit code 0xC0009999)");
        // A program may return -1 itself.
        assert_eq!((said(1), said(0x7fff_ffff), said(u32::MAX)), Default::default());
    }
}
