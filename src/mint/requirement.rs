//! What a session's claims must say before a grant is given.

use std::fmt;

use serde_json::{Map, Value};

/// Claims that are lists written as one text, parted by spaces: `scope` (RFC 6749 §3.3, RFC 8693 §4.2), and what
/// Entra ID calls it. The text of any other claim is one value, spaces and all: a role "assistant editor" is not two.
const SPACED_LISTS: [&str; 2] = ["scope", "scp"];

/// One condition on one claim. A session that lacks the claim does not meet it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    claim: ClaimName,
    condition: Condition,
}

/// What a claim must say. Values are compared by type: `"5"`, `5` and `5.0` are three different values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Is this value. Never holds for a list.
    Equals(ClaimValue),
    /// Is one of these.
    AnyOf(Vec<ClaimValue>),
    /// Is a list with this value in it, or a `scope` or `scp` with this word in it.
    Contains(ClaimValue),
}

/// A value that a claim is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimValue {
    /// A text, compared to the byte.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
}

/// Why a text names no claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimNameError {
    /// Nothing is named.
    #[error(
        "it names no claim; write its name, such as \"plan\", or a JSON pointer, such as \"/account/plan\""
    )]
    Empty,
    /// RFC 6901 §3.
    #[error("this is not a JSON pointer: ~ stands only in ~0 (for ~) and ~1 (for /)")]
    Escape,
}

/// Where a claim is found: a name, taken as it is (`https://example.com/roles`), or with a slash in front a JSON
/// pointer (RFC 6901) into the claims (`/realm_access/roles`).
#[derive(Debug, Clone, PartialEq, Eq)]
struct ClaimName {
    /// As configured.
    text: String,
    /// The claim.
    top: String,
    /// A JSON pointer from there; empty for the claim itself.
    below: String,
}

impl Requirement {
    /// That `claim` meets `condition`.
    ///
    /// # Errors
    /// [`ClaimNameError`].
    pub fn new(claim: &str, condition: Condition) -> Result<Self, ClaimNameError> {
        Ok(Self { claim: ClaimName::parse(claim)?, condition })
    }

    /// As configured.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim.text
    }

    /// The claim of the session that it looks at, or into.
    pub(super) fn top_claim(&self) -> &str {
        &self.claim.top
    }

    /// Whether these claims meet it.
    #[must_use]
    pub fn is_met_by(&self, claims: &Map<String, Value>) -> bool {
        let Some(found) = self.claim.find(claims) else { return false };
        match &self.condition {
            Condition::Equals(wanted) => wanted.is(found),
            Condition::AnyOf(wanted) => wanted.iter().any(|wanted| wanted.is(found)),
            Condition::Contains(wanted) => match (found, wanted) {
                (Value::Array(items), _) => items.iter().any(|item| wanted.is(item)),
                (Value::String(words), ClaimValue::Text(wanted)) if self.claim.is_spaced_list() => {
                    words.split(' ').any(|word| word == wanted)
                }
                _ => false,
            },
        }
    }
}

impl ClaimValue {
    /// No coercion: a number that has a fraction, were it `.0`, is no whole number.
    fn is(&self, found: &Value) -> bool {
        match self {
            Self::Text(text) => found.as_str() == Some(text),
            Self::Number(number) => found.as_i64() == Some(*number),
            Self::Flag(flag) => found.as_bool() == Some(*flag),
        }
    }
}

impl ClaimName {
    fn parse(text: &str) -> Result<Self, ClaimNameError> {
        let (top, below) = match text.strip_prefix('/') {
            None => (text.to_owned(), ""),
            Some(pointer) => {
                let unescaped = pointer.replace("~0", "").replace("~1", "");
                if unescaped.contains('~') {
                    return Err(ClaimNameError::Escape);
                }
                let top = pointer.split('/').next().unwrap_or_default();
                // In this order (RFC 6901 §4).
                (top.replace("~1", "/").replace("~0", "~"), &pointer[top.len()..])
            }
        };
        match top.is_empty() {
            true => Err(ClaimNameError::Empty),
            false => Ok(Self { text: text.to_owned(), top, below: below.to_owned() }),
        }
    }

