//! What a thing in CloudFront is, by the form of its id. People take one id for another: the key group's for the
//! public key's most of all (rules §1).

use std::fmt;

/// What an id names, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// A public key: `K` and 12 to 14 capital letters or digits (`K2JCJMDEHXQW5F`).
    PublicKey,
    /// A key group: a UUID.
    KeyGroup,
    /// A distribution: `E` and 12 to 14 capital letters or digits (`E1U5RQF7T870K0`).
    Distribution,
}

impl IdKind {
    /// `None` for an id of another form: it may be anything.
    ///
    /// ```
    /// use edgemint::cloudfront::IdKind;
    /// assert_eq!(IdKind::of("2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24"), Some(IdKind::KeyGroup));
    /// assert_eq!(IdKind::of("LOCAL1"), None);
    /// ```
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        if is_uuid(id) {
            return Some(Self::KeyGroup);
        }
        let (first, rest) = id.split_at_checked(1)?;
        let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        match (first, (12..=14).contains(&rest.len()) && rest.bytes().all(is_capital)) {
            ("K", true) => Some(Self::PublicKey),
            ("E", true) => Some(Self::Distribution),
            _ => None,
        }
    }
}

impl fmt::Display for IdKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicKey => "public key",
            Self::KeyGroup => "key group",
            Self::Distribution => "distribution",
        })
    }
}

fn is_uuid(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_hex =
        |part: &str, digits| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    [8, 4, 4, 4, 12].into_iter().all(|digits| parts.next().is_some_and(|part| is_hex(part, digits)))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_tells_what_an_id_names() {
        for (id, expected) in [
            ("K2JCJMDEHXQW5F", Some(IdKind::PublicKey)),
            ("K36X4X2EO997HM", Some(IdKind::PublicKey)),
            ("E1U5RQF7T870K0", Some(IdKind::Distribution)),
            ("EDFDVBD6EXAMPLE", Some(IdKind::Distribution)),
            ("2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24", Some(IdKind::KeyGroup)),
            ("2A7B1C9D-5E0F-4A61-9B7E-0C3D5F8A1B24", Some(IdKind::KeyGroup)),
            // A key pair of a root account, from before there were key groups.
            ("APKAEIBAERJR2EXAMPLE", None),
            ("k2jcjmdehxqw5f", None),
            ("KTEST", None),
            ("LOCAL1", None),
            ("KINVENTED", None),
            ("é2JCJMDEHXQW5F", None),
            ("", None),
            ("2a7b1c9d-5e0f-4a61-9b7e", None),
            ("2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24-", None),
        ] {
            assert_eq!(IdKind::of(id), expected, "{id}");
        }
    }
}
