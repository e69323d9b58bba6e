//! Cross-origin requests: browsers on configured origins may ask with the user's cookie.
//!
//! Sources: `decisions.md` and `clients.md` 1.1 (the headers that the SDKs send); the Fetch standard for what a browser asks and needs to hear.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it may send.
const REMEMBERED_TIME_MAX: Duration = Duration::from_secs(600);

/// What scripts may send besides what they always may: what the SDKs send, and conditions.
const SENT: [&str; 9] = [
    "accept",
    "accept-api-version",
    "authorization",
    "content-type",
    "if-match",
    "if-none-match",
    "x-forgerock-transactionid",
    "x-requested-platform",
    "x-requested-with",
];

/// What scripts may read of an answer besides its body.
const READ: [&str; 7] = [
    "content-api-version",
    "etag",
    "location",
    "retry-after",
    "warning",
    "www-authenticate",
    "x-request-id",
];

/// Why an origin cannot be configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`cors.origins`: `{0}` is not an origin: it is like `https://login.example.com` or `http://localhost:3000`, in lower case and without a path"
)]
pub struct NotAnOrigin(String);

/// The layer for these origins; `None` where there are none: then no answer says anything of origins. Each is echoed as it is, never as `*`, which browsers would not take together with cookies.
///
/// # Errors
/// [`NotAnOrigin`].
pub fn layer(origins: &[String], sso_name: &str) -> Result<Option<CorsLayer>, NotAnOrigin> {
    if origins.is_empty() {
        return Ok(None);
    }
    let origins: Vec<HeaderValue> =
        origins.iter().map(|origin| parse(origin)).collect::<Result<_, _>>()?;
    let sso_name = HeaderName::try_from(sso_name.to_ascii_lowercase()).ok();
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(
            SENT.map(HeaderName::from_static).into_iter().chain(sso_name).collect::<Vec<_>>(),
        )
        .expose_headers(READ.map(HeaderName::from_static))
        .max_age(REMEMBERED_TIME_MAX);
    Ok(Some(layer))
}

/// An origin as browsers write it: anything else would never be equal to theirs, which nobody would notice.
fn parse(origin: &str) -> Result<HeaderValue, NotAnOrigin> {
    let not_an_origin = || NotAnOrigin(origin.to_owned());
    let written = |uri: &Uri| {
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        Some(format!("{scheme}://{authority}").to_ascii_lowercase())
    };
    let uri: Uri = origin.parse().map_err(|_| not_an_origin())?;
    let is_default = origin.ends_with(":80") && origin.starts_with("http:")
        || origin.ends_with(":443") && origin.starts_with("https:");
    if written(&uri).as_deref() != Some(origin) || is_default {
        return Err(not_an_origin());
    }
    HeaderValue::try_from(origin).map_err(|_| not_an_origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for origin in ["https://login.example.com", "http://localhost:3000", "http://[::1]:8080"] {
            assert!(parse(origin).is_ok(), "{origin}");
        }
        for origin in [
            "*",
            "null",
            "",
            "login.example.com",
            "https://",
            "https://login.example.com/",
            "https://login.example.com/x",
            "https://Login.example.com",
            "https://login.example.com:443",
            "http://login.example.com:80",
            "https://user@login.example.com",
            "https://*.example.com/",
            "ftp://login.example.com",
            "https://login.example.com https://other.example.com",
        ] {
            assert_eq!(parse(origin), Err(NotAnOrigin(origin.into())), "{origin}");
        }
    }
}
