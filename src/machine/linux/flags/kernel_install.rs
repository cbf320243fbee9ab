//! Changes `/etc/kernel/cmdline`. kernel-install makes systemd-boot's entries and unified kernel images from it.
//!
//! Without that file kernel-install uses `/usr/lib/kernel/cmdline`, or else the running kernel's own line without
//! `BOOT_IMAGE=` and `initrd=` (kernel-install(8), 90-loaderentry.install). After a run the
//! running kernel's line still has the run's parameters. If the file were simply removed, the next entry would be made
//! from that line and keep them. So poolgate puts a mark before the parameters that it adds, and makes the entry again
//! without them before it removes the file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

use super::{Setting, command_line, flush_boot, not_made, running};
use crate::machine::MachineError;
use crate::machine::linux::{durable, programs};

/// Precedes the added parameters in a line that poolgate created. The kernel treats a name with a dot as a parameter of
/// a module that is not loaded, and ignores it silently (init/main.c, `unknown_bootoption`).
const MARK: &str = "poolgate.added";

/// Whether kernel-install could make the running kernel's entry again.
pub(super) fn is_ready(root: &Path) -> bool {
    programs::find(root, "kernel-install").is_some() && kernel(root).is_ok()
}

/// Whether systemd-boot started the running kernel. A boot loader stores its name in a firmware variable
/// (systemd.io/BOOT_LOADER_INTERFACE), as UTF-16 after four bytes of attributes.
pub(super) fn booted_this(root: &Path) -> bool {
    let variable = "sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
    let text: Vec<u8> = fs_err::read(root.join(variable)).unwrap_or_default().into_iter().filter(|&b| b != 0).collect();
    text.windows(12).any(|window| window == b"systemd-boot")
}

/// Returns the file's text with `parameters` added: to `original`, or else to the line that kernel-install would use.
pub(super) fn with(root: &Path, original: Option<&str>, parameters: &[&str]) -> Result<String, MachineError> {
    if let Some(original) = original {
        let missing: Vec<_> = parameters.iter().filter(|p| !command_line::has(original, p)).copied().collect();
        return Ok(command_line::with(original, &missing));
    }
    let kept = usual_line(root)?;
    let added: Vec<_> = [MARK].iter().chain(parameters).copied().collect();
    Ok(command_line::with(&kept, &added) + "\n")
}

/// Returns the words that [`with`] added to `original` to get `wanted`.
pub(super) fn added<'a>(original: Option<&str>, wanted: &'a str) -> Vec<&'a str> {
    let kept = original.map_or_else(|| without_added(wanted), str::to_owned);
    command_line::added(&kept, wanted)
}

/// Returns the file's text with `parameter` added; `None` if the text has it.
pub(super) fn more(root: &Path, text: Option<&str>, parameter: &str) -> Result<Option<String>, MachineError> {
    match text {
        Some(text) if command_line::has(text, parameter) => Ok(None),
        text => with(root, text, &[parameter]).map(Some),
    }
}

/// Returns the file's text without `parameter`: `Some(None)` if poolgate created the file and added nothing else,
/// `None` if the file does not have the parameter.
pub(super) fn less(text: &str, parameter: &str) -> Option<Option<String>> {
    let less = command_line::has(text, parameter).then(|| command_line::less(text, parameter))?;
    let ours = command_line::has(&less, MARK) && command_line::with(&without_added(&less), &[MARK]) == less.trim_end();
    Some((!ours).then_some(less))
}

/// Returns the file that puts `parameter` on the command line, if poolgate cannot change that file.
pub(super) fn place_of(root: &Path, parameter: &str) -> Result<Option<PathBuf>, MachineError> {
    if Setting::KernelCmdline.path(root).exists() {
        return Ok(None);
    }
    let usual = root.join("usr/lib/kernel/cmdline");
    let line = durable::text(&usual)?.map_or_else(|| running(root), Ok)?;
    let place = if usual.exists() { usual } else { root.join("proc/cmdline") };
    Ok(command_line::has(&line, parameter).then_some(place))
}

fn without_added(line: &str) -> String {
    command_line::without(line, MARK, &[])
}

