//! The machine of a run, for reports.

use schemars::JsonSchema;
use serde::Serialize;
use sysinfo::System;

/// Facts about a machine. Facts that the system does not provide are empty or zero, and shown as unknown.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Host {
    /// The machine's name.
    pub name: String,
    /// The operating system with its version.
    pub system: String,
    /// Kernel version or build: `6.1.0-18-amd64`, `10.0.26100.2033 (24H2)`.
    pub kernel: String,
    /// Processor architecture.
    pub architecture: String,
    /// Physical memory, in bytes.
    pub memory: u64,
}

impl Host {
    /// Returns the facts about this machine. Queries single facts only, because a full refresh would read every
    /// process.
    pub fn this() -> Host {
        Host {
            name: System::host_name().unwrap_or_default(),
            system: System::long_os_version().unwrap_or_default(),
            kernel: System::kernel_version().unwrap_or_default(),
            architecture: System::cpu_arch(),
            memory: memory().unwrap_or_default(),
        }
    }
}

fn memory() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    Some(system.total_memory())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known() {
        let host = Host::this();
        assert!(!host.name.is_empty() && !host.system.is_empty() && !host.kernel.is_empty(), "{host:?}");
        assert!(!host.architecture.is_empty() && host.memory > 1 << 20, "{host:?}");
    }
}
