//! Who else an access control list lets at a file. Of a file that has one, the group's permission bits are the most
//! that the list may give to anybody (acl(5)), not what the group has.

use std::fs::File;

use rustix::fs::fgetxattr;
use rustix::io::Errno;

/// Where Linux keeps the list, as it is laid out in `linux/posix_acl_xattr.h`: a version, then entries of a tag, a
/// permission and an id, all little-endian.
const ATTRIBUTE: &str = "system.posix_acl_access";
const VERSION: [u8; 4] = 2_u32.to_le_bytes();
const ENTRY: usize = 8;
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const MASK: u16 = 0x10;

/// More entries than any list that is meant has.
const MAX_BYTES: usize = 4 + 64 * ENTRY;

/// Whether a list gives this file to the user `us` besides its owner, and to nobody else: so systemd hands
/// credentials to a service, in files of root's. `false` without a list, or if it cannot be read.
pub(super) fn lets_in_only(us: u32, file: &File) -> bool {
    let mut list = [0; MAX_BYTES];
    // An error: no list, a file system without lists, or one that is too long.
    fgetxattr(file, ATTRIBUTE, &mut list).is_ok_and(|length| names_only(us, &list[..length]))
}

/// Whether a list may give this file to more than its permission bits tell.
pub(super) fn has_list(file: &File) -> bool {
    // Asks for the length alone. Any other error leaves it open.
    let mut nothing = [0; 0];
    !matches!(fgetxattr(file, ATTRIBUTE, &mut nothing), Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS))
}

fn names_only(us: u32, list: &[u8]) -> bool {
    let Some(entries) = list.strip_prefix(&VERSION).filter(|entries| entries.len() % ENTRY == 0) else {
        return false;
    };
    entries.chunks_exact(ENTRY).all(|entry| {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let permission = u16::from_le_bytes([entry[2], entry[3]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        match tag {
            OWNER | MASK => true,
            USER => id == us || permission == 0,
            // The group, other groups, everybody else; and whatever else there may be one day.
            _ => permission == 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entry = |&(tag, permission, id): &(u16, u16, u32)| {
            [&tag.to_le_bytes()[..], &permission.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        [VERSION.to_vec(), entries.iter().flat_map(entry).collect()].concat()
    }

    const NOBODY: u32 = u32::MAX;

    #[test]
    fn only_a_list_for_us_alone_is_good() {
        let owner_group_others = [(0x01, 4, NOBODY), (0x04, 0, NOBODY), (0x20, 0, NOBODY)];
        let with = |more: &[(u16, u16, u32)]| list(&[&owner_group_others[..], more].concat());
        assert!(names_only(7, &with(&[(0x02, 4, 7), (0x10, 4, NOBODY)])));
        assert!(names_only(7, &with(&[(0x02, 0, 8), (0x10, 4, NOBODY)])), "nothing is given to 8");
        for (name, bad) in [
            ("another user", with(&[(0x02, 4, 7), (0x02, 4, 8), (0x10, 4, NOBODY)])),
            ("a group", with(&[(0x02, 4, 7), (0x08, 4, 7), (0x10, 4, NOBODY)])),
            ("the file's group", list(&[(0x01, 4, NOBODY), (0x04, 4, NOBODY), (0x20, 0, NOBODY)])),
            ("others", list(&[(0x01, 4, NOBODY), (0x04, 0, NOBODY), (0x20, 4, NOBODY)])),
            ("an unknown tag", with(&[(0x40, 1, 7)])),
            ("another version", [&3_u32.to_le_bytes(), &with(&[])[4..]].concat()),
            ("half an entry", with(&[])[..9].to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert!(!names_only(7, &bad), "{name}");
        }
    }
}
