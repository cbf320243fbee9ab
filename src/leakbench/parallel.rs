//! Uses all cores. Nothing else in poolgate has threads, because a run must not disturb the memory it measures.
//! leakbench measures only itself, and a full one takes minutes of arithmetic.
//!
//! Every piece of work depends only on its number, and results come back in the order of the numbers. So the figures
//! are the same on any number of cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Applies `work` to each number below `count`, and returns the results in order.
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
                    // A thread that panics ends the scope with its panic, so its unfinished data is never used.
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
