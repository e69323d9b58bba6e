//! Request bodies. Read loosely where real clients send junk, exactly where a member counts.
//!
//! Sources: `decisions.md` (PUT, Enrol), `clients.md` 1.2 (what PUT bodies look like), `am-behaviour.md` 4.6.

use std::fmt;

use device_core::rules::Use;
use device_core::{DeviceKind, DeviceName, Draft, OathFacts, Secret};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::{Fault, RawRequest};

/// Refuses content types other than JSON, on every method that may have a body.
pub(super) fn check_content_type(request: &RawRequest<'_>) -> Result<(), Fault> {
    let Some(content_type) = request.header("content-type")? else { return Ok(()) };
    let mut parts = content_type.split(';').map(str::trim);
    let json =
        parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"));
    let charset = parts.filter(|part| !part.is_empty()).all(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        name.trim().eq_ignore_ascii_case("charset")
            && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if request.method != "GET" && request.method != "HEAD" && !(json && charset) {
        return Err(Fault::bad("The content type must be application/json"));
    }
    Ok(())
}

fn require_content_type(request: &RawRequest<'_>) -> Result<(), Fault> {
    request
        .header("content-type")?
        .map(|_| ())
        .ok_or_else(|| Fault::bad("The content type must be application/json"))
}

/// The body of an action that needs none: absent, or any object.
pub(super) fn check_action_body(request: &RawRequest<'_>) -> Result<(), Fault> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    members(request.body, &[]).map(|_| ())
}

/// The body of an action that takes none: nothing, or an object without this member.
pub(super) fn check_no_member(request: &RawRequest<'_>, member: &str) -> Result<(), Fault> {
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    match members(request.body, &[member])?.as_slice() {
        [None] => Ok(()),
        _ => Err(Fault::Unsupported(format!("`{member}` is not supported"))),
    }
}

/// The new name of a device: `deviceName` (profile: `alias`). Every other member is ignored whatever its type, a stale `_rev` included.
pub(super) fn name(request: &RawRequest<'_>, kind: DeviceKind) -> Result<DeviceName, Fault> {
    require_content_type(request)?;
    let member = kind.row().name_member;
    let [name] = members(request.body, &[member])?.try_into().unwrap_or([None]);
    match name {
        Some(Value::String(name)) => {
            DeviceName::parse(&name).map_err(|error| Fault::bad(format!("`{member}` {error}")))
        }
        Some(_) => Err(Fault::bad(format!("`{member}` must be a string"))),
        None => Err(Fault::bad(format!("`{member}` is missing"))),
    }
}

/// The body of the action `skip`.
pub(super) fn skip_value(request: &RawRequest<'_>) -> Result<bool, Fault> {
    let [value] = members(request.body, &["value"])?.try_into().unwrap_or([None]);
    value
        .and_then(|value| value.as_bool())
        .ok_or_else(|| Fault::bad("`value` must be true or false"))
}

/// The body of an enrolment: a stored profile.
pub(super) fn draft(request: &RawRequest<'_>, kind: DeviceKind) -> Result<Draft, Fault> {
    require_content_type(request)?;
    let text =
        std::str::from_utf8(request.body).map_err(|_| Fault::bad("The body is not valid UTF-8"))?;
    Draft::parse(kind, text)
        .map_err(|error| Fault::bad(format!("The profile cannot be read: {error}")))
}

/// The body of the action `recordUse`: `{}`, or one of `{"recoveryCode": "..."}`, `{"signCount": 7}`, `{"selected": true}`,
/// `{"counter": 7}` and `{"lastLogin": 1749572704, "clockDriftSeconds": -3}`.
pub(super) fn used(request: &RawRequest<'_>) -> Result<Use, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Used {
        recovery_code: Option<String>,
        sign_count: Option<u64>,
        selected: Option<bool>,
        counter: Option<u64>,
        last_login: Option<u64>,
        clock_drift_seconds: Option<i64>,
    }
    let empty = request.body.iter().all(u8::is_ascii_whitespace);
    let used: Used =
        serde_json::from_slice(if empty { b"{}" } else { request.body }).map_err(|_| {
            Fault::bad("The body must be an object with what was used, and nothing else")
        })?;
    let oath = OathFacts {
        counter: used.counter,
        last_login_seconds: used.last_login,
        clock_drift_seconds: used.clock_drift_seconds,
    };
    let moved = (oath != OathFacts::default()).then_some(Use::Oath(oath));
    let uses = [
        used.recovery_code.map(|code| Use::RecoveryCode(Secret::new(code))),
        used.sign_count.map(Use::SignCount),
        used.selected.filter(|selected| *selected).map(|_| Use::Selected),
        moved,
    ];
    let mut uses = uses.into_iter().flatten();
    let first = uses.next().unwrap_or(Use::Access);
    if uses.next().is_some() {
        return Err(Fault::bad("The body must say one use, not several"));
    }
    Ok(first)
}

/// The wanted members of an object, in the order asked for. One of them given twice is refused; everything else is read and forgotten.
fn members(body: &[u8], wanted: &[&str]) -> Result<Vec<Option<Value>>, Fault> {
    struct Read<'w>(&'w [&'w str]);

    impl<'de> Visitor<'de> for Read<'_> {
        type Value = Vec<Option<Value>>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = vec![None; self.0.len()];
            // Values are read into `Value`, which bounds how deep they nest.
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                let Some(at) = self.0.iter().position(|wanted| *wanted == name) else { continue };
                if found[at].replace(value).is_some() {
                    return Err(A::Error::custom("twice"));
                }
            }
            Ok(found)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(body);
    let found = reader.deserialize_map(Read(wanted)).and_then(|found| reader.end().map(|()| found));
    found.map_err(|error| match wanted {
        [member] if error.is_data() && error.to_string().starts_with("twice") => {
            Fault::bad(format!("`{member}` is given twice"))
        }
        _ => Fault::bad("The body is not a JSON object"),
    })
}
