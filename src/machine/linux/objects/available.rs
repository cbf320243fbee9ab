//! Whether the objects of this kernel can be followed, with the reason if not.
//!
//! The facts are files, and are checked from the most to the least general. At the end the kernel is asked to load a BPF
//! program that does nothing: a container's seccomp filter or user namespace shows in no file.

use std::io;
use std::path::Path;

use aya::programs::{ProgramError, ProgramType};
use aya::sys::is_program_supported;
use miette::Diagnostic;

/// Capabilities, by their bit in CapEff (include/uapi/linux/capability.h).
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// Processors for which the maps are read correctly, and whose kernels pass a tracepoint's arguments as 64-bit numbers.
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// Why objects cannot be followed on this machine.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Unavailable {
    /// poolgate has no tracer for this processor.
    #[error("poolgate can follow kernel objects on x86_64 and aarch64 only, and this is {0}")]
    Architecture(&'static str),
    /// Before 6.1 the event of an allocation does not name its cache.
    #[error("kernel {0} is too old to follow kernel objects: before 6.1 its events do not name the slab cache")]
    #[diagnostic(help("use kernel 6.1 or later"))]
    Kernel(String),
    /// The kernel was built without bpf(2).
    #[error("this kernel has no BPF (CONFIG_BPF_SYSCALL)")]
    NoBpf,
    /// The kernel does not describe its types.
    #[error("this kernel has no BTF (CONFIG_DEBUG_INFO_BTF): /sys/kernel/btf/vmlinux does not exist")]
    NoBtf,
    /// Lockdown forbids BPF programs to read kernel memory.
    #[error("the kernel is locked down (confidentiality), so BPF programs may not read its memory")]
    #[diagnostic(help("boot without `lockdown=confidentiality`; `integrity` is allowed"))]
    Lockdown,
    /// This process lacks a capability.
    #[error("this process may not use BPF: it has no {0}")]
    #[diagnostic(help("run poolgate as root, or with CAP_BPF and CAP_PERFMON"))]
    Rights(&'static str),
    /// The kernel refused, although no fact above explains it.
    #[error("the kernel refuses BPF programs: {0}")]
    #[diagnostic(help("in a container, allow bpf(2) in its seccomp profile, and use no user namespace"))]
    Refused(String),
}

/// Returns an error if objects of this kernel cannot be followed.
pub(super) fn available() -> Result<(), Unavailable> {
    let kernel = rustix::system::uname();
    by_facts(Path::new("/"), std::env::consts::ARCH, &kernel.release().to_string_lossy())?;
    match is_program_supported(ProgramType::RawTracePoint) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Unavailable::Refused("it has no raw tracepoints (CONFIG_BPF_EVENTS)".to_owned())),
        Err(ProgramError::SyscallError(error)) => Err(Unavailable::Refused(error.io_error.to_string())),
        Err(error) => Err(Unavailable::Refused(error.to_string())),
    }
}

