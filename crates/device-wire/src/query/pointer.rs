//! Which field of a list entry a parameter means.

use device_core::DeviceKind;
use serde_json::Value;

/// Characters of a field that a message repeats.
const SHOWN_CHARS_MAX: usize = 64;

/// A JSON pointer (RFC 6901) to a field that a list shows; the first slash may be left out, as in Common REST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    tokens: Vec<String>,
}

/// Why a text is not the name of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// No list of the kind shows such a field. Names of secrets are answered like names of nothing.
    #[error("'{0}' is not a field that the list shows")]
    NotListed(String),
    /// Not a JSON pointer.
    #[error("'{0}' is not a JSON pointer")]
    Malformed(String),
}

impl Pointer {
    /// Reads a pointer whose first token is a field that lists of this kind show.
    ///
    /// # Errors
    /// [`PointerError`].
    pub fn parse(text: &str, kind: DeviceKind) -> Result<Self, PointerError> {
        let shown = || -> String {
            let printable = |character: char| if character.is_control() { '?' } else { character };
            text.chars().take(SHOWN_CHARS_MAX).map(printable).collect()
        };
        let tokens = text.strip_prefix('/').unwrap_or(text).split('/').map(unescape);
        let tokens: Option<Vec<String>> = tokens.collect();
        let tokens = tokens.ok_or_else(|| PointerError::Malformed(shown()))?;
        match tokens.first() {
            Some(first) if is_listed(first, kind) => Ok(Self { tokens }),
            _ => Err(PointerError::NotListed(shown())),
        }
    }

    /// The names on the way, outermost first; there is at least one.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// What it points to; `null` is nothing.
    pub(super) fn find<'v>(&self, entry: &'v Value) -> Option<&'v Value> {
        let step = |value: &'v Value, token: &String| match value {
            Value::Object(members) => members.get(token),
            Value::Array(elements) => elements.get(token.parse::<usize>().ok()?),
            _ => None,
        };
        self.tokens.iter().try_fold(entry, step).filter(|value| !value.is_null())
    }
}

/// Whether lists of the kind show the member.
fn is_listed(name: &str, kind: DeviceKind) -> bool {
    let row = kind.row();
    matches!(name, "_id" | "_rev")
        || (row.managed && name == "deviceManagementStatus")
        || row.listed.contains(&name)
}

/// A token without its escapes, `~0` and `~1`.
fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(match part.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        text.push_str(&part[1..]);
    }
    Some(text)
}
