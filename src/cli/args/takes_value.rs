//! Determines whether an option takes a value. poolgate translates the syntax of other programs before clap parses it.

/// Returns whether `word` is an option of `command` that takes the next word as its value.
pub(in crate::cli) fn takes_value(command: &clap::Command, word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    let separate = |option: &clap::Arg| option.get_action().takes_values() && !option.is_require_equals_set();
    command.get_arguments().any(|option| option.get_long() == Some(name) && separate(option))
}
