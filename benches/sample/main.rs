//! The cost of one sample of this machine's own pools. Linux only: `benches/pool_tags.rs` measures a sample of Windows
//! and runs everywhere.

#[cfg(target_os = "linux")]
mod slabinfo;

#[cfg(target_os = "linux")]
fn main() {
    slabinfo::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("sample skipped, because /proc/slabinfo is Linux' own; `pool_tags` measures a sample of Windows");
}
