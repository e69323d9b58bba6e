//! The JSON of entries. What is in them was checked when it was stored, but devices may have collected anything, numbers beyond all ranges included.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The value of a JSON text. A number that is too large for a float is the largest there is.
pub(super) fn value_of(json: &str) -> Value {
    if let Ok(value) = serde_json::from_str(json) {
        return value;
    }
    match json.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(json).unwrap_or_default();
            let member = |(name, value): (Cow<'_, str>, &RawValue)| {
                (name.into_owned(), value_of(value.get()))
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            Value::Array(elements.into_iter().map(|element| value_of(element.get())).collect())
        }
        Some(b'-') => f64::MIN.into(),
        _ => f64::MAX.into(),
    }
}

/// The members of an object in their order, values as they are written.
#[derive(Default)]
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Read)
    }
}