/// The same, by the files below `root`.
fn by_facts(root: &Path, architecture: &'static str, release: &str) -> Result<(), Unavailable> {
    if !ARCHITECTURES.contains(&architecture) {
        return Err(Unavailable::Architecture(architecture));
    }
    if version(release).is_none_or(|version| version < (6, 1)) {
        return Err(Unavailable::Kernel(release.to_owned()));
    }
    // This switch exists in every kernel with bpf(2) since 4.4 (Documentation/admin-guide/sysctl/kernel.rst).
    if is_missing(&root.join("proc/sys/kernel/unprivileged_bpf_disabled")) {
        return Err(Unavailable::NoBpf);
    }
    if is_missing(&root.join("sys/kernel/btf/vmlinux")) {
        return Err(Unavailable::NoBtf);
    }
    // Absent without the lockdown LSM or without securityfs. Then the kernel's answer decides.
    let lockdown = fs_err::read_to_string(root.join("sys/kernel/security/lockdown")).unwrap_or_default();
    if lockdown.contains("[confidentiality]") {
        return Err(Unavailable::Lockdown);
    }
    let status = fs_err::read_to_string(root.join("proc/self/status")).unwrap_or_default();
    match lacking(&status) {
        Some(capability) => Err(Unavailable::Rights(capability)),
        None => Ok(()),
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The first two numbers of a release such as `6.1.0-57-cloud-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The first necessary capability that a process with this `/proc/self/status` lacks. An unreadable status lacks none:
/// the kernel's answer decides.
fn lacking(status: &str) -> Option<&'static str> {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let effective = u64::from_str_radix(effective.trim(), 16).ok()?;
    let has = |capability: u32| effective & (1 << capability) != 0;
    // CAP_SYS_ADMIN includes both (include/linux/capability.h, `bpf_capable` and `perfmon_capable`).
    let needed = [(CAP_BPF, "CAP_BPF"), (CAP_PERFMON, "CAP_PERFMON")];
    needed.into_iter().find(|&(bit, _)| !has(bit) && !has(CAP_SYS_ADMIN)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which objects can be followed, as far as its files show.
    const GOOD: [(&str, &str); 4] = [
        ("proc/sys/kernel/unprivileged_bpf_disabled", "2\n"),
        ("sys/kernel/btf/vmlinux", ""),
        ("sys/kernel/security/lockdown", "none [integrity] confidentiality\n"),
        ("proc/self/status", "Name:\tpoolgate\nCapEff:\t000000c000000000\n"),
    ];

    /// Checks that machine with one file replaced, or removed.
    fn changed(path: &str, text: Option<&str>) -> Result<(), String> {
        let root = tempfile::tempdir().unwrap();
        for (name, good) in GOOD {
            let Some(text) = (if name == path { text } else { Some(good) }) else { continue };
            let file = root.path().join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, text).unwrap();
        }
        by_facts(root.path(), "x86_64", "6.1.0-57-cloud-amd64").map_err(|unavailable| unavailable.to_string())
    }

    #[track_caller]
    fn assert_lacks(result: Result<(), String>, words: &str) {
        let error = result.unwrap_err();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_machine_with_everything_can_follow_objects() {
        assert_eq!(changed("", None), Ok(()));
        // A file that is missing for a reason of its own leaves the decision to the kernel.
        assert_eq!(changed("sys/kernel/security/lockdown", None), Ok(()));
        assert_eq!(changed("proc/self/status", None), Ok(()));
    }

    #[test]
    fn each_missing_part_has_a_reason_of_its_own() {
        assert_lacks(changed("proc/sys/kernel/unprivileged_bpf_disabled", None), "CONFIG_BPF_SYSCALL");
        assert_lacks(changed("sys/kernel/btf/vmlinux", None), "CONFIG_DEBUG_INFO_BTF");
        let lockdown = Some("none integrity [confidentiality]\n");
        assert_lacks(changed("sys/kernel/security/lockdown", lockdown), "locked down");
        for (effective, capability) in
            [("0", "CAP_BPF"), ("0000008000000000", "CAP_PERFMON"), ("0000004000000000", "CAP_BPF")]
        {
            assert_lacks(changed("proc/self/status", Some(&format!("CapEff:\t{effective}\n"))), capability);
        }
        assert_eq!(changed("proc/self/status", Some("CapEff:\t0000000000200000\n")), Ok(()));
    }

    #[test]
    fn an_old_kernel_and_another_processor_are_refused_first() {
        let root = Path::new("/nowhere");
        for release in ["5.15.0-generic", "6.0.19", "4.18", "not-a-version"] {
            assert!(matches!(by_facts(root, "x86_64", release), Err(Unavailable::Kernel(_))), "{release}");
        }
        assert!(matches!(by_facts(root, "riscv64", "6.18.1"), Err(Unavailable::Architecture("riscv64"))));
        assert!(matches!(by_facts(root, "aarch64", "6.18.1"), Err(Unavailable::NoBpf)));
    }

    #[test]
    fn releases_are_read_as_distributions_write_them() {
        for (release, expected) in [("6.1.0-57-cloud-amd64", (6, 1)), ("6.18.44-fc", (6, 18)), ("7.0-rc1", (7, 0))] {
            assert_eq!(version(release), Some(expected));
        }
        assert_eq!(version("6"), None);
    }
}
