//! One parameter of a query string, or a refusal.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use thiserror::Error;

/// The value of the parameter `name` in `query` (what follows the `?`, as requested), decoded once as
/// `application/x-www-form-urlencoded`: `%` and two hexadecimal digits is a byte, `+` is a space, and the
/// bytes are UTF-8. `None` if it is not there; an empty text if it is there without a value.
///
/// Two parsers that take the first and the last of two parameters see two requests in one, and so do two that
/// read a broken `%` differently. Hence no part of the query may be ambiguous, whatever its name.
///
/// # Errors
/// [`QueryRefusal`] when `name` occurs twice, in any encoding of its letters, or when any parameter is not
/// encoded as above.
pub fn single_parameter<'q>(query: &'q str, name: &str) -> Result<Option<Cow<'q, str>>, QueryRefusal> {
    let mut found = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (encoded_name, encoded_value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (parameter_name, value) = (decode(encoded_name)?, decode(encoded_value)?);
        if parameter_name == name && found.replace(value).is_some() {
            return Err(QueryRefusal::Doubled);
        }
    }
    Ok(found)
}

fn decode(encoded: &str) -> Result<Cow<'_, str>, QueryRefusal> {
    // Such as every ticket, the longest part of a query. Looked through without stopping, several bytes at a time.
    if !encoded.bytes().fold(false, |found, byte| found | (byte == b'%') | (byte == b'+')) {
        return Ok(Cow::Borrowed(encoded));
    }
    let escapes_are_whole = encoded
        .split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    if !escapes_are_whole {
        return Err(QueryRefusal::BadEncoding);
    }
    if encoded.contains('+') {
        let spaced = encoded.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| QueryRefusal::BadEncoding)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(encoded).decode_utf8().map_err(|_| QueryRefusal::BadEncoding)
}

/// Why a query string is refused. Nothing of it is in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueryRefusal {
    /// The parameter occurs more than once.
    #[error("the parameter is there twice; send it once")]
    Doubled,
    /// A parameter is not percent-encoded UTF-8.
    #[error("the query is not percent-encoded UTF-8; encode names and values as encodeURIComponent does")]
    BadEncoding,
}

impl QueryRefusal {
    /// A stable name in snake case, for logs and metric labels.
    pub fn code(self) -> &'static str {
        match self {
            Self::Doubled => "doubled_parameter",
            Self::BadEncoding => "bad_query_encoding",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_parameter_is_decoded_once() {
        for (query, expected) in [
            ("return_to=/a", Some("/a")),
            ("ticket=x&return_to=%2Fa%3Fb%3D1&c", Some("/a?b=1")),
            ("return_to=%252F%252Fevil.example", Some("%2F%2Fevil.example")),
            ("return_to=/a?b=c=d", Some("/a?b=c=d")),
            ("return_to=a+b%2Bc", Some("a b+c")),
            ("return%5Fto=%C3%A9", Some("é")),
            ("return_to=", Some("")),
            ("return_to", Some("")),
            ("&&return_to=/a&", Some("/a")),
            ("", None),
            ("Return_To=/a&return_to[]=/b&xreturn_to=/c", None),
            ("a=1;return_to=/b", None),
        ] {
            assert_eq!(single_parameter(query, "return_to").unwrap().as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn a_doubled_parameter_is_refused_in_every_spelling() {
        for query in [
            "return_to=/a&return_to=/b",
            "return_to=/a&return_to=/a",
            "return_to&return_to",
            "return_to=/a&x=1&return%5fto=//evil.example",
            "%72eturn_to=/a&return_to=/b",
        ] {
            assert_eq!(single_parameter(query, "return_to"), Err(QueryRefusal::Doubled), "{query}");
        }
    }

    #[test]
    fn broken_encoding_is_refused_wherever_it_is() {
        for query in [
            "return_to=%",
            "return_to=%2",
            "return_to=%2G",
            "return_to=%zz",
            "return_to=%%41",
            "x=%u0041",
            "return_to=%FF",
            "return_to=%C3",
            "return_to=%C0%AF",
            "return_to=%ED%A0%80",
            "re%turn_to=/a",
            "a=100%&return_to=/a",
            "return_to=%+1",
            "return_to=%é",
        ] {
            assert_eq!(single_parameter(query, "return_to"), Err(QueryRefusal::BadEncoding), "{query}");
        }
    }

    proptest! {
        #[test]
        fn what_the_url_library_writes_is_read_back(value in ".*", other in ".*") {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("other", &other).append_pair("return_to", &value).finish();
            let read = single_parameter(&query, "return_to").unwrap();
            prop_assert_eq!(read.as_deref(), Some(value.as_str()));
        }

        #[test]
        fn no_query_panics(query in ".*") {
            let _ = single_parameter(&query, "return_to");
        }
    }
}
