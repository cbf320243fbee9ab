//! Switches that set or clear global flags, as on gflags.exe's command line (Microsoft Learn, "GFlags Commands").
//!
//! An abbreviation needs its sign: gflags.exe does nothing without one, and poolgate reports an error. Hexadecimal
//! digits stand for one or more flags and are set without a sign. `ece` and `d32` are read as abbreviations, not as
//! digits; `0xece` is always digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{FlagScope, GlobalFlag, SwitchError};

/// One switch: flags to set or to clear. It always has flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Switch {
    on: bool,
    bits: u32,
}

/// The combined effect of several switches, one after the other, on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switches {
    /// Bits to set.
    pub on: u32,
    /// Bits to clear; never one of `on`.
    pub off: u32,
}

impl Switch {
    /// Clears all flags. There is no other way to clear them: gflags.exe adds 0 to a value without changing it.
    pub const CLEAR_ALL: Switch = Switch { on: false, bits: u32::MAX };

    /// Whether the flags are to be set.
    pub fn on(self) -> bool {
        self.on
    }

    /// The flags' bits.
    pub fn bits(self) -> u32 {
        self.bits
    }

    /// Returns the switch if all its flags can be kept in `scope`. Clearing all flags is always possible.
    ///
    /// # Errors
    /// [`SwitchError::Elsewhere`] with the first flag that cannot be kept there.
    pub fn within(self, scope: FlagScope) -> Result<Switch, SwitchError> {
        match GlobalFlag::set_in(self.bits).find(|flag| !flag.is_for(scope)) {
            Some(flag) if self != Switch::CLEAR_ALL => Err(SwitchError::Elsewhere { flag, scope }),
            Some(_) | None => Ok(self),
        }
    }
}

impl Switches {
    /// Adds `switch` after the earlier ones.
    pub fn then(self, switch: Switch) -> Switches {
        match switch.on {
            true => Switches { on: self.on | switch.bits, off: self.off & !switch.bits },
            false => Switches { on: self.on & !switch.bits, off: self.off | switch.bits },
        }
    }

    /// Whether no flag is switched.
    pub fn is_empty(self) -> bool {
        self == Switches::default()
    }

    /// `value` with the flags switched.
    pub fn applied_to(self, value: u32) -> u32 {
        value & !self.off | self.on
    }

    /// Whether all flags in `value` are already in the requested state.
    pub fn hold_in(self, value: u32) -> bool {
        self.applied_to(value) == value
    }
}

impl FromStr for Switch {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Switch, SwitchError> {
        let (on, sign, name) = match text.split_at_checked(1) {
            Some(("+", name)) => (true, true, name),
            Some(("-", name)) => (false, true, name),
            _ => (true, false, text),
        };
        match GlobalFlag::abbreviated(name) {
            Some(flag) if sign => return Ok(Switch { on, bits: flag.bit }),
            Some(flag) => return Err(SwitchError::Unsigned(flag)),
            None => {}
        }
        let digits = name.strip_prefix("0x").unwrap_or(name);
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(SwitchError::Unknown { sign: if on { '+' } else { '-' }, name: name.to_owned() });
        }
        match u32::from_str_radix(digits, 16) {
            Ok(0) => Err(SwitchError::Nothing),
            Ok(bits) => Ok(Switch { on, bits }),
            Err(_) => Err(SwitchError::TooLarge),
        }
    }
}

/// In the notation of gflags.exe: the abbreviation of a single flag, otherwise eight hexadecimal digits.
impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.on { '+' } else { '-' };
        match GlobalFlag::set_in(self.bits).next() {
            Some(flag) if flag.bit == self.bits => f.pad(&format!("{sign}{flag}")),
            Some(_) | None => f.pad(&format!("{sign}{:08x}", self.bits)),
        }
    }
}

impl TryFrom<String> for Switch {
    type Error = SwitchError;

    fn try_from(text: String) -> Result<Switch, SwitchError> {
        text.parse()
    }
}

impl From<Switch> for String {
    fn from(switch: Switch) -> String {
        switch.to_string()
    }
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic;
    use proptest::prelude::*;

    use super::*;

    fn advice(error: &SwitchError) -> String {
        error.help().unwrap().to_string()
    }

    fn switch(text: &str) -> Result<Switch, SwitchError> {
        text.parse()
    }

    fn switches(texts: &[&str]) -> Switches {
        texts.iter().fold(Switches::default(), |switches, text| switches.then(switch(text).unwrap()))
    }

