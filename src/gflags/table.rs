//! The table of global flags, by bit. Sources: Microsoft Learn, "GFlags Flag Table" and "Global Flag Reference"; the
//! titles are from the usage text of gflags.exe (10.0.19041).

use super::GlobalFlag;

const fn flag(
    bit: u32,
    name: &'static str,
    scope: &'static str,
    meaning: &'static str,
    title: &'static str,
) -> GlobalFlag {
    let abbreviation = if name.is_empty() { None } else { Some(name) };
    GlobalFlag { bit, abbreviation, scope, meaning, title }
}

/// Every global flag, lowest bit first.
pub static TABLE: [GlobalFlag; 32] = [
    flag(0x0000_0001, "soe", "RKI", "stop on exception", "Stop On Exception"),
    flag(0x0000_0002, "sls", "RKI", "show loader snaps", "Show Loader Snaps"),
    flag(0x0000_0004, "dic", "R", "debug initial command", "Debug Initial Command"),
    flag(0x0000_0008, "shg", "K", "stop on hung GUI", "Stop on Hung GUI"),
    flag(0x0000_0010, "htc", "RKI", "heap tail checking", "Enable heap tail checking"),
    flag(0x0000_0020, "hfc", "RKI", "heap free checking", "Enable heap free checking"),
    flag(0x0000_0040, "hpc", "RKI", "heap parameter checking", "Enable heap parameter checking"),
    flag(0x0000_0080, "hvc", "RKI", "heap validation on call", "Enable heap validation on call"),
    flag(0x0000_0100, "vrf", "RKI", "application verifier", "Enable application verifier"),
    flag(0x0000_0200, "", "R", "silent process exit monitoring", "Enable silent process exit monitoring"),
    flag(0x0000_0400, "ptg", "R", "pool tagging (Windows 2000 and XP)", "Enable pool tagging"),
    flag(0x0000_0800, "htg", "RKI", "heap tagging", "Enable heap tagging"),
    flag(0x0000_1000, "ust", "RKI", "user mode stack trace database", "Create user mode stack trace database"),
    flag(0x0000_2000, "kst", "R", "kernel mode stack trace database", "Create kernel mode stack trace database"),
    flag(0x0000_4000, "otl", "R", "list of objects for each type", "Maintain a list of objects for each type"),
    flag(0x0000_8000, "htd", "RKI", "heap tagging by DLL", "Enable heap tagging by DLL"),
    flag(0x0001_0000, "dse", "I", "disable stack extension", "Disable stack extensions"),
    flag(0x0002_0000, "d32", "R", "debugging of Win32 subsystem", "Enable debugging of Win32 Subsystem"),
    flag(0x0004_0000, "ksl", "RK", "loading of kernel debugger symbols", "Enable loading of kernel debugger symbols"),
    flag(0x0008_0000, "dps", "R", "disable paging of kernel stacks", "Disable paging of kernel stacks"),
    flag(0x0010_0000, "scb", "RKI", "system critical breaks", "Enable system critical breaks"),
    flag(0x0020_0000, "dhc", "RKI", "disable heap coalesce on free", "Disable Heap Coalesce on Free"),
    flag(0x0040_0000, "ece", "RK", "close exception", "Enable close exception"),
    flag(0x0080_0000, "eel", "RK", "exception logging", "Enable exception logging"),
    flag(0x0100_0000, "eot", "RK", "object handle type tagging", "Enable object handle type tagging"),
    flag(0x0200_0000, "hpa", "RKI", "page heap", "Enable page heap"),
    flag(0x0400_0000, "dwl", "R", "debug WinLogon", "Debug WINLOGON"),
    flag(0x0800_0000, "ddp", "RK", "buffer DbgPrint output", "Disable kernel mode DbgPrint output"),
    flag(0x1000_0000, "cse", "RKI", "early critical section event creation", "Early critical section event creation"),
    flag(0x2000_0000, "sue", "RKI", "stop on unhandled user-mode exception", "Stop on Unhandled Exception"),
    flag(0x4000_0000, "bhd", "RK", "bad handles detection", "Enable bad handles detection"),
    flag(0x8000_0000, "dpd", "RKI", "disable protected DLL verification", "Disable protected DLL verification"),
];
