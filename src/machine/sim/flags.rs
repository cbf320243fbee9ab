//! The simulated machine's flags: GlobalFlag in a registry, as an old Windows has it.

use super::{Home, KernelState, Simulated};
use crate::machine::{Asked, Change, FlagValue, Flags, MachineError};

/// The registry value, and the bit in it which switches pool tagging on.
const GLOBAL_FLAG: &str = "GlobalFlag";
const POOL_TAGGING: u32 = 0x400;

impl<H: Home> Flags for Simulated<H> {
    fn plan(&mut self, asked: &[Asked]) -> Result<Vec<Change>, MachineError> {
        let state = self.0.read()?;
        let bits = asked.iter().try_fold(0, |bits, asked| Ok(bits | bit(asked, &state)?))?;
        if bits == 0 || booted_with(&state) & bits == bits {
            return Ok(Vec::new());
        }
        let original = Flags::read(self, GLOBAL_FLAG)?;
        let now = match &original {
            FlagValue::Absent => 0,
            FlagValue::Present(text) => dword(text),
        };
        let wanted = FlagValue::Present(format!("dword:{:08x}", now | bits));
        Ok(vec![Change { name: GLOBAL_FLAG.to_owned(), original, wanted }])
    }

    fn in_force(&mut self, asked: &[Asked]) -> Result<bool, MachineError> {
        let state = self.0.read()?;
        let bits = asked.iter().try_fold(0, |bits, asked| Ok::<_, MachineError>(bits | bit(asked, &state)?))?;
        Ok(booted_with(&state) & bits == bits)
    }

    fn read(&self, name: &str) -> Result<FlagValue, MachineError> {
        Ok(self.0.read()?.settings.flag(name).map_or(FlagValue::Absent, FlagValue::Present))
    }

    fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError> {
        let value = match value {
            FlagValue::Absent => None,
            FlagValue::Present(value) => Some(value.clone()),
        };
        self.0.change(|state| state.settings.set_flag(name, value))
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        self.0.change(|state| state.settings.flush_flags())
    }
}

/// The bit a request stands for; pool tagging only where this kernel has it off otherwise.
fn bit(asked: &Asked, state: &KernelState) -> Result<u32, MachineError> {
    match asked {
        Asked::PoolTagging => Ok(if state.tagging_needs_flag { POOL_TAGGING } else { 0 }),
        Asked::GlobalFlag(_) => Err(MachineError::NotYet("setting GFlags on the simulated machine")),
        Asked::KernelParameter(_) => Err(MachineError::NotYet("a kernel command line on the simulated machine")),
    }
}

fn booted_with(state: &KernelState) -> u32 {
    state.booted_with.get(GLOBAL_FLAG).map_or(0, |text| dword(text))
}

/// A value of another type than ours counts as no bits; it is put back as it was all the same.
fn dword(text: &str) -> u32 {
    text.strip_prefix("dword:").and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

impl KernelState {
    /// Whether pool tags are counted in this boot.
    pub fn tagging(&self) -> bool {
        !self.tagging_needs_flag || booted_with(self) & POOL_TAGGING != 0
    }
}
