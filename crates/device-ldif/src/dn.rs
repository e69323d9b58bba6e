//! Distinguished names (RFC 4514), as far as one must know them to see which entry is below which.

use device_core::fold::fold;

/// A distinguished name for comparison: case, blanks around `,`, `+` and `=`, the way characters are escaped and the order inside of
/// `a=1+b=2` make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dn(Vec<Rdn>);

/// One step of a name: attributes with their values, sorted.
type Rdn = Vec<(String, String)>;

/// Why a text is not a distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// A part is not `attribute=value`.
    #[error("each part of a distinguished name is `attribute=value`")]
    NotAPair,
    /// `\` is followed by nothing that it can escape, or escaped bytes are no text.
    #[error(
        "a `\\` in a distinguished name escapes a character, or is followed by two hexadecimal digits, which together are UTF-8"
    )]
    BadEscape,
    /// A character that must be escaped (`"`, `;`).
    #[error("`\"` and `;` must be escaped in a distinguished name")]
    NotEscaped,
}

impl Dn {
    /// Reads a name. The empty text is the root, which everything is below.
    ///
    /// # Errors
    /// A [`DnError`].
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let mut steps = Vec::new();
        let mut step = Vec::new();
        let mut rest = text.as_bytes();
        if text.trim_matches(' ').is_empty() {
            return Ok(Self(steps));
        }
        loop {
            let equals = rest.iter().position(|byte| *byte == b'=').ok_or(DnError::NotAPair)?;
            step.push((attribute(&rest[..equals])?, String::new()));
            let (value, end) = value(&rest[equals + 1..])?;
            if let Some((_, empty)) = step.last_mut() {
                *empty = value;
            }
            rest = &rest[equals + 1 + end..];
            if rest.first() != Some(&b'+') {
                step.sort_unstable();
                steps.push(std::mem::take(&mut step));
            }
            match rest {
                [] => return Ok(Self(steps)),
                [_, others @ ..] => rest = others,
            }
        }
    }

    /// Whether this is another entry than `base`, below it.
    #[must_use]
    pub fn is_below(&self, base: &Self) -> bool {
        self.0.len() > base.0.len() && self.0.ends_with(&base.0)
    }

    /// How many steps it is from the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.len()
    }
}

fn attribute(text: &[u8]) -> Result<String, DnError> {
    let name = std::str::from_utf8(text).map_err(|_| DnError::NotAPair)?.trim_matches(' ');
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || !name.bytes().all(valid) {
        return Err(DnError::NotAPair);
    }
    Ok(name.to_ascii_lowercase())
}

/// Reads a value up to the `,` or `+` that ends it: the value, folded, and where it ends.
fn value(text: &[u8]) -> Result<(String, usize), DnError> {
    let mut bytes = Vec::new();
    // Blanks at the end count only if they are escaped.
    let mut length = 0;
    let mut at = 0;
    while let Some(byte) = text.get(at).filter(|byte| !matches!(byte, b',' | b'+')) {
        match byte {
            b' ' if bytes.is_empty() => {}
            b' ' => bytes.push(b' '),
            b'"' | b';' => return Err(DnError::NotEscaped),
            b'\\' => {
                let (escaped, skipped) = escaped(&text[at + 1..])?;
                bytes.push(escaped);
                length = bytes.len();
                at += skipped;
            }
            other => {
                bytes.push(*other);
                length = bytes.len();
            }
        }
        at += 1;
    }
    bytes.truncate(length);
    let value = String::from_utf8(bytes).map_err(|_| DnError::BadEscape)?;
    Ok((fold(&value).into_owned(), at))
}

/// The byte that follows a `\`, and how many bytes say it.
fn escaped(text: &[u8]) -> Result<(u8, usize), DnError> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match text {
        [high, low, ..] if digit(*high).is_some() && digit(*low).is_some() => {
            let byte = digit(*high).unwrap_or(0) * 16 + digit(*low).unwrap_or(0);
            Ok((byte, 2))
        }
        [byte @ (b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\'), ..] => {
            Ok((*byte, 1))
        }
        _ => Err(DnError::BadEscape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name() {
        let name = Dn::parse("uid=b\\2C \\C3\\A9a,ou=People,dc=alpha").unwrap();
        for same in [
            "UID=B\\, \u{c9}A,OU=people,DC=Alpha",
            "uid = b\\,\\20\\c3\\a9a , ou=people  ,   dc= alpha ",
        ] {
            assert_eq!(Dn::parse(same), Ok(name.clone()), "{same}");
        }
        for other in ["uid=b\\, \u{e9}a,dc=alpha", "uid=b\\, ea,ou=people,dc=alpha", ""] {
            assert_ne!(Dn::parse(other), Ok(name.clone()), "{other}");
        }
        assert_eq!(Dn::parse("a=1+B=2,c=\\ "), Dn::parse("b=2 + a=1, c=\\20 "));
        assert_ne!(Dn::parse("c=\\ "), Dn::parse("c="));
    }

    #[test]
    fn below_is_at_whole_steps() {
        let is_below = |name, base| Dn::parse(name).unwrap().is_below(&Dn::parse(base).unwrap());
        assert!(is_below("uid=a,ou=x,DC=alpha", "dc=Alpha"));
        assert!(is_below("uid=a", ""));
        for (name, base) in [
            ("dc=alpha", "dc=alpha"),
            ("uid=a,dc=xalpha", "dc=alpha"),
            ("uid=a\\,dc=alpha", "dc=alpha"),
            ("dc=alpha", "uid=a,dc=alpha"),
        ] {
            assert!(!is_below(name, base), "{name} {base}");
        }
    }

    #[test]
    fn what_is_not_a_name() {
        for (text, error) in [
            ("uid", DnError::NotAPair),
            ("=a", DnError::NotAPair),
            ("uid=a,", DnError::NotAPair),
            ("uid=a,,b=c", DnError::NotAPair),
            ("\u{fc}id=a", DnError::NotAPair),
            ("uid=a\\", DnError::BadEscape),
            ("uid=a\\z", DnError::BadEscape),
            ("uid=\\ff", DnError::BadEscape),
            ("uid=\"a,b\"", DnError::NotEscaped),
            ("uid=a;ou=b", DnError::NotEscaped),
        ] {
            assert_eq!(Dn::parse(text), Err(error), "{text}");
        }
    }
}
