//! The shell commands that complete an unfinished restore, only as far as needed.
//!
//! A setting consists of its file and the boot loader's configuration made from it. A file that is correct already gets
//! no command. The program that makes the configuration is run only if the configuration still has the run's
//! parameters, or cannot be read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::undo::{added, undone};
use super::{Setting, grub, grub_once, kernel_install, text};
use crate::machine::linux::programs;
use crate::machine::{FlagValue, SettingChange};

/// Returns the commands. `saved` is a file that holds the original, if there was one.
pub(super) fn commands(root: &Path, change: &SettingChange, now: Option<&FlagValue>, saved: &Path) -> Vec<String> {
    let (Ok(setting), Some(wanted)) = (Setting::named(&change.name), text(&change.wanted)) else { return Vec::new() };
    let original = text(&change.original);
    let file = quoted(setting.path(root));
    if matches!(setting, Setting::GrubNext(_) | Setting::LoaderNext) {
        return next_entry(setting, &file, text(&change.original), change, now);
    }
    let ours = added(setting, original, wanted);
    let untouched = now.is_none_or(|now| *now == change.wanted || *now == change.original);
    let target = match now.map(text) {
        Some(now) if !untouched => undone(setting, original, wanted, now),
        _ => Some(original.map(str::to_owned)),
    };
    let Some(target) = target else {
        let what = if ours.is_empty() { "the entry `poolgate`".to_owned() } else { ours.join(" ") };
        let by_hand = format!("${{EDITOR:-vi}} {file} # take out {what}");
        return [by_hand].into_iter().chain(make(root, setting)).collect();
    };
    let target = target.as_deref();

    let mut commands = Vec::new();
    let is_right = now.map(text) == Some(target);
    if is_right && !is_owed(root, setting, &ours) {
        return commands;
    }
    if setting == Setting::KernelCmdline && target.is_none() {
        // The entry is made without the run's parameters before the file is removed; otherwise it would get those of
        // the running kernel.
        let line = kernel_install::line_before_removal(root, now.and_then(text).or((!is_right).then_some(wanted)));
        commands.extend(line.map(|line| printf(&format!("{line}\n"), &file)));
        commands.extend(make(root, setting));
        commands.push(format!("rm -f {file}"));
        return commands;
    }
    if !is_right {
        commands.push(match target {
            None => format!("rm -f {file}"),
            Some(_) if untouched || matches!(setting, Setting::LoaderEntry(_)) => {
                format!("cp {} {file}", quoted(saved))
            }
            Some(text) if setting == Setting::KernelCmdline => printf(text, &file),
            Some(_) if matches!(setting, Setting::GrubCustom(_)) => grub_once::sed(&file),
            Some(_) => sed(wanted.strip_prefix(original.unwrap_or_default()).unwrap_or(wanted), &ours, &file),
        });
    }
    commands.extend(make(root, setting));
    commands
}

/// Returns the command that unsets the entry to boot next, unless that entry is not poolgate's.
fn next_entry(
    setting: Setting,
    file: &str,
    original: Option<&str>,
    change: &SettingChange,
    now: Option<&FlagValue>,
) -> Vec<String> {
    if now.is_some_and(|now| *now != change.wanted) {
        return Vec::new();
    }
    vec![match (setting, original) {
        (Setting::LoaderNext, entry) => format!("bootctl set-oneshot {}", quoted(entry.unwrap_or_default())),
        (_, None) => format!("grub-editenv {file} unset next_entry"),
        (_, Some(entry)) => format!("grub-editenv {file} set {}", quoted(format!("next_entry={entry}"))),
    }]
}

/// Whether the configuration made from the file may still have the run's parameters.
fn is_owed(root: &Path, setting: Setting, ours: &[&str]) -> bool {
    let configured = match setting {
        Setting::GrubDropIn | Setting::GrubDefault => grub::configured(root, ours),
        Setting::KernelCmdline => kernel_install::configured(root, ours),
        Setting::GrubCustom(_) | Setting::GrubNext(_) | Setting::LoaderEntry(_) | Setting::LoaderNext => Some(false),
    };
    configured != Some(false)
}

/// Returns the command that makes the boot loader's configuration from the file.
fn make(root: &Path, setting: Setting) -> Option<String> {
    let (program, arguments) = match setting {
        Setting::GrubDropIn | Setting::GrubDefault => {
            let usual = || (PathBuf::from("grub-mkconfig"), vec!["-o".into(), root.join("boot/grub/grub.cfg").into()]);
            grub::update_command(root).unwrap_or_else(usual)
        }
        Setting::KernelCmdline => {
            let (program, arguments) = kernel_install::add_command(root).ok()?;
            (program, arguments.to_vec())
        }
        Setting::GrubCustom(_) | Setting::GrubNext(_) | Setting::LoaderEntry(_) | Setting::LoaderNext => return None,
    };
    let name = program.file_name().unwrap_or(program.as_os_str());
    let inside = arguments.iter().map(|argument| match Path::new(argument).strip_prefix(root) {
        Ok(below) if Path::new(argument).is_absolute() => Path::new("/").join(below).into_os_string(),
        _ => argument.clone(),
    });
    let words = std::iter::once(name.to_owned()).chain(inside).map(|word| quoted(&word));
    let command = words.collect::<Vec<_>>().join(" ");
    // The program expects its files below `/`.
    Some(if programs::is_this_machine(root) { command } else { format!("chroot {} {command}", quoted(root)) })
}

/// Returns the command that removes poolgate's lines from an edited GRUB file, or its parameters from its line.
fn sed(block: &str, ours: &[&str], file: &str) -> String {
    let escaped = |text: &str| {
        text.chars().flat_map(|c| ['\\', c].into_iter().skip(usize::from(!r"\.*[]^$|".contains(c)))).collect::<String>()
    };
    let whole = block.lines().filter(|line| !line.is_empty()).map(|line| format!(r"\|^{}$|d", escaped(line)));
    let line = escaped(&grub::assignment(""));
    let line = line.trim_end_matches('"');
    let words = ours.iter().map(|word| format!(r#"\|^{line}|s|\([ ]\){}\([ "]\)|\2|"#, escaped(word)));
    let scripts: Vec<String> = whole.chain(words).map(|script| format!("-e {}", quoted(&script))).collect();
    format!("sed -i {} {file}", scripts.join(" "))
}

fn printf(text: &str, file: &str) -> String {
    match text.strip_suffix('\n') {
        Some(line) => format!("printf '%s\\n' {} > {file}", quoted(line)),
        None => format!("printf %s {} > {file}", quoted(text)),
    }
}

/// Quotes a word for a shell.
fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
