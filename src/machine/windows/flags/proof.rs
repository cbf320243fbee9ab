//! Checks the kernel's report on Driver Verifier against the requested drivers.

use crate::machine::VerifierRequest;
use crate::machine::windows::verified::Verification;

/// The result of comparing the kernel's report with the requested drivers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// Whether nothing in the report contradicts the request.
    pub(super) in_force: bool,
    /// Differences from the request, and drivers without proof.
    pub(super) notes: Vec<String>,
}

/// Looks up each driver; names are compared case-insensitively, as Windows does.
pub(super) fn proof(asked: &VerifierRequest, reported: &Result<Verification, String>) -> Proof {
    let mut proof = Proof { in_force: true, notes: Vec::new() };
    let Verification { drivers, loaded } = match reported {
        Ok(reported) => reported,
        Err(why) => {
            proof.notes.push(format!(
                "the registry names {} for Driver Verifier, but the kernel does not confirm it: {why}",
                asked.drivers.join(", ")
            ));
            return proof;
        }
    };
    for driver in &asked.drivers {
        let is_it = |name: &str| name.to_lowercase() == driver.to_lowercase();
        match drivers.iter().find(|verified| is_it(&verified.name)) {
            Some(verified) => {
                let (missing, more) = (asked.level & !verified.level, verified.level & !asked.level);
                if missing != 0 {
                    proof.in_force = false;
                    proof.notes.push(format!(
                        "Driver Verifier verifies {driver} at level {:#x}, without {missing:#x} of the requested {:#x}",
                        verified.level, asked.level
                    ));
                } else if more != 0 {
                    proof.notes.push(format!(
                        "Driver Verifier verifies {driver} at level {:#x}, {more:#x} more than requested",
                        verified.level
                    ));
                }
            }
            None if loaded.iter().any(|name| is_it(name)) => {
                proof.in_force = false;
                proof.notes.push(format!(
                    "{driver} is loaded, and Driver Verifier does not verify it (NtQuerySystemInformation, class 51)"
                ));
            }
            None => proof.notes.push(format!(
                "the registry names {driver} for Driver Verifier, but the kernel does not confirm it: the driver was not \
                 loaded yet after the boot"
            )),
        }
    }
    proof
}
