//! Debian's cloud kernel, its headers and a static busybox: downloaded and unpacked, never installed.
//!
//! They lie in a folder named for the kernel's version, so that an update makes a new folder. The folder gets its name
//! only when it is complete. If it exists, nothing is downloaded.

use std::path::{Path, PathBuf};

use super::tool::{command, emptied, fetched};
use crate::beds::{Missing, printed};

/// The unpacked packages of one kernel.
pub(crate) struct Packages {
    /// The folder that would be `/` if they were installed.
    root: PathBuf,
    /// The kernel's version: `6.1.0-18-cloud-amd64`.
    version: String,
    /// The compiler for its modules: `gcc-12`.
    pub(crate) compiler: String,
}

impl Packages {
    /// Returns the packages that apt would install today, below `folder`.
    pub(crate) fn current(folder: &Path) -> Result<Packages, Missing> {
        let image = dependency("linux-image-cloud-amd64", "linux-image-")?;
        let headers = dependency("linux-headers-cloud-amd64", "linux-headers-")?;
        let version = image.trim_start_matches("linux-image-").to_owned();
        let mut names = linux_dependencies(&headers)?;
        let compiler = names.iter().find_map(|name| name.strip_prefix("linux-compiler-"));
        let compiler = compiler.and_then(|name| name.strip_suffix("-x86")).unwrap_or("gcc").to_owned();
        names.extend([image, headers, "busybox-static".to_owned()]);

        let root = folder.join(&version);
        if !root.exists() {
            let partial = folder.join("partial");
            emptied(&partial);
            download(&names, &partial)?;
            printed(command("depmod").arg("-b").arg(&partial).arg(&version));
            make_relocatable(&partial, &version);
            fs_err::rename(&partial, &root).unwrap();
        }
        Ok(Packages { root, version, compiler })
    }

    pub(crate) fn kernel(&self) -> PathBuf {
        self.root.join("boot").join(format!("vmlinuz-{}", self.version))
    }

    pub(crate) fn headers(&self) -> PathBuf {
        headers(&self.root, &self.version)
    }

    pub(crate) fn busybox(&self) -> PathBuf {
        self.root.join("bin/busybox")
    }

    /// Returns the files of these modules and of all their dependencies, in the order of loading. Built-in modules have
    /// no file.
    pub(crate) fn modules(&self, names: &[&str]) -> Vec<PathBuf> {
        let mut modprobe = command("modprobe");
        modprobe.arg("--dirname").arg(&self.root).args(["--set-version", &self.version, "--show-depends", "--all"]);
        let mut files = Vec::new();
        for line in printed(modprobe.args(names)).lines() {
            let file = line.strip_prefix("insmod ").map(|file| PathBuf::from(file.trim()));
            files.extend(file.filter(|file| !files.contains(file)));
        }
        files
    }
}

/// Returns the current dependency of `package` that begins with `prefix`.
fn dependency(package: &str, prefix: &str) -> Result<String, Missing> {
    let found = linux_dependencies(package)?.into_iter().find(|name| name.starts_with(prefix));
    found.ok_or_else(|| Missing(format!("apt knows no {prefix}… for {package}")))
}

/// Returns the kernel's own packages among the dependencies of `package`.
fn linux_dependencies(package: &str) -> Result<Vec<String>, Missing> {
    let listed = fetched(command("apt-cache").args(["depends", package]))?;
    let names = listed.lines().filter_map(|line| line.trim().strip_prefix("Depends: linux-"));
    Ok(names.map(|name| format!("linux-{name}")).filter(|name| name != "linux-base").collect())
}

fn download(names: &[String], root: &Path) -> Result<(), Missing> {
    let debs = tempfile::tempdir_in(root).unwrap();
    fetched(command("apt-get").args(["download", "-q"]).args(names).current_dir(debs.path()))?;
    for deb in fs_err::read_dir(debs.path()).unwrap() {
        printed(command("dpkg-deb").arg("-x").arg(deb.unwrap().path()).arg(root));
    }
    Ok(())
}

fn headers(root: &Path, version: &str) -> PathBuf {
    root.join("usr/src").join(format!("linux-headers-{version}"))
}

/// The headers' Makefile is one line with the path of the installed headers: `include /usr/src/…/Makefile`.
fn make_relocatable(root: &Path, version: &str) {
    let makefile = headers(root, version).join("Makefile");
    let text = fs_err::read_to_string(&makefile).unwrap();
    assert!(text.contains(" /usr/src/"), "{} has another shape than it had: {text}", makefile.display());
    let beside = text.replace(" /usr/src/", " $(dir $(lastword $(MAKEFILE_LIST)))../");
    fs_err::write(makefile, beside).unwrap();
}
