//! JSON that others write: tokens, keys, and Graph's answers. An object has every member once.
//!
//! RFC 8259 §4 leaves duplicates to the reader, and the usual reader silently keeps the last: an `error` could be hidden
//! by a second one that is null, and two readers that choose differently are two meanings of one signature. So they are
//! refused at any depth.

mod value;

pub use value::{Object, Value};

/// Why bytes are no JSON object with every member once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnObject {
    /// Not JSON, or JSON of another kind.
    Otherwise,
    /// A member occurs twice, at whatever depth.
    RepeatedMember,
}

/// Reads an object; a list, or anything else, is refused.
pub fn object(bytes: &[u8]) -> Result<Object<'_>, NotAnObject> {
    let value = read(bytes).ok_or(NotAnObject::Otherwise)?;
    if !value.is_unique() {
        return Err(NotAnObject::RepeatedMember);
    }
    as_object(value).ok_or(NotAnObject::Otherwise)
}

/// Reads an object whose members may be there several times, for where that hides nothing.
pub fn repeating_object(bytes: &[u8]) -> Option<Object<'_>> {
    read(bytes).and_then(as_object)
}

/// JSON is UTF-8 (RFC 8259 §8.1). Seen to for all of it at once, that costs next to nothing.
fn read(bytes: &[u8]) -> Option<Value<'_>> {
    serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()
}

fn as_object(value: Value<'_>) -> Option<Object<'_>> {
    match value {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
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
