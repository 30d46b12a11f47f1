//! JSON objects in which every member occurs once. RFC 7515 §4 and RFC 7519 §4 leave duplicates to the reader;
//! two readers that choose differently are two meanings of one signature, so here they are refused at any depth.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The bytes are no JSON object with every member once.
#[derive(Debug)]
pub(super) struct NotAnObject;

/// Reads an object; a list, or anything else, is refused.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, NotAnObject> {
    match serde_json::from_slice(bytes) {
        Ok(Unique(Value::Object(members))) => Ok(members),
        Ok(Unique(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)))
        | Err(_) => Err(NotAnObject),
    }
}

/// The `iss` of claims that nobody has vouched for yet; every other member is skipped unread.
pub(super) fn peek_issuer(bytes: &[u8]) -> Result<Option<Value>, NotAnObject> {
    let peeked = serde_json::from_slice::<Peeked>(bytes);
    peeked.map(|peeked| peeked.0).ok().ok_or(NotAnObject)
}

struct Peeked(Option<Value>);

impl<'de> Deserialize<'de> for Peeked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PeekedVisitor)
    }
}

struct PeekedVisitor;

impl<'de> Visitor<'de> for PeekedVisitor {
    type Value = Peeked;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Peeked, A::Error> {
        let mut issuer = None;
        while let Some(name) = members.next_key::<String>()? {
            if name == "iss" {
                if issuer.is_some() {
                    return Err(A::Error::duplicate_field("iss"));
                }
                issuer = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Peeked(issuer))
    }
}

/// A value whose objects have no member twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Unique(value) = members.next_value()?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_occurs_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert!(object(text.as_bytes()).is_err(), "{text}");
        }
        assert!(object(br#"{"a":{"b":1},"c":{"b":[null,true,-1,1.5,"x"]}}"#).is_ok());
    }

    #[test]
    fn only_an_object_is_an_object() {
        for text in ["", "[]", "[\"a\"]", "1", "null", "{", "{}x", "\u{feff}{}", "{\"a\":1e999}"] {
            assert!(object(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_issuer_is_found_without_reading_the_rest() {
        let peeked = peek_issuer(br#"{"exp":{"deep":[1]},"iss":"https://a","exp":2}"#).unwrap();
        assert_eq!(peeked, Some("https://a".into()));
        assert_eq!(peek_issuer(b"{}").unwrap(), None);
        assert!(peek_issuer(br#"{"iss":"a","iss":"b"}"#).is_err());
        assert!(peek_issuer(br#"["iss"]"#).is_err());
    }
}
