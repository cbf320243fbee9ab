//! Files for packagers: completion scripts and manual pages; and the scenarios of workflows.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::process::Output;

fn poolgate(words: &[&str]) -> Output {
    crate::program::poolgate().args(words).output().unwrap()
}

#[test]
fn every_shell_is_given_a_script_with_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = poolgate(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(["resume", "flags", "dry-run"].iter().all(|word| script.contains(word)), "{shell}: {script}");
    }
    let output = poolgate(&["completions", "cmd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("powershell"), "the shells there are must be named");
}

#[cfg(unix)]
#[test]
fn bash_completes_by_its_script() {
    let script = r#"
        source <("$1" completions bash)
        COMP_WORDS=(poolgate fl) COMP_CWORD=1
        _poolgate poolgate fl poolgate
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = std::process::Command::new("bash");
    let output = bash.args(["--norc", "-c", script, "bash", env!("CARGO_BIN_EXE_poolgate")]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "flags\n", "{stderr}");
}

#[test]
fn the_manual_has_a_page_for_every_command_but_those_of_poolgate_s_own() {
    let page = poolgate(&["man"]);
    let text = String::from_utf8(page.stdout).unwrap();
    assert!(page.status.success() && text.contains(".TH poolgate 1") && text.contains("poolgate\\-flags(1)"), "{text}");

    let folder = tempfile::tempdir().unwrap();
    assert_eq!(poolgate(&["man", folder.path().to_str().unwrap()]).status.code(), Some(0));
    let mut names: Vec<String> =
        fs_err::read_dir(folder.path()).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in ["poolgate.1", "poolgate-run.1", "poolgate-flags.1", "poolgate-sim-exercise.1"] {
        assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
    }
    assert!(
        !names.iter().any(|name| name.contains("warden") || name.contains("service") || name.contains("help")),
        "{names:?}"
    );
    assert_eq!(fs_err::read_to_string(folder.path().join("poolgate.1")).unwrap(), text);

    let missing = folder.path().join("missing");
    let output = poolgate(&["man", missing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("give an existing, writable folder"));
}

/// The owner of an action can move its tag to another commit, but cannot change a commit.
#[test]
fn workflows_pin_their_actions_by_commit_and_their_compiler_by_version() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut uses = 0;
    for file in fs_err::read_dir(root.join(".github/workflows")).unwrap() {
        let path = file.unwrap().path();
        let text = fs_err::read_to_string(&path).unwrap();
        for action in text.lines().filter_map(|line| line.trim_start_matches(['-', ' ']).strip_prefix("uses: ")) {
            let (commit, version) = action.split_once('@').unwrap().1.split_once(" # v").unwrap_or((action, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{}: {action}", path.display());
            uses += 1;
        }
        let pinned = text.lines().find_map(|line| line.trim().strip_prefix("RUST: ")).unwrap();
        let version = concat!(env!("CARGO_PKG_RUST_VERSION"), ".");
        assert!(pinned.starts_with(version), "{}: {pinned} is not Cargo.toml's {version}x", path.display());
        assert!(!text.contains("toolchain install stable"), "{}", path.display());
    }
    assert!(uses > 0);
}

#[cfg(windows)]
#[test]
fn the_programs_manifest_enables_long_paths_and_utf_8_and_requests_no_rights() {
    use object::read::pe::{PeFile64, ResourceDirectoryEntryData, ResourceNameOrId};
    /// RT_MANIFEST
    const MANIFEST: u16 = 24;

    let program = fs_err::read(env!("CARGO_BIN_EXE_poolgate")).unwrap();
    let image = PeFile64::parse(&*program).unwrap();
    let resources = image.data_directories().resource_directory(&*program, &image.section_table()).unwrap().unwrap();
    let types = resources.root().unwrap();
    let mut entry =
        types.entries.iter().find(|entry| matches!(entry.name_or_id(), ResourceNameOrId::Id(MANIFEST))).unwrap();
    let manifest = loop {
        match entry.data(resources).unwrap() {
            ResourceDirectoryEntryData::Table(table) => entry = &table.entries[0],
            ResourceDirectoryEntryData::Data(data) => break data,
        }
    };
    let at = manifest.offset_to_data.get(object::LittleEndian);
    let size = manifest.size.get(object::LittleEndian) as usize;
    let data = image.section_table().pe_data_at(&*program, at).unwrap();
    let text = std::str::from_utf8(&data[..size]).unwrap();
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).unwrap();
    let value = |name: &str| document.descendants().find(|node| node.tag_name().name() == name).unwrap();
    assert_eq!(value("requestedExecutionLevel").attribute("level"), Some("asInvoker"), "{text}");
    assert_eq!(value("longPathAware").text(), Some("true"), "{text}");
    assert_eq!(value("activeCodePage").text(), Some("UTF-8"), "{text}");
    // Windows 10 and later.
    let windows = value("supportedOS").attribute("Id").unwrap();
    assert_eq!(windows, "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}", "{text}");
}

/// Hosted runners use these scenarios; no other test runs them.
#[test]
fn the_scenarios_of_hosted_runners_are_valid() {
    let hosted = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosted");
    let mut scenarios = 0;
    for folder in [hosted.clone(), hosted.join("reboot")] {
        for file in fs_err::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                let output = poolgate(&["check", "--elsewhere", path.to_str().unwrap()]);
                let stderr = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(0), "{}: {stderr}", path.display());
                scenarios += 1;
            }
        }
    }
    assert!(scenarios > 0);
}
