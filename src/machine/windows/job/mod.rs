//! A job object: contains all processes of a command, including their descendants, and can list and end them.
//!
//! A process in a job cannot leave it, and its children join it; no limit here allows a breakaway. poolgate holds the
//! only handle, so the kernel ends the job whenever poolgate exits or crashes. The crate for job objects (win32job) can
//! neither end a job nor list its programs, so this module makes the calls itself. Nested jobs need Windows 8.

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

/// Creation flag of a process that [`JobObject::take_in`] will take in: it stays suspended until then.
pub const STANDING_STILL: u32 = CREATE_SUSPENDED;
/// Creation flag that keeps a console's Ctrl-C from the process and its children.
pub const WITHOUT_CTRL_C: u32 = CREATE_NEW_PROCESS_GROUP;

/// The exit code of ended processes; no code depends on it.
const ENDED: u32 = 0x0070_6f6f;
/// The largest number of processes that one query returns.
const LOOKED_AT: usize = 1024;

/// The job around this process. It is never dropped, because that would end this process.
static OWN: OnceLock<Result<JobObject, String>> = OnceLock::new();

/// A job object. Dropping it ends its processes.
#[derive(Debug)]
pub struct JobObject(OwnedHandle);

/// The result of JobObjectBasicProcessIdList.
#[repr(C)]
struct Ids {
    assigned: u32,
    listed: u32,
    ids: [usize; LOOKED_AT],
}

impl JobObject {
    /// Creates an empty job. A process in it ends at once if it crashes, without an error dialog.
    ///
    /// # Errors
    /// If the system is out of memory.
    pub fn new() -> io::Result<JobObject> {
        // SAFETY: both pointers may be null; the handle has no other owner, and no child inherits it.
        let job = JobObject(owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?);
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        // SAFETY: the class takes exactly this structure and reads it only during the call.
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

    /// Takes in this process and all processes it starts from now on. Otherwise, if poolgate is killed just after it
    /// has started a suspended process, that process would survive outside any job, and its inherited handles would
    /// stay open. One of them may be the pipe from which a CI agent reads poolgate's output; the agent would then wait
    /// forever.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn around_this_process() -> io::Result<()> {
        let own = OWN.get_or_init(|| {
            let job = JobObject::new().map_err(|error| error.to_string())?;
            // SAFETY: the job's handle is open; this process's handle is a constant.
            let taken_in = succeeded(unsafe { AssignProcessToJobObject(job.raw(), GetCurrentProcess()) });
            taken_in.map(|()| job).map_err(|error| error.to_string())
        });
        own.as_ref().map(|_| ()).map_err(|because| io::Error::other(format!("cannot have a job of its own: {because}")))
    }

    /// Returns the other programs in the job [around this process](JobObject::around_this_process), with their process ids.
    /// Programs in nested jobs are included.
    ///
    /// # Errors
    /// If the job cannot be queried.
    pub fn beside_this_process() -> io::Result<Vec<(PathBuf, u32)>> {
        let Some(Ok(own)) = OWN.get() else { return Ok(Vec::new()) };
        let mut running = own.running()?;
        running.retain(|(_, id)| *id != std::process::id());
        Ok(running)
    }

    /// Takes in a process that was started [suspended](STANDING_STILL), and resumes it. The caller must hold a handle
    /// to it, so that its id stays valid.
    ///
    /// # Errors
    /// If the system refuses. The process then stays suspended.
    pub fn take_in(&self, process: u32) -> io::Result<()> {
        let opened = open(process, PROCESS_SET_QUOTA | PROCESS_TERMINATE)?;
        // SAFETY: both handles are open.
        succeeded(unsafe { AssignProcessToJobObject(self.raw(), opened.as_raw_handle()) })?;
        resume(process)
    }

    /// Returns the programs running in the job, with their process ids.
    ///
    /// # Errors
    /// If the job cannot be queried.
    pub fn running(&self) -> io::Result<Vec<(PathBuf, u32)>> {
        Ok(self.ids()?.into_iter().filter_map(|id| Some((program(id)?, id))).collect())
    }

