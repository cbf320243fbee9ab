# The checks and chores of poolgate. `just` lists them; .ci/run is the same checks on a bare machine.

_list:
    @{{ just_executable() }} --list --unsorted

# Everything a commit must pass.
check: fmt clippy test doc deny

# Formatting, without changing anything.
fmt:
    cargo fmt --check

# Lints, of tests and benchmarks too.
clippy:
    cargo clippy --all-targets --locked -- -D warnings

# All tests; further words go to cargo (`just test --test layers`).
test *words:
    cargo test --locked {{ words }}

# A real kernel that restarts, leaks and loses its power; further words go to the tests (`just qemu restarts`).
qemu *words:
    cargo test --locked --test qemu -- {{ words }}

# The Windows target: poolgate.exe, lints, and all tests under Wine; or some of these steps (`just windows lints`).
windows *steps="exe lints tests":
    bash .ci/windows {{ steps }}

# Windows machines under Wine which restart, leak and lose their power; further words go to the tests (`just wine chain`).
wine *words:
    cargo test --locked --test wine -- {{ words }}

# Two hundred power cuts of the bed, and as many of whole chains; another POOLGATE_SEED cuts elsewhere. Takes an hour.
powercuts cuts="200":
    POOLGATE_POWERCUTS={{ cuts }} cargo test --locked --test qemu -- --nocapture survives_power_cuts

# The documentation, without broken links.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# Licences, duplicate versions, sources. deny.toml says why advisories are not among them.
deny:
    cargo deny --locked check bans licenses sources

# Accepts what the program prints and writes now: snapshots and the committed schema. Then read `git diff`.
bless:
    INSTA_UPDATE=always POOLGATE_BLESS=1 cargo test --locked

# Crashes at every instant of a run, over half a million schedules, and then the mutants that must be noticed.
crashes:
    cargo test --locked --profile bed --test crashes -- --nocapture
    python3 tests/crashes/mutants.py

# Benchmarks; further words go to divan (`just bench sample`).
bench *words:
    cargo bench --locked --bench '*' -- {{ words }}

# Fuzzes every reader of files for so many seconds each; further words are targets (`just fuzz 3600 poolmon`).
fuzz seconds="600" *targets:
    bash .ci/fuzz {{ seconds }} {{ targets }}

# A system call of a run fails: every call of every life; further words choose some (`just faults restore-again/fsync`).
faults which="":
    {{ if which == "" { "POOLGATE_NIGHTLY=1" } else { "POOLGATE_FAULT=" + quote(which) } }} cargo test --locked --test it faults:: -- --nocapture

# The long checks, hours of them; further words choose some (`just nightly faults mutants`).
nightly *checks:
    bash .ci/nightly {{ checks }}

# How well leaks are told from what only looks like them, against the committed figures; `just leakbench` takes a minute.
leakbench:
    cargo run --locked --release -- bench --quick --against docs/leakbench/quick.json
