//! A look through driver images: folders of them, and single files.
//!
//! A folder's own `.sys` files are read, one at a time, in the order of their names. What cannot be read is kept with the
//! reason; when the time is up the rest is counted.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::image::{Budget, Image, Wanted};

/// What was found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The images which have one of the tags.
    pub drivers: Vec<Scanned>,
    /// How many were read.
    pub read: usize,
    /// What could not be read, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// Read in part, and why.
    pub in_part: Vec<(PathBuf, &'static str)>,
    /// How many there was no time for.
    pub unread: usize,
}

/// An image which has one of the tags.
#[derive(Debug)]
pub struct Scanned {
    /// Its file's name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What it says.
    pub image: Image,
}

/// The largest drivers, for graphics, have 100 MiB.
const MOST_BYTES: u64 = 256 << 20;

impl Scan {
    /// Looks for tags in these files, and in the drivers of these folders.
    ///
    /// # Errors
    /// When one of the places is not there, or a folder cannot be listed; files that cannot be read are among [`Scan::skipped`].
    pub fn of(places: &[PathBuf], wanted: &Wanted, budget: &Budget) -> io::Result<Scan> {
        let mut files = BTreeSet::new();
        for place in places {
            match fs_err::metadata(place)?.is_dir() {
                true => files.extend(drivers(place)?),
                false => files.extend([place.clone()]),
            }
        }
        let (mut scan, count) = (Scan::default(), files.len());
        for (number, path) in files.into_iter().enumerate() {
            if budget.is_over() {
                scan.unread = count - number;
                break;
            }
            scan.read_one(path, wanted, budget);
        }
        Ok(scan)
    }

    fn read_one(&mut self, path: PathBuf, wanted: &Wanted, budget: &Budget) {
        let image = contents(&path).map_err(|error| error.to_string());
        match image.and_then(|bytes| Image::read(&bytes, wanted, budget).map_err(|error| error.to_string())) {
            Ok(image) => {
                self.read += 1;
                self.in_part.extend(image.in_part.map(|why| (path.clone(), why)));
                if !image.found.is_empty() {
                    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                    // It is going to be shown on terminals.
                    let name = name.chars().filter(|c| !c.is_control()).collect();
                    self.drivers.push(Scanned { name, path, image });
                }
            }
            Err(why) => self.skipped.push((path, why)),
        }
    }
}

/// The drivers in a folder.
fn drivers(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("sys")) && !path.is_dir() {
            files.push(path);
        }
    }
    Ok(files)
}

/// A file's bytes. Only a real file's: reading a pipe may never end.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let metadata = fs_err::metadata(path)?;
    if !metadata.is_file() {
        return Err(refused("it is not a file"));
    }
    let mut bytes = Vec::new();
    // A file may grow while it is read.
    fs_err::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES { Err(refused("it is larger than 256 MiB")) } else { Ok(bytes) }
}
