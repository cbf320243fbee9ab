//! Options as clap knows them, for the command lines of other programs, which are translated before clap sees them.

/// Whether `word` is an option of `command` whose value is the next word.
pub(super) fn takes_value(command: &clap::Command, word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    let separate = |option: &clap::Arg| option.get_action().takes_values() && !option.is_require_equals_set();
    command.get_arguments().any(|option| option.get_long() == Some(name) && separate(option))
}
