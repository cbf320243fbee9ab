//! `--trust-folder`: root's copy of a user's folder.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use poolgate::machine::{MachineError, linux};

use super::stranger::{Place, does, exchange, is_root, meanwhile, mode};

#[track_caller]
fn assert_refused(from: &Path, to: &Path, at: &Path, problem: &str) {
    match linux::copy_trusted_folder(from, to, None) {
        Err(MachineError::NotCopied { path, problem: said, .. }) => {
            assert!(path == at && said.contains(problem), "{}: {said}", path.display());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_copy_is_roots_alone_and_stays_as_it_was() {
    if !is_root() {
        return;
    }
    let (place, state) = (Place::shared(), Place::roots());
    let lab = place.strangers("lab");
    let make = "mkdir tools reports && echo one > tools/load.sh && chmod 777 tools tools/load.sh && \
                echo text > text && chmod 666 text && ln -s tools/load.sh link && ln -s ../text tools/up && \
                echo big > reports/recording";
    does(&lab, make, &lab);
    let copy = state.at("scenario");
    linux::copy_trusted_folder(&lab, &copy, Some(&lab.join("reports"))).unwrap();
    does(&lab, "echo two > tools/load.sh", &lab);
    for (name, modes) in [("", 0o755), ("tools", 0o755), ("tools/load.sh", 0o755), ("text", 0o644)] {
        let found = copy.join(name).metadata().unwrap();
        assert_eq!((found.uid(), found.mode() & 0o7777), (0, modes), "{name}");
        linux::trusted(copy.join(name).components().as_path()).unwrap();
    }
    for (name, text) in [("link", "one\n"), ("tools/up", "text\n")] {
        assert!(copy.join(name).is_symlink());
        assert_eq!(fs_err::read_to_string(copy.join(name)).unwrap(), text);
    }
    assert!(!copy.join("reports").exists());
    // A copy never overwrites another.
    assert!(matches!(linux::copy_trusted_folder(&lab, &copy, None), Err(MachineError::Unwritable { .. })));
}

#[test]
fn links_that_lead_root_elsewhere_are_refused() {
    if !is_root() {
        return;
    }
    let (place, state) = (Place::shared(), Place::roots());
    let secret = state.file("secret", "root's");
    mode(&secret, 0o600);
    let out = "it is a link that leads out of the scenario's folder";
    for (number, (plant, problem)) in [
        ("ln -s \"$0\" at", out),
        ("ln -s ../../../../etc/passwd at", out),
        ("ln -s a/../../x at", out),
        ("mkfifo at", "it is neither a file nor a folder nor a link"),
    ]
    .into_iter()
    .enumerate()
    {
        let lab = place.strangers(&format!("lab{number}"));
        does(&lab, plant, &secret);
        assert_refused(&lab, &state.at(&format!("copy{number}")), &lab.join("at"), problem);
    }
    // The folder itself may not be reached by a link either.
    let lab = place.strangers("lab");
    symlink(&lab, place.at("link")).unwrap();
    assert!(linux::copy_trusted_folder(&place.at("link"), &state.at("copy"), None).is_err());
    assert!(!state.at("copy").exists());
    // The copy is not put in a place in which others could replace it either.
    assert!(linux::copy_trusted_folder(&lab, &place.strangers("state").join("copy"), None).is_err());
}

#[test]
fn a_folder_without_end_is_refused() {
    if !is_root() {
        return;
    }
    let (place, state) = (Place::shared(), Place::roots());
    let large = place.folder("large");
    fs_err::File::create(large.join("image")).unwrap().set_len((512 << 20) + 1).unwrap();
    assert_refused(&large, &state.at("large"), &large, "it holds more than 512 MiB");
    let many = place.folder("many");
    for number in 0..=20_000 {
        fs_err::File::create(many.join(number.to_string())).unwrap();
    }
    assert_refused(&many, &state.at("many"), &many, "it holds more than 20000 files");
    let mut deep = place.folder("deep");
    let top = deep.clone();
    for _ in 0..=64 {
        deep.push("d");
        fs_err::create_dir(&deep).unwrap();
    }
    assert_refused(&top, &state.at("deep"), &deep, "nested too deeply");
}

#[test]
fn a_file_that_a_stranger_swaps_for_a_link_meanwhile_is_never_followed() {
    if !is_root() {
        return;
    }
    let (place, state) = (Place::shared(), Place::roots());
    let secret = state.file("secret", "root's secret");
    mode(&secret, 0o600);
    let lab = place.strangers("lab");
    does(&lab, "echo mine > file && ln -s \"$0\" link", &secret);
    let swap = || assert!(exchange(&lab.join("file"), &lab.join("link")));
    let (mut copied, mut refused) = (0, 0);
    meanwhile(swap, || {
        for number in 0..500 {
            let copy = state.at(&number.to_string());
            match linux::copy_trusted_folder(&lab, &copy, None) {
                Ok(()) => copied += 1,
                Err(_) => refused += 1,
            }
            for name in ["file", "link"] {
                let text = fs_err::read_to_string(copy.join(name)).unwrap_or_default();
                assert!(["", "mine\n"].contains(&text.as_str()), "{text}");
            }
            let _ = fs_err::remove_dir_all(copy);
        }
    });
    assert!(refused > 0, "the test needs refused copies: {copied} copied, {refused} refused");
}
