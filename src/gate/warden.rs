//! The second task of a program that runs scenarios: on Unix, it is started again as the warden of each command.

use std::io;

/// If this process was started as the warden of a command, guards the command to its end and returns the result. The
/// program must then end. Otherwise returns `None` at once. Call it first in `main`.
pub fn serve_as_warden() -> Option<io::Result<()>> {
    #[cfg(unix)]
    return unix::serve();
    #[cfg(windows)]
    None
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::io;
    use std::path::PathBuf;
    use std::time::Duration;

    use crate::run::process::warden;

    pub(super) fn serve() -> Option<io::Result<()>> {
        let mut words = std::env::args_os().skip(1);
        words.next().filter(|word| word == "warden")?;
        let by_hand = || io::Error::other("`poolgate warden` is an internal command; do not run it by hand");
        Some(guard(words).unwrap_or_else(|| Err(by_hand())))
    }

    /// Parses `--patience MILLISECONDS [--cgroup FOLDER] -- LINE`, and guards the line.
    fn guard(mut words: impl Iterator<Item = OsString>) -> Option<io::Result<()>> {
        let (mut patience, mut cgroup) = (None, None);
        loop {
            match words.next()?.to_str()? {
                "--patience" => patience = Some(Duration::from_millis(words.next()?.to_str()?.parse().ok()?)),
                "--cgroup" => cgroup = Some(PathBuf::from(words.next()?)),
                "--" => break,
                _ => return None,
            }
        }
        let line = words.next()?.into_string().ok()?;
        Some(warden::guard(&line, cgroup.as_deref(), patience?))
    }
}
