//! Decides whether a user other than an administrator could have written a file, by its owner and its access list.
//!
//! The decision works on plain data, so that tests can use owners and entries that no test machine has. `security`
//! reads them from files. In doubt the file is not trusted, because poolgate executes trusted files as SYSTEM.

use std::fmt;

/// The owner of a file or folder, and its access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    /// True for a symbolic link, a junction, or any other reparse point.
    pub(super) link: bool,
    /// The owner's SID, as text. The owner may always change the access list.
    pub(super) owner: String,
    /// The access list; a file without one grants every right to every user.
    pub(super) entries: Option<Vec<AccessEntry>>,
}

/// One entry of an access list. Inherited entries count like all others, and so do entries that only apply to files
/// made later inside a folder: poolgate executes those files too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccessEntry {
    /// Grants these rights to this SID.
    Allow(String, u32),
    /// Denies rights, so it grants nothing.
    Deny,
    /// An entry of a type that files do not have.
    Strange(u8),
}

/// The reason why a file cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Link,
    Owner(String),
    NoList,
    Stranger(String),
    Strange(u8),
}

/// SIDs of accounts that may do anything on the machine (Microsoft Learn, "Well-known SIDs"): Administrators,
/// LocalSystem, TrustedInstaller. The last two, CREATOR OWNER and OWNER RIGHTS, stand for the owner, and `fault` checks
/// the owner separately.
const TRUSTED: [&str; 5] = [
    "S-1-5-32-544",
    "S-1-5-18",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
    "S-1-3-0",
    "S-1-3-4",
];
const OF_WHOEVER_OWNS: [&str; 2] = ["S-1-3-0", "S-1-3-4"];

/// Rights to change a file's contents, its name, or these rights themselves (Microsoft Learn, "File Access Rights
/// Constants", "Standard Access Rights", "Access Mask Format").
const WRITES: u32 = 0x0000_0002 // write data; in a folder: make files
    | 0x0000_0004 // append data; in a folder: make folders
    | 0x0000_0010 // write extended attributes
    | 0x0000_0040 // delete the contents of a folder
    | 0x0000_0100 // write attributes
    | 0x0001_0000 // delete
    | 0x0004_0000 // write the access list
    | 0x0008_0000 // become the owner
    | 0x1000_0000 // generic all
    | 0x4000_0000; // generic write

/// Returns the first reason why a user other than an administrator, or `user` (who runs poolgate), could have written
/// it.
pub(super) fn fault(access: &Access, user: &str) -> Option<Fault> {
    let trusted = |sid: &str| sid == user || TRUSTED.contains(&sid);
    if access.link {
        return Some(Fault::Link);
    }
    if !trusted(&access.owner) || OF_WHOEVER_OWNS.contains(&access.owner.as_str()) {
        return Some(Fault::Owner(access.owner.clone()));
    }
    let Some(entries) = &access.entries else { return Some(Fault::NoList) };
    entries.iter().find_map(|entry| match entry {
        AccessEntry::Allow(sid, rights) if rights & WRITES != 0 && !trusted(sid) => Some(Fault::Stranger(sid.clone())),
        AccessEntry::Allow(..) | AccessEntry::Deny => None,
        AccessEntry::Strange(kind) => Some(Fault::Strange(*kind)),
    })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Link => f.write_str("it leads somewhere else (a link or junction)"),
            Fault::Owner(sid) => write!(f, "it belongs to {}, not to Administrators", name(sid)),
            Fault::NoList => f.write_str("it has no access list, so everybody can write to it"),
            Fault::Stranger(sid) => write!(f, "{} can write to it", name(sid)),
            Fault::Strange(kind) => write!(f, "its access list has an entry of the unknown type {kind}"),
        }
    }
}

impl Fault {
    /// Returns the commands that repair the file; the second part keeps its contents.
    pub(super) fn remedy(&self, path: &str) -> String {
        let keep = match self {
            Fault::Link => None,
            Fault::Owner(_) => Some(format!("`icacls \"{path}\" /setowner *S-1-5-32-544`")),
            Fault::Stranger(sid) => {
                Some(format!("`icacls \"{path}\" /inheritance:d`, then `icacls \"{path}\" /remove:g *{sid}`"))
            }
            Fault::NoList | Fault::Strange(_) => Some(format!("`icacls \"{path}\" /reset`")),
        };
        let delete = "delete it as an administrator, and poolgate makes it anew";
        match keep {
            None => delete.to_owned(),
            Some(keep) => format!("{delete}; or, if you know that everything in it is yours: {keep}"),
        }
    }
}

