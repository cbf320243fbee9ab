//! A job object: a command's processes, all of them, however they were started, as one thing that can be listed and ended.
//!
//! A process which is taken in stays in, and so does whatever it starts; no limit here lets one break away. The last
//! handle of a job is ours, so the kernel ends the job when poolgate is gone, however it went. The crates for job objects
//! (win32job) neither end a job nor name what runs in it, so the calls are our own. Nested jobs need Windows 8.

#![allow(unsafe_code, reason = "job objects have no safe interface")]

mod process;

use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, HANDLE};
use windows_sys::Win32::System::Diagnostics::Debug::{SEM_FAILCRITICALERRORS, SetErrorMode};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicProcessIdList,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED, GetCurrentProcess, PROCESS_SET_QUOTA, PROCESS_TERMINATE,
};

use process::{from_wide, open, owned, program, resume, succeeded};

/// Start a process with this flag if [`Job::take_in`] is to follow: it stands still until then.
pub const STANDING_STILL: u32 = CREATE_SUSPENDED;
/// Start a process with this flag to keep Ctrl-C at the console from it and from what it starts.
pub const WITHOUT_CTRL_C: u32 = CREATE_NEW_PROCESS_GROUP;

/// The exit code of processes which are ended here; nobody judges by it.
const ENDED: u32 = 0x0070_6f6f;
/// How many processes of a job are looked at, at once.
const LOOKED_AT: usize = 1024;

/// The job around this process. Dropped, it would end this process too.
static OWN: OnceLock<Result<Job, String>> = OnceLock::new();

/// A job object. Dropped, it ends what is in it.
#[derive(Debug)]
pub struct Job(OwnedHandle);

/// What JobObjectBasicProcessIdList answers.
#[repr(C)]
struct Ids {
    assigned: u32,
    listed: u32,
    ids: [usize; LOOKED_AT],
}

impl Job {
    /// An empty job. A process in it which crashes ends at once, instead of waiting for somebody to dismiss a dialog.
    ///
    /// # Errors
    /// When the system is out of memory.
    pub fn new() -> io::Result<Job> {
        // SAFETY: both pointers may be null; the handle is ours alone, and no child inherits it.
        let job = Job(owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?);
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        // SAFETY: the class takes exactly this structure, which is read during the call only.
        let set = unsafe {
            SetInformationJobObject(
                job.raw(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
            )
        };
        succeeded(set)?;
        Ok(job)
    }

    /// Takes this process in, and with it whatever it starts from now on, until it ends. A process which stands still in no
    /// other job yet would otherwise outlive a poolgate which is killed just then, with what it inherited: the pipe where
    /// a CI agent reads poolgate's output, say, which would never end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn around_this_process() -> io::Result<()> {
        let own = OWN.get_or_init(|| {
            let job = Job::new().map_err(|error| error.to_string())?;
            // SAFETY: the job's handle is open; that of this process is a constant.
            let taken_in = succeeded(unsafe { AssignProcessToJobObject(job.raw(), GetCurrentProcess()) });
            taken_in.map(|()| job).map_err(|error| error.to_string())
        });
        own.as_ref().map(|_| ()).map_err(|because| io::Error::other(format!("cannot have a job of its own: {because}")))
    }

    /// The other programs in the job [around this process](Job::around_this_process), each with its process id. Those in
    /// jobs of their own are among them.
    ///
    /// # Errors
    /// When the job cannot be asked.
    pub fn beside_this_process() -> io::Result<Vec<(PathBuf, u32)>> {
        let Some(Ok(own)) = OWN.get() else { return Ok(Vec::new()) };
        let mut running = own.running()?;
        running.retain(|(_, id)| *id != std::process::id());
        Ok(running)
    }

    /// Takes in a process which was started [standing still](STANDING_STILL), and lets it go. The caller must hold a
    /// handle of it, so that its id still means it.
    ///
    /// # Errors
    /// When the system refuses; the process then still stands.
    pub fn take_in(&self, process: u32) -> io::Result<()> {
        let opened = open(process, PROCESS_SET_QUOTA | PROCESS_TERMINATE)?;
        // SAFETY: both handles are open.
        succeeded(unsafe { AssignProcessToJobObject(self.raw(), opened.as_raw_handle()) })?;
        resume(process)
    }

    /// The programs which run in the job, each with its process id.
    ///
    /// # Errors
    /// When the job cannot be asked.
    pub fn running(&self) -> io::Result<Vec<(PathBuf, u32)>> {
        Ok(self.ids()?.into_iter().filter_map(|id| Some((program(id)?, id))).collect())
    }

