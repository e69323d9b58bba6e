//! What a verified token says, whoever verified it: the members of a JWT (RFC 7519, RFC 9068) or of an introspection's answer (RFC 7662).

use serde::Deserialize;
use serde_json::{Map, Value};

/// The members, by name. Not printed: they may identify people.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whole seconds since 1970; fractions, which RFC 7519 allows, are cut off.
    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        let number = self.0.get(name)?.as_number()?;
        number.as_u64().or_else(|| number.to_string().split('.').next()?.parse().ok())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    /// A list, given as an array or as names with blanks between them: `scope` is both in the wild (AM writes an array).
    pub(super) fn words(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(text)) => text.split(' ').filter(|word| !word.is_empty()).collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A list of names that may have blanks in them, as groups do; a string is one name.
    pub(super) fn names(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(text)) => vec![text],
            _ => self.words(name),
        }
    }

    /// Whether this is an access token as far as can be told. `marked` is whether the header says so (`at+jwt`).
    ///
    /// AM says what a token is in `tokenName`, Keycloak in a claim `typ`. An ID token of others has a `nonce` or the hash of what it came with (OpenID Connect
    /// Core 2, 3.1.3.6, 3.3.2.11); AM's access tokens have a `nonce` too, so it decides only where nothing else does.
    pub(super) fn is_access_token(&self, marked: bool) -> bool {
        let named = match (self.text("tokenName"), self.text("typ")) {
            (None, None) => None,
            (am, keycloak) => Some(
                am.is_none_or(|name| name == "access_token")
                    && keycloak.is_none_or(|name| name.eq_ignore_ascii_case("Bearer")),
            ),
        };
        let of_id_token = ["nonce", "at_hash", "c_hash", "s_hash"];
        named.unwrap_or(marked || !of_id_token.iter().any(|name| self.0.contains_key(*name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(text: &str) -> Claims {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn scopes_are_words_and_groups_are_names() {
        for text in [r#"{"scope":"a fr:am:*"}"#, r#"{"scope":["a","fr:am:*"]}"#] {
            assert_eq!(claims(text).words("scope"), ["a", "fr:am:*"]);
        }
        assert_eq!(claims(r#"{"groups":"Help Desk"}"#).names("groups"), ["Help Desk"]);
        assert_eq!(claims(r#"{"groups":["Help Desk","b",1]}"#).names("groups"), ["Help Desk", "b"]);
        assert!(claims(r#"{"groups":{"a":1}}"#).names("groups").is_empty());
    }

    #[test]
    fn times_are_whole_seconds() {
        for (exp, seconds) in [("7", Some(7)), ("7.9", Some(7)), ("-7", None), ("\"7\"", None)] {
            assert_eq!(claims(&format!(r#"{{"exp":{exp}}}"#)).seconds("exp"), seconds, "{exp}");
        }
    }

    #[test]
    fn id_tokens_are_told_from_access_tokens() {
        for (text, marked, is) in [
            ("{}", false, true),
            (r#"{"nonce":"n"}"#, false, false),
            (r#"{"nonce":"n"}"#, true, true),
            (r#"{"at_hash":"h"}"#, false, false),
            (r#"{"tokenName":"access_token","nonce":"n"}"#, false, true),
            (r#"{"tokenName":"id_token"}"#, false, false),
            (r#"{"tokenName":"id_token"}"#, true, false),
            (r#"{"typ":"Bearer","nonce":"n"}"#, false, true),
            (r#"{"typ":"ID"}"#, false, false),
            (r#"{"typ":"Refresh"}"#, true, false),
        ] {
            assert_eq!(claims(text).is_access_token(marked), is, "{text} {marked}");
        }
    }
}
