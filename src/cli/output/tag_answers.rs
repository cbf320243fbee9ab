//! Formats answers about tags, as a table and as JSON.

use std::path::Path;

use serde::Serialize;

use crate::gate::suspects::suspected;
use crate::pool::Tag;
use crate::report::Suspected;
use crate::table::borderless;
use crate::tags::{Grade, Slab, Sources, module_of_callsite};

/// The answer about one tag.
#[derive(Serialize)]
pub(in crate::cli) struct TagAnswer {
    #[serde(flatten)]
    pub(in crate::cli) of: Suspected,
    /// On Linux, the module that created the cache, with the certainty and the reason.
    pub(in crate::cli) module: Option<OwningModule>,
    /// Notes about the answer, and suggestions.
    pub(in crate::cli) notes: Vec<String>,
}

/// A kernel module of Linux.
#[derive(Serialize)]
pub(in crate::cli) struct OwningModule {
    name: String,
    grade: Grade,
    because: String,
}

/// The answers about all tags.
pub(in crate::cli) struct TagAnswers<'a> {
    pub(in crate::cli) tags: Vec<TagAnswer>,
    pub(in crate::cli) sources: Sources<'a>,
}

#[derive(Serialize)]
struct AnswersJson<'a> {
    format: &'static str,
    version: u32,
    program: &'static str,
    tags: &'a [TagAnswer],
    /// The number of rows in pooltag.txt, or null without that file; then the same for localtag.txt.
    pooltag_rows: Option<usize>,
    localtag_tags: Option<usize>,
    /// The search through drivers, or null if there was none.
    scan: Option<ScanJson>,
}

#[derive(Serialize)]
struct ScanJson {
    read: usize,
    skipped: Vec<(String, String)>,
    in_part: Vec<(String, String)>,
}

impl TagAnswer {
    /// TagAnswers from the sources about `tag`, and from this machine if it runs Linux.
    pub(in crate::cli) fn of(tag: &Tag, sources: Sources<'_>, root: &Path) -> TagAnswer {
        let mut answer = TagAnswer { of: suspected(tag, sources), module: None, notes: Vec::new() };
        answer.ask_linux(tag, root);
        if answer.of.generic {
            answer.note("many drivers allocate under it, directly or through others: a named driver is only a suspect");
        }
        if tag.unprotected().is_some() {
            answer.note("PROTECTED_POOL is set in it; it was looked up without this bit");
        }
        if !answer.is_known() {
            answer.say_what_to_try(tag, sources);
        }
        answer
    }

    fn ask_linux(&mut self, tag: &Tag, root: &Path) {
        let module = |(name, grade, because)| OwningModule { name, grade, because };
        if let Some(name) = module_of_callsite(tag.as_str()) {
            self.module = Some(module((name.to_owned(), Grade::Certain, "named by the call site".to_owned())));
        } else if let Some(slab) = Slab::from_sysfs(root, tag.as_str()) {
            let size = slab.object_size.map_or(String::new(), |size| format!(", of objects of {size} B"));
            self.note(&format!("a slab cache of this machine{size}"));
            self.module = slab.module.map(module);
            if self.module.is_none() {
                self.note("its owner is unknown: it has no constructor, and no loaded module has a similar name");
            }
        }
    }

    fn say_what_to_try(&mut self, tag: &Tag, sources: Sources<'_>) {
        if tag.pool_tag_bytes().is_none() {
            return self
                .note("not a pool tag, which has at most four bytes; on Linux, look for it in /sys/kernel/slab");
        }
        let known =
            |tag: &Tag| suspected(tag, sources).drivers.first().map(|suspect| format!("{tag}, of {}", suspect.driver));
        if let Some(turned) = turned(tag).as_ref().and_then(known) {
            self.note(&format!("perhaps it is {turned}: source code has tags in reverse order"));
        }
        let missing = [
            (sources.scan.is_none(), "--scan to search this machine's drivers, or --scan FOLDER"),
            (sources.pooltag.is_none(), "--pooltag FILE, from Debugging Tools for Windows"),
        ];
        let try_these: Vec<&str> = missing.into_iter().filter(|(missing, _)| *missing).map(|(_, what)| what).collect();
        match try_these.as_slice() {
            [] => self.note("unknown: its driver was not searched, or computes the tag at run time"),
            these => self.note(&format!("unknown here; try {}", these.join(", and "))),
        }
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// Returns whether an owner is known.
    pub(in crate::cli) fn is_known(&self) -> bool {
        !self.of.drivers.is_empty() || self.module.is_some()
    }
}

/// Returns the tag reversed, if that is a different tag.
pub(in crate::cli) fn turned(tag: &Tag) -> Option<Tag> {
    let mut bytes = tag.pool_tag_bytes()?;
    bytes.reverse();
    // A reversed short tag would begin with spaces.
    Some(Tag::from_pool_tag(bytes)).filter(|turned| turned != tag && bytes[0] != b' ')
}

impl TagAnswers<'_> {
    pub(in crate::cli) fn json(&self) -> String {
        let told = |path: &Path, why: &str| (path.display().to_string(), why.to_owned());
        let looked = self.sources.scan.map(|scan| ScanJson {
            read: scan.read,
            skipped: scan.skipped.iter().map(|(path, why)| told(path, why)).collect(),
            in_part: scan.in_part.iter().map(|(path, why)| told(path, why)).collect(),
        });
        let whole = AnswersJson {
            format: "poolgate tags",
            version: 1,
            program: env!("CARGO_PKG_VERSION"),
            tags: &self.tags,
            pooltag_rows: self.sources.pooltag.map(|list| list.len()),
            localtag_tags: self.sources.localtag.map(|list| list.len()),
            scan: looked,
        };
        // Structs of text and numbers can always be written.
        let text = serde_json::to_string_pretty(&whole);
        debug_assert!(text.is_ok(), "{text:?}");
        text.unwrap_or_default() + "\n"
    }

    pub(in crate::cli) fn table(&self, width: u16) -> String {
        let mut table = borderless(width);
        table.set_header(["tag", "sure", "driver", "version", "company", "because"]);
        for answer in &self.tags {
            table.add_rows(answer.rows());
        }
        let notes = self.tags.iter().flat_map(|answer| answer.notes.iter().map(move |note| (&answer.of.tag, note)));
        table.trim_fmt() + &notes.map(|(tag, note)| format!("\nnote: {tag}: {note}")).collect::<String>()
    }
}

impl TagAnswer {
    fn rows(&self) -> Vec<[String; 6]> {
        let drivers = self.of.drivers.iter().map(|suspect| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let because = suspect.evidence.join("\n");
            (suspect.grade.to_string(), suspect.driver.clone(), text(&suspect.version), text(&suspect.company), because)
        });
        let module = self.module.iter().map(|module| {
            let (version, company) = (String::new(), String::new());
            (module.grade.to_string(), module.name.clone(), version, company, module.because.clone())
        });
        let mut rows: Vec<[String; 6]> =
            drivers.chain(module).map(|(a, b, c, d, e)| [String::new(), a, b, c, d, e]).collect();
        if rows.is_empty() {
            rows.push(["", "", "unknown", "", "", ""].map(str::to_owned));
        }
        rows[0][0] = self.of.tag.to_string();
        rows
    }
}
