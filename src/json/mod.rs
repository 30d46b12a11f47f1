//! JSON objects in which every member occurs once, for all JSON that others write: tokens and Graph's answers.
//!
//! RFC 8259 §4 leaves duplicates to the reader, and the usual reader silently keeps the last: an `error` could be hidden
//! by a second one that is null, and two readers that choose differently are two meanings of one signature. So they are
//! refused at any depth.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why bytes are no JSON object with every member once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnObject {
    /// Not JSON, or JSON of another kind.
    Otherwise,
    /// A member occurs twice, at whatever depth.
    RepeatedMember,
}

/// Reads an object; a list, or anything else, is refused.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, NotAnObject> {
    match serde_json::from_slice(bytes) {
        Ok(Unique(Value::Object(members))) => Ok(members),
        Ok(Unique(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_))) => {
            Err(NotAnObject::Otherwise)
        }
        // Any JSON is a value: the one thing to be wrong with its data is what the visitor refuses.
        Err(error) if error.is_data() => Err(NotAnObject::RepeatedMember),
        Err(_) => Err(NotAnObject::Otherwise),
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
            assert_eq!(object(text.as_bytes()), Err(NotAnObject::RepeatedMember), "{text}");
        }
        assert!(object(br#"{"a":{"b":1},"c":{"b":[null,true,-1,1.5,"x"]}}"#).is_ok());
    }

    #[test]
    fn only_an_object_is_an_object() {
        for text in ["", "[]", "[\"a\"]", "1", "null", "{", "{}x", "\u{feff}{}", "{\"a\":1e999}"] {
            assert_eq!(object(text.as_bytes()), Err(NotAnObject::Otherwise), "{text:?}");
        }
    }
}
