//! Names that exist only if they are valid: usernames, user ids, device ids, device names.
//!
//! A string that means something becomes one of these types at the edge and stays one. What was given is what is
//! shown; matching folds ([`crate::fold`]). Names of up to 23 bytes stand where they are used, longer ones are shared: copying one is cheap.

use std::fmt;

use smol_str::SmolStr;

use crate::fold;
use crate::limits::NAME_CHARS_MAX;
use crate::text::IdText;

/// Why a string is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but blanks, or nothing at all.
    #[error("must not be blank")]
    Blank,
    /// More than [`NAME_CHARS_MAX`] characters.
    #[error("must not be longer than {NAME_CHARS_MAX} characters")]
    TooLong,
    /// A control character (U+0000 to U+001F, U+007F to U+009F).
    #[error("must not contain control characters")]
    Control,
    /// A character that overrides the direction of text (U+202A to U+202E, U+2066 to U+2069): one name would look like another.
    #[error("must not contain characters that override the direction of text")]
    Bidirectional,
}

/// Checks what all names have in common.
fn check(text: &str) -> Result<(), NameError> {
    // Nearly all names are words of ASCII; the three walks below cost more than a look-up.
    if text.len() <= NAME_CHARS_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.is_empty()
    {
        return Ok(());
    }
    if text.trim().is_empty() {
        return Err(NameError::Blank);
    }
    if text.chars().nth(NAME_CHARS_MAX).is_some() {
        return Err(NameError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident($text:ty), $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($text);

        impl $name {
            /// Takes `text` as it is, if it is valid.
            ///
            /// # Errors
            /// A [`NameError`] that says what is wrong with it.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text)?;
                Ok(Self(text.into()))
            }

            /// The name as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, formatter)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a user inside a realm: the key of its device sets and what a refresh message carries. Matched without
    /// regard to case, as directories do. Source: `decisions.md`, Naming a user.
    Username(SmolStr), check
}

name! {
    /// The `_id` of a user, which URLs and token subjects carry. Equals the username unless it was given. Matched without regard to case.
    UserId(SmolStr), check
}

name! {
    /// What identifies a device inside its set: the stored `uuid` (profile: `identifier`). Opaque and compared exactly.
    DeviceId(IdText), check
}

name! {
    /// The name a person gave a device (`deviceName`; profile: `alias`). Kept exactly as given. Two devices may share one.
    DeviceName(SmolStr), |text| {
        check(text)?;
        if text.chars().any(|character| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
            return Err(NameError::Bidirectional);
        }
        Ok(())
    }
}

impl Username {
    /// Whether both names are the same user's.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        fold::same(&self.0, other)
    }
}

impl UserId {
    /// Whether both ids are the same user's.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        fold::same(&self.0, other)
    }
}

impl From<&Username> for UserId {
    /// The id of a user for whom no other was given. Cannot fail: both have the same alphabet.
    fn from(username: &Username) -> Self {
        Self(username.0.clone())
    }
}

impl From<&UserId> for Username {
    /// The name of a user for whom no other was given. Cannot fail: both have the same alphabet.
    fn from(user_id: &UserId) -> Self {
        Self(user_id.0.clone())
    }
}

/// Whose devices a set holds, as first given. Recorded with the set, shown in exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The key of the user's sets.
    pub username: Username,
    /// What URLs and tokens call the user.
    pub user_id: UserId,
}

impl Owner {
    /// An owner whose id is the username.
    #[must_use]
    pub fn named(username: Username) -> Self {
        Self { user_id: UserId::from(&username), username }
    }

    /// Whether the id differs from the username, so that an alias is needed to find one by the other.
    #[must_use]
    pub fn needs_alias(&self) -> bool {
        !self.user_id.matches(self.username.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_by_reason() {
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        for (text, reason) in [
            ("", NameError::Blank),
            (" \t ", NameError::Blank),
            (long.as_str(), NameError::TooLong),
            ("a\nb", NameError::Control),
            ("a\u{0}b", NameError::Control),
            ("a\u{85}b", NameError::Control),
            ("a\u{202e}b", NameError::Bidirectional),
            ("a\u{2066}b", NameError::Bidirectional),
        ] {
            assert_eq!(DeviceName::parse(text), Err(reason), "{text:?}");
        }
        let longest = "ß".repeat(NAME_CHARS_MAX);
        assert_eq!(
            DeviceName::parse(&longest).map(|name| name.as_str().len()),
            Ok(2 * NAME_CHARS_MAX)
        );
        assert_eq!(
            DeviceName::parse(" Work Phone ").unwrap().as_str(),
            " Work Phone ",
            "kept as given"
        );
    }

    #[test]
    fn an_owner_needs_an_alias_only_where_the_names_differ() {
        let username = Username::parse("BJensen").unwrap();
        assert!(
            !Owner { user_id: UserId::parse("bjensen").unwrap(), username: username.clone() }
                .needs_alias()
        );
        assert!(Owner { user_id: UserId::parse("014c54bd").unwrap(), username }.needs_alias());
    }
}
