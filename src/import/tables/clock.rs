//! When tables were taken, as far as anything says so.

use std::time::Duration;

use jiff::Timestamp;

use super::Wrong;

/// The time of the last table, since the first.
#[derive(Debug)]
pub(super) struct Clock {
    /// How far apart tables are: what the user says, else what the format does.
    given: Option<Duration>,
    usual: Option<Duration>,
    at: Option<Duration>,
    /// A time which was told, and where it is in the recording.
    origin: Option<(Timestamp, Duration)>,
    /// Between the last two tables.
    step: Option<Duration>,
    back: u64,
}

impl Clock {
    pub(super) fn new(given: Option<Duration>) -> Clock {
        Clock { given, usual: None, at: None, origin: None, step: None, back: 0 }
    }

    /// How far apart tables of this format are.
    pub(super) fn usual(&mut self, usual: Option<Duration>) {
        self.usual = usual;
    }

    /// The next table; `told` is when it was taken, where something tells.
    pub(super) fn table(&mut self, told: Option<Timestamp>) -> Result<(), Wrong> {
        let Some(before) = self.at else {
            self.at = Some(Duration::ZERO);
            self.origin = told.map(|told| (told, Duration::ZERO));
            return Ok(());
        };
        let elapsed = match (told, self.origin) {
            (Some(told), Some((origin, at))) => Some(told.duration_since(origin)).map(|since| (since, at)),
            _ => None,
        };
        let at = match elapsed {
            Some((since, at)) => Duration::try_from(since).ok().map(|since| at + since).filter(|at| *at >= before),
            None => None,
        };
        let back = elapsed.is_some() && at.is_none();
        self.back += u64::from(back);
        let at = match at {
            // Two tables within the second which is written down.
            Some(at) if at == before => before + Duration::from_micros(1),
            Some(at) => at,
            None => before + self.step.filter(|_| back).map_or_else(|| self.apart(), Ok)?,
        };
        if let (Some(told), true) = (told, self.origin.is_none() || elapsed.is_some()) {
            self.origin = Some((told, at));
        }
        (self.at, self.step) = (Some(at), Some(at - before));
        Ok(())
    }

    fn apart(&self) -> Result<Duration, Wrong> {
        self.given.or(self.usual).ok_or_else(|| {
            Wrong::new(
                "begins another table, and nothing says when it was taken",
                "say how far apart they were taken, as in `--every 30m`",
            )
        })
    }

    /// When the last table was taken.
    pub(super) fn at(&self) -> Duration {
        self.at.unwrap_or_default()
    }

    /// What a reader should know.
    pub(super) fn note(&mut self, name: &str) -> Option<String> {
        let back = std::mem::take(&mut self.back);
        (back > 0).then(|| format!("{name}: the clock was set back {back} times; from there on the distances count"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(clock: &mut Clock, told: Option<i64>) -> Result<f64, String> {
        let told = told.map(|seconds| Timestamp::from_second(seconds).unwrap());
        clock.table(told).map(|()| clock.at().as_secs_f64()).map_err(|wrong| wrong.what)
    }

    #[test]
    fn tables_have_the_time_told_or_the_usual_distance() {
        let mut clock = Clock::new(None);
        clock.usual(Some(Duration::from_secs(5)));
        // The first of them lacks its time, as where a log was cut at its beginning.
        let times = [None, Some(1000), Some(1060), Some(1060), None, Some(1100)];
        let read: Vec<f64> = times.into_iter().map(|told| at(&mut clock, told).unwrap()).collect();
        assert_eq!(read, [0.0, 5.0, 65.0, 65.000001, 70.000001, 105.000001]);
        assert_eq!(clock.note("x"), None);
    }

    #[test]
    fn a_clock_which_is_set_back_costs_one_distance() {
        let mut clock = Clock::new(Some(Duration::from_secs(60)));
        let read: Vec<f64> = [7200, 7260, 3720, 3780].map(|told| at(&mut clock, Some(told)).unwrap()).to_vec();
        assert_eq!(read, [0.0, 60.0, 120.0, 180.0]);
        assert!(clock.note("x").is_some_and(|note| note.contains("set back 1 times")));
    }

    #[test]
    fn without_any_time_nothing_is_made_up() {
        let mut clock = Clock::new(None);
        assert_eq!(at(&mut clock, None), Ok(0.0));
        assert!(at(&mut clock, None).is_err_and(|what| what.contains("nothing says when")));
    }
}
