#!/usr/bin/env python3
"""A Windows in QEMU that really restarts, loses its power, and crashes.

  bed.py install WINDOWS.ISO PAYLOAD    installs Windows and the files of the folder PAYLOAD: base.qcow2
  bed.py leak | clean | cuts | down | random | verified | crash
                                        runs one errand in a copy of it, and checks the result

All files are in the current folder. Power is cut by killing QEMU, at lines of the run's log. This loses the guest's memory and
the part of the disk's cache that QEMU has not written, but never flushed data. tests/qemu tests a drive that lies about flushes,
on Linux.
"""
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# QEMU's accelerator; use `tcg` to test this file without KVM.
ACCELERATOR = os.environ.get("BED_ACCELERATOR", "kvm")
INSTALLING = 75 * 60
RUNNING = 25 * 60
# The offset of the lab disk's only partition, in bytes.
PARTITION = 1 << 20

# Each errand: the scenario, how often the driver leaks, the lines of the log at which power is cut, and the exit code.
ERRANDS = {
    "leak": ("leak", 5, [], 1),
    "clean": ("leak", 0, [], 0),
    "cuts": ("leak", 0, ["phase arm", "phase boot armed", "phase restore", "phase boot restored", "phase report"], 0),
    "down": ("leak", 0, ["iteration "], 3),
    "random": ("leak", 0, ["at random"] * 8, None),
    "verified": ("verified", 0, [], 0),
    "crash": ("crash", 5, [], 3),
}


def main():
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "install":
        install(pathlib.Path(words[1]), pathlib.Path(words[2]))
    elif len(words) == 1 and words[0] in ERRANDS:
        errand(words[0])
    else:
        sys.exit(__doc__)


