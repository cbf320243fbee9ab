//! Windows' global flags in the notation of gflags.exe: `+kst`, `-hpa`, `+2000`.
//!
//! Pure data: the bits, abbreviations, scopes and meanings from Microsoft's page "GFlags Flag Table". Other modules
//! read flags from a scenario, write them to a registry or display them; nothing here depends on the place of a flag.

use std::fmt;

mod error;
mod switch;
mod table;

pub use error::SwitchError;
pub use switch::{Switch, Switches};
pub use table::TABLE;

/// Pool tagging, `ptg`: always on since Windows Server 2003, regardless of the flag.
pub const POOL_TAGGING: u32 = 0x400;

/// One global flag.
#[derive(Debug, PartialEq, Eq)]
pub struct GlobalFlag {
    /// Its bit.
    pub bit: u32,
    /// Its abbreviation; one flag has none.
    pub abbreviation: Option<&'static str>,
    /// The scopes in which it can be set, as on the page: `R` the registry, `K` the running kernel, `I` an image file.
    pub scope: &'static str,
    /// Its effect.
    pub meaning: &'static str,
    /// Its name in the lists that gflags.exe prints.
    pub title: &'static str,
}

/// The place of a global flag, which determines how long it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagScope {
    /// In the registry, for all boots from the next one (`gflags /r`).
    Registry,
    /// In the running kernel, until it is restarted (`gflags /k`).
    Kernel,
    /// For one image file (`gflags /i`).
    Image,
}

impl GlobalFlag {
    /// The flag with this abbreviation. Case matters: all of them are in lower case.
    pub fn abbreviated(abbreviation: &str) -> Option<&'static GlobalFlag> {
        TABLE.iter().find(|flag| flag.abbreviation == Some(abbreviation))
    }

    /// The flags that are set in `value`, lowest bit first.
    pub fn set_in(value: u32) -> impl Iterator<Item = &'static GlobalFlag> {
        TABLE.iter().filter(move |flag| value & flag.bit != 0)
    }

    /// One line for each flag that is set in `value`, as gflags.exe lists them: Microsoft Learn, "Example 1: Displaying
    /// Global Flags".
    pub fn listed(value: u32) -> impl Iterator<Item = String> {
        GlobalFlag::set_in(value).map(|flag| format!("    {flag} - {}", flag.title))
    }

    /// The flags with an abbreviation close to `typed`: those at the smallest distance, at most one typing error.
    pub fn like(typed: &str) -> Vec<&'static GlobalFlag> {
        let typed = typed.to_lowercase();
        let away = |slips| {
            let is_away = |name: &str| strsim::osa_distance(name, &typed) == slips;
            TABLE.iter().filter(move |flag| flag.abbreviation.is_some_and(is_away)).collect::<Vec<_>>()
        };
        [away(0), away(1)].into_iter().find(|flags| !flags.is_empty()).unwrap_or_default()
    }

    /// Whether it can be set in `scope`.
    pub fn is_for(&self, scope: FlagScope) -> bool {
        self.scope.contains(match scope {
            FlagScope::Registry => 'R',
            FlagScope::Kernel => 'K',
            FlagScope::Image => 'I',
        })
    }
}

/// Its abbreviation, or its bit in hexadecimal; with a sign before it, either can be parsed again.
impl fmt::Display for GlobalFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.abbreviation {
            Some(abbreviation) => f.pad(abbreviation),
            None => f.pad(&format!("{:08x}", self.bit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_bit_is_one_flag() {
        let bits: Vec<u32> = TABLE.iter().map(|flag| flag.bit).collect();
        assert_eq!(bits, (0..32).map(|place| 1 << place).collect::<Vec<u32>>());
    }

    #[test]
    fn an_abbreviation_is_one_flag_s_own() {
        let names: HashSet<_> = TABLE.iter().filter_map(|flag| flag.abbreviation).collect();
        assert_eq!(names.len(), 31);
        assert!(names.iter().all(|name| name.len() == 3 && name.to_lowercase() == **name));
        assert_eq!(GlobalFlag::abbreviated("ptg").map(|flag| flag.bit), Some(POOL_TAGGING));
        assert_eq!(GlobalFlag::abbreviated("PTG"), None);
    }

    #[test]
    fn two_flags_are_not_for_the_registry() {
        let not: Vec<_> =
            TABLE.iter().filter(|flag| !flag.is_for(FlagScope::Registry)).map(GlobalFlag::to_string).collect();
        assert_eq!(not, ["shg", "dse"]);
        assert!(TABLE.iter().all(|flag| ["R", "K", "I", "RK", "RKI"].contains(&flag.scope)));
    }

    #[test]
    fn a_value_is_taken_apart_into_its_flags() {
        let set: Vec<_> = GlobalFlag::set_in(0x2600).map(GlobalFlag::to_string).collect();
        assert_eq!(set, ["00000200", "ptg", "kst"]);
        assert_eq!(GlobalFlag::set_in(0).count(), 0);
    }

    #[test]
    fn flags_are_listed_as_gflags_exe_lists_them() {
        // The values and lines of Microsoft's examples 1 and 4.
        for (value, lines) in [
            (
                0x4000_1400,
                &[
                    "    ptg - Enable pool tagging",
                    "    ust - Create user mode stack trace database",
                    "    bhd - Enable bad handles detection",
                ][..],
            ),
            (
                0xe0,
                &[
                    "    hfc - Enable heap free checking",
                    "    hpc - Enable heap parameter checking",
                    "    hvc - Enable heap validation on call",
                ],
            ),
            (0x200, &["    00000200 - Enable silent process exit monitoring"]),
            (0, &[]),
        ] {
            assert_eq!(GlobalFlag::listed(value).collect::<Vec<_>>(), lines, "{value:08x}");
        }
    }

    #[test]
    fn a_slip_of_the_fingers_is_recognised() {
        let like = |typed| GlobalFlag::like(typed).into_iter().map(GlobalFlag::to_string).collect::<Vec<_>>();
        assert_eq!(like("kts"), ["kst"]);
        assert_eq!(like("KST"), ["kst"]);
        assert_eq!(like("hta"), ["htc", "htg", "htd", "hpa"]);
        assert_eq!(like("pool_tagging"), [""; 0]);
    }
}
