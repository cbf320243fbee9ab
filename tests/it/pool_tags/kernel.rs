//! A Windows kernel for tests: it returns the configured answers and records the calls.

use std::cell::RefCell;
use std::rc::Rc;

use poolgate::machine::windows::pool::{Bits, Class, NtStatus, PoolTotals, ProcessKind, System};

use crate::pool_tags::bytes::{Row, give, table};

/// The answers of a kernel; a test may change them between two samples.
pub(crate) struct Answers {
    /// The answers of class 255, class 22 and class 67. A table is returned if the buffer is large enough for it.
    pub(crate) of: [Result<Vec<u8>, NtStatus>; 3],
    pub(crate) totals: Option<PoolTotals>,
    /// Calls so far: the class, and bytes offered.
    pub(crate) calls: Vec<(Class, usize)>,
    /// The number of requests for privileges.
    pub(crate) privileges: u32,
    /// If this function returns an answer, it replaces the one in `of`.
    pub(crate) instead: Option<Instead>,
}

type Instead = Box<dyn FnMut(Class, &mut [u8]) -> Option<(NtStatus, usize)>>;

/// The kernel; clones share their state.
#[derive(Clone)]
pub(crate) struct Kernel {
    process: ProcessKind,
    answers: Rc<RefCell<Answers>>,
}

impl Kernel {
    /// A kernel without any of the tables.
    pub(crate) fn of(process: ProcessKind) -> Kernel {
        let none = || Err(NtStatus::INVALID_INFO_CLASS);
        let of = [none(), none(), none()];
        // Room for the calls of any test, because a test counts allocations.
        let calls = Vec::with_capacity(10_000);
        let answers = Answers { of, totals: None, calls, privileges: 0, instead: None };
        Kernel { process, answers: Rc::new(RefCell::new(answers)) }
    }

    /// A 64-bit kernel with `rows` in class 22.
    pub(crate) fn listing(rows: &[Row]) -> Kernel {
        let kernel = Kernel::of(ProcessKind::Native(Bits::Bits64));
        kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, rows)));
        kernel
    }

    /// Changes the answer of one class.
    pub(crate) fn set(&self, class: Class, answer: Result<Vec<u8>, NtStatus>) {
        self.change(|answers| answers.of[place(class)] = answer);
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Answers) -> T) -> T {
        change(&mut self.answers.borrow_mut())
    }
}

fn place(class: Class) -> usize {
    match class {
        Class::PoolTag2 => 0,
        Class::PoolTag => 1,
        Class::SessionPoolTag => 2,
        Class::Verifier | Class::Modules => panic!("no table of pool usage"),
    }
}

impl System for Kernel {
    fn query(&mut self, class: Class, buffer: &mut [u8]) -> (NtStatus, usize) {
        assert!(buffer.as_ptr().addr().is_multiple_of(8), "a real kernel refuses a buffer which is not aligned");
        let answers = &mut *self.answers.borrow_mut();
        answers.calls.push((class, buffer.len()));
        if let Some(answer) = answers.instead.as_mut().and_then(|instead| instead(class, buffer)) {
            return answer;
        }
        match &answers.of[place(class)] {
            Ok(table) => give(table, buffer),
            Err(status) => (*status, 0),
        }
    }

    fn totals(&mut self) -> Option<PoolTotals> {
        self.answers.borrow().totals
    }

    fn enable_privileges(&mut self) {
        self.answers.borrow_mut().privileges += 1;
    }

    fn process(&self) -> ProcessKind {
        self.process
    }
}
