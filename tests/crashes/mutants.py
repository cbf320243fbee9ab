#!/usr/bin/env python3
"""Breaks the run's state machine, one step at a time, and expects the crash tests to notice each time.

Each mutant is a mistake somebody could make: a flush forgotten, two steps swapped, a look left out. It is applied to a
copy of the tree under target/mutants; one that survives means that the crash tests cannot see that mistake.
"""

import pathlib
import shutil
import subprocess
import sys

DRIVE = "src/run/drive/mod.rs"
AUTOSTART = "src/run/drive/autostart.rs"
RESTORE = "src/run/drive/restore.rs"
CLEAN_UP = "src/run/drive/clean_up.rs"

# (what is broken, file, the code, what it becomes)
MUTANTS = [
    (
        "autostart is not flushed",
        AUTOSTART,
        "self.machine.autostart.set(run)?;\n        self.machine.autostart.flush()",
        "self.machine.autostart.set(run)",
    ),
    (
        "the wanted flags are not flushed before the restart's line",
        DRIVE,
        "if self.changes_flags() { self.machine.flags.flush() } else { Ok(()) }\n    }\n\n    fn boot_armed",
        "Ok(())\n    }\n\n    fn boot_armed",
    ),
    (
        "the restored flags are not flushed",
        RESTORE,
        "        if self.changes_flags() {\n            self.machine.flags.flush()?;\n        }\n",
        "",
    ),
    (
        "flags which cannot be put back end the run",
        RESTORE,
        "_ => return written.map(|_| Next::NotRestored),",
        "_ => return Ok(Next::Enter(Phase::Report, Some(Failure::new(\"given up\")))),",
    ),
    (
        "a flag which cannot be put back keeps the others as they are",
        RESTORE,
        "Err(error) => failed = failed.or(Some(error)),",
        "Err(error) => return Err(error),",
    ),
    (
        "flags stay when the checkpoint cannot be written",
        DRIVE,
        "drive.restore_without_checkpoint();",
        "",
    ),
    (
        "the next process does not tear down",
        CLEAN_UP,
        "if !self.state().owes_teardown {",
        "if true {",
    ),
    (
        "a damaged checkpoint does not go to Restore",
        "src/run/drive/checkpoint.rs",
        "            CheckpointEntry::Entered { phase: Phase::Restore, boot, at: Timestamp::now(), trouble: Some(trouble) },\n",
        "",
    ),
    (
        "autostart is set by the first process only",
        AUTOSTART,
        "        if !self.changes_flags() && !comes_back {",
        "        if self.state().lives != 1 || self.state().phase != Phase::Arm || !self.changes_flags() && !comes_back {",
    ),
    (
        "autostart is set after the flags",
        DRIVE,
        "Phase::Arm => self.arm(),",
        "Phase::Arm => { let next = self.arm(); self.autostart(Some(self.folder))?; next }",
        "            self.set_autostart()?;\n",
        "            if self.state().phase > Phase::Arm { self.set_autostart()?; }\n",
    ),
    (
        "autostart is removed before the report",
        DRIVE,
        "work.report(self.state()).map_err(DriveError::Report)?;\n                    // Remove autostart only now",
        "self.autostart_off()?;\n                    work.report(self.state()).map_err(DriveError::Report)?;\n                    // Remove autostart only now",
    ),
    (
        "autostart is never removed",
        AUTOSTART,
        "Some(_) | None => self.autostart(None),",
        "Some(_) | None => Ok(()),",
    ),
    (
        "a fresh boot while measuring is not noticed",
        DRIVE,
        "async fn measure(&mut self, work: &mut impl Work) -> Result<Next, CheckpointError> {\n        if self.fresh_boot() {",
        "async fn measure(&mut self, work: &mut impl Work) -> Result<Next, CheckpointError> {\n        if false {",
    ),
    (
        "the machine is measured without restarting it",
        DRIVE,
        "        if !self.fresh_boot() {\n            // An earlier process",
        "        if false {\n            // An earlier process",
    ),
    (
        "a flag that looks restored is neither written nor flushed",
        RESTORE,
        "                Ok(note) => notes.extend(note),",
        "                Ok(note) if self.machine.flags.read(&change.name)? == change.original => return Ok(note.into_iter().collect()),\n"
        "                Ok(note) => notes.extend(note),",
        "        let now = self.machine.flags.read(&change.name)?;\n",
        "        let now = self.machine.flags.read(&change.name)?;\n"
        "        if now == change.original {\n            return Ok(None);\n        }\n",
    ),
    (
        "flags which cannot be armed are left as they are",
        DRIVE,
        "Phase::Restore => self.restore(work).await?,",
        "Phase::Restore if self.state().trouble.is_some() => Next::Enter(Phase::BootRestored, None),\n"
        "                Phase::Restore => self.restore(work).await?,",
    ),
    (
        "a journal's torn tail is written behind, not over",
        "tests/crashes/world.rs",
        "        world.journal.truncate(length as usize);\n        world.journal.extend_from_slice(line);\n        Ok(())",
        "        world.journal.extend_from_slice(line);\n        Ok(())",
    ),
    (
        "trouble is forgotten by the phases after it",
        "src/run/drive/state.rs",
        "(Some(_), trouble) => self.later.extend(trouble),",
        "(Some(_), trouble) => self.trouble = trouble,",
    ),
]


def main() -> int:
    root = pathlib.Path(__file__).resolve().parents[2]
    copy = root / "target" / "mutants"
    survived = []
    for what, file, *changes in MUTANTS:
        for name in ("src", "tests", "benches", "scenarios"):
            shutil.rmtree(copy / name, ignore_errors=True)
            # New times of change: cargo would not rebuild a library whose broken file became the old one again.
            shutil.copytree(root / name, copy / name, copy_function=shutil.copyfile)
        for name in ("Cargo.toml", "Cargo.lock", "README.md"):
            shutil.copy(root / name, copy / name)
        text = (root / file).read_text()
        for old, new in zip(changes[::2], changes[1::2]):
            if text.count(old) != 1:
                sys.exit(f"the mutant «{what}» does not fit any more: {text.count(old)} places in {file}")
            text = text.replace(old, new)
        (copy / file).write_text(text)
        caught = not passes(copy)
        print(f"{'caught' if caught else 'SURVIVED':9} {what}", flush=True)
        if not caught:
            survived.append(what)
    print(f"{len(MUTANTS)} mutants, {len(survived)} survived")
    return 1 if survived else 0


def passes(copy: pathlib.Path) -> bool:
    """Whether the crash tests pass. A mutant which does not build proves nothing, so that ends everything."""
    cargo = ["cargo", "test", "--locked", "--profile", "bed", "--test", "crashes"]
    build = subprocess.run([*cargo, "--no-run"], cwd=copy, capture_output=True, text=True)
    if build.returncode:
        sys.exit(build.stderr)
    return subprocess.run(cargo, cwd=copy, capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
