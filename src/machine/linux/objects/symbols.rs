//! Names for kernel addresses, from `/proc/kallsyms` and `/proc/modules`.
//!
//! A line of kallsyms is `address type name`, and a tab and `[module]` if it is in one (kernel/kallsyms.c, `s_show`). A
//! line of modules is `name size users by state address …` (kernel/module/procfs.c, `m_show`). With kptr_restrict the
//! kernel prints 0 for every address. A missing name is no error: the call path still separates the objects.

use std::path::Path;

use crate::pool::{CallFrame, SymbolNames};

/// Functions are smaller than this. A larger offset means that the address is behind the last function before a gap.
const LARGEST_FUNCTION: u64 = 1 << 16;

/// The functions and modules of the running kernel, in order of their addresses.
#[derive(Debug)]
pub(super) struct KernelSymbols {
    functions: Vec<KernelFunction>,
    modules: Vec<LoadedModule>,
    /// The text of `/proc/modules`. While it stays the same, so do the names.
    modules_text: String,
}

#[derive(Debug)]
struct KernelFunction {
    address: u64,
    name: Box<str>,
    module: Option<Box<str>>,
}

#[derive(Debug)]
struct LoadedModule {
    begin: u64,
    end: u64,
    name: Box<str>,
}

impl KernelSymbols {
    /// Reads the symbols of the kernel with its `/proc` below `root`. `known` are those of an earlier reading, and stay if
    /// no module came or went. An unreadable file counts as empty.
    pub(super) fn read(root: &Path, known: Option<KernelSymbols>) -> KernelSymbols {
        let text = |name: &str| fs_err::read(root.join("proc").join(name)).unwrap_or_default();
        let modules = String::from_utf8_lossy(&text("modules")).into_owned();
        match known {
            Some(known) if known.modules_text == modules => known,
            _ => KernelSymbols::parse(&String::from_utf8_lossy(&text("kallsyms")), modules),
        }
    }

    fn parse(kallsyms: &str, modules_text: String) -> KernelSymbols {
        let mut functions: Vec<KernelFunction> = kallsyms.lines().filter_map(function).collect();
        // Stable, so that of several names for one address the first stays first.
        functions.sort_by_key(|function| function.address);
        functions.dedup_by_key(|function| function.address);
        let mut modules: Vec<LoadedModule> = modules_text.lines().filter_map(module).collect();
        modules.sort_by_key(|module| module.begin);
        KernelSymbols { functions, modules, modules_text }
    }

    /// The given functions and no modules.
    #[cfg(test)]
    pub(super) fn named(functions: &[(u64, &str)]) -> KernelSymbols {
        let lines = functions.iter().map(|(address, name)| format!("{address:x} t {name}\n"));
        KernelSymbols::parse(&lines.collect::<String>(), String::new())
    }

    /// Whether the kernel shows its addresses.
    pub(super) fn names(&self) -> SymbolNames {
        if self.functions.is_empty() { SymbolNames::Hidden } else { SymbolNames::Shown }
    }

    /// The place of a return address. A call may be the last instruction of its function, so the function is that of the
    /// byte before.
    pub(super) fn frame(&self, address: u64) -> CallFrame {
        let call = address.saturating_sub(1);
        let module = self.modules.iter().find(|module| (module.begin..module.end).contains(&call));
        let function = self.functions.partition_point(|function| function.address <= call).checked_sub(1);
        let function = function.map(|at| &self.functions[at]).filter(|function| match module {
            Some(module) => function.module.as_ref() == Some(&module.name),
            None => call - function.address < LARGEST_FUNCTION,
        });
        match (function, module) {
            (Some(function), _) => CallFrame {
                function: Some(function.name.to_string()),
                offset: Some(address - function.address),
                module: function.module.as_ref().map(ToString::to_string),
            },
            (None, Some(module)) => CallFrame {
                function: None,
                offset: Some(address - module.begin),
                module: Some(module.name.to_string()),
            },
            (None, None) => CallFrame { function: None, offset: None, module: None },
        }
    }
}

fn function(line: &str) -> Option<KernelFunction> {
    let mut words = line.split_ascii_whitespace();
    let address = address(words.next()?)?;
    // t and T are code, w and W weak symbols.
    matches!(words.next()?, "t" | "T" | "w" | "W").then_some(())?;
    let name = words.next()?.into();
    let module = words.next().and_then(|word| word.strip_prefix('[')?.strip_suffix(']')).map(Into::into);
    Some(KernelFunction { address, name, module })
}

fn module(line: &str) -> Option<LoadedModule> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (size, begin) = (words.get(1)?.parse::<u64>().ok()?, address(words.get(5)?.strip_prefix("0x")?)?);
    Some(LoadedModule { begin, end: begin.checked_add(size)?, name: (*words.first()?).into() })
}

