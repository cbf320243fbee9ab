//! A failure: an error message with advice. Every error type can become one, for a checkpoint, a report or a command.

use std::fmt::Display;

use miette::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An error, and the advice on how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The error.
    pub message: String,
    /// Advice on how to fix it.
    pub help: Option<String>,
    /// The last lines of the failed command.
    #[serde(default)]
    #[schemars(!default)]
    pub output: String,
}

impl Failure {
    /// Makes a failure without advice.
    pub fn new(message: impl Display) -> Failure {
        Failure { message: message.to_string(), help: None, output: String::new() }
    }

    /// Makes a failure with advice.
    pub fn with_help(message: impl Display, help: impl Display) -> Failure {
        Failure { help: Some(help.to_string()), ..Failure::new(message) }
    }

    /// Makes a failure with an error's own message and advice.
    pub fn from_error(error: &dyn Diagnostic) -> Failure {
        Failure { help: help(error), ..Failure::new(error) }
    }

    /// Puts `step`, the step that failed, before the message.
    #[must_use]
    pub fn at(self, step: &str) -> Failure {
        Failure { message: format!("{step}: {}", self.message), ..self }
    }
}

/// Returns the advice of an error, if it has any.
pub fn help(error: &dyn Diagnostic) -> Option<String> {
    error.help().map(|help| help.to_string())
}
