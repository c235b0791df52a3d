//! JSON objects in which no name occurs twice, at any depth.
//!
//! RFC 7519 §4 lets a reader refuse duplicate claim names or take the last. Two readers that choose
//! differently see two different tickets under one signature, so they are refused here.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why bytes are not a strict JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonRefusal {
    /// A name occurs twice in one object.
    DuplicateMember,
    /// Not one JSON object and nothing else, or nested too deeply.
    Malformed,
}

/// Reads one JSON object that fills all of `bytes`.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonRefusal> {
    let duplicate = Cell::new(false);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { duplicate: &duplicate }.deserialize(&mut json).and_then(|value| {
        json.end()?;
        Ok(value)
    });
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Err(_) if duplicate.get() => Err(JsonRefusal::DuplicateMember),
        Ok(_) | Err(_) => Err(JsonRefusal::Malformed),
    }
}

/// The same for one member of a derived structure: `#[serde(deserialize_with = "…")]`.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    match (Strict { duplicate: &Cell::new(false) }).deserialize(deserializer)? {
        Value::Object(members) => Ok(members),
        _ => Err(D::Error::custom("not an object")),
    }
}

/// Builds a [`Value`] as `serde_json` does, and notes a duplicate member where `serde_json` keeps the last.
#[derive(Clone, Copy)]
struct Strict<'a> {
    duplicate: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.insert(name, value).is_some() {
                self.duplicate.set(true);
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn duplicates_are_found_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[0,[{"c":{"a":null,"a":null}}]]}"#,
        ] {
            assert_eq!(parse_object(text.as_bytes()), Err(JsonRefusal::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn anything_but_one_object_is_malformed() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(1000), "}".repeat(1000));
        for text in [
            "",
            "null",
            "[]",
            "\"a\"",
            "{",
            "{}{}",
            "{} x",
            "\u{feff}{}",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":NaN}",
            r#"{"a":"\ud800"}"#,
            &deep,
        ] {
            assert_eq!(parse_object(text.as_bytes()), Err(JsonRefusal::Malformed), "{text}");
        }
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}"), Err(JsonRefusal::Malformed));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(".{0,4}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_has_no_duplicate_reads_as_serde_json_reads_it(value in json()) {
            let text = format!(r#"{{"value":{value}}}"#);
            let plain: Map<String, Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(parse_object(text.as_bytes()), Ok(plain));
        }
    }
}
