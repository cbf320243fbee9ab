//! The header of a table: the position of each column, and the way cells are separated.

use super::{cells, pool};
use crate::pool::Pool;

/// How the cells of a line are separated.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CellLayout {
    Markdown,
    Separated(u8),
    /// Cells are aligned with the names of their columns.
    Aligned(Vec<(usize, usize)>),
    /// Rows copied from System Informer: separated by a comma and a space, without a header.
    Copied,
}

/// The columns of one pool's figures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FigureColumns {
    pub(super) allocs: Option<usize>,
    pub(super) frees: Option<usize>,
    pub(super) diff: Option<usize>,
    pub(super) bytes: Option<usize>,
}

/// The header of a table.
#[derive(Debug, Clone)]
pub(super) struct NamedHeader {
    layout: CellLayout,
    columns: usize,
    pub(super) time: Option<usize>,
    pub(super) tag: usize,
    /// For a table with one pool in each row: the column of the pool's name, and the columns of the figures.
    single: Option<(Option<usize>, FigureColumns)>,
    /// For a table with both pools in each row: the columns of the paged and of the nonpaged pool.
    paged: FigureColumns,
    nonpaged: FigureColumns,
    source: &'static str,
}

const POOLMONX: &str = "PoolMonX's CSV";

/// The number of columns in System Informer's pool table by default: a tag, a driver and a description, then
/// allocations, frees, allocations in use and bytes of both pools.
const COPIED: usize = 11;

impl NamedHeader {
    /// Parses a header; `None` if the line is not one.
    pub(super) fn from_line(line: &[u8]) -> Option<NamedHeader> {
        let has = |byte: u8| line.contains(&byte);
        if !line.windows(3).any(|word| word.eq_ignore_ascii_case(b"tag")) {
            return None;
        }
        let layout = match () {
            () if has(b'|') => CellLayout::Markdown,
            () if has(b';') => CellLayout::Separated(b';'),
            () if has(b',') => CellLayout::Separated(b','),
            // The reader of PoolMon's logs handles PoolMon's own header, with any separator.
            () if super::super::poolmon::is_header(line) => return None,
            () if has(b'\t') => CellLayout::Separated(b'\t'),
            () => CellLayout::Aligned(cells::words(line)),
        };
        let names: Vec<String> = layout.cells(line)?.iter().map(|cell| name(cell)).collect();
        NamedHeader::from_names(layout, &names)
    }

    fn from_names(layout: CellLayout, names: &[String]) -> Option<NamedHeader> {
        let place = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let of_pool = |prefixes: &[&str]| {
            let place = |wanted: &[&str]| {
                let is = |name: &String| {
                    prefixes.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(|rest| wanted.contains(&rest)))
                };
                names.iter().position(is)
            };
            FigureColumns { allocs: place(ALLOCS), frees: place(FREES), diff: place(DIFF), bytes: place(BYTES) }
        };
        let (paged, nonpaged) = (of_pool(&["paged"]), of_pool(&["nonpaged", "npaged"]));
        let tag = place(&["tag", "tagname", "pooltag"])?;
        let figures =
            FigureColumns { allocs: place(ALLOCS), frees: place(FREES), diff: place(DIFF), bytes: place(BYTES) };
        let pool = place(&["type", "pool", "pooltype"]);
        let both = paged.bytes.is_some() || nonpaged.bytes.is_some();
        let single = figures.bytes.is_some() && (pool.is_some() || figures.allocs.is_some() || figures.diff.is_some());
        // Aligned words count as a header only if they name the figures of each pool, because other texts do not.
        let aligned = matches!(layout, CellLayout::Aligned(_));
        if !both && (!single || aligned) || aligned && names.iter().any(String::is_empty) {
            return None;
        }
        let source = match &layout {
            CellLayout::Markdown => "a Markdown table of pool tags",
            CellLayout::Aligned(_) => "PowerShell's Format-Table",
            CellLayout::Separated(_) if names.iter().any(|name| name == "kbytes") => POOLMONX,
            CellLayout::Separated(_) | CellLayout::Copied => "a table of pool tags",
        };
        Some(NamedHeader {
            layout,
            columns: names.len(),
            time: place(&["datetimeutc", "datetime", "timestamp", "time"]),
            tag,
            single: (!both).then_some((pool, figures)),
            paged,
            nonpaged,
            source,
        })
    }

    /// The header of rows copied from System Informer, if the line is such a row.
    pub(super) fn from_copied_row(line: &[u8]) -> Option<NamedHeader> {
        let columns = |from: usize| FigureColumns {
            allocs: Some(from),
            frees: Some(from + 1),
            diff: Some(from + 2),
            bytes: Some(from + 3),
        };
        let header = NamedHeader {
            layout: CellLayout::Copied,
            columns: COPIED,
            time: None,
            tag: 0,
            single: None,
            paged: columns(3),
            nonpaged: columns(7),
            source: "System Informer's pool table",
        };
        let cells = header.cells(line)?;
        let is_number =
            |cell: &Vec<u8>| cell.iter().all(|byte| b"0123456789,.' kKMGTB\xc2\xa0\xe2\x80\xaf".contains(byte));
        let some = cells[3..].iter().any(|cell| cell.first().is_some_and(u8::is_ascii_digit));
        (some && cells[0].len() <= 4 && !cells[0].is_empty() && cells[3..].iter().all(is_number)).then_some(header)
    }

    /// Splits a row into cells; `None` if it has too few or too many.
    pub(super) fn cells(&self, line: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut cells = self.layout.cells(line)?;
        // The last column of PoolMonX is a text that may contain commas.
        if self.source == POOLMONX {
            cells.truncate(self.columns);
        }
        (self.last_used() + 1..=self.columns).contains(&cells.len()).then_some(cells)
    }

    /// Whether a last line without a line end may be cut off inside a number.
    pub(super) fn may_be_cut(&self, cells: &[Vec<u8>]) -> bool {
        self.layout != CellLayout::Markdown && cells.len() == self.last_used() + 1
    }

    fn last_used(&self) -> usize {
        let of = |figures: &FigureColumns| {
            [figures.allocs, figures.frees, figures.diff, figures.bytes].into_iter().flatten().max()
        };
        let figures =
            self.single.iter().map(|(_, figures)| figures).chain([&self.paged, &self.nonpaged]).filter_map(of).max();
        figures.unwrap_or(0).max(self.tag)
    }

    /// Whether a row has both pools.
    pub(super) fn both(&self) -> bool {
        self.single.is_none()
    }

    pub(super) fn source(&self) -> &'static str {
        self.source
    }

    /// Whether a table may have only some of the tags, because a person copied it.
    pub(super) fn is_partial(&self) -> bool {
        self.source != POOLMONX
    }

    /// Returns each pool of a row with the columns of its figures.
    pub(super) fn pools<'a>(&self, cell: impl Fn(usize) -> &'a [u8]) -> Result<Vec<(Pool, FigureColumns)>, String> {
        match &self.single {
            Some((place, figures)) => Ok(vec![(pool(place.map(cell).unwrap_or_default())?, *figures)]),
            None => {
                let both = [(Pool::Paged, self.paged), (Pool::Nonpaged, self.nonpaged)];
                Ok(both.into_iter().filter(|(_, figures)| figures.bytes.is_some()).collect())
            }
        }
    }
}

