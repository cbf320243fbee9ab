//! All cores at once. Nothing else in poolgate has threads: a run must not disturb the memory it measures, but leakbench
//! measures nothing except itself, and a full one is minutes of arithmetic.
//!
//! Every piece of work depends on its number only, and results come back in the order of the numbers, so that the figures
//! are the same on any number of cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What `work` makes of each number below `count`, in order.
pub(super) fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let result = work(number);
                    // A thread which panicked ends the scope with its panic, so nobody sees what it left.
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_their_numbers() {
        assert_eq!(map(100, |number| number * number), (0..100).map(|number| number * number).collect::<Vec<_>>());
        assert_eq!(map(0, |number| number), Vec::<usize>::new());
    }
}
