//! Tables of the Linux kernel: `/proc/slabinfo` and `/proc/allocinfo`.

use std::fs;

use poolgate::machine::PoolSource;
use poolgate::machine::linux::MemoryTables;
use tempfile::TempDir;

/// The kernel's file that holds the bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Table {
    Slabinfo,
    Allocinfo,
}

const SLABINFO: &str = "slabinfo - version: 2.1\nvictim 10 10 64 1 1 : tunables 0 0 0 : slabdata 1 1 0\n";

thread_local! {
    static ROOT: TempDir = {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("proc")).expect("a folder");
        fs::write(root.path().join("proc/slabinfo"), SLABINFO).expect("a file");
        root
    };
}

/// Samples a kernel twice with these bytes in its table; the second sample reuses the buffers of the first.
///
/// # Panics
/// When the two samples differ, a figure is larger than any machine, or an error is not safe to print.
pub fn kernel_table(table: Table, bytes: &[u8]) {
    ROOT.with(|root| {
        let file = if table == Table::Slabinfo { "proc/slabinfo" } else { "proc/allocinfo" };
        fs::write(root.path().join(file), bytes).expect("a file");
        let mut tables = MemoryTables::new(root.path());
        let mut sample = || match tables.sample() {
            Ok(snapshot) => {
                let rows: Vec<_> = snapshot.present().map(|(key, usage)| (key.tag.to_string(), usage)).collect();
                for (tag, _) in &rows {
                    assert_eq!(&tag.parse::<poolgate::pool::Tag>().expect("a tag").to_string(), tag);
                }
                Ok(rows)
            }
            Err(error) => {
                super::printable(&error.to_string());
                Err(())
            }
        };
        let first = sample();
        assert_eq!(first, sample(), "the same text was read in two ways");
    });
}
