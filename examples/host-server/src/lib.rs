//! Somebody else's server, with the registry linked into it.
//!
//! Nothing of `device-server` is here: the routes, the JSON, the status codes and the idea of who is logged in are this server's own. What it takes
//! from the registry is one value, [`Registry`], and one call an operation. Four things are worth a look:
//!
//! * [`LoggedIn`]: how the host's session becomes a [`Caller`]. The registry decides what a caller may; the host decides who it is.
//! * `registered`: the host's own journeys act as [`Caller::Operator`], because no user may enrol a device for itself.
//! * `refresh`: the end point phones call. The message's signature is its authorisation, so there is no session.
//! * [`Failure`]: the one place that turns the registry's errors into status codes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use device_core::rules::{OnLimit, Use};
use device_core::{
    Device, DeviceId, DeviceKind, DeviceName, Draft, IfMatch, Realm, RefreshMessage, Refusal,
    Secret, UserId,
};
use device_registry::{Caller, Error, Registry, Request, User};
use device_store::MemoryStore;
use serde::{Deserialize, Serialize};

/// The registry as this server holds it. Another store is another type here and nothing else.
pub type Devices = Arc<Registry<MemoryStore>>;

/// What goes wrong, as this server says it.
#[derive(Debug)]
pub struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// The one place that knows which status code a refusal of the registry has.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Denied(_) => StatusCode::FORBIDDEN,
            Error::Refused(Refusal::NotFound(_)) => StatusCode::NOT_FOUND,
            Error::Refused(_) | Error::NameTaken(_) => StatusCode::CONFLICT,
            Error::Unsupported { .. } => StatusCode::NOT_IMPLEMENTED,
            Error::BadName(_) => StatusCode::BAD_REQUEST,
            // One answer for all of them: outsiders must not learn from it which users and devices exist.
            Error::RefreshRefused(_) => return Self::refused_refresh(),
            Error::Contended | Error::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self(status, error.to_string())
    }
}

impl Failure {
    fn refused_refresh() -> Self {
        Self(StatusCode::BAD_REQUEST, "bad request".to_owned())
    }
}

/// The routes, to be merged into the host's own.
pub fn routes(devices: Devices) -> Router {
    Router::new()
        .route("/registrations/{kind}", post(registered))
        .route("/me/devices/{kind}", get(my_devices))
        .route("/me/devices/{kind}/{id}", put(rename).delete(delete))
        .route("/login/recovery-code", post(log_in_with_recovery_code))
        .route("/push/refresh", post(refresh))
        .with_state(devices)
}

/// Who is logged in, as the host's session says.
#[derive(Debug)]
pub struct LoggedIn(User);

impl<S: Sync> FromRequestParts<S> for LoggedIn {
    type Rejection = Failure;

    /// Reads the header that this server's imaginary session middleware sets (and removes where a client sends it).
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let name = parts.headers.get("x-logged-in-as").and_then(|value| value.to_str().ok());
        let name =
            name.ok_or_else(|| Failure(StatusCode::UNAUTHORIZED, "log in first".to_owned()))?;
        Ok(Self(user(name)?))
    }
}

impl LoggedIn {
    /// The caller for the registry's authorisation. `authenticated_with` would name the factors of the session, for policies that ask for one.
    fn caller(&self) -> Caller {
        let User { realm, user_id } = self.0.clone();
        Caller::User { realm, user_id, authenticated_with: Vec::new() }
    }
}

/// One device of a user, in this server's own JSON. Secrets stay where they are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MyDevice {
    id: String,
    name: String,
    last_used_ms: u64,
}

impl From<&Device> for MyDevice {
    fn from(device: &Device) -> Self {
        Self {
            id: device.id.to_string(),
            name: device.name.to_string(),
            last_used_ms: device.last_access_ms,
        }
    }
}

/// The last step of a registration journey: the user has proved possession of the device, its profile is stored.
async fn registered(
    State(devices): State<Devices>,
    logged_in: LoggedIn,
    Path(kind): Path<String>,
    profile: String,
) -> Result<(StatusCode, Json<MyDevice>), Failure> {
    let kind = kind_named(&kind)?;
    let draft = Draft::parse(kind, &profile).map_err(bad_request)?;
    let journey = Caller::Operator { name: "registration".into() };
    let request = Request::by(&journey);
    // A new phone takes the place of the old one; `OnLimit::Refuse` would make the user delete it first.
    let enrolled = devices.enrol(&request, &logged_in.0, None, kind, draft, OnLimit::Replace).await;
    Ok((StatusCode::CREATED, Json(MyDevice::from(&enrolled?))))
}