impl CellLayout {
    fn cells(&self, line: &[u8]) -> Option<Vec<Vec<u8>>> {
        match self {
            CellLayout::Markdown => line.contains(&b'|').then(|| cells::markdown(line)),
            CellLayout::Separated(separator) => {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                line.contains(separator).then(|| {
                    let mut cells = cells::separated(line, *separator);
                    // A separator after the last cell does not begin another cell.
                    cells.pop_if(|last| last.is_empty() && line.ends_with(&[*separator]));
                    cells
                })
            }
            CellLayout::Aligned(names) => aligned(names, line),
            CellLayout::Copied => copied(line),
        }
    }
}

/// The cells of a line under the names of their columns: text is aligned with the beginning of the name, numbers with
/// its end.
fn aligned(names: &[(usize, usize)], line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut cells = vec![Vec::new(); names.len()];
    let mut behind = 0;
    for (start, end) in cells::words(line) {
        let near = |(from, to): (usize, usize)| start.abs_diff(from).min(end.abs_diff(to));
        let at = (behind..names.len()).min_by_key(|at| near(names[*at]))?;
        let cell: &mut Vec<u8> = &mut cells[at];
        if !cell.is_empty() {
            // A tag may contain spaces, a number may not.
            let (from, _) = names[at];
            cell.extend(std::iter::repeat_n(b' ', start.saturating_sub(from + cell.len())));
        }
        cell.extend_from_slice(&line[start..end]);
        behind = at;
    }
    Some(cells)
}

/// The cells of a row copied from System Informer. The description may contain commas, so numbers are counted from the
/// end.
fn copied(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = str::from_utf8(line).ok()?;
    let text = text.strip_suffix(',').map_or(text.to_owned(), |text| format!("{text}, "));
    let mut cells: Vec<&str> = text.split(", ").collect();
    if cells.len() < COPIED {
        return None;
    }
    let numbers = cells.split_off(cells.len() - 8);
    let (tag, driver) = (*cells.first()?, *cells.get(1)?);
    let all = [tag, driver, ""].into_iter().chain(numbers);
    Some(all.map(|cell| cell.trim().as_bytes().to_vec()).collect())
}

const ALLOCS: &[&str] = &["allocs", "alloc", "allocations"];
const FREES: &[&str] = &["frees", "free", "freed"];
const DIFF: &[&str] = &["diff", "difference", "current", "inuse", "outstanding"];
const BYTES: &[&str] = &["bytes", "used", "usedbytes", "bytesused", "usage", "totalbytes", "currentbytes"];

/// The name of a column in lower case, with letters and digits only.
fn name(cell: &[u8]) -> String {
    // A mail's quotation mark is not part of a name.
    if cell.starts_with(b">") {
        return String::new();
    }
    let name = String::from_utf8_lossy(cell).to_lowercase();
    let name = name.trim().trim_end_matches("(total)");
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}
