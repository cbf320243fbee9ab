//! The top of the stack, as far as it is known: what was pushed, and what was put at a distance from it.

use super::Value;

/// Slots which are remembered.
const SLOTS: usize = 16;

#[derive(Default)]
pub(super) struct Stack {
    /// By their distance from where the stack was when nothing was known yet.
    slots: Vec<(i64, Value)>,
    top: i64,
}

impl Stack {
    /// The top is moved; below zero is a push.
    pub(super) fn move_by(&mut self, bytes: i64) {
        self.top = self.top.wrapping_add(bytes);
    }

    /// A value is put so many bytes from the top.
    pub(super) fn put(&mut self, displacement: i64, value: Value) {
        let place = self.top.wrapping_add(displacement);
        self.slots.retain(|(at, _)| *at != place);
        if value != Value::Unknown {
            if self.slots.len() == SLOTS {
                self.slots.remove(0);
            }
            self.slots.push((place, value));
        }
    }

    /// What is so many bytes from the top.
    pub(super) fn at(&self, displacement: i64) -> Value {
        let place = self.top.wrapping_add(displacement);
        self.slots.iter().find(|(at, _)| *at == place).map_or(Value::Unknown, |(_, value)| *value)
    }

    pub(super) fn forget(&mut self) {
        self.slots.clear();
        self.top = 0;
    }
}
