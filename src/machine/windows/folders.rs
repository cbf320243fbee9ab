//! The paths of `%ProgramData%` and Windows, from sources that only administrators can change.
//!
//! The user who starts poolgate can set the environment variable, and the shell's functions expand that variable. A
//! user could so direct an administrator's poolgate to a folder of their own. Windows makes the variable from a
//! registry value, and this module reads that value instead.

#![cfg_attr(windows, allow(unsafe_code, reason = "the standard library asks the environment"))]

#[cfg(windows)]
use std::ffi::OsString;
#[cfg(windows)]
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;

/// `C:\ProgramData` on most machines.
#[cfg(windows)]
pub(super) fn program_data() -> PathBuf {
    const KEY: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
    let key = windows_registry::LOCAL_MACHINE.options().read().wow64_64().open(KEY);
    let value = key.and_then(|key| key.get_string("ProgramData")).unwrap_or_default();
    placed(&value, &system_drive())
}

/// The drive of Windows, such as `C:`.
#[cfg(windows)]
pub(super) fn system_drive() -> String {
    windows().to_string_lossy().chars().take(2).collect()
}

/// `C:\Windows` on most machines.
#[cfg(windows)]
pub(super) fn windows() -> PathBuf {
    let mut path = [0_u16; 260];
    // SAFETY: the buffer has the given length.
    let length = unsafe {
        windows_sys::Win32::System::SystemInformation::GetSystemWindowsDirectoryW(path.as_mut_ptr(), path.len() as u32)
    };
    // On failure the length is 0; for a longer path it is more than the buffer's.
    let path = path.get(..length as usize).unwrap_or_default();
    if path.is_empty() { r"C:\Windows".into() } else { OsString::from_wide(path).into() }
}

/// Returns the folder in the registry value, or the default `ProgramData` folder if the value cannot be interpreted.
fn placed(value: &str, system_drive: &str) -> PathBuf {
    const VARIABLE: &str = "%SystemDrive%";
    let value = match value.get(..VARIABLE.len()) {
        Some(start) if start.eq_ignore_ascii_case(VARIABLE) => format!("{system_drive}{}", &value[VARIABLE.len()..]),
        _ => value.to_owned(),
    };
    let absolute = matches!(value.as_bytes(), [letter, b':', b'\\', _, ..] if letter.is_ascii_alphabetic());
    if absolute && !value.contains('%') { value.into() } else { format!(r"{system_drive}\ProgramData").into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_taken_from_the_registry_not_the_environment() {
        for (value, folder) in [
            (r"%SystemDrive%\ProgramData", r"D:\ProgramData"),
            (r"%systemdrive%\Data", r"D:\Data"),
            (r"E:\Program Data", r"E:\Program Data"),
            (r"%ALLUSERSPROFILE%", r"D:\ProgramData"),
            (r"ProgramData", r"D:\ProgramData"),
            ("", r"D:\ProgramData"),
            ("é%SystemDrive%", r"D:\ProgramData"),
        ] {
            assert_eq!(placed(value, "D:"), PathBuf::from(folder), "{value}");
        }
    }
}
