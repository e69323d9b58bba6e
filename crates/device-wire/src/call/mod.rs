//! Reading a request: method, target, headers and body become a [`Call`], or a [`Fault`].
//!
//! Pure functions of bytes, no I/O: what an attacker can send ends here, so this is what is fuzzed.

mod body;
mod conditions;
mod operation;
mod target;
mod versions;

use device_core::rules::{OnLimit, Use};
use device_core::{
    DeviceId, DeviceKind, DeviceName, Draft, IfMatch, Realm, RefreshMessage, UserId, Username,
};

use crate::query::Query;
use crate::query::fields::Fields;
use crate::realms::Realms;

pub use conditions::NoneMatch;
pub use target::{Resource, Target, wants_pretty_print};
pub use versions::{ACCEPT_API_VERSION, content_api_version};

/// A request as it came, before anything is believed of it.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// Path and query, as sent.
    pub target: &'a str,
    /// The headers: names in lower case with their values, as sent.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> RawRequest<'a> {
    /// The value of a header that may be given once.
    ///
    /// # Errors
    /// [`Fault::Bad`] if it is given twice.
    pub fn header(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        let mut values =
            self.headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value);
        let first = values.next();
        if values.next().is_some() {
            return Err(Fault::bad(format!("Header `{name}` is given twice")));
        }
        Ok(first)
    }
}

/// What reading depends on.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The realms there are.
    pub realms: Realms,
    /// First path segments that are skipped: `am`, `openam`.
    pub contexts: Vec<String>,
    /// Whether changes need an `If-Match`.
    pub require_if_match: bool,
}

/// A request that names something this server has.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// In which realm.
    pub realm: Realm,
    /// Whether a token is needed at all: everything but a refresh, which is signed by the phone.
    pub needs_caller: bool,
    /// What is asked; a fault in it is answered only to callers who are known.
    pub operation: Result<Operation<'a>, Fault>,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub enum Operation<'a> {
    /// List a user's devices.
    List {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Which of them, and how; `None` is simply all.
        query: Option<Box<Query>>,
        /// What the client has already.
        none_match: NoneMatch,
    },
    /// Show one device as the list shows it.
    Read {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Which device.
        id: DeviceId,
        /// What of it; `None` is all.
        fields: Option<Fields>,
        /// What the client has already.
        none_match: NoneMatch,
    },
    /// Make a device of that id, which devices are not made with: what is answered depends on whether there is one.
    Put {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Which device.
        id: DeviceId,
    },
    /// Rename a device.
    Rename {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Which device.
        id: DeviceId,
        /// Its new name.
        name: DeviceName,
        /// Under which condition.
        if_match: IfMatch,
        /// What of it is answered; `None` is all.
        fields: Option<Fields>,
    },
    /// Delete a device.
    Delete {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Which device.
        id: DeviceId,
        /// Under which condition.
        if_match: IfMatch,
        /// What of it is answered; `None` is all.
        fields: Option<Fields>,
    },
    /// Delete all devices of a kind.
    Reset {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Under which condition.
        if_match: IfMatch,
    },
    /// Say whether a kind may be skipped at login.
    Skip {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Whether it may.
        value: bool,
    },
    /// Ask whether a kind may be skipped at login.
    Check {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
    },
    /// Register a device.
    Enrol {
        /// Whose.
        user_id: UserId,
        /// The username, where it is not the id.
        username: Option<Username>,
        /// Which kind.
        kind: DeviceKind,
        /// The device.
        draft: Box<Draft>,
        /// What happens at the limit.
        on_limit: OnLimit,
    },
    /// Record that a login used a device.
    RecordUse {
        /// Whose.
        user_id: UserId,
        /// Which kind.
        kind: DeviceKind,
        /// Which device.
        id: DeviceId,
        /// What was used.
        used: Use,
        /// Under which condition.
        if_match: IfMatch,
    },
    /// Forget everything of a user.
    Purge {
        /// Whose.
        user_id: UserId,
    },
    /// A phone's word that its push token changed.
    Refresh(Box<RefreshMessage<'a>>),
    /// Show the caller's own session.
    SessionInfo,
}

impl Operation<'_> {
    /// Its name, for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "list",
            Self::Read { .. } => "read",
            Self::Put { .. } => "put",
            Self::Rename { .. } => "rename",
            Self::Delete { .. } => "delete",
            Self::Reset { .. } => "reset",
            Self::Skip { .. } => "skip",
            Self::Check { .. } => "check",
            Self::Enrol { .. } => "enrol",
            Self::RecordUse { .. } => "record-use",
            Self::Purge { .. } => "purge",
            Self::Refresh(_) => "refresh",
            Self::SessionInfo => "session-info",
        }
    }
}

/// Why a request cannot be read. Messages are for the client; they name the thing, never its value where that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Malformed.
    Bad(String),
    /// Nothing here has that name.
    NotFound(String),
    /// The resource does not have the operation.
    Unsupported(String),
    /// A condition that is not met, or that the request cannot have.
    Condition(String),
    /// A kind of condition that nothing here has.
    Conflict(String),
    /// A change without the `If-Match` that this server is configured to ask for.
    NoCondition,
    /// A refresh message nobody will hear the reason for.
    Refresh(device_core::push::Malformed),
}

impl Fault {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::Bad(message.into())
    }
}

/// Reads a request.
///
/// # Errors
/// [`Fault`] if the target names nothing here: that is answered with or without a token.
pub fn read<'a>(request: &RawRequest<'a>, reading: &Reading) -> Result<Call<'a>, Fault> {
    let host = request.header("host")?;
    let target = target::parse(request.target, host, reading)?;
    let needs_caller = !matches!(target.resource, Resource::PushMessage);
    let operation = operation::read(request, &target, reading.require_if_match);
    Ok(Call { realm: target.realm, needs_caller, operation })
}
