//! What is written down of one revocation.

use std::io::{self, Write};

use aws_lc_rs::digest::{SHA256, digest};

use super::RevocationKey;

/// One revocation, by the wall clock alone: what outlives the process that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) key: RevocationKey,
    /// What began at this second (epoch) or before is shut out.
    pub(super) reached: i64,
    /// It may be forgotten from this second (epoch) on.
    pub(super) forgotten: i64,
}

impl Record {
    /// The longest line, with its end.
    pub(super) const MAX_BYTES: usize = 32 + 2 * 21 + 9 + 1;

    /// Writes a line: the key in hexadecimal, both seconds, and a check sum of what stands before it.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let text = format!("{:032x} {} {}", u128::from_be_bytes(self.key.0), self.reached, self.forgotten);
        writeln!(out, "{text} {}", check_sum(&text))
    }

    /// Reads a line without its end; `None` if it is not as it was written.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (text, sum) = line.rsplit_once(' ')?;
        let mut fields = text.split(' ');
        let (key, reached, forgotten) = (fields.next()?, fields.next()?, fields.next()?);
        let is_whole = fields.next().is_none() && key.len() == 32 && sum == check_sum(text);
        let key = RevocationKey(u128::from_str_radix(key, 16).ok()?.to_be_bytes());
        let record = Self { key, reached: reached.parse().ok()?, forgotten: forgotten.parse().ok()? };
        is_whole.then_some(record)
    }
}

/// 32 bits of SHA-256: tells a line that a fault has changed, not one that somebody has forged.
fn check_sum(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(record: Record) -> String {
        let mut bytes = Vec::new();
        record.write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_what_other_programs_make_of_it() {
        let key = RevocationKey([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        // printf '000102030405060708090a0b0c0d0e0f 1800000000 1802592000' | sha256sum | cut -c -8
        assert_eq!(
            line(Record { key, reached: 1_800_000_000, forgotten: 1_802_592_000 }),
            "000102030405060708090a0b0c0d0e0f 1800000000 1802592000 8af89f30\n"
        );
    }

    proptest! {
        #[test]
        fn a_line_is_read_back_and_none_that_differs_in_a_byte(
            key: [u8; 16], reached: i64, forgotten: i64, place: prop::sample::Index, byte in 0x20_u8..0x7f,
        ) {
            let record = Record { key: RevocationKey(key), reached, forgotten };
            let line = line(record);
            prop_assert!(line.len() <= Record::MAX_BYTES);
            let line = line.strip_suffix('\n').unwrap();
            prop_assert_eq!(Record::parse(line), Some(record));
            prop_assert_eq!(Record::parse(&line[..place.index(line.len())]), None);
            let mut other = line.as_bytes().to_vec();
            let place = place.index(other.len());
            if std::mem::replace(&mut other[place], byte) != byte {
                prop_assert_eq!(Record::parse(std::str::from_utf8(&other).unwrap()), None);
            }
        }
    }
}
