//! `poolgate bench` runs leakbench: it measures how accurately poolgate judges simulated tags.

use std::path::{Path, PathBuf};

use crate::cli::output::errors;
use crate::cli::output::stdout::{print_data, say, tell};
use crate::cli::output::terminal;
use crate::exit::Exit;
use crate::leakbench::{self, BenchFigures, Size};
use crate::record;

/// Measure the detector's accuracy on simulated tags.
#[derive(Debug, clap::Args)]
pub(super) struct BenchCommand {
    /// Measure only a part, in less than a minute on two cores
    #[arg(long)]
    quick: bool,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with code 1 if a figure is worse than in this file, written by an earlier `--json`
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Draw the tags from these seeds: a change made while looking at v1 must also hold with others
    #[arg(long, value_name = "NAME", default_value = "v1", hide = true)]
    seeds: String,
    /// Print one history as CSV, for docs/how-we-judge/draw.py
    #[arg(long, value_name = "NAME", value_parser = leakbench::SERIES, hide = true)]
    series: Option<String>,
    /// Measure almost nothing, for tests
    #[arg(long, conflicts_with = "quick", hide = true)]
    tiny: bool,
}

impl BenchCommand {
    pub(super) fn run(self) -> Exit {
        if let Some(series) = self.series.as_deref().and_then(leakbench::series) {
            print_data(series.as_bytes());
            return Exit::Held;
        }
        let committed = match self.against.as_deref().map(read).transpose() {
            Ok(committed) => committed,
            Err(error) => {
                errors::tell(error, Some("give a file written by `poolgate bench --json FILE`"));
                return Exit::Usage;
            }
        };
        let size = match (self.quick, self.tiny) {
            (_, true) => Size::TINY,
            (true, false) => Size::QUICK,
            (false, false) => Size::FULL,
        };
        if let Some(other) = committed.as_ref().filter(|committed| committed.size != size.name) {
            let error = format!("the figures to compare with are of size {}, not {}", other.size, size.name);
            errors::tell(error, Some("compare with figures of the same size"));
            return Exit::Usage;
        }
        let figures = leakbench::measure(&size, &self.seeds, |what| tell!("leakbench: {what}"));
        say!("{}", leakbench::table(&figures, terminal::width()));
        if let Some(file) = &self.json
            && let Err(error) = write(file, &figures)
        {
            errors::tell(error, Some("give a file in an existing folder"));
            return Exit::Failed;
        }
        let worse = committed.map(|committed| leakbench::worse(&figures, &committed)).unwrap_or_default();
        worse.iter().for_each(|figure| tell!("worse than committed: {figure}"));
        if worse.is_empty() { Exit::Held } else { Exit::Broken }
    }
}

fn read(file: &Path) -> Result<BenchFigures, String> {
    let text = fs_err::read_to_string(file).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{} has no leakbench figures: {error}", file.display()))
}

fn write(file: &Path, figures: &BenchFigures) -> Result<(), String> {
    let text = serde_json::to_string_pretty(figures).map_err(|error| error.to_string())?;
    record::replace(file, format!("{text}\n").as_bytes()).map_err(|error| error.to_string())
}
