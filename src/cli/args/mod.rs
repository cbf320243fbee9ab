//! Arguments that several commands share.

pub(super) mod criteria;
pub(super) mod files;
pub(super) mod machine;
pub(super) mod option;
pub(super) mod suspects;
pub(super) mod usual;
pub(super) mod which_run;
pub(super) mod wildcards;
