//! What Driver Verifier verifies, as the kernel reports it.
//!
//! Class 51 (SystemVerifierInformation) lists the drivers that are verified, each with its level; class 11
//! (SystemModuleInformation) lists the drivers that are loaded. Source: phnt's ntexapi.h and ntldr.h; Microsoft documents
//! neither class. So an answer that cannot be read is no evidence in either direction. Nothing here changes a setting.

#[cfg(any(windows, test))]
use super::pool::{Answer, Class, PoolTagsError, Process, System};

#[cfg(any(windows, test))]
mod layout;
#[cfg(any(windows, test))]
mod modules;
#[cfg(test)]
mod tests;

/// A driver that Driver Verifier verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::machine) struct VerifiedDriver {
    /// Its file name, without folders.
    pub(in crate::machine) name: String,
    /// The flags in force for it, with the meaning of the registry value VerifyDriverLevel.
    pub(in crate::machine) level: u32,
}

/// What a kernel reports of Driver Verifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::machine) struct Verification {
    /// The drivers that are verified.
    pub(in crate::machine) drivers: Vec<VerifiedDriver>,
    /// The file names of the drivers that are loaded, without folders.
    pub(in crate::machine) loaded: Vec<String>,
}

/// Asks `system`.
///
/// # Errors
/// The reason why the system's answer is unknown.
#[cfg(any(windows, test))]
pub(super) fn verification(system: &mut impl System) -> Result<Verification, String> {
    let told = |error: PoolTagsError| error.to_string();
    let Process::Native(bits) = system.process() else { return Err(told(PoolTagsError::Wow64)) };
    let mut answer = Answer::default();
    answer.read(system, Class::Verifier, |_| true).map_err(told)?;
    let table = answer.table();
    let drivers = layout::drivers(table, table.as_ptr().addr() as u64, bits)
        .ok_or_else(|| format!("class 51 answered {} bytes of an unknown layout", table.len()))?;
    answer.read(system, Class::Modules, |table| modules::loaded(table, bits).is_some()).map_err(told)?;
    let loaded = modules::loaded(answer.table(), bits).unwrap_or_default();
    Ok(Verification { drivers, loaded })
}

/// What follows the last backslash of a path.
#[cfg(any(windows, test))]
fn file_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}
