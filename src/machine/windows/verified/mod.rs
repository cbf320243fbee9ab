//! Reads the kernel's report on Driver Verifier.
//!
//! Class 51 (SystemVerifierInformation) lists the verified drivers, each with its level; class 11
//! (SystemModuleInformation) lists the loaded drivers. Source: phnt's ntexapi.h and ntldr.h; Microsoft documents
//! neither class. An unreadable table is therefore no evidence in either direction. This module changes no setting.

#[cfg(any(windows, test))]
use super::pool::{Class, PoolTagsError, ProcessKind, QueryBuffer, System};

#[cfg(any(windows, test))]
mod layout;
#[cfg(any(windows, test))]
mod modules;
#[cfg(test)]
mod tests;

/// A driver verified by Driver Verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::machine) struct VerifiedDriver {
    /// Its file name, without folders.
    pub(in crate::machine) name: String,
    /// The flags in force for it, with the meaning of the registry value VerifyDriverLevel.
    pub(in crate::machine) level: u32,
}

/// A kernel's report on Driver Verifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::machine) struct Verification {
    pub(in crate::machine) drivers: Vec<VerifiedDriver>,
    /// The file names of the loaded drivers, without folders.
    pub(in crate::machine) loaded: Vec<String>,
}

/// Reads the report of `system`.
///
/// # Errors
/// The reason why the report is unknown.
#[cfg(any(windows, test))]
pub(super) fn verification(system: &mut impl System) -> Result<Verification, String> {
    let told = |error: PoolTagsError| error.to_string();
    let ProcessKind::Native(bits) = system.process() else { return Err(told(PoolTagsError::Wow64)) };
    let mut answer = QueryBuffer::default();
    answer.read(system, Class::Verifier, |_| true).map_err(told)?;
    let table = answer.table();
    let drivers = layout::drivers(table, table.as_ptr().addr() as u64, bits)
        .ok_or_else(|| format!("class 51 returned {} bytes in an unknown layout", table.len()))?;
    answer.read(system, Class::Modules, |table| modules::loaded(table, bits).is_some()).map_err(told)?;
    let loaded = modules::loaded(answer.table(), bits).unwrap_or_default();
    Ok(Verification { drivers, loaded })
}

/// Returns the part of a path after its last backslash.
#[cfg(any(windows, test))]
fn file_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}
