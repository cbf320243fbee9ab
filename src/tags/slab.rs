//! Facts about a Linux slab cache, which has a name instead of a tag, from `/sys/kernel/slab`.
//!
//! The kernel does not record the creator of a cache. It shows the cache's constructor, if any, with the module of the
//! constructor (mm/slub.c, `ctor_show`, prints `%pS`). Without one, a loaded module of the same name is a weak hint.
//! Call sites of `/proc/allocinfo` are `module:function`, so they include their module.

use std::path::Path;

use super::Grade;

/// Facts about a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slab {
    /// Size of an object in bytes, if the kernel provides it.
    pub object_size: Option<u64>,
    /// The module that likely created the cache, the grade and the reason.
    pub module: Option<(String, Grade, String)>,
}

impl Slab {
    /// Returns the cache called `name`, below `root`; `None` if it does not exist or may not be read.
    pub fn from_sysfs(root: &Path, name: &str) -> Option<Slab> {
        // A name with a slash would lead to another folder.
        let place = root.join("sys/kernel/slab").join(Path::new(name).file_name()?);
        if name.contains('/') || !place.is_dir() {
            return None;
        }
        let attribute = |name: &str| fs_err::read_to_string(place.join(name)).ok();
        let object_size = attribute("object_size").and_then(|size| size.trim().parse().ok());
        let constructor = attribute("ctor").and_then(|text| {
            let module = text.trim().strip_suffix(']')?.rsplit_once('[')?.1.to_owned();
            let why = format!("its constructor belongs to the module: {}", text.trim());
            Some((module, Grade::Certain, why))
        });
        Some(Slab { object_size, module: constructor.or_else(|| named_alike(root, name)) })
    }
}

/// Returns the loaded module with the longest name that the cache's name begins with: `xfs` for `xfs_inode`.
fn named_alike(root: &Path, name: &str) -> Option<(String, Grade, String)> {
    let modules = fs_err::read_dir(root.join("sys/module")).ok()?.flatten();
    let names = modules.filter_map(|module| {
        // Built-in modules have no `initstate`.
        let is_loaded = module.path().join("initstate").is_file();
        module.file_name().into_string().ok().filter(|_| is_loaded)
    });
    let begins = |module: &String| {
        name.strip_prefix(module.as_str()).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let module = names.filter(begins).max_by_key(String::len)?;
    Some((module, Grade::Possible, "its name begins with the name of this loaded module".to_owned()))
}

/// Returns the module of a call site, `ext4` of `ext4:ext4_alloc_inode`. `None` for code built into the kernel and for
/// other tags.
pub fn module_of_callsite(tag: &str) -> Option<&str> {
    tag.split_once(':').map(|(module, _)| module).filter(|module| !module.is_empty() && *module != "kernel")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_its_constructor_s_module_else_perhaps_one_of_that_name() {
        let root = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), text.as_bytes()).unwrap();
        };
        file("sys/kernel/slab/ext4_inode_cache/ctor", "init_once+0x0/0x20 [ext4]\n");
        file("sys/kernel/slab/ext4_inode_cache/object_size", "1096\n");
        file("sys/kernel/slab/leaky_objects/ctor", "\n");
        file("sys/kernel/slab/inode_cache/ctor", "init_once+0x0/0x20\n");
        for module in ["leaky", "leak", "inode_cac"] {
            file(&format!("sys/module/{module}/initstate"), "live\n");
        }
        file("sys/module/inode/parameters/x", "built in\n");
        let slab = |name| Slab::from_sysfs(root.path(), name);
        let ext4 = slab("ext4_inode_cache").unwrap();
        assert_eq!(ext4.object_size, Some(1096));
        assert_eq!(ext4.module.map(|(module, grade, _)| (module, grade)), Some(("ext4".to_owned(), Grade::Certain)));
        let leaky = slab("leaky_objects").unwrap().module.map(|(module, grade, _)| (module, grade));
        assert_eq!(leaky, Some(("leaky".to_owned(), Grade::Possible)));
        assert_eq!(slab("inode_cache").unwrap().module, None);
        assert_eq!((slab("none"), slab("../slab/inode_cache"), slab("..")), (None, None, None));
    }

    #[test]
    fn a_call_site_includes_its_module() {
        assert_eq!(module_of_callsite("ext4:ext4_alloc_inode"), Some("ext4"));
        assert_eq!(module_of_callsite("kernel:fork"), None);
        assert_eq!(module_of_callsite("dentry"), None);
    }
}
