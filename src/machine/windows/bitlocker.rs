//! Finds out whether BitLocker lets the machine start unattended.
//!
//! poolgate asks `manage-bde`. Its texts are translated, so poolgate reads only its exit codes and the ids of
//! protectors, which are the same in every language. A missing answer counts as unknown, never as "off".

/// The effect of BitLocker on a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BitLocker {
    /// The drive is not protected, or its protection is suspended.
    Off,
    /// The drive is protected, and no protector was found that needs input at a start.
    On,
    /// The machine waits at its start for a PIN, a password or a key on a USB stick.
    Asks,
    /// `manage-bde` could not be run, or its answer could not be used; the text is the reason.
    Unknown(String),
}

/// Protectors that need input at a start, by their names for `manage-bde -protectors -get -type`.
#[cfg(any(windows, test))]
const ASKING: [&str; 4] = ["TPMAndPIN", "TPMAndPINAndStartupKey", "TPMAndStartupKey", "Password"];

/// Determines the effect of BitLocker. `ask` runs `manage-bde` with the given words and returns its exit code and
/// output.
#[cfg(any(windows, test))]
fn bitlocker_by(ask: impl Fn(&[&str]) -> Result<(Option<i32>, String), String>) -> BitLocker {
    // Microsoft Learn, "manage-bde status": 0 if the volume is protected, 1 if it is not. Suspended counts as not
    // protected.
    match ask(&["-status", "-protectionaserrorlevel"]) {
        Ok((Some(0), _)) => {}
        Ok((Some(1), _)) => return BitLocker::Off,
        Ok((Some(code), _)) => return BitLocker::Unknown(format!("manage-bde ended with {code}")),
        Ok((None, _)) => return BitLocker::Unknown("manage-bde was ended".to_owned()),
        Err(problem) => return BitLocker::Unknown(problem),
    }
    // A protected drive has protectors. If none is listed, the queries by type below prove nothing.
    match ask(&["-protectors", "-get"]) {
        Ok((_, said)) if has_id(&said) => {}
        Ok(_) => return BitLocker::Unknown("manage-bde shows no protectors".to_owned()),
        Err(problem) => return BitLocker::Unknown(problem),
    }
    for kind in ASKING {
        match ask(&["-protectors", "-get", "-type", kind]) {
            Ok((_, said)) if has_id(&said) => return BitLocker::Asks,
            Ok(_) => {}
            Err(problem) => return BitLocker::Unknown(problem),
        }
    }
    BitLocker::On
}

/// Returns whether `said` contains a protector's id, `{8-4-4-4-12}`.
#[cfg(any(windows, test))]
fn has_id(said: &str) -> bool {
    said.split('{').skip(1).filter_map(|rest| rest.split_once('}')).any(|(id, _)| {
        let parts: Vec<&str> = id.split('-').collect();
        parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
            && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// Returns the effect of BitLocker on a restart of this machine.
#[cfg(windows)]
pub(super) fn bitlocker() -> BitLocker {
    let drive = super::folders::system_drive();
    let program = super::folders::windows().join(r"System32\manage-bde.exe");
    bitlocker_by(|words| {
        // The drive goes after the option and before its arguments.
        let (what, how) = if words[0] == "-status" { words.split_at(1) } else { words.split_at(2) };
        let output = std::process::Command::new(&program)
            .args(what)
            .arg(&drive)
            .args(how)
            .stdin(std::process::Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "        ID: {3F2504E0-4F89-11D3-9A0C-0305E82C3301}\r\n";

    fn answering(status: Option<i32>, all: &str, asking: &'static str) -> BitLocker {
        bitlocker_by(|words| match words {
            ["-status", ..] => Ok((status, "100 % {no id}".to_owned())),
            ["-protectors", "-get"] => Ok((Some(0), all.to_owned())),
            [.., kind] if *kind == asking => Ok((Some(0), ID.to_owned())),
            _ => Ok((Some(-1), "ERROR: No key protectors found.".to_owned())),
        })
    }

    #[test]
    fn answers_of_manage_bde_are_distinguished() {
        for (status, all, asking, expected) in [
            (Some(1), "", "", BitLocker::Off),
            (Some(0), ID, "", BitLocker::On),
            (Some(0), ID, "TPMAndPIN", BitLocker::Asks),
            (Some(0), ID, "Password", BitLocker::Asks),
            (Some(0), "", "TPMAndPIN", BitLocker::Unknown("manage-bde shows no protectors".to_owned())),
            (Some(-1), ID, "", BitLocker::Unknown("manage-bde ended with -1".to_owned())),
            (None, ID, "", BitLocker::Unknown("manage-bde was ended".to_owned())),
        ] {
            assert_eq!(answering(status, all, asking), expected, "{status:?} {all} {asking}");
        }
        let missing = bitlocker_by(|_| Err("manage-bde.exe: not found".to_owned()));
        assert_eq!(missing, BitLocker::Unknown("manage-bde.exe: not found".to_owned()));
    }

    #[test]
    fn an_id_is_known_in_any_language() {
        assert!(has_id(&format!("Numerisches Kennwort:\r\n{ID}")));
        for other in ["", "{}", "{3F2504E0}", "{GGGGGGGG-4F89-11D3-9A0C-0305E82C3301}", "3F2504E0-4F89-11D3"] {
            assert!(!has_id(other), "{other}");
        }
    }
}
