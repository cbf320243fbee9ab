//! The known part of the top of the stack: pushed values, and values stored at a distance from it.

use super::X86Value;

/// The number of slots tracked.
const SLOTS: usize = 16;

#[derive(Default)]
pub(super) struct Stack {
    /// Values by their distance from the initial top of the stack.
    slots: Vec<(i64, X86Value)>,
    top: i64,
}

impl Stack {
    /// Moves the top; negative for a push.
    pub(super) fn move_by(&mut self, bytes: i64) {
        self.top = self.top.wrapping_add(bytes);
    }

    /// Stores a value at `displacement` bytes from the top.
    pub(super) fn put(&mut self, displacement: i64, value: X86Value) {
        let place = self.top.wrapping_add(displacement);
        self.slots.retain(|(at, _)| *at != place);
        if value != X86Value::Unknown {
            if self.slots.len() == SLOTS {
                self.slots.remove(0);
            }
            self.slots.push((place, value));
        }
    }

    /// Returns the value at `displacement` bytes from the top.
    pub(super) fn at(&self, displacement: i64) -> X86Value {
        let place = self.top.wrapping_add(displacement);
        self.slots.iter().find(|(at, _)| *at == place).map_or(X86Value::Unknown, |(_, value)| *value)
    }

    pub(super) fn forget(&mut self) {
        self.slots.clear();
        self.top = 0;
    }
}
