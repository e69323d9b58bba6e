//! One line of an entry: `attribute;option: value`, `attribute:: Base64`, `attribute:< URL`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::entry::Reason;

/// A line, taken apart.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// The attribute with its options.
    pub(crate) description: &'a str,
    /// The attribute.
    pub(crate) attribute: &'a str,
    value: Written<'a>,
}

/// A value as it is written.
#[derive(Debug)]
enum Written<'a> {
    Plainly(&'a [u8]),
    InBase64(&'a [u8]),
    Elsewhere,
}

impl<'a> Line<'a> {
    /// Takes a line apart, if it is one.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let colon = text.iter().position(|byte| *byte == b':')?;
        let description = std::str::from_utf8(&text[..colon]).ok()?;
        let mut parts = description.split(';');
        let attribute = parts.next().filter(|attribute| is_name(attribute, b".-_"))?;
        // Options with `=` are not in the standard, but directories write them.
        if !parts.all(|option| is_name(option, b"-_=.")) {
            return None;
        }
        let value = match &text[colon + 1..] {
            [b':', rest @ ..] => Written::InBase64(rest),
            [b'<', ..] => Written::Elsewhere,
            rest => Written::Plainly(rest),
        };
        Some(Self { description, attribute, value })
    }

    pub(crate) fn is(&self, attribute: &str) -> bool {
        self.description.eq_ignore_ascii_case(attribute)
    }

    pub(crate) fn has_options(&self) -> bool {
        self.attribute.len() < self.description.len()
    }

    /// Whether an option is given twice, in whatever case.
    pub(crate) fn has_option_twice(&self) -> bool {
        let mut options: Vec<String> =
            self.description.split(';').skip(1).map(str::to_ascii_lowercase).collect();
        options.sort_unstable();
        options.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The value. Blanks before it are not part of it.
    pub(crate) fn text(&self) -> Result<String, Reason> {
        let bytes = match self.value {
            Written::Plainly(bytes) => {
                let blanks = bytes.iter().take_while(|byte| **byte == b' ').count();
                bytes[blanks..].to_vec()
            }
            Written::InBase64(base64) => {
                STANDARD.decode(base64.trim_ascii()).map_err(|_| Reason::NotBase64)?
            }
            Written::Elsewhere => return Err(Reason::Elsewhere),
        };
        if bytes.contains(&0) {
            return Err(Reason::Nul);
        }
        String::from_utf8(bytes).map_err(|_| Reason::NotUtf8)
    }
}

fn is_name(text: &str, others: &[u8]) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}
