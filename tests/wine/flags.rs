//! GlobalFlag viewed and switched by hand, in a real registry, and read by `reg` too.

use super::bed::bed;
use super::boot::{Boot, Ended};
use super::machine::{Machine, POOLGATE};
use super::registry::SESSION_MANAGER;

const KEY: &str = r"HKLM\System\CurrentControlSet\Control\Session Manager";
const NONE: &str = "Current Boot Registry Settings are: 00000000\n";

#[test]
fn global_flag_is_switched_and_had_back_as_it_was() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0);
    machine.registry().remove(SESSION_MANAGER, "GlobalFlag");
    let boot = machine.power_on();
    let shown = flags(&boot, &[]);
    assert_eq!(shown.stdout, format!("{NONE}Current Running Kernel Settings are: 00000000\n"), "{shown}");
    let absent = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\GlobalFlag does not exist and counts as 0";
    assert!(shown.stderr.contains(absent), "{shown}");

    let set = flags(&boot, &["/r", "+kst"]);
    let listed = "    kst - Create kernel mode stack trace database\n";
    assert_eq!(set.stdout, format!("Current Boot Registry Settings are: 00002000\n{listed}"), "{set}");
    assert!(set.stderr.contains("to put it back: poolgate flags /r --remove"), "{set}");
    assert_eq!(by_reg(&boot).as_deref(), Some("REG_DWORD 0x2000"));
    let more = flags(&boot, &["-r", "-kst", "+10", "--dry-run"]);
    assert!(more.stdout.contains(r#""dword:00002000" → "dword:00000010""#), "{more}");
    assert_eq!(by_reg(&boot).as_deref(), Some("REG_DWORD 0x2000"));

    assert_eq!(flags(&boot, &["/r", "-kst"]).stdout, NONE);
    assert_eq!(by_reg(&boot).as_deref(), Some("REG_DWORD 0x0"));
    flags(&boot, &["/r", "--remove"]);
    assert_eq!(by_reg(&boot), None);
    // This kernel counts tags, like every Windows that poolgate supports.
    let tagging = flags(&boot, &["/r", "+ptg"]);
    assert!(tagging.stderr.contains("permanently on since Windows Server 2003"), "{tagging}");
    boot.cut();
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), None);
}

#[test]
fn changed_flags_are_in_force_after_the_boot_with_pool_tagging() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_old_windows();
    machine.registry().remove(SESSION_MANAGER, "GlobalFlag");
    let boot = machine.power_on();
    assert!(!counts_tags(&boot));
    let set = flags(&boot, &["/r", "+ptg", "-soe"]);
    assert!(!set.stderr.contains("permanently"), "{set}");
    boot.cut();
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), Some("dword:00000400"));
    let boot = machine.power_on();
    assert!(counts_tags(&boot));
    let running = "Current Running Kernel Settings are: 00000400\n    ptg - Enable pool tagging\n";
    assert_eq!(flags(&boot, &["/k"]).stdout, running);
    assert_eq!(flags(&boot, &["/r", "-ptg"]).stdout, NONE);
}

/// Returns the output of a successful `poolgate flags`.
#[track_caller]
fn flags(boot: &Boot, words: &[&str]) -> Ended {
    let mut ended = boot.run(POOLGATE, &[&["flags"], words].concat());
    assert_eq!(ended.code, Some(0), "{words:?}: {ended}");
    ended.stdout = ended.stdout.replace("\r\n", "\n");
    ended
}

/// Whether doctor finds pool tags.
fn counts_tags(boot: &Boot) -> bool {
    let said = boot.run(POOLGATE, &["doctor"]).stdout;
    let line =
        said.lines().find(|line| line.contains(" pools ")).unwrap_or_else(|| panic!("no line on pools:\n{said}"));
    line.trim_start().starts_with("ok ")
}

/// Returns type and value of GlobalFlag as `reg` prints them.
fn by_reg(boot: &Boot) -> Option<String> {
    let said = boot.run("reg", &["query", KEY, "/v", "GlobalFlag"]);
    let line = said.stdout.lines().find(|line| line.trim_start().starts_with("GlobalFlag"))?;
    Some(line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
}
