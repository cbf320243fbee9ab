//! Simulated objects for a rehearsal: no objects, but the calls that an [`ObjectSource`] receives.

use crate::machine::{MachineError, ObjectSource};
use crate::pool::{Key, Survivors, SymbolNames};

/// Notes its calls. The call with `fails_at` as its text fails.
#[derive(Default)]
pub(super) struct SimulatedObjects {
    pub(super) calls: Vec<String>,
    pub(super) fails_at: Option<&'static str>,
}

impl SimulatedObjects {
    fn call(&mut self, call: String) -> Result<(), MachineError> {
        let fails = self.fails_at == Some(call.as_str());
        self.calls.push(call);
        let refused = || MachineError::NotFollowed { problem: "it was refused".to_owned(), help: None };
        if fails { Err(refused()) } else { Ok(()) }
    }
}

impl ObjectSource for SimulatedObjects {
    fn follow(&mut self, rows: &[Key]) -> Result<(), MachineError> {
        self.call(format!("follow {}", rows[0]))
    }

    fn iteration(&mut self, number: u64) -> Result<(), MachineError> {
        self.call(number.to_string())
    }

    fn survivors(&mut self) -> Result<Option<Survivors>, MachineError> {
        self.call("survivors".to_owned())?;
        let (caches, symbols) = (Vec::new(), SymbolNames::Shown);
        Ok(Some(Survivors { iterations: 0, caches, symbols, missed: None, unwatched: Vec::new() }))
    }
}
