//! Errors of a text that should switch global flags, with advice.

use miette::Diagnostic;

use super::{FlagScope, GlobalFlag};

/// Why a text switches no flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum SwitchError {
    /// An abbreviation without + or -.
    #[error("the global flag `{0}` without + or - does nothing")]
    #[diagnostic(help("write `+{0}` to set it ({}), or `-{0}` to clear it", .0.meaning))]
    Unsigned(&'static GlobalFlag),
    /// Neither an abbreviation nor hexadecimal digits.
    #[error("there is no global flag `{name}`")]
    #[diagnostic(help("{}", suggestion(*sign, name)))]
    Unknown {
        /// The sign before the name.
        sign: char,
        /// The text in place of a flag.
        name: String,
    },
    /// No bit at all.
    #[error("0 is not a global flag")]
    #[diagnostic(help("write the flag's bit, such as `+2000`; `-ffffffff` clears all flags"))]
    Nothing,
    /// More digits than a flag has.
    #[error("global flags are a 32-bit number, and this one has more bits")]
    #[diagnostic(help("write at most eight hexadecimal digits, such as `+02000000`"))]
    TooLarge,
    /// A flag that cannot be set in this scope.
    #[error("the global flag `{flag}` ({}) cannot be set {}", flag.meaning, place(*scope))]
    #[diagnostic(help("{}", alternative(flag, *scope)))]
    Elsewhere {
        /// The flag.
        flag: &'static GlobalFlag,
        /// The requested scope.
        scope: FlagScope,
    },
}

/// Suggests the flags that `name` may be meant for.
fn suggestion(sign: char, name: &str) -> String {
    let like = GlobalFlag::like(name).into_iter().map(|flag| format!("`{sign}{flag}` ({})", flag.meaning));
    match like.collect::<Vec<_>>().as_slice() {
        [] => {
            "write an abbreviation of Microsoft's \"GFlags Flag Table\", such as `+kst`, or hexadecimal digits, such \
               as `+2000`"
                .to_owned()
        }
        like => format!("did you mean {}?", like.join(" or ")),
    }
}

/// Names the program that switches the flag, if `scope` cannot hold it.
fn alternative(flag: &GlobalFlag, scope: FlagScope) -> String {
    if scope != FlagScope::Registry && flag.is_for(FlagScope::Registry) {
        format!("switch it for the next boot with `poolgate flags /r +{flag}`, and restart")
    } else if flag.is_for(FlagScope::Kernel) {
        format!("it lasts until a restart: leave it out here, and switch it with `gflags /k +{flag}`")
    } else {
        format!("it is for one program: leave it out here, and switch it with `gflags /i IMAGE +{flag}`")
    }
}

fn place(scope: FlagScope) -> &'static str {
    match scope {
        FlagScope::Registry => "in the registry, for the next boot",
        FlagScope::Kernel => "in the running kernel",
        FlagScope::Image => "for an image file",
    }
}
