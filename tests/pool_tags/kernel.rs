//! A Windows kernel for tests: it answers what it is told to, and remembers what it was asked.

use std::cell::RefCell;
use std::rc::Rc;

use poolgate::machine::windows::pool::{Bits, Class, NtStatus, Process, System, Totals};

use crate::bytes::{Row, give, table};

/// What a kernel answers, which a test may change between two samples.
pub(crate) struct Answers {
    /// Of class 255, class 22 and class 67. A table is given out when the buffer is large enough for it.
    pub(crate) of: [Result<Vec<u8>, NtStatus>; 3],
    pub(crate) totals: Option<Totals>,
    /// Calls so far: the class, and bytes offered.
    pub(crate) calls: Vec<(Class, usize)>,
    /// How often privileges were asked for.
    pub(crate) privileges: u32,
    /// Answers in place of `of`, where it does.
    pub(crate) instead: Option<Instead>,
}

type Instead = Box<dyn FnMut(Class, &mut [u8]) -> Option<(NtStatus, usize)>>;

/// The kernel; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Kernel {
    process: Process,
    answers: Rc<RefCell<Answers>>,
}

impl Kernel {
    /// A kernel which has none of the tables.
    pub(crate) fn of(process: Process) -> Kernel {
        let none = || Err(NtStatus::INVALID_INFO_CLASS);
        let of = [none(), none(), none()];
        // Room for the calls of any test, as a test counts allocations.
        let calls = Vec::with_capacity(10_000);
        let answers = Answers { of, totals: None, calls, privileges: 0, instead: None };
        Kernel { process, answers: Rc::new(RefCell::new(answers)) }
    }

    /// A 64-bit kernel whose class 22 lists `rows`.
    pub(crate) fn listing(rows: &[Row]) -> Kernel {
        let kernel = Kernel::of(Process::Native(Bits::Bits64));
        kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, rows)));
        kernel
    }

    /// Changes the answer of one class.
    pub(crate) fn set(&self, class: Class, answer: Result<Vec<u8>, NtStatus>) {
        self.change(|answers| answers.of[place(class)] = answer);
    }

    /// Changes the answers.
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

    fn totals(&mut self) -> Option<Totals> {
        self.answers.borrow().totals
    }

    fn enable_privileges(&mut self) {
        self.answers.borrow_mut().privileges += 1;
    }

    fn process(&self) -> Process {
        self.process
    }
}
