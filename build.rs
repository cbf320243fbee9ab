//! Embeds the application manifest in poolgate.exe. Builds for other systems have none.
//!
//! The manifest requests only the caller's rights, UTF-8 as the code page, long paths if the machine allows them
//! (LongPathsEnabled), and the behaviour of Windows 10 instead of Vista (Microsoft Learn, "Application manifests").

use std::env;
use std::error::Error;

use embed_manifest::manifest::{ActiveCodePage, ExecutionLevel, Setting, SupportedOS};
use embed_manifest::{embed_manifest, empty_manifest};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_CFG_WINDOWS").is_none() {
        return Ok(());
    }
    let part =
        |name: &str| -> Result<u16, Box<dyn Error>> { Ok(env::var(format!("CARGO_PKG_VERSION_{name}"))?.parse()?) };
    let manifest = empty_manifest()
        .name("poolgate")
        .version(part("MAJOR")?, part("MINOR")?, part("PATCH")?, 0)
        .supported_os(SupportedOS::Windows10..)
        .requested_execution_level(ExecutionLevel::AsInvoker)
        .active_code_page(ActiveCodePage::Utf8)
        .long_path_aware(Setting::Enabled);
    Ok(embed_manifest(manifest)?)
}
