//! Makes a change of the settings for the next boot, verifies it, and describes it.

use super::FlagsError;
use crate::cli::output::change;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::machine::{ByHand, CurrentSettings, Edit, Edited, FlagValue, MachineError, SettingChange};

/// Makes the change, flushes it to disk, and reads it back. If this fails, the original value is restored.
pub(super) fn write(machine: &mut dyn ByHand, change: &SettingChange) -> Result<(), FlagsError> {
    let SettingChange { name, original, wanted } = change;
    let Err(refused) = made(machine, name, wanted) else { return Ok(()) };
    let as_it_was = |machine: &dyn ByHand| machine.read(name).is_ok_and(|now| now == *original);
    let left = if as_it_was(machine) {
        "nothing was changed".to_owned()
    } else {
        match made(machine, name, original) {
            Ok(()) => "the previous value was restored".to_owned(),
            // The files generated from it may differ.
            Err(again) if as_it_was(machine) => format!("{name} has its previous value, but {}", again.failure.message),
            Err(_) => format!("the previous value could not be restored: {name} was {original}"),
        }
    };
    let message = format!("{}; {left}", refused.failure.message);
    Err(FlagsError { failure: Failure { message, ..refused.failure }, ..refused })
}

fn made(machine: &mut dyn ByHand, name: &str, value: &FlagValue) -> Result<(), FlagsError> {
    machine.write(name, value)?;
    machine.flush()?;
    match machine.read(name)? {
        now if now == *value => Ok(()),
        now => {
            let message = format!("{name} was written, but is {now} rather than {value}");
            let failure = Failure { message, ..Failure::from(MachineError::Unreported(name.to_owned())) };
            Err(FlagsError { exit: Exit::Failed, failure })
        }
    }
}

/// Describes the changes, with one line each.
pub(super) fn lines(edited: &Edited, edit: &Edit) -> Vec<String> {
    match edit {
        Edit::Switched(_) | Edit::Exactly(_) => {
            let mut lines = change::lines(&edited.change);
            lines.iter_mut().skip(1).for_each(|line| line.insert_str(0, "  "));
            lines
        }
        Edit::Parameters { .. } => {
            // The files are long, so list only the reverse of the parameters to restore.
            let Edit::Parameters { added, dropped } = &edited.back else { return Vec::new() };
            let name = &edited.change.name;
            let added = added.iter().map(|parameter| format!("{name}: without {parameter}"));
            added.chain(dropped.iter().map(|parameter| format!("{name}: with {parameter}"))).collect()
        }
    }
}

/// Describes when the settings for the next boot come into force.
pub(super) fn when(current: &CurrentSettings) -> &'static str {
    let same = match current {
        CurrentSettings::GlobalFlags(flags) => flags.number.is_some() && flags.number == flags.running,
        CurrentSettings::CommandLine(_) => false,
    };
    match same {
        true => "the running kernel has the same flags: no restart is needed",
        false => "written, flushed and read back; it takes effect after a restart",
    }
}

/// Returns the command that undoes an edit on the machine at `place`.
pub(super) fn back(edit: &Edit, place: &str) -> String {
    let words = match edit {
        Edit::Exactly(FlagValue::Absent) => "--remove".to_owned(),
        Edit::Exactly(FlagValue::Present(value)) => match value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':')
        {
            true => format!("--set {value}"),
            false => format!("--set {value:?}"),
        },
        Edit::Parameters { added, dropped } => {
            let words = added.iter().map(|parameter| format!("+{parameter}"));
            words.chain(dropped.iter().map(|parameter| format!("-{parameter}"))).collect::<Vec<_>>().join(" ")
        }
        Edit::Switched(switches) => format!("-{:08x} +{:08x}", switches.off, switches.on),
    };
    format!("poolgate flags /r {words}{place}")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::machine::{BootSettings, RequestedSetting};

    /// A setting that fails in various ways.
    struct Troubled {
        value: Option<String>,
        /// The number of writes that succeed. Later ones are refused, as without administrator rights.
        writes: u32,
        /// The number of flushes that fail after the value was changed.
        unflushed: u32,
        /// Whether written values are lost at once.
        forgets: bool,
    }

    impl Default for Troubled {
        fn default() -> Troubled {
            Troubled { value: None, writes: u32::MAX, unflushed: 0, forgets: false }
        }
    }

    impl BootSettings for Troubled {
        fn plan(&mut self, _: &[RequestedSetting]) -> Result<Vec<SettingChange>, MachineError> {
            Err(MachineError::NotElevated("do it"))
        }

        fn in_force(&mut self, _: &[RequestedSetting]) -> Result<bool, MachineError> {
            Err(MachineError::NotElevated("do it"))
        }

        fn read(&self, _: &str) -> Result<FlagValue, MachineError> {
            Ok(self.value.clone().map_or(FlagValue::Absent, FlagValue::Present))
        }

        fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError> {
            if self.writes == 0 {
                let source = io::ErrorKind::PermissionDenied.into();
                return Err(MachineError::registry("change", name.to_owned(), source));
            }
            self.writes -= 1;
            if !self.forgets {
                self.value = match value {
                    FlagValue::Absent => None,
                    FlagValue::Present(text) => Some(text.clone()),
                };
            }
            Ok(())
        }

        fn flush(&mut self) -> Result<(), MachineError> {
            if self.unflushed == 0 {
                return Ok(());
            }
            self.unflushed -= 1;
            Err(MachineError::NotElevated("flush"))
        }
    }

    impl ByHand for Troubled {
        fn current_settings(&mut self) -> Result<CurrentSettings, MachineError> {
            Err(MachineError::NotElevated("do it"))
        }

        fn edit(&mut self, _: &Edit) -> Result<Option<Edited>, MachineError> {
            Err(MachineError::NotElevated("do it"))
        }
    }

    fn change() -> SettingChange {
        let wanted = FlagValue::Present("dword:00000400".to_owned());
        SettingChange { name: "GlobalFlag".to_owned(), original: FlagValue::Absent, wanted }
    }

    #[test]
    fn a_failed_write_leaves_the_old_value() {
        for (mut machine, says) in [
            (
                Troubled { writes: 0, ..Troubled::default() },
                "cannot change GlobalFlag: permission denied; nothing was changed",
            ),
            (
                Troubled { unflushed: 1, ..Troubled::default() },
                "only an administrator can flush; the previous value was restored",
            ),
            (
                Troubled { unflushed: 2, ..Troubled::default() },
                "; GlobalFlag has its previous value, but only an administrator can flush",
            ),
            (
                Troubled { forgets: true, ..Troubled::default() },
                "GlobalFlag was written, but is absent rather than \"dword:00000400\"; nothing was changed",
            ),
        ] {
            let Err(refused) = write(&mut machine, &change()) else { panic!("{says}") };
            assert!(refused.failure.message.ends_with(says), "{}", refused.failure.message);
            assert_eq!((refused.exit, machine.value), (Exit::Failed, None), "{says}");
        }
        let Err(refused) = write(&mut Troubled { writes: 0, ..Troubled::default() }, &change()) else { panic!() };
        assert!(refused.failure.help.is_some_and(|help| help.contains("Run as administrator")));
    }

    #[test]
    fn failed_restores_are_reported_too() {
        let mut machine = Troubled { writes: 1, unflushed: 1, ..Troubled::default() };
        let Err(refused) = write(&mut machine, &change()) else { panic!() };
        let left = "; the previous value could not be restored: GlobalFlag was absent";
        assert!(refused.failure.message.ends_with(left), "{}", refused.failure.message);
    }
}
