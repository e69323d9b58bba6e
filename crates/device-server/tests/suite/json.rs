//! JSON with its members in the order in which they stand, and the comparison of an answer with a documented one.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A JSON value; an object keeps the order of its members.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    /// A string, number, boolean or null.
    Plain(Value),
}

impl Json {
    pub(crate) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The text of a documented answer. Its `...` becomes the string `...`, alone in its array or object.
    pub(crate) fn documented(text: &str) -> Self {
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self::parse(&text.replace("[ ... ]", r#"["..."]"#).replace("{ ... }", r#"{"...":0}"#))
    }

    /// Whether this is `[ ... ]` or `{ ... }`: something of that type.
    fn is_left_out(&self) -> bool {
        match self {
            Self::Object(members) => matches!(&members[..], [(name, _)] if name == "..."),
            Self::Array(items) => {
                matches!(&items[..], [Self::Plain(Value::String(text))] if text == "...")
            }
            Self::Plain(_) => false,
        }
    }
}

/// What may differ from a document, and must be as said here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Differences {
    /// Members that a newer document has added.
    pub(crate) added: &'static [&'static str],
    /// `deviceManagementStatus`: the documents show an administrator's.
    pub(crate) may_manage: bool,
}

/// Compares an answer with a documented one: the same members in the same order, of the same type and value; a `_rev` is any decimal string.
pub(crate) fn assert_documented(documented: &Json, answer: &Json, differences: Differences) {
    compare(documented, answer, differences, "the answer");
}

fn compare(documented: &Json, answer: &Json, differences: Differences, at: &str) {
    match (documented, answer) {
        (Json::Object(_), Json::Object(_)) | (Json::Array(_), Json::Array(_))
            if documented.is_left_out() => {}
        (Json::Object(documented), Json::Object(members)) => {
            let is_added = |name: &str| {
                differences.added.contains(&name)
                    && !documented.iter().any(|(known, _)| known == name)
            };
            let members: Vec<&(String, Json)> =
                members.iter().filter(|(name, _)| !is_added(name)).collect();
            let names =
                |names: &mut dyn Iterator<Item = &String>| names.cloned().collect::<Vec<_>>();
            assert_eq!(
                names(&mut documented.iter().map(|(name, _)| name)),
                names(&mut members.iter().map(|(name, _)| name)),
                "members of {at}"
            );
            for ((name, documented), (_, member)) in documented.iter().zip(members) {
                compare_member(name, documented, member, differences, &format!("{at}.{name}"));
            }
        }
        (Json::Array(documented), Json::Array(items)) => {
            assert_eq!(documented.len(), items.len(), "length of {at}");
            for (place, (documented, item)) in documented.iter().zip(items).enumerate() {
                compare(documented, item, differences, &format!("{at}[{place}]"));
            }
        }
        _ => assert_eq!(documented, answer, "{at}"),
    }
}

fn compare_member(
    name: &str,
    documented: &Json,
    member: &Json,
    differences: Differences,
    at: &str,
) {
    match (name, member) {
        ("_rev", Json::Plain(Value::String(revision))) => {
            let decimal = revision.bytes().all(|byte| byte.is_ascii_digit());
            assert!(decimal && !revision.is_empty(), "{at}: {revision}");
        }
        ("deviceManagementStatus", _) => {
            assert_eq!(*member, Json::Plain(differences.may_manage.into()), "{at}");
        }
        _ => compare(documented, member, differences, at),
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Json;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Json::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Json::Array(items))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Plain(text.into()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Plain(value.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(Json::Plain(number.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json::Plain(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
                Ok(Json::Plain(number.into()))
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Plain(Value::Null))
            }
        }

        deserializer.deserialize_any(Read)
    }
}