    /// Ends every process of the job, and waits at most `patience` until they are gone. A process that hangs in a
    /// driver stays longer; [`JobObject::running`] lists it.
    ///
    /// # Errors
    /// If the job cannot be queried or ended.
    pub fn end(&self, patience: Duration) -> io::Result<()> {
        let begun = Instant::now();
        // Repeated, because a process may have been about to start another.
        while !self.running()?.is_empty() && begun.elapsed() < patience {
            self.terminate()?;
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Ends every process of the job without waiting for their exit.
    ///
    /// # Errors
    /// If the job cannot be ended.
    pub fn terminate(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        succeeded(unsafe { TerminateJobObject(self.raw(), ENDED) })
    }

    /// Returns the ids of the processes in the job, at most [`LOOKED_AT`].
    fn ids(&self) -> io::Result<Vec<u32>> {
        let mut answer = Ids { assigned: 0, listed: 0, ids: [0; LOOKED_AT] };
        // SAFETY: the structure has the layout of JOBOBJECT_BASIC_PROCESS_ID_LIST with a longer array, and the given
        // size is its own.
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

/// Suppresses error dialogs about missing DLLs and empty drives in programs started from now on.
pub fn suppress_dialogs() {
    // SAFETY: sets a mode of this process; children inherit it.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS) };
}

/// Returns the folder of the system's own programs. The system reports it, because an environment variable may be set
/// to anything.
///
/// # Errors
/// None on a working Windows.
pub fn system_folder() -> io::Result<PathBuf> {
    // The system returns at most MAX_PATH characters here.
    let mut path = [0_u16; 260];
    // SAFETY: the buffer has the given length.
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

    /// Starts a shell with two children, one of them detached; all run for a quarter of an hour.
    fn busy(job: &JobObject) -> Child {
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
    fn a_process_is_ended_with_all_its_children() {
        let job = JobObject::new().unwrap();
        assert_eq!(job.running().unwrap(), []);
        let mut shell = busy(&job);
        job.end(PATIENCE).unwrap();
        assert_eq!(job.running().unwrap(), []);
        assert_eq!(shell.wait().unwrap().code(), Some(ENDED as i32));
    }

    #[test]
    fn a_dropped_job_ends_its_processes() {
        let (dropped, other) = (JobObject::new().unwrap(), JobObject::new().unwrap());
        let (mut ended, mut goes_on) = (busy(&dropped), busy(&other));
        drop(dropped);
        ended.wait().unwrap();
        assert!(other.running().unwrap().len() >= 3);
        other.end(PATIENCE).unwrap();
        goes_on.wait().unwrap();
    }

    #[test]
    fn a_suspended_process_is_in_the_job_of_its_parent() {
        JobObject::around_this_process().unwrap();
        let mut shell = Command::new(system_folder().unwrap().join("cmd.exe"));
        let mut shell = shell.creation_flags(STANDING_STILL).spawn().unwrap();
        let mut within = 0;
        // SAFETY: both handles are open; a null job asks whether the process is in any job.
        succeeded(unsafe { IsProcessInJob(shell.as_raw_handle(), ptr::null_mut(), &raw mut within) }).unwrap();
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(within, 1);
    }

    #[test]
    fn a_suspended_process_does_nothing_until_it_is_in_the_job() {
        let folder = tempfile::tempdir().unwrap();
        let sign = folder.path().join("sign");
        let mut shell = Command::new(system_folder().unwrap().join("cmd.exe"));
        shell.args(["/d", "/c"]).raw_arg("type nul > sign").current_dir(folder.path()).creation_flags(STANDING_STILL);
        let mut shell = shell.spawn().unwrap();
        std::thread::park_timeout(Duration::from_millis(300));
        assert!(!sign.exists() && shell.try_wait().unwrap().is_none());
        let job = JobObject::new().unwrap();
        job.take_in(shell.id()).unwrap();
        assert!(shell.wait().unwrap().success() && sign.exists());
    }
}
