//! Status codes: the only place that knows them, and the error envelope.
//!
//! Sources: `decisions.md` (Errors), `am-behaviour.md` 4.4, RFC 6750 for `WWW-Authenticate`.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use device_core::Refusal;
use device_registry::{Denied, Error};
use device_store::StoreError;
use serde::Serialize;

use crate::handle::NotDone;
use crate::limits::RETRY_AFTER;
use device_wire::call::Fault;

/// The answer of success.
pub const DONE: StatusCode = StatusCode::OK;
/// The answer of an enrolment.
pub const CREATED: StatusCode = StatusCode::CREATED;

/// The answer to a client that has the revision already.
pub const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;

/// What somebody else's status says: an issuer's, or another AM's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The answer is there.
    Done,
    /// It does not accept the token, or the credentials.
    Denied,
    /// Anything else, redirects among them.
    Otherwise(u16),
}

impl Answered {
    /// Reads a status.
    #[must_use]
    pub fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::OK => Self::Done,
            StatusCode::UNAUTHORIZED => Self::Denied,
            status => Self::Otherwise(status.as_u16()),
        }
    }

    /// The status as a number, for the log.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Done => StatusCode::OK.as_u16(),
            Self::Denied => StatusCode::UNAUTHORIZED.as_u16(),
            Self::Otherwise(code) => code,
        }
    }
}

/// A request that was not fulfilled, as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    message: String,
    challenge: Option<Challenge>,
    retry_after: Option<Duration>,
}

/// What a 401 or 403 says in `WWW-Authenticate` (RFC 6750, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Challenge {
    NoToken,
    InvalidToken,
    InsufficientScope,
}

impl Problem {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), challenge: None, retry_after: None }
    }

    fn challenging(status: StatusCode, message: &str, challenge: Challenge) -> Self {
        Self { challenge: Some(challenge), ..Self::new(status, message) }
    }

    /// No token, or none that is needed here: 401.
    #[must_use]
    pub fn no_token() -> Self {
        Self::challenging(StatusCode::UNAUTHORIZED, "Access Denied", Challenge::NoToken)
    }

    /// A token that is not accepted, whatever the reason: 401.
    #[must_use]
    pub fn invalid_token() -> Self {
        Self::challenging(StatusCode::UNAUTHORIZED, "Access Denied", Challenge::InvalidToken)
    }

    /// Nobody can say who asks, because an issuer or another AM does not answer: 503, since the token may be good.
    #[must_use]
    pub fn callers_unknown() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The token cannot be checked now")
    }

    /// A request that a browser may have been tricked into: 403.
    #[must_use]
    pub fn forged() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden")
    }

    /// A body over the limit: 413.
    #[must_use]
    pub fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body has more than {} bytes", crate::limits::BODY_BYTES_MAX),
        )
    }

    /// A target over the limit: 414.
    #[must_use]
    pub fn target_too_long() -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            format!("The target has more than {} bytes", crate::limits::TARGET_BYTES_MAX),
        )
    }

    /// Headers over the limit: 431.
    #[must_use]
    pub fn headers_too_large() -> Self {
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large")
    }

    /// A body that did not come in time: 408.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "The request did not come in time")
    }

    /// A connection that broke, or a header that is not text: 400.
    #[must_use]
    pub fn unreadable() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "The request cannot be read")
    }

    /// More requests than are taken: 429, and when to come back.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// No such page of the documentation: 404.
    #[must_use]
    pub fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Resource not found")
    }

    /// A fault of the server's own, without its reason, which is in the log: 500.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    /// The status code, as a number, for the log.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.status.as_u16()
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Bad(message) => Self::new(StatusCode::BAD_REQUEST, message),
            Fault::NotFound(message) => Self::new(StatusCode::NOT_FOUND, message),
            Fault::Condition(message) => Self::new(StatusCode::PRECONDITION_FAILED, message),
            Fault::Conflict(message) => Self::new(StatusCode::CONFLICT, message),
            Fault::Unsupported(message) => Self::new(StatusCode::NOT_IMPLEMENTED, message),
            Fault::NoCondition => {
                Self::new(StatusCode::PRECONDITION_REQUIRED, "`If-Match` is required")
            }
            Fault::Refresh(_) => Self::refresh_refused(),
        }
    }
}

impl Problem {
    /// The one answer to every refresh that is refused: nobody learns which users exist.
    fn refresh_refused() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad request.")
    }

    fn of_refusal(refusal: &Refusal) -> Self {
        let status = match refusal {
            Refusal::NotFound(_) => StatusCode::NOT_FOUND,
            Refusal::Stale { .. } => StatusCode::PRECONDITION_FAILED,
            Refusal::LimitReached { .. }
            | Refusal::Exists(_)
            | Refusal::TooMany
            | Refusal::Replayed
            | Refusal::NoSuchCode => StatusCode::CONFLICT,
            Refusal::NoId(_) | Refusal::NotOfKind { .. } => StatusCode::BAD_REQUEST,
        };
        Self::new(status, refusal.to_string())
    }

    fn of_denied(denied: Denied) -> Self {
        match denied {
            Denied::Unauthenticated => Self::no_token(),
            Denied::ReadOnly => Self::challenging(
                StatusCode::FORBIDDEN,
                &denied.to_string(),
                Challenge::InsufficientScope,
            ),
            Denied::Forbidden | Denied::TooWeak => {
                Self::new(StatusCode::FORBIDDEN, denied.to_string())
            }
        }
    }

    fn of_store(error: &StoreError) -> Self {
        match error {
            // What is damaged is in the log; the client can only wait for an operator.
            StoreError::Damaged { .. } => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The stored record is damaged; it was left as it is",
            ),
            StoreError::Misused(_) => Self::internal(),
            StoreError::CursorTooOld => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            StoreError::Unknown { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "It is not known whether the change was stored; look before you repeat it",
            ),
            StoreError::ReadOnly | StoreError::Unavailable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The store takes no changes now")
            }
        }
    }
}

impl From<NotDone> for Problem {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Registry(error) => Self::from(&error),
            NotDone::Fault(fault) => Self::from(fault),
        }
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::Denied(denied) => Self::of_denied(*denied),
            Error::Refused(refusal) => Self::of_refusal(refusal),
            Error::RefreshRefused(_) => Self::refresh_refused(),
            Error::Unsupported { .. } => {
                Self::new(StatusCode::NOT_IMPLEMENTED, "Operation is not supported.")
            }
            Error::NameTaken(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            Error::BadName(_) => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            Error::Contended => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            Error::Store(error) => Self::of_store(error),
        }
    }
}

/// The error body of Common REST.
#[derive(Serialize)]
struct Envelope<'a> {
    code: u16,
    reason: &'a str,
    message: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let reason = match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
            status => status.canonical_reason().unwrap_or_default(),
        };
        let envelope = Envelope { code: self.status.as_u16(), reason, message: &self.message };
        let body = serde_json::to_string(&envelope).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, crate::reply::JSON)], body).into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge {
            let value = match challenge {
                Challenge::NoToken => "Bearer realm=\"devreg\"",
                Challenge::InvalidToken => "Bearer realm=\"devreg\", error=\"invalid_token\"",
                Challenge::InsufficientScope => {
                    "Bearer realm=\"devreg\", error=\"insufficient_scope\""
                }
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        let retry_after = match self.retry_after {
            None if self.status == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER),
            retry_after => retry_after,
        };
        if let Some(retry_after) = retry_after {
            // Whole seconds, and none too early.
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
