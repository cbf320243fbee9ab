//! Writes the text of a first scenario, with a comment that explains each key.

use std::fmt::Write;
use std::path::Path;

use crate::pool::TagPattern;
use crate::scenario::DriverFile;
use scalar::{is_harmless, scalar};

mod scalar;

/// The contents of a first scenario.
#[derive(Debug, Clone)]
pub(crate) struct FirstScenario {
    /// The name of its file, for its comments.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) platform: Platform,
    pub(crate) driver: Option<DriverFile>,
    pub(crate) tags: Vec<TagPattern>,
    pub(crate) setup: Vec<String>,
    pub(crate) run: String,
    pub(crate) teardown: Vec<String>,
    pub(crate) iterations: u64,
}

/// The system a scenario is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Windows,
    Linux,
}

impl FirstScenario {
    /// Returns the number of iterations that are not judged: a fifth.
    pub(crate) fn warm_up(&self) -> u64 {
        self.iterations / 5
    }

    /// Returns the scenario as YAML.
    pub(crate) fn text(&self) -> String {
        let blocks = [
            self.head(),
            self.steps("setup", "Commands before the first sample", &self.example().0, &self.setup),
            self.workload(),
            self.steps("teardown", self.undoing(), &self.example().1, &self.teardown),
            "# The machine is sampled at rest before and after the workload, and after each iteration\n\
             # once memory has settled.\n\
             sampling: { every: 1 s, settle: 200 ms, lead_in: 10 s, cool_down: 30 s }\n"
                .to_owned(),
            "# Suspected growth is measured a second time before it counts as a leak, which takes three times\n\
             # as long as the workload. This limits the whole run:\n\
             # time_limit: 2 h\n"
                .to_owned(),
            self.thresholds(),
        ];
        blocks.join("\n")
    }

    fn head(&self) -> String {
        let Self { name, file, .. } = self;
        // A path may contain any character, but a comment must stay on one line.
        let file: String = file.chars().map(|c| if is_harmless(c) { c } else { '?' }).collect();
        let mut head = format!(
            "# A first scenario, written by `poolgate init`: correct it as needed.\n\
             # `poolgate check {file}` shows mistakes with their place, and the steps of a run.\n\
             scenario: {}\n",
            scalar(name)
        );
        if let Some(driver) = &self.driver {
            let driver = scalar(driver.as_str());
            let _ = write!(head, "\n# The driver under test: its version goes into the reports.\ndriver: {driver}\n");
        }
        head
    }

    /// Returns a list of commands, or an example in a comment if there are none.
    fn steps(&self, key: &str, what: &str, example: &str, commands: &[String]) -> String {
        let mut text = format!("# {what}.\n");
        match commands {
            [] => drop(write!(text, "# {key}:\n#   - run: {example}\n")),
            commands => {
                let _ = writeln!(text, "{key}:");
                commands.iter().for_each(|command| text.push_str(&format!("  - run: {}\n", scalar(command))));
            }
        }
        text
    }

    /// Returns example commands that install and remove a driver.
    fn example(&self) -> (String, String) {
        let stem = self.driver.as_ref().and_then(|driver| Path::new(driver.as_str()).file_stem()?.to_str());
        // Use the name only if no shell would interpret its characters.
        let plain = |stem: &&str| stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let driver = stem.filter(plain).unwrap_or("mydrv");
        match self.platform {
            Platform::Windows => (
                format!("pnputil /add-driver {driver}.inf /install"),
                "pnputil /delete-driver oemN.inf /uninstall".to_owned(),
            ),
            Platform::Linux => (format!("modprobe {driver}"), format!("modprobe -r {driver}")),
        }
    }

    fn undoing(&self) -> &'static str {
        match self.platform {
            // Windows deletes a package only by the name it gave it (Microsoft Learn, "PnPUtil Command Syntax").
            Platform::Windows => {
                "Commands after the last sample that undo the set-up. `pnputil /enum-drivers` shows\n\
                 # the name that Windows gave to an added package"
            }
            Platform::Linux => "Commands after the last sample that undo the set-up",
        }
    }

    fn workload(&self) -> String {
        let mut text = format!(
            "# The command to measure, run once per iteration with POOLGATE_ITERATION in its environment.\n\
             workload:\n  run: {}\n  iterations: {}\n",
            scalar(&self.run),
            self.iterations
        );
        if self.warm_up() > 0 {
            let _ = writeln!(
                text,
                "  # The first iterations fill caches and are not judged.\n  warm_up: {}",
                self.warm_up()
            );
        }
        text
    }

    fn thresholds(&self) -> String {
        if self.tags.is_empty() {
            return self.default_rule();
        }
        let mut text = String::from(
            "thresholds:\n  # The driver's own memory: no steady growth, and no more at rest afterwards than before.\n",
        );
        for tag in &self.tags {
            let tag = scalar(&tag.to_string());
            let _ = writeln!(
                text,
                "  - {{ tag: {tag}, max_rate: 0 B/iteration }}\n  - {{ tag: {tag}, max_growth: 64 KiB }}"
            );
        }
        text.push_str("  # Backstops: only these count memory that other code allocates for the driver.\n");
        text.push_str(match self.platform {
            Platform::Windows => {
                "  - { total: nonpaged, max_growth: 64 MiB }\n  - { total: paged, max_growth: 128 MiB }\n"
            }
            Platform::Linux => "  - { total: slab, max_growth: 64 MiB }\n",
        });
        text
    }

    /// Returns comments only: without thresholds, no tag may leak.
    fn default_rule(&self) -> String {
        let (finding, tag) = match self.platform {
            Platform::Windows => (
                "# A tag is the four characters that the driver passes to ExAllocatePool2 or to\n\
                 # ExAllocatePoolWithTag; in C they are written backwards: '1DyM' is the tag MyD1.\n",
                "MyD1",
            ),
            Platform::Linux => (
                "# A tag is the name that the module passes to kmem_cache_create. Memory from kmalloc is in the\n\
                 # kernel's own caches, kmalloc-*, and is counted by itself only if the kernel counts call\n\
                 # sites: tag \"mydrv:*\", pool callsite.\n",
                "mydrv_ctx",
            ),
        };
        format!(
            "# Without thresholds the rule is: no tag on the whole machine may grow steadily. Name the\n\
             # driver's own tags for a more sensitive verdict about the driver alone.\n\
             {finding}\
             # thresholds:\n\
             #   - {{ tag: {tag}, max_rate: 0 B/iteration }}\n\
             #   - {{ tag: {tag}, max_growth: 64 KiB }}\n"
        )
    }
}

#[cfg(test)]
mod tests;
