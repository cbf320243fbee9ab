//! Stories: the lives of a run before the one with the fault, and its completion afterwards.

use std::fmt;

use super::life::{Call, Life, Trace, broken, passed};
use super::machine::{Boot, Machine, Programs};
use super::strace::Fault;

/// The lives of a run up to the one with failing calls.
pub(super) struct Story {
    pub(super) name: &'static str,
    boot: Boot,
    before: &'static [Step],
    /// The life with the fault.
    call: Call,
}

#[derive(Clone, Copy)]
enum Step {
    /// A life without faults, then the restart it requested.
    Live(Call),
    /// `update-grub` kills poolgate at its call of this number, in the next life.
    KillInUpdateGrub(u32),
    /// A life that is killed, by `update-grub` or otherwise.
    Killed(Call),
    /// A life that is killed at its first system call of this name.
    KilledAt(Call, &'static str),
    Reboot,
}

use Call::{Abort, Resume, Run};
use Step::{KillInUpdateGrub, Killed, KilledAt, Live, Reboot};

/// The first three form a normal run; in the others it was killed, went down, or is aborted.
pub(super) const STORIES: [Story; 10] = [
    Story { name: "arm", boot: Boot::DropIn, before: &[], call: Run },
    Story { name: "measure", boot: Boot::DropIn, before: &[Live(Run)], call: Resume },
    Story { name: "report", boot: Boot::DropIn, before: &[Live(Run), Live(Resume)], call: Resume },
    Story { name: "arm-again", boot: Boot::DropIn, before: &[KillInUpdateGrub(1), Killed(Run)], call: Resume },
    Story {
        name: "restore-again",
        boot: Boot::DropIn,
        before: &[Live(Run), KillInUpdateGrub(2), Killed(Resume)],
        call: Resume,
    },
    // The first `fdatasync` is that of the recording being written.
    Story { name: "after-kill", boot: Boot::DropIn, before: &[Live(Run), KilledAt(Resume, "fdatasync")], call: Resume },
    Story {
        name: "went-down",
        boot: Boot::DropIn,
        before: &[Live(Run), KilledAt(Resume, "fdatasync"), Reboot],
        call: Resume,
    },
    Story { name: "abort", boot: Boot::DropIn, before: &[Live(Run)], call: Abort },
    Story { name: "arm-default", boot: Boot::Default, before: &[], call: Run },
    Story { name: "measure-default", boot: Boot::Default, before: &[Live(Run)], call: Resume },
];

/// The result of one run.
pub(super) struct Ended {
    pub(super) name: String,
    /// The violations; empty if all is well.
    pub(super) wrong: Vec<String>,
    /// Harmless remains.
    pub(super) litter: Vec<String>,
    pub(super) told: String,
}

impl Story {
    /// The calls of the life that will have a fault.
    pub(super) fn trace(&self, programs: &Programs) -> Vec<Fault> {
        let machine = Machine::new(programs, self.boot);
        let mut lives = Vec::new();
        self.go_before(&machine, &mut lives);
        let file = machine.at("trace");
        Life::live(&machine, self.call, &Trace::Into(file.clone()));
        super::strace::calls(&fs_err::read_to_string(file).unwrap(), machine.root())
    }

    /// The whole run, with a fault or without.
    pub(super) fn tell(&self, programs: &Programs, name: String, fault: Option<&Fault>) -> Ended {
        let machine = Machine::new(programs, self.boot);
        let mut lives = Vec::new();
        self.go_before(&machine, &mut lives);
        let trace = fault.map_or(Trace::Without, Trace::With);
        // Alternates between a resume by hand in the same boot and one after a reset.
        let by_reset = fault.is_some_and(|fault| fault.at % 2 == 0);
        finish(&machine, name, lives, Life::live(&machine, self.call, &trace), by_reset)
    }

