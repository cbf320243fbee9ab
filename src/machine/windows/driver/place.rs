//! Resolves a driver service's `ImagePath` to a file.
//!
//! `ImagePath` takes several forms: `\SystemRoot\…`, `\??\C:\…`, `%SystemRoot%\…`, or a path below the Windows folder.
//! If it is missing, the file is `System32\drivers\<service>.sys` (Microsoft Learn, "ServiceName Subkey";
//! "CreateServiceW").

/// Resolves `image_path`; `windows` is the Windows folder. `None` means that the service has no `ImagePath`.
pub(super) fn of_service(service: &str, image_path: Option<&str>, windows: &str) -> String {
    let Some(path) = image_path.map(|path| path.trim().trim_matches('"')).filter(|path| !path.is_empty()) else {
        return format!(r"{windows}\System32\drivers\{service}.sys");
    };
    let path = path.strip_prefix(r"\??\").unwrap_or(path);
    for start in [r"\SystemRoot\", r"%SystemRoot%\", r"%windir%\"] {
        if let Some(below) = without(path, start) {
            return format!(r"{windows}\{below}");
        }
    }
    let absolute = path.as_bytes().get(1) == Some(&b':') || path.starts_with('\\');
    if absolute { path.to_owned() } else { format!(r"{windows}\{path}") }
}

/// Returns whether the file name in `path` is `file`, ignoring case as Windows does.
pub(super) fn leads_to(path: &str, file: &str) -> bool {
    path.rsplit('\\').next().is_some_and(|name| name.to_lowercase() == file.to_lowercase())
}

/// Returns `path` without `start`, ignoring ASCII case.
fn without<'a>(path: &'a str, start: &str) -> Option<&'a str> {
    let (head, rest) = path.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_an_image_leads_to_its_file() {
        for (image_path, path) in [
            (None, r"C:\Windows\System32\drivers\MyDrv.sys"),
            (Some(""), r"C:\Windows\System32\drivers\MyDrv.sys"),
            (Some(r"\SystemRoot\System32\drivers\mydrv.sys"), r"C:\Windows\System32\drivers\mydrv.sys"),
            (Some(r"System32\DRIVERS\mydrv.sys"), r"C:\Windows\System32\DRIVERS\mydrv.sys"),
            (Some(r"%systemroot%\system32\drivers\mydrv.sys"), r"C:\Windows\system32\drivers\mydrv.sys"),
            (Some(r"\??\D:\lab files\mydrv.sys"), r"D:\lab files\mydrv.sys"),
            (Some(r#""C:\lab files\mydrv.sys""#), r"C:\lab files\mydrv.sys"),
            (Some(r"\\server\share\mydrv.sys"), r"\\server\share\mydrv.sys"),
        ] {
            let found = of_service("MyDrv", image_path, r"C:\Windows");
            assert_eq!(found, path);
            assert!(leads_to(&found, "MYDRV.SYS"), "{found}");
        }
    }

    #[test]
    fn another_file_is_not_taken_for_it() {
        for path in [r"C:\Windows\System32\drivers\notmydrv.sys", r"C:\mydrv.sys\other.sys", "mydrv.sys.bak", ""] {
            assert!(!leads_to(path, "mydrv.sys"), "{path}");
        }
    }
}
