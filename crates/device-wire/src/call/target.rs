//! Request targets: context, realm, resource and query.

use std::borrow::Cow;

use device_core::{DeviceKind, NameError, Realm, UserId};
use smallvec::SmallVec;

use super::{Fault, Reading};
use crate::ascii::{split, split_once};

/// As many segments as the longest path of a resource in a realm of three levels has; longer ones cost an allocation.
const SEGMENTS: usize = 16;

/// As many parameters as nearly every query has; more cost an allocation.
const PARAMETERS: usize = 2;

/// A target that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// In which realm.
    pub realm: Realm,
    /// What it names.
    pub resource: Resource,
    /// The query: decoded names and values, in order.
    pub query: SmallVec<[(Cow<'a, str>, Cow<'a, str>); PARAMETERS]>,
}

/// What a path names inside a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `users/{user}/devices`: everything of a user.
    User {
        /// Whose.
        user_id: Result<UserId, NameError>,
    },
    /// `users/{user}/devices/2fa/{kind}` and its like: a user's devices of one kind.
    Collection {
        /// Whose.
        user_id: Result<UserId, NameError>,
        /// Which kind.
        kind: DeviceKind,
    },
    /// One device of a collection.
    Instance {
        /// Whose.
        user_id: Result<UserId, NameError>,
        /// Which kind.
        kind: DeviceKind,
        /// The device's id, as sent.
        id: String,
    },
    /// `push/sns/message`.
    PushMessage,
    /// `sessions`.
    Sessions,
}

impl Target<'_> {
    /// The value of a query parameter that may be given once. Names are compared without regard to case, as in CREST.
    ///
    /// # Errors
    /// [`Fault::Bad`] if it is given twice.
    pub fn parameter(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut values = self.values(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Fault::bad(format!(
                "Multiple values provided for the single-valued request parameter '{name}'"
            )));
        }
        Ok(first)
    }

    /// The values of a query parameter that may be given several times.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |(known, _): &&(Cow<'_, str>, _)| known.eq_ignore_ascii_case(name);
        self.query.iter().filter(named).map(|(_, value)| value.as_ref())
    }
}

/// Whether a query, as sent, asks for an answer that is easy to read (`_prettyPrint=true`), errors included: so it is asked before anything else is known.
#[must_use]
pub fn wants_pretty_print(query: &str) -> bool {
    split(query, b'&').filter_map(|pair| split_once(pair, b'=')).any(|(name, value)| {
        name.eq_ignore_ascii_case("_prettyPrint") && value.eq_ignore_ascii_case("true")
    })
}

/// Reads a target.
pub(super) fn parse<'a>(
    target: &'a str,
    host: Option<&str>,
    reading: &Reading,
) -> Result<Target<'a>, Fault> {
    let target = split_once(target, b'#').map_or(target, |(target, _)| target);
    let (path, query) = split_once(target, b'?').unwrap_or((target, ""));
    let path =
        path.strip_prefix('/').ok_or_else(|| Fault::bad("The request target must be a path"))?;
    let segments = split(path.trim_matches('/'), b'/');
    let segments: SmallVec<[Cow<'_, str>; SEGMENTS]> =
        segments.map(|segment| decode(segment, false)).collect::<Result<_, _>>()?;

    let in_context = segments
        .first()
        .is_some_and(|first| reading.contexts.iter().any(|context| context == first));
    let segments = &segments[usize::from(in_context)..];
    if segments.first().is_none_or(|first| first != "json") {
        return Err(not_found(path));
    }
    let (realm, taken) = reading
        .realms
        .take(&segments[1..], host, |name| matches!(name, "users" | "push" | "sessions"))
        .map_err(|unknown| {
            Fault::NotFound(format!("Realm \"{}\" not found", printable(&unknown.0)))
        })?;
    if !reading.realms.contains(&realm) {
        return Err(Fault::NotFound(format!("Realm \"{realm}\" not found")));
    }
    let rest: SmallVec<[&str; SEGMENTS]> =
        segments[1 + taken..].iter().map(AsRef::as_ref).collect();
    let resource = resource(&rest).ok_or_else(|| not_found(path))?;
    let query = split(query, b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = split_once(pair, b'=').unwrap_or((pair, ""));
        Ok((decode(name, true)?, decode(value, true)?))
    });
    Ok(Target { realm, resource, query: query.collect::<Result<_, Fault>>()? })
}

fn resource(segments: &[&str]) -> Option<Resource> {
    match segments {
        ["push", "sns", "message"] => Some(Resource::PushMessage),
        ["sessions"] => Some(Resource::Sessions),
        ["users", user, rest @ ..] => {
            let user_id = UserId::parse(name_of(user));
            let (kind, rest) = match rest {
                ["devices", "2fa", kind, rest @ ..] => (two_factor(kind)?, rest),
                ["devices", "push", rest @ ..] => (DeviceKind::Push, rest),
                ["devices", kind @ ("profile" | "trusted"), rest @ ..] => {
                    (DeviceKind::named(kind)?, rest)
                }
                ["devices"] => return Some(Resource::User { user_id }),
                _ => return None,
            };
            match rest {
                [] => Some(Resource::Collection { user_id, kind }),
                [id] => Some(Resource::Instance { user_id, kind, id: (*id).to_owned() }),
                _ => None,
            }
        }
        _ => None,
    }
}

fn two_factor(name: &str) -> Option<DeviceKind> {
    DeviceKind::named(name).filter(|kind| kind.row().collection.starts_with("2fa/"))
}

/// The name in a universal id, `id=NAME,ou=user,...`; anything else is the name itself.
fn name_of(user: &str) -> &str {
    let id = user.strip_prefix("id=").and_then(|rest| rest.split_once(','));
    id.filter(|(_, rest)| rest.starts_with("ou=")).map_or(user, |(name, _)| name)
}

/// Decodes percent escapes; in queries a plus is a blank.
fn decode(text: &str, plus_is_blank: bool) -> Result<Cow<'_, str>, Fault> {
    let is_escape = |byte: u8| byte == b'%' || plus_is_blank && byte == b'+';
    if !text.bytes().any(is_escape) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let value =
                    digit().zip(digit()).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
                value.ok_or_else(|| {
                    Fault::bad("A percent escape in the request target is not valid")
                })?
            }
            b'+' if plus_is_blank => b' ',
            byte => byte,
        });
    }
    let decoded = String::from_utf8(bytes).map(Cow::Owned);
    decoded.map_err(|_| Fault::bad("The request target is not valid UTF-8"))
}

fn not_found(path: &str) -> Fault {
    Fault::NotFound(format!("Resource '{}' not found", printable(path)))
}

/// A part of a target, fit for an answer: no control characters, not endless.
fn printable(text: &str) -> String {
    const CHARS_MAX: usize = 256;
    text.chars()
        .take(CHARS_MAX)
        .map(|character| if character.is_control() { '?' } else { character })
        .collect()
}
