//! Makes a scenario for a recording without one: an imported log, or a run with a lost folder.
//!
//! It describes how to read the samples, and runs nothing. Its thresholds are the default rule until others are given.

use super::Scenario;
use super::load::parse;

/// Properties of a recording that show how it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingProperties {
    /// Whether iterations were counted.
    pub iterations: bool,
    /// Whether the workload was sampled at rest, after each iteration.
    pub settled: bool,
}

impl Scenario {
    /// Makes a scenario to judge such a recording by, called `name` with invalid characters replaced.
    ///
    /// # Panics
    /// Never: the text of the scenario is valid.
    pub fn offline(name: &str, shown: RecordingProperties) -> Scenario {
        let plan = match shown {
            RecordingProperties { iterations: true, settled: true } => "iterations: 1",
            RecordingProperties { iterations: true, settled: false } => "duration: 1 h, count_lines: '.'",
            RecordingProperties { iterations: false, .. } => "duration: 1 h",
        };
        let text = format!("scenario: \"{}\"\nworkload: {{ run: nothing, {plan} }}\n", nameable(name));
        #[expect(clippy::expect_used, reason = "a text of ours")]
        let loaded = parse("offline", text.as_bytes()).expect("the text is a scenario");
        loaded.scenario
    }
}

/// Returns `name` with the characters replaced that a name cannot have.
fn nameable(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = name.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let name: String = name.chars().take(80).collect();
    if name.is_empty() { "recording".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_name_gives_a_scenario() {
        for (name, expected) in [
            ("night 1.csv", "night-1.csv"),
            ("../a\\b\u{1b}\".csv.gz", "a-b--.csv.gz"),
            ("", "recording"),
            ("é", "recording"),
            (&"x".repeat(300), &"x".repeat(80)),
        ] {
            for (iterations, settled) in [(true, true), (true, false), (false, true), (false, false)] {
                let scenario = Scenario::offline(name, RecordingProperties { iterations, settled });
                assert_eq!(scenario.name.as_str(), expected);
                assert_eq!(scenario.workload.counts_iterations(), iterations);
            }
        }
    }
}