/// Returns the command that makes the running kernel's entry.
pub(super) fn add_command(root: &Path) -> Result<(PathBuf, [OsString; 3]), MachineError> {
    let program = programs::find(root, "kernel-install").ok_or_else(|| MachineError::Program {
        program: "kernel-install".into(),
        problem: "it no longer exists".to_owned(),
    })?;
    let (release, kernel) = kernel(root)?;
    Ok((program, ["add".into(), release.into(), kernel.into()]))
}

/// Makes the running kernel's entry again.
pub(super) fn regenerate(root: &Path) -> Result<(), MachineError> {
    let (program, arguments) = add_command(root)?;
    programs::run(root, &program, &arguments.each_ref().map(OsString::as_os_str)).map(drop)
}

/// Removes the file after making the entry without the added parameters. If the file was removed by other means and an
/// entry still has the mark, the entry is made again, too.
pub(super) fn remove(root: &Path, path: &Path) -> Result<(), MachineError> {
    let text = match durable::text(path)? {
        None if configured(root, &[MARK]) == Some(true) => Some(usual_line(root)?),
        text => text,
    };
    if let Some(text) = text {
        durable::replace(path, &(without_added(&text) + "\n"))?;
        regenerate(root).map_err(|error| not_made(path, error))?;
        flush_boot(root)?;
    }
    durable::remove(path)
}

/// Returns the file's line without the added parameters. The entry is made from it before the file is removed.
pub(super) fn line_before_removal(root: &Path, now: Option<&str>) -> Option<String> {
    match now {
        Some(text) => Some(without_added(text)),
        None => usual_line(root).ok().map(|line| without_added(&line)),
    }
}

/// Whether an entry or a unified kernel image has all of `parameters`; `None` if there is none to read.
pub(super) fn configured(root: &Path, parameters: &[&str]) -> Option<bool> {
    let mut lines = made_lines(root).peekable();
    lines.peek()?;
    Some(lines.any(|line| parameters.iter().all(|parameter| command_line::has(&line, parameter))))
}

/// Returns the command lines in boot loader entries and unified kernel images, at all usual mount points of the
/// firmware's partition.
fn made_lines(root: &Path) -> impl Iterator<Item = String> {
    let files = |folder: &'static str, extension: &'static str| {
        let places = ["boot", "boot/efi", "efi"].map(|place| root.join(place).join(folder));
        let found = places.into_iter().flat_map(|place| fs_err::read_dir(place).into_iter().flatten().flatten());
        found.map(|file| file.path()).filter(move |file| file.extension().is_some_and(|found| found == extension))
    };
    let entries = files("loader/entries", "conf").filter_map(|file| fs_err::read_to_string(file).ok());
    let entries = entries.map(|text| {
        let options = text.lines().filter_map(|line| line.trim().strip_prefix("options"));
        options.collect::<Vec<_>>().join(" ")
    });
    let images = files("EFI/Linux", "efi").filter_map(|file| {
        let bytes = fs_err::read(file).ok()?;
        let image = object::read::pe::PeFile64::parse(bytes.as_slice()).ok()?;
        let section = image.section_by_name(".cmdline")?;
        Some(String::from_utf8_lossy(section.data().ok()?).trim_end_matches('\0').to_owned())
    });
    entries.chain(images)
}

/// Returns the line that kernel-install uses if there is no file.
fn usual_line(root: &Path) -> Result<String, MachineError> {
    let line = durable::text(&root.join("usr/lib/kernel/cmdline"))?.map_or_else(|| running(root), Ok)?;
    Ok(command_line::without(&line, MARK, &["BOOT_IMAGE=", "initrd="]))
}

/// Returns the running kernel's release and image.
fn kernel(root: &Path) -> Result<(String, PathBuf), MachineError> {
    let path = root.join("proc/sys/kernel/osrelease");
    let release = durable::text(&path)?.unwrap_or_default().trim().to_owned();
    let images = [
        format!("usr/lib/modules/{release}/vmlinuz"),
        format!("lib/modules/{release}/vmlinuz"),
        format!("boot/vmlinuz-{release}"),
    ];
    match images.iter().map(|image| root.join(image)).find(|image| image.is_file()) {
        Some(image) => Ok((release, image)),
        None => Err(MachineError::Program {
            program: "kernel-install".into(),
            problem: format!("the image of the running kernel {release} is in none of the known folders"),
        }),
    }
}
