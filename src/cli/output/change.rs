//! Describes a change of a setting: its values before and after, and the global flags that it switches.

use crate::gflags::GlobalFlag;
use crate::machine::SettingChange;

/// Returns a line for the change, followed by a line for each global flag that it switches.
pub(in crate::cli) fn lines(change: &SettingChange) -> Vec<String> {
    let mut lines = vec![format!("{}: {} → {}", change.name, change.original, change.wanted)];
    let Some((before, during)) = change.global_flags() else { return lines };
    let switched = GlobalFlag::set_in(before ^ during).map(|flag| {
        let sign = if during & flag.bit != 0 { '+' } else { '-' };
        format!("{sign}{flag}  {}", flag.meaning)
    });
    lines.extend(switched);
    if before == during {
        lines.push("already in the registry; they take effect at the next boot".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::FlagValue;

    fn change(name: &str, original: &str, wanted: &str) -> SettingChange {
        let value = |text: &str| match text {
            "absent" => FlagValue::Absent,
            text => FlagValue::Present(text.to_owned()),
        };
        SettingChange { name: name.to_owned(), original: value(original), wanted: value(wanted) }
    }

    #[test]
    fn global_flags_are_listed_one_by_one() {
        assert_eq!(
            lines(&change("GlobalFlag", "dword:00001201", "dword:02002200")),
            [
                r#"GlobalFlag: "dword:00001201" → "dword:02002200""#,
                "-soe  stop on exception",
                "-ust  user mode stack trace database",
                "+kst  kernel mode stack trace database",
                "+hpa  page heap",
            ]
        );
        assert_eq!(
            lines(&change("GlobalFlag", "absent", "dword:00000200"))[1..],
            ["+00000200  silent process exit monitoring"]
        );
    }

    #[test]
    fn flags_that_wait_for_a_boot_are_marked() {
        let lines = lines(&change(r"HKLM\x\GlobalFlag", "sz:0x400", "sz:0x400"));
        assert_eq!(lines[1..], ["already in the registry; they take effect at the next boot"]);
    }

    #[test]
    fn any_other_change_is_one_line() {
        assert_eq!(lines(&change("/etc/default/grub", "a=1", "a=2")), [r#"/etc/default/grub: "a=1" → "a=2""#]);
    }
}