/// The page "my devices".
async fn my_devices(
    State(devices): State<Devices>,
    logged_in: LoggedIn,
    Path(kind): Path<String>,
) -> Result<Json<Vec<MyDevice>>, Failure> {
    let caller = logged_in.caller();
    let listing = devices.list(&Request::by(&caller), &logged_in.0, kind_named(&kind)?).await;
    Ok(Json(listing?.set.devices.iter().map(MyDevice::from).collect()))
}

/// The pencil beside a device. The body is the new name.
async fn rename(
    State(devices): State<Devices>,
    logged_in: LoggedIn,
    Path((kind, id)): Path<(String, String)>,
    name: String,
) -> Result<Json<MyDevice>, Failure> {
    let (kind, id) = (kind_named(&kind)?, DeviceId::parse(&id).map_err(bad_request)?);
    let name = DeviceName::parse(&name).map_err(bad_request)?;
    let caller = logged_in.caller();
    let request = Request::by(&caller);
    let renamed = devices.rename(&request, &logged_in.0, kind, &id, name, IfMatch::Any).await;
    Ok(Json(MyDevice::from(&renamed?)))
}

/// The waste bin beside a device.
async fn delete(
    State(devices): State<Devices>,
    logged_in: LoggedIn,
    Path((kind, id)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let (kind, id) = (kind_named(&kind)?, DeviceId::parse(&id).map_err(bad_request)?);
    let caller = logged_in.caller();
    let request = Request::by(&caller);
    devices.delete(&request, &logged_in.0, kind, &id, IfMatch::Any).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the login page sends where the phone is lost.
#[derive(Debug, Deserialize)]
struct RecoveryLogin {
    username: String,
    kind: String,
    code: String,
}

/// A step of the login journey: whoever knows a recovery code passes, once. Two logins with one code at the same moment cannot both pass:
/// the code is gone from the set in the same swap that lets the first one in.
async fn log_in_with_recovery_code(
    State(devices): State<Devices>,
    Json(login): Json<RecoveryLogin>,
) -> Result<StatusCode, Failure> {
    let (user, kind) = (user(&login.username)?, kind_named(&login.kind)?);
    let journey = Caller::Operator { name: "login".into() };
    let request = Request { reason: Some("recovery code"), ..Request::by(&journey) };
    let used = Use::RecoveryCode(Secret::new(login.code));
    let listing = devices.list(&request, &user, kind).await?;
    for device in &listing.set.devices {
        match devices.record_use(&request, &user, kind, &device.id, &used, IfMatch::Any).await {
            Ok(_) => return Ok(StatusCode::NO_CONTENT),
            // The code of another device, or the device went away in the meantime.
            Err(Error::Refused(Refusal::NoSuchCode | Refusal::NotFound(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // The same answer for an unknown user: a login page must not tell who exists.
    Err(Failure(StatusCode::UNAUTHORIZED, "this code does not open anything".to_owned()))
}

/// A phone reports its new push token. No session: the registry checks the message's signature with the device's key.
async fn refresh(State(devices): State<Devices>, body: Bytes) -> Result<StatusCode, Failure> {
    let message = RefreshMessage::parse(&body).map_err(|_| Failure::refused_refresh())?;
    devices.refresh(&realm(), &message, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn bad_request(error: impl std::error::Error) -> Failure {
    Failure(StatusCode::BAD_REQUEST, error.to_string())
}

fn kind_named(name: &str) -> Result<DeviceKind, Failure> {
    let unknown = || Failure(StatusCode::NOT_FOUND, format!("no device kind `{name}`"));
    DeviceKind::named(name).ok_or_else(unknown)
}

fn user(name: &str) -> Result<User, Failure> {
    Ok(User { realm: realm(), user_id: UserId::parse(name).map_err(bad_request)? })
}

/// This server knows one tenant.
fn realm() -> Realm {
    Realm::top()
}