    fn find<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c Value> {
        claims.get(&self.top)?.pointer(&self.below)
    }

    fn is_spaced_list(&self) -> bool {
        let name = self.below.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&self.top);
        SPACED_LISTS.contains(&name)
    }
}

/// For people: `plan is "premium"`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claim = self.claim();
        match &self.condition {
            Condition::Equals(value) => write!(f, "{claim} is {value}"),
            Condition::AnyOf(values) => {
                let values: Vec<_> = values.iter().map(ToString::to_string).collect();
                write!(f, "{claim} is {}", values.join(" or "))
            }
            Condition::Contains(value) => write!(f, "{claim} contains {value}"),
        }
    }
}

impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> ClaimValue {
        ClaimValue::Text(text.into())
    }

    fn met(claim: &str, condition: Condition, claims: Value) -> bool {
        Requirement::new(claim, condition).unwrap().is_met_by(claims.as_object().unwrap())
    }

    #[test]
    fn values_are_compared_by_type() {
        use ClaimValue::{Flag, Number};
        for (wanted, same, others) in [
            (text("5"), json!("5"), json!([5, 5.0, "5 ", " 5", ["5"], {"5": 5}, null, true, "", "05"])),
            (
                Number(5),
                json!(5),
                json!(["5", 5.0, 5.5, -5, [5], null, true, 18_446_744_073_709_551_615_u64]),
            ),
            (Number(1), json!(1), json!([true, "1", 1.0, [1], "true"])),
            (Number(0), json!(0), json!([false, null, "", -0.0, "0", []])),
            (Flag(true), json!(true), json!(["true", 1, [true], null, false])),
            (Flag(false), json!(false), json!([0, "", null, "false", [], true])),
            (text(""), json!(""), json!([null, [], {}, 0, false])),
            (text("caf\u{e9}"), json!("caf\u{e9}"), json!(["cafe\u{301}", "CAF\u{c9}", "cafe"])),
        ] {
            let equals = |value: Value| met("c", Condition::Equals(wanted.clone()), json!({ "c": value }));
            assert!(equals(same.clone()), "{wanted}");
            for other in others.as_array().unwrap() {
                assert!(!equals(other.clone()), "{wanted} {other}");
            }
            let any = Condition::AnyOf(vec![text("nothing"), wanted.clone()]);
            assert!(met("c", any, json!({ "c": same.clone() })));
            let contains =
                |value: Value| met("c", Condition::Contains(wanted.clone()), json!({ "c": value }));
            assert!(contains(json!([null, same.clone()])) && !contains(others), "{wanted}");
            assert!(!contains(same), "{wanted}: a value that is no list contains nothing");
        }
    }

    #[test]
    fn only_scopes_are_lists_in_a_text() {
        let contains = |claim: &str, value: &str, wanted: &str| {
            met(claim, Condition::Contains(text(wanted)), json!({ claim: value }))
        };
        assert!(contains("scope", "openid podcasts:read", "podcasts:read"));
        assert!(contains("scp", "podcasts:read", "podcasts:read"));
        assert!(!contains("scope", "openid podcasts:read", "podcasts"));
        assert!(!contains("scope", "a\tb", "b") && !contains("scope", "a,b", "b"));
        assert!(!contains("roles", "assistant editor", "editor"));
        assert!(!contains("roles", "editor", "editor"));
        assert!(!contains("Scope", "editor", "editor"));
        let nested = json!({"token": {"scope": "a b"}, "scope": {"roles": "a b"}});
        assert!(met("/token/scope", Condition::Contains(text("b")), nested.clone()));
        assert!(!met("/scope/roles", Condition::Contains(text("b")), nested));
    }

    #[test]
    fn a_name_is_taken_as_it_is_and_a_pointer_leads_in() {
        let claims = json!({
            "realm_access": {"roles": ["editor"], "plan": "gold"}, "realm_access.plan": "tin",
            "https://e.com/plan": "own", "a/b": {"~": "odd"}, "list": ["zero", "one"], "": "nameless",
        });
        for (claim, value) in [
            ("/realm_access/plan", "gold"),
            ("realm_access.plan", "tin"),
            ("https://e.com/plan", "own"),
            ("/a~1b/~0", "odd"),
            ("/list/1", "one"),
        ] {
            assert!(met(claim, Condition::Equals(text(value)), claims.clone()), "{claim}");
        }
        assert!(met("/realm_access/roles", Condition::Contains(text("editor")), claims.clone()));
        for claim in ["plan", "/plan", "/realm_access/Plan", "realm_access/plan", "/list/2", "/list/-1"] {
            let any = Condition::AnyOf(["gold", "tin", "own", "one", "nameless"].map(text).to_vec());
            assert!(!met(claim, any, claims.clone()), "{claim}");
        }
        let refused = |claim| Requirement::new(claim, Condition::Equals(text("x"))).unwrap_err();
        assert_eq!([refused(""), refused("/"), refused("//a")], [ClaimNameError::Empty; 3]);
        assert_eq!([refused("/a~"), refused("/a~2/b"), refused("/~~0")], [ClaimNameError::Escape; 3]);
        let top =
            |claim| Requirement::new(claim, Condition::Equals(text("x"))).unwrap().top_claim().to_owned();
        assert_eq!([top("plan"), top("/a~1b/c"), top("a.b"), top("/p")], ["plan", "a/b", "a.b", "p"]);
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1_i64..3).prop_map(Value::from),
            prop::sample::select(vec![0.0, 1.0, 1.5]).prop_map(Value::from),
            prop::sample::select(vec!["", "1", "true", "a", "b", "a b", "b a"]).prop_map(Value::from),
        ]
    }

    fn claim() -> impl Strategy<Value = Value> {
        prop_oneof![
            3 => scalar(),
            2 => prop::collection::vec(scalar(), 0..4).prop_map(Value::from),
            1 => scalar().prop_map(|inner| json!({ "inner": inner })),
            1 => prop::collection::vec(scalar(), 0..3).prop_map(|inner| json!([inner])),
        ]
    }

    fn wanted() -> impl Strategy<Value = ClaimValue> {
        prop_oneof![
            prop::sample::select(vec!["", "1", "true", "a", "b", "a b"]).prop_map(text),
            (-1_i64..3).prop_map(ClaimValue::Number),
            any::<bool>().prop_map(ClaimValue::Flag),
        ]
    }

    /// Two values are the same if they are written the same; a scope is searched as a text.
    fn model(name: &str, claims: &Map<String, Value>, condition: &Condition) -> bool {
        let written = |value: &ClaimValue| match value {
            ClaimValue::Text(text) => Value::from(text.as_str()).to_string(),
            ClaimValue::Number(number) => number.to_string(),
            ClaimValue::Flag(flag) => flag.to_string(),
        };
        let Some(found) = claims.iter().find(|(its, _)| *its == name).map(|(_, value)| value) else {
            return false;
        };
        match condition {
            Condition::Equals(value) => found.to_string() == written(value),
            Condition::AnyOf(values) => {
                values.iter().map(written).collect::<Vec<_>>().contains(&found.to_string())
            }
            Condition::Contains(value) => {
                let listed = found.as_array().is_some_and(|items| {
                    items.iter().map(Value::to_string).collect::<Vec<_>>().contains(&written(value))
                });
                let worded = |words: &str| match value {
                    ClaimValue::Text(word) if name == "scope" && !word.contains(' ') => {
                        format!(" {words} ").contains(&format!(" {word} "))
                    }
                    _ => false,
                };
                listed || found.as_str().is_some_and(worded)
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn entitlement_is_what_the_model_says(
            members in prop::collection::hash_map(prop::sample::select(vec!["plan", "roles", "scope"]), claim(), 0..4),
            name in prop::sample::select(vec!["plan", "roles", "scope"]),
            values in prop::collection::vec(wanted(), 1..4),
            kind in 0..3,
        ) {
            let claims: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let condition = match kind {
                0 => Condition::Equals(values[0].clone()),
                1 => Condition::AnyOf(values),
                _ => Condition::Contains(values[0].clone()),
            };
            let expected = model(name, &claims, &condition);
            let requirement = Requirement::new(name, condition).unwrap();
            prop_assert_eq!(requirement.is_met_by(&claims), expected, "{} {:?}", requirement, claims);
        }
    }
}
