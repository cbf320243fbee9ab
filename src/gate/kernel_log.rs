//! kernel.log contains the messages of the kernel since the run began. It is kept in the run's folder, and its contents
//! in the recording.
//!
//! The first line of the file holds the number of the run's first message, and the boot. So a later process of the run
//! in the same boot reads from there, and never attributes messages of another boot, or from before the run, to the
//! run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::counted::counted;
use crate::machine::native;
use crate::plain::plain;
use crate::record::{KernelReport, replace};

/// The limit on message bytes that the recording keeps. The newest are kept.
const KEPT: usize = 4 << 20;
/// Longer than 5 s, because kmemleak reports no younger object.
const YOUNG: Duration = Duration::from_secs(6);

/// The kernel's log during a run.
pub(super) struct KernelLog {
    root: PathBuf,
    file: PathBuf,
    boot: String,
    /// The number of the run's first message, or the reason why it is unknown.
    from: Result<u64, String>,
    kmemleak: Result<Option<native::Kmemleak>, String>,
}

impl KernelLog {
    /// Notes the current end of the kernel's log, before the run does anything on the machine. `root` is the folder of
    /// the kernel files.
    pub(super) fn begin(root: &Path, file: PathBuf, boot: &str) -> KernelLog {
        let from =
            begun(&file, boot).map_or_else(|| native::kernel_log_position(root).map_err(|error| error.to_string()), Ok);
        let kmemleak = native::Kmemleak::begin(root).map_err(|error| error.to_string());
        let log = KernelLog { root: root.to_owned(), file, boot: boot.to_owned(), from, kmemleak };
        // If this fails, a later process of the run reads no messages, and reports that.
        let _ = log.write(&KernelReport::default());
        log
    }

    /// Continues the log that an earlier process of the run began. Returns `None` if there is none of this boot.
    pub(super) fn begun_before(root: &Path, file: PathBuf, boot: &str) -> Option<KernelLog> {
        let from = begun(&file, boot)?;
        Some(KernelLog { root: root.to_owned(), file, boot: boot.to_owned(), from: Ok(from), kmemleak: Ok(None) })
    }

    /// Reads the messages since the run began, and writes kernel.log.
    pub(super) async fn read(&self) -> KernelReport {
        let mut report = KernelReport::default();
        match self
            .from
            .clone()
            .and_then(|from| native::kernel_messages(&self.root, from).map_err(|error| error.to_string()))
        {
            Ok(messages) => (report.lines, report.lost) = (messages.lines, messages.lost),
            Err(why) => report.unread.push(why),
        }
        match &self.kmemleak {
            Ok(None) => {}
            Ok(Some(kmemleak)) => {
                tokio::time::sleep(YOUNG).await;
                match kmemleak.new_reports() {
                    Ok(lines) => report.kmemleak = lines,
                    Err(error) => report.unread.push(error.to_string()),
                }
            }
            Err(why) => report.unread.push(why.clone()),
        }
        if let Err(error) = self.write(&report) {
            report.unread.push(format!("kernel.log cannot be written: {error}"));
        }
        report.lost += bound(&mut report.lines);
        report
    }

    fn write(&self, report: &KernelReport) -> std::io::Result<()> {
        let Ok(from) = &self.from else { return Ok(()) };
        let mut text = first_line(&self.boot, *from) + "\n";
        if report.lost > 0 {
            let lost = counted(
                report.lost,
                "message was overwritten before it was read",
                "messages were overwritten before they were read",
            );
            text.push_str(&format!("# {lost}\n"));
        }
        for line in report.lines.iter().chain(&report.kmemleak) {
            text.push_str(&plain(line));
            text.push('\n');
        }
        replace(&self.file, text.as_bytes())
    }
}

const FIRST_WORDS: &str = "# messages of the kernel in boot ";
const FROM: &str = ", from number ";

fn first_line(boot: &str, from: u64) -> String {
    format!("{FIRST_WORDS}{boot}{FROM}{from}")
}

/// Returns the number of the first message that an earlier process of the run noted in this boot.
fn begun(file: &Path, boot: &str) -> Option<u64> {
    let text = fs_err::read_to_string(file).ok()?;
    let (found, from) = text.lines().next()?.strip_prefix(FIRST_WORDS)?.rsplit_once(FROM)?;
    (found == boot).then(|| from.parse().ok()).flatten()
}

