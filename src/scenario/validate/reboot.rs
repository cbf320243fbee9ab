//! Checks `after_panic`, and adds its `panic=` to the kernel parameters.

use crate::scenario::mistake::MistakeText;
use crate::scenario::place::{DocumentPath, PathMistake};
use crate::scenario::quantity::Duration;
use crate::scenario::types::{Reboot, ScenarioFlags};

/// The longest useful time. The machine does nothing until it is over.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Returns the mistake in `after_panic`, if there is one.
pub(super) fn after_panic(reboot: Option<&Reboot>, flags: Option<&ScenarioFlags>) -> Option<PathMistake> {
    let after = reboot?.after_panic?;
    let wrong = |message: String, label: &str, help: String| {
        Some(DocumentPath::new("reboot").key("after_panic").is(MistakeText::new(message, label.to_owned(), help)))
    };
    let parameters = flags.map_or(&[][..], |flags| &flags.kernel_cmdline);
    if parameters.is_empty() {
        let message = "`after_panic` needs a kernel booted with parameters, but `flags` has no `kernel_cmdline`";
        let help = "remove `after_panic`, or give the parameters, such as `flags: { kernel_cmdline: [slab_nomerge] }`";
        return wrong(message.to_owned(), "no parameters", help.to_owned());
    }
    if let Some(given) = parameters.iter().find(|parameter| parameter.starts_with("panic=")) {
        let message = format!("`after_panic` and the parameter `{given}` both set the restart after a panic");
        return wrong(message, "twice", "keep one of the two".to_owned());
    }
    let whole = after.as_std().subsec_nanos() == 0;
    if !whole || after < Duration::from_secs(1) || after > LONGEST {
        let help = format!("write whole seconds from 1 s to {LONGEST}, such as 30 s");
        return wrong(format!("a kernel cannot restart {after} after a panic"), "not whole seconds, or too long", help);
    }
    None
}

/// Returns the flags with the parameter for `after_panic`.
pub(super) fn with_panic(mut flags: Option<ScenarioFlags>, reboot: Option<&Reboot>) -> Option<ScenarioFlags> {
    if let (Some(flags), Some(after)) = (&mut flags, reboot.and_then(|reboot| reboot.after_panic)) {
        flags.kernel_cmdline.push(format!("panic={}", after.as_std().as_secs()));
    }
    flags
}
