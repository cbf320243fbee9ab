//! Names the boot by the kernel's boot time, for runs without administrator rights; they cannot store a better name.
//!
//! Such a run changes no flags and requests no boot; the name only has to differ after a crash. The name has two parts,
//! and a change of either is enough: the loader's count of boots (KUSER_SHARED_DATA.BootId in ntddk.h; 0 if the system
//! does not count), and the boot time minus the clock's adjustments since the boot, because the boot time moves with
//! the clock.

#![allow(unsafe_code, reason = "no safe API reports the time of the boot")]

use std::io;

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;

use crate::machine::MachineError;

/// SystemTimeOfDayInformation.
const TIME_OF_DAY: i32 = 3;
/// The address of BootId in KUSER_SHARED_DATA, which the kernel maps at a fixed address in every process.
const BOOT_ID: *const u32 = (0x7FFE_0000_usize + 0x2C4) as *const u32;

/// Returns this boot's name.
pub(super) fn boot() -> Result<String, MachineError> {
    // BootTime, CurrentTime, TimeZoneBias, two numbers, BootTimeBias, SleepTimeBias.
    let mut answer = [0_i64; 6];
    let size = size_of_val(&answer) as u32;
    let mut length = 0;
    // SAFETY: the buffer has the given length.
    let status = unsafe { NtQuerySystemInformation(TIME_OF_DAY, answer.as_mut_ptr().cast(), size, &mut length) };
    if status != 0 || length != size {
        let source = io::Error::other(format!("status {status:08x}, {length} bytes"));
        return Err(MachineError::System { what: "read the time of the last boot", source });
    }
    let [boot_time, _, _, _, bias, _] = answer;
    // SAFETY: this page is mapped readable at this address in every process, and the field is aligned.
    let count = unsafe { BOOT_ID.read_volatile() };
    Ok(format!("boot {count} since {}", boot_time.wrapping_sub(bias)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_keeps_its_name() {
        let first = boot().unwrap();
        assert_eq!(boot().unwrap(), first);
        assert!(!first.ends_with("since 0"), "{first}");
    }
}