/// Removes the oldest lines beyond the limit. Returns their number.
fn bound(lines: &mut Vec<String>) -> u64 {
    let mut room = KEPT;
    let kept = lines.iter().rev().take_while(|line| {
        let fits = line.len() <= room;
        room -= line.len().min(room);
        fits
    });
    let left_out = lines.len() - kept.count();
    lines.drain(..left_out);
    left_out as u64
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    const OLD: &str = "6,41,1000000,-;before the run\n";
    const NEW: &str =
        "4,42,2000000,-;kmem_cache_destroy leaky: Slab cache still has objects\n6,43,2000001,-;a\\x1b[2J\u{202e}\n";

    struct Bed(tempfile::TempDir);

    impl Bed {
        fn new() -> Bed {
            let bed = Bed(tempfile::tempdir().unwrap());
            fs_err::create_dir(bed.0.path().join("dev")).unwrap();
            bed
        }

        fn logs(&self, text: &str) {
            fs_err::write(self.0.path().join("dev/kmsg"), text).unwrap();
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("kernel.log")
        }

        fn begin(&self, boot: &str) -> KernelLog {
            KernelLog::begin(self.0.path(), self.file(), boot)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn messages_of_before_the_run_are_not_its_own() {
        let bed = Bed::new();
        bed.logs(OLD);
        let log = bed.begin("boot-1");
        bed.logs(&format!("{OLD}{NEW}"));
        let report = log.read().await;
        assert_eq!(report.lines.len(), 2);
        assert_eq!((report.lost, report.unread.as_slice()), (0, [].as_slice()));
        let text = fs_err::read_to_string(bed.file()).unwrap();
        let lines = [
            "# messages of the kernel in boot boot-1, from number 42",
            "[    2.000000] kmem_cache_destroy leaky: Slab cache still has objects",
            "[    2.000001] a\\x1b[2J\\u{202e}",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_process_reads_on_from_the_start_of_the_run_in_this_boot() {
        let bed = Bed::new();
        bed.logs(OLD);
        drop(bed.begin("boot-1"));
        bed.logs(&format!("{OLD}{NEW}"));
        let later = KernelLog::begun_before(bed.0.path(), bed.file(), "boot-1").unwrap();
        assert_eq!(later.read().await.lines.len(), 2);
        assert_eq!(bed.begin("boot-1").read().await.lines.len(), 2, "measured again");
        assert!(KernelLog::begun_before(bed.0.path(), bed.file(), "boot-2").is_none());
        assert_eq!(bed.begin("boot-2").read().await.lines.len(), 0, "another boot begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn unreadable_sources_are_reported() {
        let bed = Bed::new();
        let report = bed.begin("boot-1").read().await;
        assert!(report.unread[0].contains("dev/kmsg"), "{report:?}");
        assert!(!bed.file().exists());
    }

    #[tokio::test(start_paused = true)]
    async fn kmemleak_is_scanned_after_its_objects_are_old_enough() {
        let bed = Bed::new();
        bed.logs(OLD);
        let kmemleak = bed.0.path().join("sys/kernel/debug/kmemleak");
        fs_err::create_dir_all(kmemleak.parent().unwrap()).unwrap();
        fs_err::write(&kmemleak, "    \n").unwrap();
        let log = bed.begin("boot-1");
        fs_err::write(&kmemleak, "    \nunreferenced object 0xff (size 8):\n  comm \"sh\"\n").unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(log.read().await.kmemleak, ["unreferenced object 0xff (size 8):", "  comm \"sh\""]);
        assert!(began.elapsed() >= YOUNG);
        assert!(fs_err::read_to_string(bed.file()).unwrap().contains("unreferenced object 0xff"));
    }

    #[test]
    fn the_oldest_messages_are_left_out_first() {
        let mut lines = vec!["x".repeat(KEPT), "y".to_owned(), "z".to_owned()];
        assert_eq!(bound(&mut lines), 1);
        assert_eq!(lines, ["y", "z"]);
    }
}
