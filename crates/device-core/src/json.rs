//! Reading JSON objects member by member, values as they were written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object in their order; a name given twice is refused, values keep their text.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> =
                    Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &RawValue>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format_args!(
                            "member `{name}` is given twice"
                        )));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

/// A string that borrows where it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// Reads `text`, which must be one JSON object and nothing else.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Takes a member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// Looks at a member.
    pub(crate) fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

/// Whether the value is `null`, which stands for a member that is not there.
pub(crate) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// Whether anything in a text may not stand in a JSON string as it is (RFC 8259, 7). Looks at all bytes, many at a time, rather than stop at the first.
#[must_use]
pub fn needs_escapes(text: &str) -> bool {
    let needs_one = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    text.bytes().fold(false, |found, byte| found | needs_one(byte))
}

/// Appends `text` as a JSON string.
pub fn push_text(out: &mut String, text: &str) {
    // Nearly all names and ids have nothing to escape.
    if !needs_escapes(text) {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // A string always has a JSON form.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Appends a number, without the formatter: a list has a dozen of them.
pub(crate) fn push_number(out: &mut String, number: u64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Appends `value` without the white space between its tokens; numbers and strings keep their text.
///
/// Returns false if it nests deeper than `depth_max`.
pub(crate) fn push_minified(out: &mut String, value: &str, depth_max: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for character in value.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else {
            match character {
                ' ' | '\t' | '\n' | '\r' => continue,
                '"' => in_string = true,
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > depth_max {
                return false;
            }
        }
        out.push(character);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_and_text() {
        let mut members = Members::parse(r#"{"b": 9007199254740993, "a\n":[ 1.50 ]}"#).unwrap();
        assert_eq!(members.find("b").unwrap().get(), "9007199254740993");
        assert_eq!(members.take("a\n").unwrap().get(), "[ 1.50 ]");
        assert!(members.take("a\n").is_none());
        for text in ["", "[]", "null", "{\"a\":1,\"a\":2}", "{\"a\":1}x", "{\"a\":}"] {
            assert!(Members::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn white_space_goes_and_text_stays() {
        let mut out = String::new();
        assert!(push_minified(&mut out, "{ \"a \\\" b\" : [ 1.0e5 , { } ] }", 2 + 1));
        assert_eq!(out, "{\"a \\\" b\":[1.0e5,{}]}");
        assert!(!push_minified(&mut String::new(), &"[".repeat(10), 9));
    }
}