    /// Ends every process of the job, and waits until they are gone, for as long as `patience`. One that hangs in a driver
    /// stays longer: ask what is [still running](Job::running).
    ///
    /// # Errors
    /// When the job cannot be asked, or is not ours.
    pub fn end(&self, patience: Duration) -> io::Result<()> {
        let begun = Instant::now();
        // Again and again, as a process may have been about to start another.
        while !self.running()?.is_empty() && begun.elapsed() < patience {
            self.terminate()?;
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Ends every process of the job; they take a moment to be gone.
    ///
    /// # Errors
    /// When the job is not ours.
    pub fn terminate(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        succeeded(unsafe { TerminateJobObject(self.raw(), ENDED) })
    }

    /// The ids of processes in the job, the first of them if there are very many.
    fn ids(&self) -> io::Result<Vec<u32>> {
        let mut answer = Ids { assigned: 0, listed: 0, ids: [0; LOOKED_AT] };
        // SAFETY: the structure is laid out as JOBOBJECT_BASIC_PROCESS_ID_LIST with a longer array, and its size is told.
        let asked = unsafe {
            QueryInformationJobObject(
                self.raw(),
                JobObjectBasicProcessIdList,
                (&raw mut answer).cast(),
                size_of::<Ids>() as u32,
                ptr::null_mut(),
            )
        };
        match succeeded(asked) {
            Err(error) if error.raw_os_error() != Some(ERROR_MORE_DATA as i32) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listed = answer.ids.iter().take(answer.listed as usize);
        Ok(listed.map(|&id| id as u32).collect())
    }

    fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// Keeps programs started from now on from asking somebody at the screen what to do about a missing DLL or an empty drive.
pub fn ask_nobody() {
    // SAFETY: sets a mode of this process, which children inherit.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS) };
}

/// Where the system's own programs lie, from the system itself: an environment variable may say anything.
///
/// # Errors
/// Never, on a Windows which runs.
pub fn system_folder() -> io::Result<PathBuf> {
    // MAX_PATH is the most the system answers here.
    let mut path = [0_u16; 260];
    // SAFETY: the buffer is as long as is said.
    match unsafe { GetSystemDirectoryW(path.as_mut_ptr(), path.len() as u32) } as usize {
        length if (1..path.len()).contains(&length) => Ok(PathBuf::from(from_wide(&path[..length]))),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::windows::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use windows_sys::Win32::System::JobObjects::IsProcessInJob;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// A shell and what it starts, one of them detached, all of which run for a quarter of an hour.
    fn busy(job: &Job) -> Child {
        let mut shell = Command::new(system_folder().unwrap().join("cmd.exe"));
        shell.args(["/d", "/s", "/c"]).raw_arg("\"start \"\" /b ping -n 900 127.0.0.1 & ping -n 900 127.0.0.1\"");
        shell.stdin(Stdio::null()).stdout(Stdio::null()).creation_flags(STANDING_STILL);
        let shell = shell.spawn().unwrap();
        job.take_in(shell.id()).unwrap();
        let is_ping = |program: &PathBuf| program.file_name().is_some_and(|name| name.eq_ignore_ascii_case("ping.exe"));
        let pings = || job.running().unwrap().iter().filter(|(program, _)| is_ping(program)).count();
        let begun = Instant::now();
        while pings() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(300), "{:?}", job.running());
            std::thread::park_timeout(Duration::from_millis(10));
        }
        shell
    }

    #[test]
    fn whatever_a_process_starts_is_ended_with_it() {
        let job = Job::new().unwrap();
        assert_eq!(job.running().unwrap(), []);
        let mut shell = busy(&job);
        job.end(PATIENCE).unwrap();
        assert_eq!(job.running().unwrap(), []);
        assert_eq!(shell.wait().unwrap().code(), Some(ENDED as i32));
    }

    #[test]
    fn a_job_which_is_dropped_takes_its_processes_along() {
        let (dropped, other) = (Job::new().unwrap(), Job::new().unwrap());
        let (mut ended, mut goes_on) = (busy(&dropped), busy(&other));
        drop(dropped);
        ended.wait().unwrap();
        assert!(other.running().unwrap().len() >= 3);
        other.end(PATIENCE).unwrap();
        goes_on.wait().unwrap();
    }

    #[test]
    fn a_process_which_stands_still_is_in_the_job_of_the_one_which_started_it() {
        Job::around_this_process().unwrap();
        let mut shell = Command::new(system_folder().unwrap().join("cmd.exe"));
        let mut shell = shell.creation_flags(STANDING_STILL).spawn().unwrap();
        let mut within = 0;
        // SAFETY: both handles are open; without a job the question is whether it is in any.
        succeeded(unsafe { IsProcessInJob(shell.as_raw_handle(), ptr::null_mut(), &raw mut within) }).unwrap();
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(within, 1);
    }

    #[test]
    fn a_process_which_stands_still_does_nothing_until_it_is_taken_in() {
        let folder = tempfile::tempdir().unwrap();
        let sign = folder.path().join("sign");
        let mut shell = Command::new(system_folder().unwrap().join("cmd.exe"));
        shell.args(["/d", "/c"]).raw_arg("type nul > sign").current_dir(folder.path()).creation_flags(STANDING_STILL);
        let mut shell = shell.spawn().unwrap();
        std::thread::park_timeout(Duration::from_millis(300));
        assert!(!sign.exists() && shell.try_wait().unwrap().is_none());
        let job = Job::new().unwrap();
        job.take_in(shell.id()).unwrap();
        assert!(shell.wait().unwrap().success() && sign.exists());
    }
}
