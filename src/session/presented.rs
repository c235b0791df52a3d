//! What a request presents to a session provider, whatever the HTTP library.

use std::net::IpAddr;

/// The part of a request that says who is asking.
pub trait Presented {
    /// Every value of a header, in the order in which they came; `name` in lower case.
    fn header(&self, name: &str) -> Vec<&[u8]>;

    /// The other end of the connection.
    fn peer(&self) -> Option<IpAddr>;

    /// Names and values of the headers that a request carries which is made at this moment to find out who is asking,
    /// so that whoever is asked can tell for whom. None, unless the request is part of something larger.
    fn onward(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Two different answers to one question: which of them counts would be the sender's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

impl dyn Presented + '_ {
    /// The value of a header that may come once.
    ///
    /// # Errors
    /// [`Ambiguous`] if it comes more often.
    pub fn single_header(&self, name: &str) -> Result<Option<&[u8]>, Ambiguous> {
        let mut values = self.header(name).into_iter();
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(Ambiguous),
        }
    }

    /// The value of the cookie `name` as it was sent (RFC 6265 §5.4), nothing decoded; values that are not UTF-8
    /// are not seen, as no cookie of any provider is anything but ASCII. Of what stands around a name only
    /// spaces and tabs are dropped: to a browser, `U+2000 __Host-a` has no prefix, so any host of the site may set it.
    ///
    /// # Errors
    /// [`Ambiguous`] if there are two of that name, alike or not.
    pub fn cookie(&self, name: &str) -> Result<Option<&str>, Ambiguous> {
        let mut found = None;
        for line in self.header("cookie") {
            // Whole lines are text but for a stranger's cookie, and split faster so.
            let found_once = match std::str::from_utf8(line) {
                Ok(line) => find_cookie(line.split(';'), name, &mut found),
                Err(_) => {
                    let pairs = line.split(|byte| *byte == b';');
                    find_cookie(pairs.filter_map(|pair| std::str::from_utf8(pair).ok()), name, &mut found)
                }
            };
            found_once?;
        }
        Ok(found)
    }
}

fn find_cookie<'r>(
    pairs: impl Iterator<Item = &'r str>,
    name: &str,
    found: &mut Option<&'r str>,
) -> Result<(), Ambiguous> {
    for (its_name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
        if trim(its_name) == name && found.replace(trim(value)).is_some() {
            return Err(Ambiguous);
        }
    }
    Ok(())
}

/// Without the spaces and tabs around it (RFC 6265 §5.2). No other character is one: browsers guard names that begin
/// with `__Host-`, but let any host of the site set a cookie whose name has a space of Unicode before that.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A request made of header lines and a peer.
    pub(in crate::session) struct Fake {
        pub(in crate::session) headers: Vec<(&'static str, String)>,
        pub(in crate::session) peer: Option<IpAddr>,
    }

    impl Fake {
        pub(in crate::session) fn new(headers: &[(&'static str, &str)]) -> Self {
            let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            Self { headers, peer: Some(IpAddr::from([203, 0, 113, 7])) }
        }
    }

    impl Presented for Fake {
        fn header(&self, name: &str) -> Vec<&[u8]> {
            self.headers.iter().filter(|(its, _)| *its == name).map(|(_, value)| value.as_bytes()).collect()
        }

        fn peer(&self) -> Option<IpAddr> {
            self.peer
        }
    }

    fn cookie(lines: &[&str]) -> Result<Option<String>, Ambiguous> {
        let lines: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        let fake = Fake::new(&lines);
        let presented: &dyn Presented = &fake;
        presented.cookie("id").map(|value| value.map(str::to_owned))
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        for (lines, expected) in [
            (&[][..], None),
            (&["id=a"], Some("a")),
            (&["x=1; id=a=b; y=2"], Some("a=b")),
            (&["x=1", "id=a"], Some("a")),
            (&["id="], Some("")),
            (&["x=1;\tid = a\t"], Some("a")),
            (&["ID=a; xid=b; id2=c; id"], None),
            (&[" \tid \t=\t a "], Some("a")),
            (&["\u{a0}id=a; id\u{2000}=b; \u{b}id=c"], None),
            (&["id=a\u{a0}"], Some("a\u{a0}")),
            // PortSwigger, "Cookie Chaos": such a name gets past a browser's check of prefixes.
            (&["\u{2000}id=a; id\u{a0}=b; \u{85}id=c; \u{feff}id=d"], None),
            (&["\u{2000}id=a; id=\u{2000}b"], Some("\u{2000}b")),
        ] {
            assert_eq!(cookie(lines), Ok(expected.map(str::to_owned)), "{lines:?}");
        }
    }

    #[test]
    fn two_cookies_of_one_name_are_no_answer() {
        for lines in
            [&["id=a; id=b"][..], &["id=a; id=a"], &["id=a", "id=b"], &["id=;id="], &["id=a;  id =b"]]
        {
            assert_eq!(cookie(lines), Err(Ambiguous), "{lines:?}");
        }
    }

    #[test]
    fn two_headers_of_one_name_are_no_answer() {
        let fake = Fake::new(&[("x-user", "a"), ("x-user", "a"), ("x-one", "1")]);
        let presented: &dyn Presented = &fake;
        assert_eq!(presented.single_header("x-user"), Err(Ambiguous));
        assert_eq!(presented.single_header("x-one"), Ok(Some(&b"1"[..])));
        assert_eq!(presented.single_header("x-none"), Ok(None));
    }
}
