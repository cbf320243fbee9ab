//! `poolgate tag` finds the owner of a tag, and shows the evidence.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::args::root::Root;
use crate::cli::args::tag_lists::{localtag, pooltag, tell_malformed};
use crate::cli::output::errors;
use crate::cli::output::stdout::{print_data, say, tell};
use crate::cli::output::tag_answers::{TagAnswer, TagAnswers, turned};
use crate::cli::output::terminal;
use crate::counted::counted;
use crate::exit::Exit;
use crate::gate::suspects::{suspected, wanted};
use crate::machine::native;
use crate::pool::Tag;
use crate::report;
use crate::tags::{LocalTags, PoolTags, Scan, Sources, TimeLimit, WantedTags};

/// Finds the owners of pool tags.
#[derive(Debug, clap::Args)]
#[command(after_help = GRADES)]
pub(super) struct TagCommand {
    /// Tags as PoolMon shows them, also in the form `/iTag`, or names of slab caches; without tags, --scan lists the
    /// tags of all drivers
    #[arg(value_name = "TAG")]
    tags: Vec<String>,
    /// Also search driver images: these files and folders, or else this machine's drivers; place it after the tags
    #[arg(long, value_name = "PATH", num_args = 0..)]
    scan: Option<Vec<PathBuf>>,
    /// Look up tags in this pooltag.txt; by default in the one of an installed Windows kit
    #[arg(long, value_name = "FILE")]
    pooltag: Option<PathBuf>,
    /// Also look up tags in this localtag.txt
    #[arg(long, value_name = "FILE")]
    localtag: Option<PathBuf>,
    /// Write the localtag.txt of --scan without tags to this file instead of stdout
    #[arg(short, long, value_name = "FILE", requires = "scan", conflicts_with = "tags")]
    output: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    root: Root,
}

const GRADES: &str = "\
certain: the driver's code passes the tag to a routine that allocates; or pooltag.txt names the driver for exactly this \
tag, and its code contains the tag
likely: a list names the driver for exactly this tag; or its code has the tag next to an allocation, or frees memory \
with it
possible: any weaker evidence

The answer names the driver that allocates under a tag, which need not be the one that leaks (docs/whose-tag.md).

Exit codes: 0 every tag has an owner · 4 a tag has none · 2 a file cannot be read";

impl TagCommand {
    pub(super) fn run(self) -> Exit {
        if self.tags.is_empty() && self.scan.is_none() {
            errors::tell("no tag was given", Some("give tags, or --scan to list the tags of all drivers"));
            return Exit::Usage;
        }
        let read: Vec<Option<Tag>> = self.tags.iter().map(|typed| tag(typed)).collect();
        let Some(tags) = read.into_iter().collect::<Option<Vec<Tag>>>() else { return Exit::Usage };
        let Ok(pooltag) = pooltag(self.pooltag.as_deref()) else { return Exit::Usage };
        let Ok(localtag) = self.localtag.as_deref().map(localtag).transpose() else { return Exit::Usage };
        pooltag.iter().for_each(|list| tell_malformed("pooltag.txt", list.len(), &list.malformed));
        localtag.iter().for_each(|list| tell_malformed("localtag.txt", list.len(), &list.malformed));
        let Ok(scan) = self.look_through(&tags) else { return Exit::Usage };
        scan.iter().for_each(tell_scan);
        match (tags.as_slice(), &scan) {
            ([], Some(scan)) => self.list(scan, pooltag.as_ref()),
            _ => self
                .answer(&tags, Sources { pooltag: pooltag.as_ref(), localtag: localtag.as_ref(), scan: scan.as_ref() }),
        }
    }

    /// Searches the drivers for the tags, if --scan was given.
    fn look_through(&self, tags: &[Tag]) -> Result<Option<Scan>, ()> {
        let Some(named) = &self.scan else { return Ok(None) };
        let places = if named.is_empty() { native::images(self.root.folder()) } else { named.clone() };
        if places.is_empty() {
            errors::tell("this machine has no drivers with pool tags", Some("give --scan a folder of Windows drivers"));
            return Err(());
        }
        // Source code shows tags reversed, so search for both forms.
        let turned: Vec<Tag> = tags.iter().filter_map(turned).collect();
        let wanted = if tags.is_empty() { WantedTags::All } else { wanted(tags.iter().chain(&turned)) };
        Scan::from_places(&places, &wanted, &TimeLimit::none()).map(Some).map_err(|error| {
            errors::tell(error, Some("give --scan drivers, or folders of them"));
        })
    }

    fn answer(&self, tags: &[Tag], sources: Sources<'_>) -> Exit {
        let answers: Vec<TagAnswer> = tags.iter().map(|tag| TagAnswer::of(tag, sources, self.root.folder())).collect();
        let all = answers.iter().all(TagAnswer::is_known);
        let answers = TagAnswers { tags: answers, sources };
        match self.json {
            true => print_data(answers.json().as_bytes()),
            false => say!("{}", answers.table(terminal::width())),
        }
        if all { Exit::Held } else { Exit::Unclear }
    }

    /// Writes a localtag.txt with every tag that a driver allocates under.
    fn list(&self, scan: &Scan, pooltag: Option<&PoolTags>) -> Exit {
        let list = LocalTags::from_scan(scan);
        let mut bytes = Vec::new();
        if self.json {
            let sources = Sources { pooltag, localtag: None, scan: Some(scan) };
            let answers =
                list.tags().map(|tag| TagAnswer { of: suspected(&tag, sources), notes: Vec::new(), module: None });
            bytes.extend(TagAnswers { tags: answers.collect(), sources }.json().bytes());
        } else {
            // Writing to memory cannot fail.
            let _ = list.write(&mut bytes);
        }
        let written = match &self.output {
            Some(path) => report::replace(path, &bytes),
            None => io::stdout().write_all(&bytes),
        };
        match written {
            Ok(()) => Exit::Held,
            Err(error) => {
                errors::tell(error, Some("give --output a file in an existing folder"));
                Exit::Failed
            }
        }
    }
}

/// Parses a tag, or reports the mistake. Accepts PoolMon's `/iTag`, so that users can paste it.
fn tag(typed: &str) -> Option<Tag> {
    // `/iAB` itself is a tag of four bytes.
    let typed = typed.strip_prefix("/i").filter(|_| typed.len() > 4).unwrap_or(typed);
    typed
        .parse()
        .map_err(|error| {
            errors::tell(format_args!("{typed:?} is not a tag: {error}"), Some("write it as PoolMon shows it"))
        })
        .ok()
}

/// The number of files that are named.
const NAMED: usize = 5;

fn tell_scan(scan: &Scan) {
    tell!("{}", counted(scan.read, "driver was searched", "drivers were searched"));
    let skipped = scan.skipped.iter().map(|(path, why)| (path, format!("was left out: {why}")));
    let in_part = scan.in_part.iter().map(|(path, why)| (path, format!("was read in part: {why}")));
    let told: Vec<_> = skipped.chain(in_part).collect();
    told.iter().take(NAMED).for_each(|(path, what)| tell!("  {} {what}", path.display()));
    if told.len() > NAMED {
        tell!("  and {} more", told.len() - NAMED);
    }
}
