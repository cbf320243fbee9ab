# The checks and tasks of poolgate. `just` lists them; .ci/run does the same checks on a bare machine.

_list:
    @{{ just_executable() }} --list --unsorted

# Run all checks for a commit.
check: fmt clippy test doc deny

# Check the formatting, without changing anything.
fmt:
    cargo fmt --check

# Run the lints, also on tests and benchmarks.
clippy:
    cargo clippy --all-targets --locked -- -D warnings

# Run all tests; further words go to cargo (`just test --test layers`).
test *words:
    cargo test --locked {{ words }}

# Test a real kernel in QEMU: restarts, leaks, power cuts; further words go to the tests (`just qemu restarts`).
qemu *words:
    cargo test --locked --test qemu -- {{ words }}

# Build, lint and test the Windows target under Wine; or only some of these steps (`just windows lints`).
windows *steps="exe lints tests":
    bash .ci/windows {{ steps }}

# Test Windows machines under Wine: restarts, leaks, power cuts; further words go to the tests (`just wine chain`).
wine *words:
    cargo test --locked --test wine -- {{ words }}

# Cut the power 200 times in the test bed and in whole chains; POOLGATE_SEED sets the moments. Takes an hour.
powercuts cuts="200":
    POOLGATE_POWERCUTS={{ cuts }} cargo test --locked --test qemu -- --nocapture power_cuts

# Build the documentation, and fail on broken links.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# Check licences, duplicate versions and sources; deny.toml explains why advisories are excluded.
deny:
    cargo deny --locked check bans licenses sources

# Accept the program's current output: snapshots, committed schemas, docs/commands.md and docs/scenario-keys.md. Then read
# `git diff`.
bless:
    INSTA_UPDATE=always POOLGATE_BLESS=1 cargo test --locked

# Crash a run at every instant, in over half a million schedules, then run the mutants that tests must catch.
crashes:
    cargo test --locked --profile bed --test crashes -- --nocapture
    python3 tests/crashes/mutants.py

# Run the benchmarks; further words go to divan (`just bench sample`).
bench *words:
    cargo bench --locked --bench '*' -- {{ words }}

# Fuzz every reader of files, each for the given time in seconds; further words are targets (`just fuzz 3600 poolmon`).
fuzz seconds="600" *targets:
    bash .ci/fuzz {{ seconds }} {{ targets }}

# Make every system call of a run fail; further words select some (`just faults restore-again/fsync`).
faults which="":
    {{ if which == "" { "POOLGATE_NIGHTLY=1" } else { "POOLGATE_FAULT=" + quote(which) } }} cargo test --locked --test it faults:: -- --nocapture

# Run the long checks, for hours; further words select some (`just nightly faults mutants`).
nightly *checks:
    bash .ci/nightly {{ checks }}

# Measure the detector's accuracy on simulated tags and compare it with the committed figures. Takes a minute.
leakbench:
    cargo run --locked --release -- bench --quick --against docs/leakbench/quick.json
