use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// JSON as a policy may hold it. Unlike `serde_json::Value` it refuses an object that names a
/// member twice, and unlike a derived struct it never takes an array for an object.
///
/// Nothing is signed yet when it is read: what it takes to read is bounded by the text's length.
#[derive(Debug, PartialEq)]
pub(super) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    Integer(i64),
    /// `null`, booleans, fractions and integers beyond 64 bits: nothing that a policy holds.
    Other,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// No object of a policy has half as many members. It keeps the search for repeated ones short.
const MAX_MEMBERS: usize = 8;

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if members.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("repeated member"));
            }
            if members.len() == MAX_MEMBERS {
                return Err(A::Error::custom("too many members"));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or(Json::Other, Json::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(count: usize) -> String {
        let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":0")).collect();
        format!("{{\"Statement\":{{{}}}}}", members.join(","))
    }

    #[test]
    fn objects_have_few_members_and_each_once() {
        assert!(serde_json::from_str::<Json>(&members(MAX_MEMBERS)).is_ok());
        for text in [&members(MAX_MEMBERS + 1), "{\"a\":1,\"b\":2,\"a\":1}", "{\"a\":{\"b\":1,\"b\":1}}"] {
            assert!(serde_json::from_str::<Json>(text).is_err(), "{text}");
        }
    }
}
