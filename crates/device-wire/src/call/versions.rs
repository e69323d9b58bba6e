//! `Accept-API-Version`: which version of protocol and resource a client was written for.
//!
//! Sources: `am-behaviour.md` 4.6; the SDKs send `resource=1.0`, some of them with `protocol=1.0` (`clients.md` 1.1).

use std::borrow::Cow;

use super::{Fault, RawRequest, Resource};
use crate::ascii::{split, split_once};

/// The header.
pub const ACCEPT_API_VERSION: &str = "accept-api-version";

/// A version, as `2.1`; `2` is `2.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    major: u8,
    minor: u8,
}

/// The protocol that is spoken where a client names none.
const PROTOCOL: Version = Version { major: 2, minor: 1 };
/// The newest protocol that is understood: `_countOnly` is of it.
const PROTOCOL_NEWEST: Version = Version { major: 2, minor: 2 };
/// The version of every device resource and of the push messages.
const RESOURCE: Version = Version { major: 1, minor: 0 };

/// What the header asks for; what it leaves out is whatever there is.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    protocol: Option<Version>,
    resource: Option<Version>,
}

/// Refuses a header that cannot be read, and versions that are not here.
pub(super) fn check(request: &RawRequest<'_>, resource: &Resource) -> Result<(), Fault> {
    let Some(text) = request.header(ACCEPT_API_VERSION)? else { return Ok(()) };
    let asked = parse(text).ok_or_else(|| {
        Fault::bad(
            "`Accept-API-Version` is in an invalid format: it is like `resource=1.0, protocol=2.1`",
        )
    })?;
    if let Some(protocol) = asked.protocol {
        if protocol.major == 0 || protocol.major > PROTOCOL_NEWEST.major {
            return Err(Fault::bad("Unsupported major version of the protocol"));
        }
        if protocol.minor > PROTOCOL_NEWEST.minor {
            return Err(Fault::bad("Unsupported minor version of the protocol"));
        }
    }
    // Other resources have versions of their own.
    let versioned = matches!(
        resource,
        Resource::User { .. }
            | Resource::Collection { .. }
            | Resource::Instance { .. }
            | Resource::PushMessage
    );
    // The same major version and no newer a minor one would do: of 1.0 that is 1.0 alone.
    let known = |asked: Version| asked == RESOURCE;
    if versioned && !asked.resource.is_none_or(known) {
        return Err(Fault::NotFound(
            "This version of the resource is not found; there is 1.0".into(),
        ));
    }
    Ok(())
}

/// The value of `Content-API-Version` for a request with this `Accept-API-Version`.
#[must_use]
pub fn content_api_version(accept: Option<&str>) -> Cow<'static, str> {
    let asked = accept.and_then(parse).and_then(|asked| asked.protocol);
    let Some(Version { major, minor }) = asked.filter(|asked| *asked != PROTOCOL) else {
        return Cow::Borrowed("protocol=2.1,resource=1.0");
    };
    Cow::Owned(format!("protocol={major}.{minor},resource={}.{}", RESOURCE.major, RESOURCE.minor))
}

/// `resource=M[.m]`, `protocol=M[.m]`, or both in either order.
fn parse(text: &str) -> Option<Asked> {
    let mut asked = Asked::default();
    for part in split(text, b',') {
        let (name, version) = split_once(part.trim_matches(' '), b'=')?;
        let slot = match name {
            "protocol" => &mut asked.protocol,
            "resource" => &mut asked.resource,
            _ => return None,
        };
        if slot.replace(self::version(version)?).is_some() {
            return None;
        }
    }
    Some(asked)
}

fn version(text: &str) -> Option<Version> {
    let (major, minor) = split_once(text, b'.').unwrap_or((text, "0"));
    let number = |digits: &str| {
        let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?;
        number.parse().ok()
    };
    Some(Version { major: number(major)?, minor: number(minor)? })
}