/// Returns the common name of a well-known SID; any other SID is returned unchanged.
fn name(sid: &str) -> &str {
    match sid {
        "S-1-1-0" => "Everyone",
        "S-1-5-4" => "INTERACTIVE",
        "S-1-5-11" => "Authenticated Users",
        "S-1-5-32-545" => "Users",
        sid => sid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMINISTRATORS: &str = "S-1-5-32-544";
    const SYSTEM: &str = "S-1-5-18";
    const USERS: &str = "S-1-5-32-545";
    const SOMEBODY: &str = "S-1-5-21-1-2-3-1001";
    const FULL: u32 = 0x001f_01ff;
    const READ_AND_EXECUTE: u32 = 0x0012_00a9;

    fn allow(sid: &str, rights: u32) -> AccessEntry {
        AccessEntry::Allow(sid.to_owned(), rights)
    }

    fn ours() -> Access {
        let entries = vec![allow(ADMINISTRATORS, FULL), allow(SYSTEM, FULL)];
        Access { link: false, owner: ADMINISTRATORS.to_owned(), entries: Some(entries) }
    }

    fn and(entry: AccessEntry) -> Access {
        let mut access = ours();
        access.entries.get_or_insert_default().push(entry);
        access
    }

    #[test]
    fn files_made_by_administrators_are_trusted() {
        let trusted_installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        let generic_all = 0x1000_0000;
        for access in [
            ours(),
            Access { owner: SYSTEM.to_owned(), ..ours() },
            Access { owner: trusted_installer.to_owned(), ..ours() },
            Access { entries: Some(Vec::new()), ..ours() },
            and(allow(USERS, READ_AND_EXECUTE)),
            and(allow("S-1-3-0", generic_all)),
            and(AccessEntry::Deny),
        ] {
            assert_eq!(fault(&access, SYSTEM), None, "{access:?}");
        }
    }

    #[test]
    fn only_the_user_who_runs_poolgate_may_own_it() {
        let theirs = Access { owner: SOMEBODY.to_owned(), ..and(allow(SOMEBODY, FULL)) };
        assert_eq!(fault(&theirs, SOMEBODY), None);
        assert_eq!(fault(&theirs, SYSTEM), Some(Fault::Owner(SOMEBODY.to_owned())));
        for owner in OF_WHOEVER_OWNS {
            let access = Access { owner: owner.to_owned(), ..ours() };
            assert_eq!(fault(&access, SYSTEM), Some(Fault::Owner(owner.to_owned())));
        }
    }

    #[test]
    fn every_write_access_of_a_stranger_is_found() {
        let mut found = 0;
        for bit in 0..32 {
            let access = and(allow(USERS, 1 << bit));
            match fault(&access, SYSTEM) {
                None => assert_eq!(WRITES & (1 << bit), 0, "bit {bit}"),
                Some(fault) => {
                    assert_eq!(fault, Fault::Stranger(USERS.to_owned()));
                    found += 1;
                }
            }
        }
        assert_eq!(found, 10);
    }

    #[test]
    fn a_folder_that_a_user_made_first_in_program_data_is_refused() {
        // The access list of a folder that an unprivileged user makes in ProgramData: the user owns it and it inherits
        // entries.
        let modify_and_more = vec![
            allow(SYSTEM, FULL),
            allow(ADMINISTRATORS, FULL),
            allow(SOMEBODY, FULL),
            allow(USERS, READ_AND_EXECUTE),
            allow(USERS, 0x0000_0116),
        ];
        let made = Access { link: false, owner: SOMEBODY.to_owned(), entries: Some(modify_and_more.clone()) };
        assert_eq!(fault(&made, SYSTEM), Some(Fault::Owner(SOMEBODY.to_owned())));
        // An administrator's folder is refused too if users can create files in it.
        let careless = vec![modify_and_more[0].clone(), modify_and_more[3].clone(), modify_and_more[4].clone()];
        let careless = Access { entries: Some(careless), ..ours() };
        assert_eq!(fault(&careless, SYSTEM), Some(Fault::Stranger(USERS.to_owned())));
    }

    #[test]
    fn links_missing_lists_and_unknown_entries_are_refused() {
        assert_eq!(fault(&Access { link: true, ..ours() }, SYSTEM), Some(Fault::Link));
        assert_eq!(fault(&Access { entries: None, ..ours() }, SYSTEM), Some(Fault::NoList));
        assert_eq!(fault(&and(AccessEntry::Strange(5)), SYSTEM), Some(Fault::Strange(5)));
    }

    #[test]
    fn a_refusal_names_who_and_the_commands() {
        let stranger = Fault::Stranger(USERS.to_owned());
        assert_eq!(stranger.to_string(), "Users can write to it");
        assert_eq!(
            stranger.remedy(r"C:\a b"),
            "delete it as an administrator, and poolgate makes it anew; or, if you know that everything in it is yours: \
             `icacls \"C:\\a b\" /inheritance:d`, then `icacls \"C:\\a b\" /remove:g *S-1-5-32-545`"
        );
    }
}
