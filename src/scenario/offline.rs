//! A scenario for a recording which has none: an imported log, or one whose folder is lost.
//!
//! It says how to read the samples, and runs nothing. Its thresholds are the default rule until somebody gives others.

use super::Scenario;
use super::load::parse;

/// What a recording shows of how it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Iterations were counted.
    pub iterations: bool,
    /// The workload was sampled at rest, after each of them.
    pub settled: bool,
}

impl Scenario {
    /// A scenario called `name`, as far as that can be a name, to judge such a recording by.
    ///
    /// # Panics
    /// Never: the text it is made from is a scenario.
    pub fn offline(name: &str, shown: Shown) -> Scenario {
        let plan = match shown {
            Shown { iterations: true, settled: true } => "iterations: 1",
            Shown { iterations: true, settled: false } => "duration: 1 h, count_lines: '.'",
            Shown { iterations: false, .. } => "duration: 1 h",
        };
        let text = format!("scenario: \"{}\"\nworkload: {{ run: nothing, {plan} }}\n", nameable(name));
        #[expect(clippy::expect_used, reason = "a text of ours")]
        let loaded = parse("offline", text.as_bytes()).expect("the text is a scenario");
        loaded.scenario
    }
}

/// `name` with what no name has replaced.
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
                let scenario = Scenario::offline(name, Shown { iterations, settled });
                assert_eq!(scenario.scenario.as_str(), expected);
                assert_eq!(scenario.workload.counts_iterations(), iterations);
            }
        }
    }
}
