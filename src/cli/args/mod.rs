//! Arguments that several commands share.

pub(super) mod criteria;
pub(super) mod default_rules;
pub(super) mod files;
pub(super) mod recorded_file;
pub(super) mod root;
pub(super) mod tag_lists;
pub(super) mod takes_value;
pub(super) mod which_run;
pub(super) mod wildcards;
