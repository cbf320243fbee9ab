//! Serves a [`Drive`] to QEMU over NBD, the network block device protocol, on a Unix socket.
//!
//! Implements the part of <https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md> that QEMU uses: one
//! export, fixed newstyle negotiation, simple replies. If a client breaks the protocol, the server closes the
//! connection. Once the drive has lost its power, no request is carried out any more, not even one sent before, and
//! none is answered, not even with an error: a machine without power never learns that a flush failed, and its reaction
//! to that error would prove nothing.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::drive::{Drive, SECTOR};

/// A drive shared by several threads.
#[derive(Clone)]
pub(crate) struct SharedDrive(Arc<Mutex<Drive>>);

/// A server for one client. Dropping it stops it.
pub(crate) struct Server {
    socket: PathBuf,
    thread: Option<JoinHandle<()>>,
}

const HAS_FLAGS: u16 = 1;
const SEND_FLUSH: u16 = 1 << 2;
const SEND_FUA: u16 = 1 << 3;
const NO_ZEROES: u32 = 1 << 1;

const OPTION_EXPORT_NAME: u32 = 1;
const OPTION_ABORT: u32 = 2;
const OPTION_INFO: u32 = 6;
const OPTION_GO: u32 = 7;
const REPLY_ACK: u32 = 1;
const REPLY_INFO: u32 = 3;
const REPLY_UNSUPPORTED: u32 = (1 << 31) + 1;
const INFO_EXPORT: u16 = 0;
const INFO_BLOCK_SIZE: u16 = 3;

const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;
const COMMAND_FUA: u16 = 1;
const EINVAL: u32 = 22;

const LARGEST_REQUEST: usize = 32 << 20;

impl SharedDrive {
    pub(crate) fn new(drive: Drive) -> SharedDrive {
        SharedDrive(Arc::new(Mutex::new(drive)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Drive> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    pub(crate) fn start(drive: &SharedDrive, socket: &Path) -> io::Result<Server> {
        let listener = UnixListener::bind(socket)?;
        let drive = drive.clone();
        // Errors are ignored: the client notices that its drive is gone.
        let serve = move || drop(listener.accept().and_then(|(client, _)| serve(client, &drive)));
        Ok(Server { socket: socket.to_owned(), thread: Some(std::thread::spawn(serve)) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Wakes a server that is still waiting for its client; otherwise no one listens and this fails.
        drop(UnixStream::connect(&self.socket));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(mut client: UnixStream, drive: &SharedDrive) -> io::Result<()> {
    if negotiate(&mut client, drive)? {
        while transmit(&mut client, drive)? {}
    }
    Ok(())
}

/// Negotiates, and returns whether the client wants the drive.
fn negotiate(client: &mut UnixStream, drive: &SharedDrive) -> io::Result<bool> {
    client.write_all(b"NBDMAGICIHAVEOPT\x00\x03")?;
    let client_flags = u32::from_be_bytes(read(client)?);
    let size = (drive.lock().contents().len() as u64).to_be_bytes();
    let flags = (HAS_FLAGS | SEND_FLUSH | SEND_FUA).to_be_bytes();
    loop {
        let _magic: [u8; 8] = read(client)?;
        let option = u32::from_be_bytes(read(client)?);
        let length = u32::from_be_bytes(read(client)?);
        read_long(client, length)?;
        match option {
            OPTION_GO | OPTION_INFO => {
                reply(client, option, REPLY_INFO, &[&INFO_EXPORT.to_be_bytes()[..], &size, &flags].concat())?;
                let sizes = [SECTOR as u32, 4096, LARGEST_REQUEST as u32].map(u32::to_be_bytes).concat();
                reply(client, option, REPLY_INFO, &[&INFO_BLOCK_SIZE.to_be_bytes()[..], &sizes].concat())?;
                reply(client, option, REPLY_ACK, &[])?;
                if option == OPTION_GO {
                    return Ok(true);
                }
            }
            OPTION_EXPORT_NAME => {
                let padding = if client_flags & NO_ZEROES == 0 { 124 } else { 0 };
                client.write_all(&[&size[..], &flags, &vec![0; padding]].concat())?;
                return Ok(true);
            }
            OPTION_ABORT => {
                reply(client, option, REPLY_ACK, &[])?;
                return Ok(false);
            }
            _ => reply(client, option, REPLY_UNSUPPORTED, &[])?,
        }
    }
}

fn reply(client: &mut UnixStream, option: u32, kind: u32, data: &[u8]) -> io::Result<()> {
    let head = [option, kind, data.len() as u32].map(u32::to_be_bytes).concat();
    client.write_all(&[&0x0003_e889_0455_65a9_u64.to_be_bytes()[..], &head, data].concat())
}

/// Carries out one request if the drive has power, and answers it if the drive still has power then. Returns whether
/// another request may follow.
fn transmit(client: &mut UnixStream, drive: &SharedDrive) -> io::Result<bool> {
    let _magic: [u8; 4] = read(client)?;
    let flags = u16::from_be_bytes(read(client)?);
    let command = u16::from_be_bytes(read(client)?);
    let cookie: [u8; 8] = read(client)?;
    let offset = u64::from_be_bytes(read(client)?) as usize;
    let length = u32::from_be_bytes(read(client)?);
    let written = if command == WRITE { read_long(client, length)? } else { Vec::new() };

    let mut drive = drive.lock();
    let end = offset.saturating_add(length as usize);
    let whole = offset.is_multiple_of(SECTOR) && end.is_multiple_of(SECTOR) && end <= drive.contents().len();
    if command == DISCONNECT || !whole {
        return Ok(false);
    }
    if !drive.is_powered() {
        return Ok(true);
    }
    let mut data = Vec::new();
    let mut error = 0;
    match command {
        READ => data.extend_from_slice(&drive.contents()[offset..end]),
        WRITE => {
            drive.write(offset, &written);
            if flags & COMMAND_FUA != 0 {
                drive.force(offset, written.len());
            }
        }
        FLUSH => drive.flush(),
        _ => error = EINVAL,
    }
    // The write may have cut the power.
    if !drive.is_powered() {
        return Ok(true);
    }
    drop(drive);
    let head = [0x6744_6698, error].map(u32::to_be_bytes).concat();
    client.write_all(&[&head[..], &cookie, &data].concat())?;
    Ok(true)
}

fn read<const N: usize>(client: &mut UnixStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_long(client: &mut UnixStream, length: u32) -> io::Result<Vec<u8>> {
    if length as usize > LARGEST_REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length as usize];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}
