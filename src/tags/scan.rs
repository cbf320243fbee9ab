//! Searches driver images, in folders and single files.
//!
//! Of a folder, only its own `.sys` files are read, one at a time, sorted by name. Unreadable files are kept with the
//! reason. When the time is up, the remaining files are only counted.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::image::{Image, TimeLimit, WantedTags};

/// The result of a scan.
#[derive(Debug, Default)]
pub struct Scan {
    /// The images that contain one of the tags.
    pub drivers: Vec<Scanned>,
    /// The number of images read.
    pub read: usize,
    /// The unreadable files, with the reasons.
    pub skipped: Vec<(PathBuf, String)>,
    /// The images that were only read in part, with the reasons.
    pub in_part: Vec<(PathBuf, &'static str)>,
    /// The number of files not read for lack of time.
    pub unread: usize,
}

/// An image that contains one of the tags.
#[derive(Debug)]
pub struct Scanned {
    /// The name of the file.
    pub name: String,
    /// The path of the file.
    pub path: PathBuf,
    /// The image's evidence.
    pub image: Image,
}

/// The largest image that is read, in bytes. The largest drivers, for graphics, have 100 MiB.
const MOST_BYTES: u64 = 256 << 20;

impl Scan {
    /// Searches for tags in these files, and in the drivers of these folders.
    ///
    /// # Errors
    /// If one of the places does not exist, or a folder cannot be listed. Unreadable files go to [`Scan::skipped`].
    pub fn from_places(places: &[PathBuf], wanted: &WantedTags, limit: &TimeLimit) -> io::Result<Scan> {
        let mut files = BTreeSet::new();
        for place in places {
            match fs_err::metadata(place)?.is_dir() {
                true => files.extend(drivers(place)?),
                false => files.extend([place.clone()]),
            }
        }
        let (mut scan, count) = (Scan::default(), files.len());
        for (number, path) in files.into_iter().enumerate() {
            if limit.is_over() {
                scan.unread = count - number;
                break;
            }
            scan.read_one(path, wanted, limit);
        }
        Ok(scan)
    }

    fn read_one(&mut self, path: PathBuf, wanted: &WantedTags, limit: &TimeLimit) {
        let image = contents(&path).map_err(|error| error.to_string());
        match image.and_then(|bytes| Image::read(&bytes, wanted, limit).map_err(|error| error.to_string())) {
            Ok(image) => {
                self.read += 1;
                self.in_part.extend(image.in_part.map(|why| (path.clone(), why)));
                if !image.found.is_empty() {
                    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                    // Terminals will show the name.
                    let name = name.chars().filter(|c| !c.is_control()).collect();
                    self.drivers.push(Scanned { name, path, image });
                }
            }
            Err(why) => self.skipped.push((path, why)),
        }
    }
}

/// Returns the drivers in a folder.
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

/// Reads a file. Refuses other kinds of files, because reading a pipe may never end.
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
