//! The settings of the Windows kernel in a scenario: global flags, and drivers for Driver Verifier.
//!
//! [`gflags`](crate::gflags) parses global flags. This module restricts them to those that make sense in a scenario.

use std::fmt;

use super::mistake::{MistakeText, shown};
use super::scalar::{Scalar, not_a, scalars};
use crate::failure;
use crate::gflags::{FlagScope, POOL_TAGGING, Switch, SwitchError};

/// The file name of a driver in the form that Driver Verifier takes: no path, and no separator of its list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverToVerify(String);

scalars!(DriverToVerify);

impl DriverToVerify {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DriverToVerify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Scalar for Switch {
    const WHAT: &'static str = "a global flag";
    const DESCRIPTION: &'static str =
        "An abbreviation with + or -, or hexadecimal digits, of Microsoft's \"GFlags Flag Table\".";
    const PATTERN: &'static str = "^([+-][a-z][a-z0-9]{2}|[+-]?(0x)?[0-9A-Fa-f]+)$";
    const EXAMPLES: &'static [&'static str] = &["+kst", "-hpa", "+2000"];

    fn read(text: &str) -> Result<Switch, MistakeText> {
        let wrong = |error: SwitchError, label| {
            MistakeText::new(error.to_string(), label, failure::help(&error).unwrap_or_default())
        };
        let switch: Switch = text.parse().map_err(|error| match error {
            SwitchError::Unknown { sign, name } => {
                wrong(SwitchError::Unknown { sign, name: shown(&name) }, "not a global flag")
            }
            error @ SwitchError::Unsigned(_) => wrong(error, "without + or -"),
            error => wrong(error, "not a global flag"),
        })?;
        // Clearing all flags does not change this one: see machine/windows/flags.
        if !switch.on() && switch.bits() & POOL_TAGGING != 0 && switch != Switch::CLEAR_ALL {
            let help = "remove `ptg`; `pool_tagging: if_needed` switches it on only if the kernel needs it";
            return Err(MistakeText::new("poolgate measures by pool tagging", "switches it off", help));
        }
        switch.within(FlagScope::Registry).map_err(|error| wrong(error, "not for the registry"))
    }
}

impl Scalar for DriverToVerify {
    const WHAT: &'static str = "a driver's file name";
    const DESCRIPTION: &'static str = "The file name of a driver, such as mydrv.sys, without its folder.";
    const PATTERN: &'static str = r#"^[^ "'*?<>|:,;/\\]+\.[Ss][Yy][Ss]$"#;
    const EXAMPLES: &'static [&'static str] = &["mydrv.sys"];

    fn read(text: &str) -> Result<DriverToVerify, MistakeText> {
        // Verifier stores its drivers as one text, separated by spaces. Most of the other characters are invalid in
        // file names.
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'*?<>|:,;/\\".contains(&byte);
        if text.is_empty() || !text.bytes().all(plain) {
            let help = "write the file name alone, such as `mydrv.sys`: without folder, quotes, spaces or wildcards";
            return Err(not_a(DriverToVerify::WHAT, text, help));
        }
        match text.len().checked_sub(4).map(|stem| text.split_at(stem)) {
            Some((stem, extension)) if !stem.is_empty() && extension.eq_ignore_ascii_case(".sys") => {
                Ok(DriverToVerify(text.to_owned()))
            }
            Some(_) | None => Err(not_a(
                DriverToVerify::WHAT,
                text,
                "write the whole name with `.sys` at its end, such as `mydrv.sys`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (String, String) {
        let wrong = Switch::read(text).unwrap_err();
        (wrong.message, wrong.help)
    }

    #[test]
    fn a_global_flag_can_be_set_in_the_registry() {
        assert_eq!(Switch::read("+kst").unwrap().to_string(), "+kst");
        assert!(wrong("+shg").0.contains("cannot be set in the registry"));
        assert!(wrong("10000").1.contains("gflags /i IMAGE +dse"));
        assert!(wrong("kst").1.contains("`+kst` to set it"));
    }

    #[test]
    fn pool_tagging_is_never_switched_off() {
        for text in ["-ptg", "-400", "-c00"] {
            assert_eq!(wrong(text).0, "poolgate measures by pool tagging");
        }
        assert_eq!(Switch::read("-ffffffff"), Ok(Switch::CLEAR_ALL));
        assert!(Switch::read("+ptg").is_ok());
    }

    #[test]
    fn a_driver_is_a_file_name_that_verifier_s_list_can_hold() {
        for good in ["mydrv.sys", "MYDRV.SYS", "a.b-1_(x64).sys", "x.sys"] {
            assert_eq!(DriverToVerify::read(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".sys",
            "mydrv",
            "mydrv.dll",
            "my drv.sys",
            r"C:\mydrv.sys",
            "a/b.sys",
            "\"a.sys\"",
            "*.sys",
            "*",
            "ä.sys",
            "é",
            "a\n.sys",
            "a,b.sys",
        ] {
            assert!(DriverToVerify::read(bad).is_err(), "{bad}");
        }
    }
}