    fn go_before(&self, machine: &Machine, lives: &mut Vec<Life>) {
        for step in self.before {
            match *step {
                Live(call) => {
                    let life = Life::live(machine, call, &Trace::Without);
                    assert!(life.restarts, "{}: {}", self.name, life.told());
                    machine.reboot();
                    lives.push(life);
                }
                Killed(call) => {
                    let life = Life::live(machine, call, &Trace::Without);
                    assert_eq!(life.code, None, "{}: {}", self.name, life.told());
                    lives.push(life);
                }
                KilledAt(call, name) => {
                    let life = Life::live(machine, call, &Trace::KilledAt(name));
                    assert!(!life.restarts && life.code != Some(0), "{}: {}", self.name, life.told());
                    lives.push(life);
                }
                KillInUpdateGrub(number) => machine.write(&format!("kill-at-{number}"), ""),
                Reboot => machine.reboot(),
            }
        }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A whole run in which `update-grub` fails from its call `at` to its call `until`.
pub(super) fn with_failing_update_grub(programs: &Programs, boot: Boot, how: &str, at: u32, until: u32) -> Ended {
    let machine = Machine::new(programs, boot);
    machine.write("fail-from", &at.to_string());
    machine.write("fail-until", &until.to_string());
    if how == "fail-half-written" {
        machine.write("half-written", "");
    }
    let name = format!("update-grub/{boot:?}/{how} at {at}, {}", if until == at { "once" } else { "sticky" });
    let mut lives = vec![Life::live(&machine, Run, &Trace::Without)];
    let mut wrong = Vec::new();
    assert!(machine.grub_updates() > 0, "{name}: {}", lives[0].told());
    // A person repairs a sticky fault at some time.
    for _ in 0..2 {
        let Some(last) = lives.last() else { break };
        wrong.extend(broken(&machine, last));
        if last.restarts {
            machine.reboot();
        }
        lives.push(Life::live(&machine, Resume, &Trace::Without));
    }
    fs_err::remove_file(machine.at("fail-from")).unwrap();
    let last = lives.pop().unwrap();
    let mut ended = finish(&machine, name, lives, last, false);
    wrong.append(&mut ended.wrong);
    Ended { wrong, ..ended }
}

/// Continues a run after the life `last` until there is nothing to do. Returns the violations on the way and at the
/// end.
fn finish(machine: &Machine, name: String, mut lives: Vec<Life>, last: Life, by_reset: bool) -> Ended {
    // A run that never began is not resumed; `abort` removes it.
    const CALLS: [Call; 10] = [Resume, Resume, Resume, Resume, Resume, Resume, Resume, Abort, Abort, Abort];
    let mut wrong = broken(machine, &last);
    let mut over = false;
    let mut reboot = last.restarts || (by_reset && last.code != Some(0));
    // The exit code of the life that brought the run to its outcome.
    let mut outcome = (last.call != Abort).then_some(last.code);
    lives.push(last);
    for call in CALLS {
        if over {
            break;
        }
        if reboot {
            machine.reboot();
        }
        let life = Life::live(machine, call, &Trace::Without);
        wrong.extend(broken(machine, &life));
        over = life.had_nothing_to_do();
        if !over {
            outcome = (call != Abort).then_some(life.code);
        }
        reboot = life.restarts;
        lives.push(life);
    }
    if !over {
        wrong.push(format!("the run is not over after {} more lives", CALLS.len()));
    }
    wrong.extend(machine.left_behind());
    // A process may fail in its last write, when all is done and reported. A pass then has exit code 3.
    match (passed(machine), outcome) {
        (true, Some(code)) if ![Some(0), Some(3)].contains(&code) => {
            wrong.push(format!("junit.xml shows a pass, and the exit code was {code:?}"));
        }
        (false, Some(Some(0))) => wrong.push("the exit code was 0, and junit.xml shows no pass".to_owned()),
        _ => {}
    }
    wrong.dedup();
    let told = lives.iter().map(Life::told).collect();
    Ended { name, wrong, litter: machine.litter(), told }
}
