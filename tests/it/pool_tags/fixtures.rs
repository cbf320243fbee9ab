//! Every table of `fixtures/pool_tags` gives the figures listed in its file.

use std::path::Path;

use poolgate::machine::PoolSource;
use poolgate::machine::windows::pool::{Bits, Class, ProcessKind};
use poolgate::pool::{Counters, Pool};

use crate::pool_tags::bytes::table;
use crate::pool_tags::kernel::Kernel;
use crate::pool_tags::{Figures, figures, nonpaged, source};

/// The content of a fixture.
struct Fixture {
    class: Class,
    bits: Bits,
    bytes: Vec<u8>,
    figures: Figures,
}

fn read(text: &str) -> Fixture {
    let mut lines = text.lines();
    let (class, bits) = match lines.next().unwrap() {
        "class 22, 64 bits" => (Class::PoolTag, Bits::Bits64),
        "class 22, 32 bits" => (Class::PoolTag, Bits::Bits32),
        "class 255, 64 bits" => (Class::PoolTag2, Bits::Bits64),
        "class 255, 32 bits" => (Class::PoolTag2, Bits::Bits32),
        "class 67, 64 bits" => (Class::SessionPoolTag, Bits::Bits64),
        "class 67, 32 bits" => (Class::SessionPoolTag, Bits::Bits32),
        other => panic!("{other:?}"),
    };
    let (mut bytes, mut figures) = (Vec::new(), Figures::new());
    for line in lines {
        if let Some(row) = line.strip_prefix("= ") {
            let (key, said) = row.rsplit_once(": ").unwrap();
            let said: Vec<u64> = said.split(' ').map(|number| number.parse().unwrap()).collect();
            assert_eq!(figures.insert(key.to_owned(), (said[0], said[1], said[2])), None);
            continue;
        }
        let digits: String = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        bytes.extend((0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()));
    }
    Fixture { class, bits, bytes, figures }
}

#[test]
fn every_table_gives_the_figures_in_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pool_tags");
    let files = fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files.filter(|file| file.extension().is_some_and(|kind| kind == "txt")).collect();
    assert!(texts.len() >= 6, "{texts:?}");
    for path in texts {
        let fixture = read(&fs_err::read_to_string(&path).unwrap());
        let kernel = Kernel::of(ProcessKind::Native(fixture.bits));
        if fixture.class == Class::SessionPoolTag {
            kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, fixture.bits, &[nonpaged(b"Irp ", 1)])));
        }
        kernel.set(fixture.class, Ok(fixture.bytes));
        let mut source = source(&kernel);
        let snapshot = source.sample().unwrap();
        assert_eq!(figures(snapshot), fixture.figures, "{}", path.display());
        let wide = (fixture.class, fixture.bits) == (Class::PoolTag2, Bits::Bits64);
        let counters = if wide { Counters::Full64 } else { Counters::Wrapping32 };
        for key in snapshot.keys() {
            assert_eq!((key.counters, key.reclaimable), (counters, false), "{}", path.display());
            assert!(matches!(key.pool, Pool::Paged | Pool::Nonpaged));
        }
    }
}
