//! PoolMon's last column, `Mapped_Driver` (`/g`, `/c`): the entries of localtag.txt and pooltag.txt for a tag, each in
//! brackets.

use super::{LocalTags, PoolTags, forms};
use crate::pool::Tag;

/// PoolMon's text for a tag that neither list has.
const UNKNOWN: &str = "Unknown Driver";

/// Returns the column for a tag: `[ipsec][ipsec.sys    -  event queue]`, or `Unknown Driver`. A list that was not
/// requested is `None`.
pub fn mapped_driver(tag: &Tag, pooltag: Option<&PoolTags>, localtag: Option<&LocalTags>) -> String {
    // Lists have tags without PROTECTED_POOL, and this is the first form.
    let Some(bytes) = forms(tag).into_iter().next() else { return UNKNOWN.to_owned() };
    let local = localtag.into_iter().flat_map(|list| list.drivers(bytes)).map(|driver| format!("[{driver}]"));
    let listed = pooltag.into_iter().flat_map(|list| list.rows(bytes)).map(|row| format!("[{}]", row.text));
    let text: String = local.chain(listed).collect();
    if text.is_empty() { UNKNOWN.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_as_in_microsoft_s_examples() {
        let pooltag = PoolTags::read(
            b"IpEQ - ipsec.sys    -  event queue\nIpHP - ipsec.sys    - IP Security\nBmfd - Font related stuff\n",
        );
        let localtag = LocalTags::read(b"IpEQ - ipsec\nIpIO - ipsec\n1MEM - el90xbc5\n");
        for (tag, both, listed) in [
            ("IpEQ", "[ipsec][ipsec.sys    -  event queue]", "[ipsec.sys    -  event queue]"),
            ("IpHP", "[ipsec.sys    - IP Security]", "[ipsec.sys    - IP Security]"),
            ("IpIO", "[ipsec]", "Unknown Driver"),
            ("1MEM", "[el90xbc5]", "Unknown Driver"),
            ("Bmfd", "[Font related stuff]", "[Font related stuff]"),
            ("Dh 1", "Unknown Driver", "Unknown Driver"),
            ("IpH\\xd0", "[ipsec.sys    - IP Security]", "[ipsec.sys    - IP Security]"),
            ("dentry_cache", "Unknown Driver", "Unknown Driver"),
        ] {
            let tag: Tag = tag.parse().unwrap();
            assert_eq!(mapped_driver(&tag, Some(&pooltag), Some(&localtag)), both);
            assert_eq!(mapped_driver(&tag, Some(&pooltag), None), listed);
        }
    }
}
