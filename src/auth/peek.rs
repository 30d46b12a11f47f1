//! The one claim that is read before the signature is checked, since it says which keys can check it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::AuthFailure;
use crate::json::Value;

/// The `iss` of claims that nobody has vouched for yet, if they have one; every other member is skipped unread.
pub(super) fn issuer(bytes: &[u8]) -> Result<Option<Value<'_>>, AuthFailure> {
    let peeked = serde_json::from_slice::<Peeked<'_>>(bytes);
    peeked.map(|peeked| peeked.0).ok().ok_or(AuthFailure::Malformed)
}

struct Peeked<'j>(Option<Value<'j>>);

impl<'de> Deserialize<'de> for Peeked<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PeekedVisitor)
    }
}

struct PeekedVisitor;

impl<'de> Visitor<'de> for PeekedVisitor {
    type Value = Peeked<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Peeked<'de>, A::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_found_without_reading_the_rest() {
        let peeked = issuer(br#"{"exp":{"deep":[1]},"iss":"https://a","exp":2}"#).unwrap();
        assert_eq!(peeked, Some(Value::String("https://a".into())));
        assert_eq!(issuer(b"{}").unwrap(), None);
        assert!(issuer(br#"{"iss":"a","iss":"b"}"#).is_err());
        assert!(issuer(br#"["iss"]"#).is_err());
    }
}