/// An address that is not hidden.
fn address(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok().filter(|&address| address != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &str = "\
ffffffff81000000 T _text
ffffffff81000000 T _stext
ffffffff81001000 t key_alloc
ffffffff81001200 D a_variable
ffffffff81001400 W __key_create_or_update
ffffffffc0001000 t leak\t[leakydrv]
ffffffffc0001040 t write_requests\t[leakydrv]
ffffffffc0009000 t last_of_other\t[other]
";
    const MODULES: &str = "\
leakydrv 16384 0 - Live 0xffffffffc0001000 (OE)
other 4096 1 leakydrv, Live 0xffffffffc0008000
";

    fn frames(kallsyms: &str, modules: &str, addresses: &[u64]) -> Vec<String> {
        let symbols = KernelSymbols::parse(kallsyms, modules.to_owned());
        addresses.iter().map(|&address| symbols.frame(address).to_string()).collect()
    }

    #[test]
    fn an_address_is_named_by_the_function_before_it() {
        let addresses = [0xffff_ffff_8100_11c2, 0xffff_ffff_8100_1250, 0xffff_ffff_8100_1410, 0xffff_ffff_c000_1052];
        assert_eq!(
            frames(KALLSYMS, MODULES, &addresses),
            ["key_alloc+0x1c2", "key_alloc+0x250", "__key_create_or_update+0x10", "write_requests+0x12 [leakydrv]"]
        );
    }

    #[test]
    fn a_return_address_behind_a_function_belongs_to_its_last_call() {
        assert_eq!(frames(KALLSYMS, MODULES, &[0xffff_ffff_8100_1400]), ["key_alloc+0x400"]);
        assert_eq!(frames(KALLSYMS, MODULES, &[0xffff_ffff_8100_0000]), ["?"]);
    }

    #[test]
    fn the_first_of_several_names_is_used() {
        assert_eq!(frames(KALLSYMS, MODULES, &[0xffff_ffff_8100_0008]), ["_text+0x8"]);
    }

    #[test]
    fn an_address_in_a_module_without_symbols_has_the_modules_name() {
        let core = "ffffffff81000000 T _text\n";
        assert_eq!(frames(core, MODULES, &[0xffff_ffff_c000_1052]), ["leakydrv+0x52"]);
        // A module before it has symbols, and these are not the function.
        let other = "ffffffffc0000100 t earlier\t[earlier]\n";
        assert_eq!(frames(other, MODULES, &[0xffff_ffff_c000_1052]), ["leakydrv+0x52"]);
    }

    #[test]
    fn an_address_in_a_gap_has_no_name() {
        assert_eq!(frames(KALLSYMS, "", &[0xffff_ffff_8300_0000, 0x1000, 0]), ["?", "?", "?"]);
    }

    #[test]
    fn hidden_addresses_give_no_names_and_no_error() {
        let hidden = "0000000000000000 T _text\n0000000000000000 t key_alloc\n";
        let modules = "leakydrv 16384 0 - Live 0x0000000000000000 (OE)\n";
        assert_eq!(frames(hidden, modules, &[0xffff_ffff_8100_11c2]), ["?"]);
        assert_eq!(KernelSymbols::parse(hidden, modules.to_owned()).names(), SymbolNames::Hidden);
        assert_eq!(KernelSymbols::parse(KALLSYMS, String::new()).names(), SymbolNames::Shown);
    }

    #[test]
    fn names_are_read_again_if_a_module_came_or_went() {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("proc")).unwrap();
        let put = |name: &str, text: &str| fs_err::write(root.path().join("proc").join(name), text).unwrap();
        let name = |symbols: &KernelSymbols| symbols.frame(0xffff_ffff_8100_1010).to_string();
        put("kallsyms", KALLSYMS);
        put("modules", MODULES);
        let first = KernelSymbols::read(root.path(), None);
        assert_eq!(name(&first), "key_alloc+0x10");
        put("kallsyms", "ffffffff81001000 t other\n");
        let second = KernelSymbols::read(root.path(), Some(first));
        assert_eq!(name(&second), "key_alloc+0x10");
        put("modules", "");
        assert_eq!(name(&KernelSymbols::read(root.path(), Some(second))), "other+0x10");
    }

    #[test]
    fn damaged_lines_are_left_out() {
        let damaged = "\n\nffffffff\nnot a line\nffffffff81001000 t key_alloc\nffffffff81001100 t";
        assert_eq!(frames(damaged, "leakydrv\nx y z\n", &[0xffff_ffff_8100_1001]), ["key_alloc+0x1"]);
    }
}
