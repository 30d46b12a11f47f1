//! A JSON value that borrows its texts from the bytes it was read from, wherever no escape had to be undone: most of what is
//! read is looked at once and dropped, and copying it would cost more than reading it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// Objects of so many members are compared member by member; larger ones are sorted first.
const FEW: usize = 12;

/// Any JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'j> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(Cow<'j, str>),
    /// A list.
    Array(Vec<Self>),
    /// An object.
    Object(Object<'j>),
}

/// Members in their order. Finding one takes as long as there are members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'j>(Vec<(Cow<'j, str>, Value<'j>)>);

impl<'j> Value<'j> {
    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The truth.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is a whole one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { number.as_i64() } else { None }
    }

    /// The number, rounded to the nearest of this type.
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Number(number) = self { number.as_f64() } else { None }
    }

    /// The list.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// The object.
    pub const fn as_object(&self) -> Option<&Object<'j>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// Whether no object in it has a member twice. As deep as the reader goes, which is 128 levels.
    pub(super) fn is_unique(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::Array(values) => values.iter().all(Self::is_unique),
            Self::Object(object) => object.has_no_name_twice() && object.values().all(Self::is_unique),
        }
    }
}

impl<'j> Object<'j> {
    /// The member of that name; of several the first.
    pub fn get(&self, name: &str) -> Option<&Value<'j>> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Whether there is a member of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Every member.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'j>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &Value<'j>> {
        self.0.iter().map(|(_, value)| value)
    }

    fn has_no_name_twice(&self) -> bool {
        let names = || self.0.iter().map(|(name, _)| name.as_ref());
        if self.0.len() <= FEW {
            return names()
                .enumerate()
                .all(|(place, name)| names().take(place).all(|earlier| earlier != name));
        }
        let mut sorted = names().collect::<Vec<&str>>();
        sorted.sort_unstable();
        sorted.iter().zip(sorted.iter().skip(1)).all(|(one, next)| one != next)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// Text, borrowed where it can be.
struct Text<'j>(Cow<'j, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let mut object = Vec::new();
        while let Some((Text(name), value)) = members.next_entry()? {
            object.push((name, value));
        }
        Ok(Value::Object(Object(object)))
    }
}
