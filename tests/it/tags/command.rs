//! The command `poolgate tag`.

use serde_json::Value;

use super::bed::{drivers, poolgate, stderr, stdout, text};
use super::image::{X64, X86, hands_over, image};

/// A list like Microsoft's, with rows written for these tests.
const LIST: &str = "\
rem  a list of pool tags
// <tag> - <binary> - <description>
Irp  - <unknown>    - I/O request packets
Two1 - one.sys      - the first of two
Two1 - two.sys      - the second of two
MyD? - mydrv.sys    - any of mydrv's
this is no row
";

struct Lab(tempfile::TempDir);

impl Lab {
    /// Makes a folder with a list and with drivers: one that allocates under MyD1, and a file that is no driver.
    fn new() -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab(folder);
        fs_err::write(lab.path("pooltag.txt"), LIST).unwrap();
        fs_err::create_dir(lab.path("drivers")).unwrap();
        let mydrv = image(X64, &hands_over(X64, *b"MyD1"), &["ExAllocatePool2"], b"");
        fs_err::write(lab.path("drivers/mydrv.sys"), mydrv).unwrap();
        let old = image(X86, &hands_over(X86, *b"Old1"), &["ExAllocatePoolWithTag"], b"");
        fs_err::write(lab.path("drivers/old.SYS"), old).unwrap();
        fs_err::write(lab.path("drivers/torn.sys"), b"MZ and then nothing").unwrap();
        lab
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn the_lists_and_the_drivers_are_put_together() {
    let lab = Lab::new();
    let (list, folder) = (lab.path("pooltag.txt"), lab.path("drivers"));
    let said = poolgate(&["tag", "MyD1", "/iTwo1", "Irp ", "--pooltag", text(&list), "--scan", text(&folder)]).code(0);
    let table = stdout(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "MyD1 certain mydrv.sys passes it to ExAllocatePool2 at +0x1006",
        "pooltag.txt, as one of MyD?: any of mydrv's",
        "likely two.sys pooltag.txt: the second of two",
        "Irp likely (not named) pooltag.txt: I/O request packets",
        "note: Irp: many drivers allocate under it",
    ] {
        assert!(table.contains(line), "{line}\n{table}");
    }
    let told = stderr(&said);
    for line in ["1 could not be", "line 7: this is no row", "2 drivers were searched", "torn.sys was left out"] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn json_has_the_same() {
    let lab = Lab::new();
    let (list, folder) = (lab.path("pooltag.txt"), lab.path("drivers"));
    let said =
        poolgate(&["tag", "MyD1", "Irp", "No11", "--json", "--pooltag", text(&list), "--scan", text(&folder)]).code(4);
    let whole: Value = serde_json::from_str(&stdout(&said)).unwrap();
    assert_eq!(whole["format"], "poolgate tags");
    let [mine, irp, none] = [0, 1, 2].map(|at| &whole["tags"][at]);
    assert_eq!((&mine["tag"], &mine["generic"]), (&"MyD1".into(), &false.into()));
    assert_eq!((&mine["drivers"][0]["driver"], &mine["drivers"][0]["grade"]), (&"mydrv.sys".into(), &"certain".into()));
    assert_eq!(mine["drivers"][0]["evidence"].as_array().unwrap().len(), 2);
    assert_eq!(irp["generic"], true);
    assert_eq!(none["drivers"], serde_json::json!([]));
    assert_eq!(whole["scan"]["skipped"].as_array().unwrap().len(), 1);
}

#[test]
fn an_unknown_tag_is_reported_with_advice() {
    let lab = Lab::new();
    let list = lab.path("pooltag.txt");
    let table = stdout(&poolgate(&["tag", "No11"]).code(4));
    assert!(table.contains("unknown") && table.contains("--scan") && table.contains("--pooltag"), "{table}");
    let folder = lab.path("drivers");
    let table = stdout(&poolgate(&["tag", "1DyM", "--pooltag", text(&list), "--scan", text(&folder)]).code(4));
    assert!(table.contains("perhaps it is MyD1, of mydrv.sys: source code has tags in reverse order"), "{table}");
    assert!(table.contains("or computes the tag at run time"), "{table}");
    let table = stdout(&poolgate(&["tag", "not_a_pool_tag"]).code(4));
    assert!(table.contains("not a pool tag, which has at most four bytes"), "{table}");
}

#[test]
fn bad_input_is_refused_with_advice() {
    let lab = Lab::new();
    let none = lab.path("none.txt");
    for (arguments, said) in [
        (vec!["tag"], "give tags, or --scan"),
        (vec!["tag", "a\\n"], "is not a tag"),
        (vec!["tag", "MyD1", "--pooltag", text(&none)], "give --pooltag the pooltag.txt"),
        (vec!["tag", "MyD1", "--pooltag", text(lab.0.path())], "is not a list of tags"),
        (vec!["tag", "MyD1", "--localtag", text(&none)], "writes one"),
        (vec!["tag", "MyD1", "--output", text(&none), "--scan"], "cannot be used with"),
    ] {
        let refused = poolgate(&arguments).code(2).stdout("");
        assert!(stderr(&refused).contains(said), "{arguments:?}: {}", stderr(&refused));
    }
    if cfg!(unix) {
        let refused = poolgate(&["tag", "MyD1", "--scan"]).code(2);
        assert!(stderr(&refused).contains("has no drivers with pool tags"), "{}", stderr(&refused));
    }
}

#[test]
fn a_localtag_is_written_and_looked_up() {
    let lab = Lab::new();
    let (written, folder) = (lab.path("localtag.txt"), lab.path("drivers"));
    poolgate(&["tag", "--output", text(&written), "--scan", text(&folder)]).code(0).stdout("");
    assert_eq!(fs_err::read_to_string(&written).unwrap(), "MyD1 - mydrv\r\nOld1 - old\r\n");
    assert_eq!(stdout(&poolgate(&["tag", "--scan", text(&folder)]).code(0)), "MyD1 - mydrv\r\nOld1 - old\r\n");
    let table = stdout(&poolgate(&["tag", "MyD1", "--localtag", text(&written)]).code(0));
    assert!(table.contains("likely  mydrv.sys") && table.contains("localtag.txt"), "{table}");
}

#[test]
fn a_real_driver_s_table_names_its_maker() {
    let Some(folder) = drivers() else { return };
    let table = stdout(&poolgate(&["tag", "ADir", "--scan", text(&folder.join("owner-O2.sys"))]).code(0));
    assert!(table.contains("owner-O2.sys  2.3.4.5  Contoso Ltd  passes it to ExAllocatePoolWithTag"), "{table}");
}

#[cfg(unix)]
#[test]
fn on_linux_a_caches_owner_is_its_module_or_unknown() {
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("sys/kernel/slab/ext4_inode_cache");
    fs_err::create_dir_all(&cache).unwrap();
    fs_err::write(cache.join("ctor"), "init_once+0x0/0x20 [ext4]\n").unwrap();
    fs_err::create_dir_all(root.path().join("sys/kernel/slab/dentry_like")).unwrap();
    let known = stdout(&poolgate(&["tag", "ext4_inode_cache", "ext4:alloc", "--root", text(root.path())]).code(0));
    assert!(known.contains("certain  ext4") && known.contains("its constructor belongs to the module"), "{known}");
    let unknown = stdout(&poolgate(&["tag", "dentry_like", "--root", text(root.path())]).code(4));
    assert!(unknown.contains("its owner is unknown"), "{unknown}");
}

#[cfg(windows)]
#[test]
fn on_windows_the_machine_s_own_drivers_are_looked_through() {
    let said = poolgate(&["tag", "--scan"]).code(0);
    assert!(stderr(&said).contains("drivers were searched"), "{}", stderr(&said));
}
