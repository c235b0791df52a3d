//! The `Range` header, read as CloudFront reads it (rules §5) and as RFC 9110 §14 writes it.

use std::ops::Range;

use actix_web::http::header::HeaderValue;

/// More ranges than any player asks for in one request; a longer list is answered with the whole object.
const MOST_RANGES: usize = 64;

/// The ranges of one `Range: bytes=…` header that is well formed. It does not know the object's length yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges(Vec<Spec>);

/// One element of the list (RFC 9110 §14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    /// `first-` or `first-last`, both inclusive.
    From { first: u64, last: Option<u64> },
    /// `-length`: the end of the object.
    Suffix(u64),
}

/// What a `Range` header means for an object of a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// 200: ranges that are unsorted or overlap select everything (rules §5).
    Whole,
    /// 206, or `multipart/byteranges` when there are several. Never empty; each is half open and not empty.
    Parts(Vec<Range<u64>>),
    /// 416: no range begins inside the object.
    Unsatisfiable,
}

impl Ranges {
    /// Reads a `Range` header's value. `None` when it is malformed, in another unit, or too long a list:
    /// then the header counts as absent and the whole object is the answer (rules §5, RFC 9110 §14.2).
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (unit, set) = header.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        // RFC 9110 §5.6.1.2: a recipient takes empty list elements.
        let specs = set
            .split(',')
            .map(|element| element.trim_matches([' ', '\t']))
            .filter(|element| !element.is_empty())
            .map(Spec::parse)
            .collect::<Option<Vec<_>>>()?;
        (1..=MOST_RANGES).contains(&specs.len()).then_some(Self(specs))
    }

    /// Whether it is one range only. Only then does the edge cut a 206 out of an origin's 200.
    pub(super) fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether the ranges can be seen, without the object's length, to be unsorted or overlapping. Such a
    /// header is not worth sending to an origin.
    pub(super) fn is_disordered(&self) -> bool {
        self.0.windows(2).any(|pair| match (pair[0], pair[1]) {
            (Spec::From { last: Some(last), .. }, Spec::From { first, .. }) => first <= last,
            (Spec::From { .. }, Spec::Suffix(_)) => false,
            // An open range or a suffix reaches the end, so anything after it overlaps or is out of order.
            _ => true,
        })
    }

    /// The bytes meant, of an object `length` bytes long.
    pub(super) fn select(&self, length: u64) -> Selection {
        let parts: Vec<_> = self.0.iter().filter_map(|spec| spec.within(length)).collect();
        if parts.is_empty() {
            Selection::Unsatisfiable
        } else if parts.windows(2).any(|pair| pair[1].start < pair[0].end) {
            Selection::Whole
        } else {
            Selection::Parts(parts)
        }
    }
}

impl Spec {
    fn parse(element: &str) -> Option<Self> {
        let (first, last) = element.split_once('-')?;
        match (first.is_empty(), last.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Self::Suffix(number(last)?)),
            (false, true) => Some(Self::From { first: number(first)?, last: None }),
            (false, false) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From { first, last: Some(last) })
            }
        }
    }

    /// The half-open part of an object of this length, or `None` when the range is not satisfiable.
    fn within(self, length: u64) -> Option<Range<u64>> {
        let part = match self {
            Self::From { first, last } => {
                first..last.map_or(length, |last| last.saturating_add(1).min(length))
            }
            Self::Suffix(suffix) => length.saturating_sub(suffix)..length,
        };
        (part.start < part.end).then_some(part)
    }
}

/// Digits only (`parse` alone would take a `+`); a number past `u64` is past every object, so it saturates.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().unwrap_or(u64::MAX))
}

/// `bytes first-last/length`, the `Content-Range` of a 206 (RFC 9110 §14.4).
pub(super) fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

/// `bytes */length`, the `Content-Range` of a 416.
pub(super) fn unsatisfied_range(length: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes */{length}"))
        .unwrap_or_else(|_| HeaderValue::from_static("bytes */*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(header: &str, length: u64) -> Selection {
        Ranges::parse(header).map_or(Selection::Whole, |ranges| ranges.select(length))
    }

    /// The examples of RFC 9110 §14.1.2, an object of 10000 bytes.
    #[test]
    fn examples_of_the_rfc_select_what_it_says() {
        for (header, parts) in [
            ("bytes=0-499", &[(0, 500)][..]),
            ("bytes=500-999", &[(500, 1000)][..]),
            ("bytes=-500", &[(9500, 10000)][..]),
            ("bytes=9500-", &[(9500, 10000)][..]),
            ("bytes=0-0,-1", &[(0, 1), (9999, 10000)][..]),
            ("bytes= 0-999, 4500-5499, -1000", &[(0, 1000), (4500, 5500), (9000, 10000)][..]),
            ("bytes=500-600,601-999", &[(500, 601), (601, 1000)][..]),
            ("BYTES=9999-10000", &[(9999, 10000)][..]),
            ("bytes=0-99999999999999999999999999", &[(0, 10000)][..]),
            ("bytes=-99999999999999999999999999", &[(0, 10000)][..]),
            ("bytes=,0-0,,\t5-6 ,", &[(0, 1), (5, 7)][..]),
            ("bytes=0-0,10000-", &[(0, 1)][..]),
        ] {
            assert_eq!(
                select(header, 10000),
                Selection::Parts(parts.iter().map(|&(start, end)| start..end).collect()),
                "{header}"
            );
        }
    }

    #[test]
    fn malformed_unsorted_and_overlapping_ranges_select_the_whole_object() {
        for header in [
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=1-0",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1",
            "bytes=1-2-3",
            "bytes=0-1;2-3",
            "bytes=0-1,x",
            "bytes=--1",
            "bytes=1 - 2",
            "bytes=१-२",
            "items=0-1",
            "bytes 0-1",
            "bytes =0-1",
            "",
            "bytes=5-6,0-1",
            "bytes=0-5,5-6",
            "bytes=0-,5-6",
            "bytes=-5,0-1",
            "bytes=500-700,601-999",
        ] {
            assert_eq!(select(header, 10000), Selection::Whole, "{header}");
        }
        let many = (0..=MOST_RANGES).map(|i| format!("{}-{}", i * 2, i * 2)).collect::<Vec<_>>().join(",");
        assert_eq!(select(&format!("bytes={many}"), 10000), Selection::Whole);
    }

    #[test]
    fn ranges_outside_the_object_are_unsatisfiable() {
        for (header, length) in [
            ("bytes=10000-", 10000),
            ("bytes=10000-10001", 10000),
            ("bytes=-0", 10000),
            ("bytes=99999999999999999999999999-", 10000),
            ("bytes=20000-,30000-", 10000),
            ("bytes=0-", 0),
            ("bytes=-1", 0),
        ] {
            assert_eq!(select(header, length), Selection::Unsatisfiable, "{header} of {length}");
        }
    }

    #[test]
    fn disorder_that_needs_no_length_is_seen_without_it() {
        for (header, disordered) in [
            ("bytes=0-1", false),
            ("bytes=0-1,2-", false),
            ("bytes=0-1,-1", false),
            ("bytes=0-1,1-2", true),
            ("bytes=5-,6-7", true),
            ("bytes=-1,0-1", true),
        ] {
            assert_eq!(Ranges::parse(header).unwrap().is_disordered(), disordered, "{header}");
        }
    }
}