def install(iso, payload):
    """Windows Setup restarts by itself; prepare.cmd powers off."""
    tool("qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "40G")
    answers = pathlib.Path("answers")
    shutil.rmtree(answers, ignore_errors=True)
    shutil.copytree(payload, answers)
    for file in HERE.iterdir():
        if file.suffix in {".xml", ".cmd", ".ps1", ".yaml"}:
            # cmd.exe finds labels reliably only with CRLF line ends.
            (answers / file.name).write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    leakydrv = (HERE / "../../wine/leakydrv.yaml").read_text()
    flags = 'flags: { gflags: ["+kst"] }\n'
    (answers / "leak.yaml").write_text(leakydrv.replace("TAG", "Leak") + flags)
    tool("xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-o", "answers.iso", str(answers))
    machine = Machine("install", "base.qcow2", cds=[iso, "answers.iso"])
    machine.power_on()
    # Answers "Press any key to boot from CD". It appears for some seconds, and not with every firmware.
    for _ in range(20):
        machine.press("ret")
        time.sleep(1)
    machine.wait_until_off(INSTALLING)
    if "prepared" not in machine.printed():
        fail(f"the guest was not prepared:\n{machine.printed()}")


def errand(name):
    scenario, every, cuts, expected = ERRANDS[name]
    tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", f"{name}.qcow2")
    make_lab_disk(f"{name}.img", f"@set SCENARIO={scenario}\r\n@set EVERY={every}\r\n")
    machine = Machine(name, f"{name}.qcow2", lab=f"{name}.img")
    machine.power_on()
    machine.live(cuts)
    results = pathlib.Path(f"{name}-results")
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    tool("mcopy", "-s", "-n", "-i", f"{name}.img@@{PARTITION}", "::*", str(results))
    print(machine.printed(), machine.story(), sep="\n")
    check(name, machine.printed(), machine.story(), results, expected)
    os.remove(f"{name}.qcow2")


def check(name, printed, story, results, expected):
    """Checks the exit code and the report, and that the flag is restored and the service is removed."""
    codes = [int(code) for code in re.findall(r"^code (\d+)", printed, re.M)]
    reports = list(results.glob("reports/*/report.json"))
    if len(reports) != 1:
        fail(f"{len(reports)} reports")
    report = json.loads(reports[0].read_text())
    print(json.dumps({key: report[key] for key in ("outcome", "failure", "notes", "not_restored")}, indent=1))
    # Power cuts at random may only turn the outcome into an error, never into another one.
    right = [0, 3] if expected is None else [expected]
    if not codes or codes[-1] not in right:
        fail(f"exit codes {codes}, and one of {right} is right at the end")
    if report["outcome"] != {0: "held", 1: "broken", 3: "error"}[codes[-1]]:
        fail(f"exit code {codes[-1]} with outcome {report['outcome']}")
    # Only the first start prints `flag before`.
    before, after = re.findall(r"^flag before (.+)$", printed, re.M)[0], re.findall(r"^flag after (.+)$", printed, re.M)[-1]
    if before.strip() != after.strip():
        fail(f"GlobalFlag was {before.strip()} and is {after.strip()}")
    if re.findall(r"^service (\d+)", printed, re.M)[-1] != "1060":
        fail("the service poolgate-resume is still there")
    if report["not_restored"]:
        fail(f"not restored: {report['not_restored']}")
    in_order(story)
    if name == "leak":
        rate = next(tag for tag in report["tags"] if tag["tag"] == "Leak")["evidence"]["objects_per_iteration"]
        if not rate["low"] <= 2 <= rate["high"]:
            fail(f"2 objects an iteration are outside of {rate}")
        # Event 1074 has the program that restarted the machine, and the reason: "application: maintenance (planned)".
        restarts = (results / "restarts.txt").read_text(errors="replace")
        by_poolgate = [event for event in restarts.split("Event[") if "poolgate.exe" in event and "0x80040001" in event]
        if len(by_poolgate) != 2:
            fail(f"{len(by_poolgate)} restarts by poolgate, and 2 are right:\n{restarts}")
        events = (results / "events.txt").read_text(errors="replace")
        if "phase measure" not in events or "cannot be found" in events:
            fail(f"the Application event log lacks the service's part of the story:\n{events}")
    if name == "verified":
        query = (results / "query.txt").read_text(errors="replace")
        if "leakydrv.sys" not in query.lower():
            fail(f"the driver was not verified:\n{query}")
        settings = [(results / file).read_text(errors="replace") for file in ("before.txt", "after.txt")]
        if settings[0] != settings[1]:
            fail("`verifier /querysettings` prints other settings than before:\n" + "\n".join(settings))
    if name in ("down", "crash"):
        if report["failure"]["message"] != "the machine went down while the workload ran":
            fail(f"another failure: {report['failure']}")
    if name == "crash" and not any("MEMORY.DMP" in note.upper() for note in report["notes"]):
        fail("no note names MEMORY.DMP")


PHASES = ["arm", "boot armed", "measure", "restore", "boot restored", "report", "done"]


def in_order(story):
    """A phase is logged once it is on disk, so after a power cut no earlier phase may be logged again."""
    phases = dict.fromkeys(re.findall(r"^(\S+) phase (.+?)\r?$", story, re.M))
    # If a power cut tears a line, it is logged again.
    places = [PHASES.index(phase) for _, phase in phases if phase in PHASES]
    if places != sorted(places) or not places or places[-1] != len(PHASES) - 1:
        fail(f"phases out of order: {[phase for _, phase in phases]}")


def make_lab_disk(image, errand_cmd):
    with open(image, "wb") as file:
        file.truncate(256 << 20)
    tool("sfdisk", "-q", image, stdin=f"start={PARTITION // 512}, type=c\n")
    tool("mkfs.fat", "-F", "32", "-n", "LAB", "--offset", str(PARTITION // 512), image, str((255 << 20) // 1024))
    pathlib.Path("errand.cmd").write_bytes(errand_cmd.encode())
    tool("mcopy", "-i", f"{image}@@{PARTITION}", "errand.cmd", "::")


class Machine:
    """A machine of QEMU. The output of its serial ports is kept across boots."""

    def __init__(self, name, system, cds=(), lab=None):
        self.name = name
        self.process = None
        disks = [(system, "qcow2", "hd")] + [(cd, "raw", "cd") for cd in cds] + ([(lab, "raw", "hd")] if lab else [])
        self.command = [
            "qemu-system-x86_64", "-nodefaults", "-display", "none", "-vga", "std", "-nic", "none",
            "-machine", f"q35,accel={ACCELERATOR}", "-m", "6G", "-smp", "4", "-rtc", "base=utc",
            "-qmp", f"unix:{name}.qmp,server=on,wait=off",
        ]
        if ACCELERATOR == "kvm":
            # The hypervisor interfaces that Windows uses as a guest.
            self.command += ["-cpu", "host,hv_relaxed,hv_vapic,hv_spinlocks=0x1fff,hv_time"]
        for port in ("printed", "story"):
            pathlib.Path(f"{name}.{port}").write_bytes(b"")
            self.command += ["-chardev", f"file,id={port},path={name}.{port},append=on"]
            self.command += ["-device", f"isa-serial,chardev={port}"]
        for at, (file, form, kind) in enumerate(disks):
            readonly = ",readonly=on" if kind == "cd" else ""
            self.command += ["-drive", f"if=none,id=disk{at},file={file},format={form}{readonly}"]
            self.command += ["-device", f"ide-{kind},drive=disk{at},bus=ide.{at},bootindex={at}"]

    def printed(self):
        return pathlib.Path(f"{self.name}.printed").read_text(errors="replace")

    def story(self):
        return pathlib.Path(f"{self.name}.story").read_text(errors="replace")

    def power_on(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)

    def cut_power(self):
        self.process.kill()
        self.process.wait()

    def wait_until_off(self, patience):
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.give_up(f"still on after {patience} s")
        if code != 0:
            fail(f"QEMU ends with {code}")

    def live(self, cuts):
        """Runs until the guest powers off. Cuts the power at each of `cuts` in turn, when a new line of the log contains it."""
        cuts, deadline = list(cuts), time.monotonic() + RUNNING
        at_random = self.random_moment()
        known = set()
        while self.process.poll() is None:
            time.sleep(0.02)
            lines = set(self.story().splitlines())
            new, known = lines - known, lines
            if not cuts:
                hit = False
            elif cuts[0] == "at random":
                hit = time.monotonic() > at_random
            else:
                hit = any(cuts[0] in line for line in new)
            if hit:
                time.sleep(random.uniform(0, 0.05))
                print(f"power cut at `{cuts.pop(0)}`", flush=True)
                self.cut_power()
                self.power_on()
                at_random = self.random_moment()
            if time.monotonic() > deadline:
                self.give_up(f"still on after {RUNNING} s")
        if self.process.returncode != 0:
            fail(f"QEMU ends with {self.process.returncode}")
        # Only a cut at random may come too late.
        if cuts and cuts[0] != "at random":
            fail(f"the story never came to `{cuts[0]}`:\n{self.story()}")

    @staticmethod
    def random_moment():
        """A boot takes about half a minute."""
        return time.monotonic() + random.uniform(20, 90)

    def press(self, key):
        self.qmp("send-key", keys=[{"type": "qcode", "data": key}])

    def give_up(self, because):
        """Saves the screen."""
        self.qmp("screendump", filename=str(pathlib.Path(f"{self.name}.ppm").resolve()))
        self.cut_power()
        fail(f"{because}; {self.name}.ppm is its screen:\n{self.printed()}\n{self.story()}")

    def qmp(self, command, **arguments):
        for _ in range(100):
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(f"{self.name}.qmp")
                    answers = connection.makefile("rw")
                    answers.readline()
                    for line in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                        answers.write(json.dumps(line) + "\n")
                        answers.flush()
                        answer = json.loads(answers.readline())
                        while "event" in answer:
                            answer = json.loads(answers.readline())
                    if "error" in answer:
                        fail(f"{command}: {answer}")
                    return
            except (FileNotFoundError, ConnectionRefusedError):
                # QEMU has not created its socket yet.
                time.sleep(0.1)
        fail("QEMU does not answer")


def tool(*words, stdin=None):
    subprocess.run(words, check=True, input=stdin, text=True)


def fail(because):
    sys.exit(f"bed.py: {because}")


if __name__ == "__main__":
    main()
