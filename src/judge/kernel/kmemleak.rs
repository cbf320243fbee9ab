//! Parses kmemleak's reports (mm/kmemleak.c, `print_unreferenced`).
//!
//! A report names no cache, only the allocating code: each line of its backtrace ends with the module in brackets. If
//! the scenario names its driver, only objects with that module in their backtrace break a threshold.

use super::{objects, rounded};

/// An object that nothing refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreferenced {
    address: String,
    bytes: u64,
    /// Modules of its backtrace, the allocating one first.
    modules: Vec<String>,
}

/// Parses the objects in the lines of the reports.
pub(super) fn parse(lines: &[String]) -> Vec<Unreferenced> {
    let mut found: Vec<Unreferenced> = Vec::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("unreferenced object ") {
            let (address, size) = rest.split_once(" (size ").unwrap_or((rest, ""));
            let bytes = size.trim_end_matches(':').trim_end_matches(')').parse().unwrap_or(0);
            found.push(Unreferenced { address: address.to_owned(), bytes, modules: Vec::new() });
        } else if let (Some(object), Some(module)) = (found.last_mut(), module(line))
            && !object.modules.contains(&module)
        {
            object.modules.push(module);
        }
    }
    found
}

/// Parses the module of a backtrace's line: `    [<00000000110a155e>] leaky_open+0x3a5/0x410 [leaky]`.
fn module(line: &str) -> Option<String> {
    let (code, module) = line.trim_end().strip_suffix(']')?.rsplit_once(" [")?;
    let is_code = code.contains("+0x") && !module.is_empty();
    is_code.then(|| module.to_owned())
}

/// Describes the objects, only those of `driver` if it is given; `None` if there are none.
pub(super) fn in_words(found: &[Unreferenced], driver: Option<&str>) -> Option<String> {
    let of_driver =
        |object: &&Unreferenced| driver.is_none_or(|driver| object.modules.iter().any(|name| same(name, driver)));
    let found: Vec<&Unreferenced> = found.iter().filter(of_driver).collect();
    let first = found.first()?;
    let addresses: Vec<String> = found.iter().map(|object| object.address.clone()).collect();
    let bytes = rounded(found.iter().map(|object| object.bytes).sum());
    let by = first.modules.first().map_or(String::new(), |module| format!(", allocated in {module}"));
    Some(format!(
        "kmemleak reports {} of {bytes} without any reference{by}",
        objects(addresses.len() as u64, &addresses)
    ))
}

/// A driver's file name names its module: `my-drv.ko` is `my_drv`.
fn same(module: &str, driver: &str) -> bool {
    let name = driver.split_once(".ko").map_or(driver, |(name, _)| name);
    module == name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "unreferenced object 0xffff88810d8ec700 (size 192):
  comm \"bash\", pid 869, jiffies 4294950577 (age 215.752s)
  hex dump (first 32 bytes):
    60 dd 68 61 81 88 ff ff 60 dd 68 61 81 88 ff ff  `.ha....`.ha....
  backtrace:
    [<00000000dae26536>] kmalloc_trace+0x2a/0xa0
    [<00000000b2938940>] leaky_open+0x297/0x2e0 [leaky_drv]
    [<00000000b2938941>] helper+0x1/0x2 [helper]
unreferenced object 0xffff88810d8ec800 (size 64):
  comm \"mount\", pid 710, jiffies 4302851558
  backtrace (crc 0):
    kmemdup+0x3f/0x70
    other+0x1/0x2 [other]";

    #[test]
    fn only_objects_of_a_named_driver_count() {
        let lines: Vec<String> = REPORT.lines().map(str::to_owned).collect();
        let found = parse(&lines);
        assert_eq!(found[0].modules, ["leaky_drv", "helper"]);
        for (driver, expected) in [
            (
                None,
                Some(
                    "kmemleak reports 2 objects (0xffff88810d8ec700, 0xffff88810d8ec800) of 256 B without any reference, allocated in leaky_drv",
                ),
            ),
            (
                Some("leaky-drv.ko"),
                Some(
                    "kmemleak reports 1 object (0xffff88810d8ec700) of 192 B without any reference, allocated in leaky_drv",
                ),
            ),
            (
                Some("other"),
                Some(
                    "kmemleak reports 1 object (0xffff88810d8ec800) of 64 B without any reference, allocated in other",
                ),
            ),
            (Some("absent"), None),
        ] {
            assert_eq!(in_words(&found, driver).as_deref(), expected);
        }
    }
}
