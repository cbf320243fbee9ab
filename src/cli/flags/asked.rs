//! Parses the words of a command line as requested changes, and suggests the right command for words that request none.

use super::FlagsError;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::gflags::{FlagScope, POOL_TAGGING, Switch, SwitchError, Switches};
use crate::machine::{Edit, MachineError};

/// Parses global flags to switch in the registry for the next boot.
pub(super) fn switches(words: &[String]) -> Result<Edit, FlagsError> {
    let mut switches = Switches::default();
    for word in words {
        if let Some((what, help)) = for_another_tool(word) {
            return Err(FlagsError::usage(what, help));
        }
        let switch = word.parse::<Switch>().and_then(|switch| switch.within(FlagScope::Registry));
        switches = switches.then(switch.map_err(|error| bad_switch(&error))?);
    }
    Ok(Edit::Switched(switches))
}

fn bad_switch(error: &SwitchError) -> FlagsError {
    FlagsError { exit: Exit::Usage, failure: Failure::from_error(error) }
}

/// Parses parameters to add to or remove from the kernel command line. If a parameter is
/// given several times, the last word counts.
pub(super) fn parameters(words: &[String]) -> Result<Edit, FlagsError> {
    let (mut added, mut dropped) = (Vec::new(), Vec::new());
    for word in words {
        let (to, from, name) = match word.split_at_checked(1) {
            Some(("+", name)) => (&mut added, &mut dropped, name),
            Some(("-", name)) => (&mut dropped, &mut added, name),
            _ => {
                let help =
                    format!("write `+{word}` to add it to the next boot's command line, or `-{word}` to remove it");
                return Err(FlagsError::usage(
                    format_args!("the kernel parameter `{word}` without + or - does nothing"),
                    help,
                ));
            }
        };
        // The kernel does not know it, and would pass it to init.
        if word.parse::<Switch>().is_ok() {
            return Err(MachineError::OnlyOnWindows(format!("global flag {word}")).into());
        }
        from.retain(|other| other != name);
        if !to.iter().any(|other| other == name) {
            to.push(name.to_owned());
        }
    }
    Ok(Edit::Parameters { added, dropped })
}

/// Returns the reason why flags of the running kernel are not switched, with commands that would put the change into
/// force.
pub(super) fn not_in_the_running_kernel(words: &[String], has_registry: bool) -> FlagsError {
    let all = words.join(" ");
    if !has_registry {
        if let Err(refused) = parameters(words) {
            return refused;
        }
        let help = format!("change the next boot's command line with `poolgate flags /r {all}`, and restart");
        return FlagsError::usage("the running kernel's command line cannot be changed, only shown", help);
    }
    let mut kernel_only = false;
    for word in words {
        if let Some((what, help)) = for_another_tool(word) {
            return FlagsError::usage(what, help);
        }
        match word.parse::<Switch>().and_then(|switch| switch.within(FlagScope::Kernel)) {
            Ok(switch) => kernel_only |= switch.within(FlagScope::Registry).is_err(),
            Err(error) => return bad_switch(&error),
        }
    }
    let now = format!("switch them with gflags.exe, until the next boot: `gflags /k {all}`");
    let help = match kernel_only {
        true => now,
        false => format!("switch them for the next boot, and restart: `poolgate flags /r {all}`; or {now}"),
    };
    FlagsError::usage("poolgate shows the running kernel's flags, but does not switch them", help)
}

/// Recognises words that gflags.exe accepts and poolgate does not. Returns the reason, and the tool to use instead.
fn for_another_tool(word: &str) -> Option<(String, String)> {
    let name = word.trim_start_matches(['/', '-', '+']).to_lowercase();
    let switch = word.starts_with(['/', '-']);
    let (what, help) = match name.as_str() {
        "i" | "tracedb" if switch => {
            ("is for the flags of one program", "switch them with gflags.exe: `gflags /i IMAGE +hpa`")
        }
        "p" if switch => ("is for the page heap of one program", "use `gflags /p`, or Application Verifier"),
        "ro" | "ko" if switch => ("is for object reference tracing", "use gflags.exe for it"),
        "spp" => (
            "is for special pool",
            "use Driver Verifier for the driver: `verifier: { drivers: [mydrv.sys], level: 0x1 }` in a scenario; or \
                 use gflags.exe",
        ),
        "lpg" => ("is for one program", "switch it with gflags.exe: `gflags /i IMAGE +lpg`"),
        _ if word.starts_with('/') => (
            "is not an option",
            "write `/r` for the next boot's flags or `/k` for the running kernel's; `poolgate flags /?` shows the help",
        ),
        _ => return None,
    };
    Some((format!("`{word}` {what}; `poolgate flags` does not change it"), help.to_owned()))
}

/// Removes the flag for pool tagging if it makes no difference, and returns a note about it. The flag can still be
/// cleared if it is set in the `stored` value.
pub(super) fn without_pool_tagging(switches: Switches, stored: Option<u32>) -> (Switches, Option<&'static str>) {
    const PERMANENT: &str = "pool tagging is permanently on since Windows Server 2003, and this kernel counts tags";
    let is_stored = stored.is_some_and(|stored| stored & POOL_TAGGING != 0);
    let all = (switches.on | switches.off) == u32::MAX;
    if switches.on & POOL_TAGGING != 0 {
        (Switches { on: switches.on & !POOL_TAGGING, ..switches }, Some(PERMANENT))
    } else if switches.off & POOL_TAGGING != 0 && !all {
        let off = if is_stored { switches.off } else { switches.off & !POOL_TAGGING };
        (Switches { off, ..switches }, Some(PERMANENT))
    } else {
        (switches, None)
    }
}
