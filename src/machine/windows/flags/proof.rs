//! Driver Verifier in force as asked for, by what the running kernel reports.

use super::wanted::Verified;
use crate::machine::windows::verified::Verification;

/// What a kernel's report shows of the drivers asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// Whether nothing contradicts what was asked for.
    pub(super) in_force: bool,
    /// What differs from what was asked for, and what is not proven.
    pub(super) notes: Vec<String>,
}

/// Looks each driver up. Windows does not distinguish upper from lower case in their names.
pub(super) fn proof(asked: &Verified, reported: &Result<Verification, String>) -> Proof {
    let mut proof = Proof { in_force: true, notes: Vec::new() };
    let Verification { drivers, loaded } = match reported {
        Ok(reported) => reported,
        Err(why) => {
            proof.notes.push(format!(
                "that Driver Verifier verifies {} is not proven, only that the registry names them: {why}",
                asked.drivers.join(", ")
            ));
            return proof;
        }
    };
    for driver in asked.drivers {
        let is_it = |name: &str| name.to_lowercase() == driver.to_lowercase();
        match drivers.iter().find(|verified| is_it(&verified.name)) {
            Some(verified) => {
                let (missing, more) = (asked.level & !verified.level, verified.level & !asked.level);
                if missing != 0 {
                    proof.in_force = false;
                    proof.notes.push(format!(
                        "Driver Verifier verifies {driver} at level {:#x}, without {missing:#x} of the {:#x} asked for",
                        verified.level, asked.level
                    ));
                } else if more != 0 {
                    proof.notes.push(format!(
                        "Driver Verifier verifies {driver} at level {:#x}, which is {more:#x} more than asked for",
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
                "that Driver Verifier verifies {driver} is not proven, only that the registry names it: the driver was not \
                 loaded yet after the boot"
            )),
        }
    }
    proof
}
