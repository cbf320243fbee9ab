//! Scenarios.

use poolgate::scenario::parse;

/// Reads a scenario.
///
/// # Panics
/// When the scenario's text reads back differently, or a mistake is not safe to print or has no place in the text.
pub fn scenario(bytes: &[u8]) {
    match parse("fuzz.yaml", bytes) {
        Ok(loaded) => {
            let again = parse("fuzz.yaml", loaded.text.as_bytes()).expect("the text a run keeps is read again");
            assert_eq!(format!("{:?}", loaded.scenario), format!("{:?}", again.scenario));
            // A run reads the words of its thresholds first.
            loaded.scenario.thresholds().iter().for_each(|threshold| drop(threshold.words()));
        }
        Err(mistakes) => {
            assert!(mistakes.iter().count() > 0, "refused for no reason");
            for mistake in mistakes.iter() {
                let span = mistake.span();
                assert!(span.start <= span.end && span.end <= mistakes.text().len(), "{mistake} stands at {span:?}");
                super::printable(mistake.message());
                super::printable(mistake.help());
            }
            super::printable(&mistakes.render());
        }
    }
}