    #[test]
    fn a_flag_is_written_as_gflags_exe_takes_it() {
        for (text, on, bits) in [
            ("+ptg", true, 0x400),
            ("-kst", false, 0x2000),
            ("+400", true, 0x400),
            ("400", true, 0x400),
            ("0x400", true, 0x400),
            ("-0x00000400", false, 0x400),
            ("+C0000000", true, 0xc000_0000),
            ("-ffffffff", false, u32::MAX),
            // Hexadecimal digits that are also abbreviations.
            ("+ece", true, 0x40_0000),
            ("-d32", false, 0x2_0000),
            ("0xece", true, 0xece),
            ("0d32", true, 0xd32),
        ] {
            assert_eq!(switch(text), Ok(Switch { on, bits }), "{text}");
        }
    }

    #[test]
    fn useless_switches_are_refused_with_the_right_form() {
        for (text, message, help) in [
            ("kst", "the global flag `kst` without + or - does nothing", "`+kst` to set it (kernel mode stack trace"),
            ("d32", "the global flag `d32` without + or - does nothing", "`-d32` to clear it"),
            ("+kts", "there is no global flag `kts`", "did you mean `+kst` (kernel mode stack trace database)?"),
            ("+PTG", "there is no global flag `PTG`", "did you mean `+ptg` (pool tagging"),
            ("-KST", "there is no global flag `KST`", "did you mean `-kst`"),
            ("", "there is no global flag ``", "such as `+kst`"),
            ("+", "there is no global flag ``", "such as `+kst`"),
            ("+ kst", "there is no global flag ` kst`", "did you mean `+kst`"),
            ("++kst", "there is no global flag `+kst`", "did you mean `+kst`"),
            ("0x", "there is no global flag `0x`", "such as `+2000`"),
            ("é", "there is no global flag `é`", "such as `+kst`"),
            ("0", "0 is not a global flag", "`-ffffffff` clears all flags"),
            ("-0x0", "0 is not a global flag", "`-ffffffff`"),
            ("100000000", "global flags are a 32-bit number, and this one has more bits", "at most eight"),
        ] {
            let error = switch(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            assert!(advice(&error).contains(help), "{text}: {}", advice(&error));
        }
    }

    #[test]
    fn a_flag_is_refused_outside_of_its_scope() {
        let refused = |text: &str, scope| switch(text).unwrap().within(scope).unwrap_err();
        let hung = refused("+shg", FlagScope::Registry);
        assert_eq!(
            hung.to_string(),
            "the global flag `shg` (stop on hung GUI) cannot be set in the registry, for the next boot"
        );
        assert!(advice(&hung).contains("`gflags /k +shg`"), "{}", advice(&hung));
        assert!(advice(&refused("-dse", FlagScope::Registry)).contains("`gflags /i IMAGE +dse`"));
        // One of several bits.
        assert_eq!(refused("+2008", FlagScope::Registry), hung);
        assert!(switch("+kst").unwrap().within(FlagScope::Registry).is_ok());
        assert!(advice(&refused("+kst", FlagScope::Kernel)).contains("`poolgate flags /r +kst`"));
        assert_eq!(switch("-ffffffff").unwrap().within(FlagScope::Registry), Ok(Switch::CLEAR_ALL));
        assert!(switch("+ffffffff").unwrap().within(FlagScope::Registry).is_err());
    }

    #[test]
    fn of_several_switches_the_last_one_counts() {
        assert_eq!(switches(&["+kst", "-hpa"]), Switches { on: 0x2000, off: 0x200_0000 });
        assert_eq!(switches(&["-ffffffff", "+kst"]), Switches { on: 0x2000, off: !0x2000 });
        assert_eq!(switches(&["+kst", "-kst"]), Switches { on: 0, off: 0x2000 });
        assert_eq!(switches(&["-ffffffff", "+kst"]).applied_to(0x401), 0x2000);
        assert_eq!(switches(&["+kst", "-soe"]).applied_to(0x401), 0x2400);
        assert!(switches(&["+kst", "-soe"]).hold_in(0x2400));
        assert!(!switches(&["+kst"]).hold_in(0x400) && !switches(&["-soe"]).hold_in(1));
        assert!(Switches::default().hold_in(0x400));
    }

    proptest! {
        #[test]
        fn a_switch_reads_back_from_its_text(on: bool, bits in 1u32.., single in 0u32..32) {
            for bits in [bits, 1 << single] {
                let switch = Switch { on, bits };
                prop_assert_eq!(switch.to_string().parse::<Switch>(), Ok(switch));
            }
        }

        #[test]
        fn any_text_is_a_switch_or_an_error_with_the_right_form(text: String) {
            if let Err(error) = text.parse::<Switch>() {
                prop_assert!(!advice(&error).is_empty());
            }
        }
    }
}
