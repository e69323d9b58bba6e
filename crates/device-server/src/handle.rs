//! From a call to an answer: one arm an operation.

use device_core::{Realm, Show, Skip};
use device_registry::{Caller, Denied, Error, Registry, Request, User};
use device_store::DeviceStore;

use crate::callers::known::Session;
use crate::reply::Reply;
use device_wire::call::Operation;

/// What answering needs to know besides the registry.
#[derive(Debug, Clone, Copy)]
pub struct Answering<'a> {
    /// How much of a profile PUT and DELETE show.
    pub show: Show,
    /// The caller's session; an operation without a caller has none.
    pub session: Option<&'a Session>,
    /// The path of the request, for the `Location` of what it creates.
    pub path: &'a str,
    /// The request's id.
    pub request_id: &'a str,
}

/// Hands an operation to the registry and writes the answer.
///
/// # Errors
/// What the registry says.
pub async fn handle<S: DeviceStore>(
    registry: &Registry<S>,
    caller: &Caller,
    realm: Realm,
    operation: Operation,
    answering: Answering<'_>,
) -> Result<Reply, Error> {
    let request = &Request { caller, id: Some(answering.request_id), reason: None };
    let show = answering.show;
    let of = |user_id| User { realm: realm.clone(), user_id };
    match operation {
        Operation::List { user_id, kind, nothing } => {
            let listing = registry.list(request, &of(user_id), kind).await?;
            let devices = if nothing { &[] } else { listing.set.devices.as_slice() };
            Ok(Reply::list(devices, kind, listing.may_manage, listing.set.revision))
        }
        Operation::Read { user_id, kind, id } => {
            let (device, may_manage) = registry.read(request, &of(user_id), kind, &id).await?;
            Ok(Reply::entry(&device, kind, may_manage))
        }
        Operation::Rename { user_id, kind, id, name, if_match } => {
            let device = registry.rename(request, &of(user_id), kind, &id, name, if_match).await?;
            Ok(Reply::profile(&device, kind, show))
        }
        Operation::Delete { user_id, kind, id, if_match } => {
            let device = registry.delete(request, &of(user_id), kind, &id, if_match).await?;
            Ok(Reply::profile(&device, kind, show))
        }
        Operation::Reset { user_id, kind, if_match } => {
            registry.reset(request, &of(user_id), kind, if_match).await?;
            Ok(Reply::result(true))
        }
        Operation::Skip { user_id, kind, value } => {
            let skip = if value { Skip::Skippable } else { Skip::NotSkippable };
            registry.skip(request, &of(user_id), kind, skip).await?;
            Ok(Reply::empty())
        }
        Operation::Check { user_id, kind } => {
            Ok(Reply::result(registry.check(request, &of(user_id), kind).await?))
        }
        Operation::Enrol { user_id, username, kind, draft, on_limit } => {
            let device =
                registry.enrol(request, &of(user_id), username, kind, *draft, on_limit).await?;
            Ok(Reply::created(&device, kind, show, answering.path))
        }
        Operation::RecordUse { user_id, kind, id, used, if_match } => {
            let device =
                registry.record_use(request, &of(user_id), kind, &id, &used, if_match).await?;
            Ok(Reply::profile(&device, kind, show))
        }
        Operation::Purge { user_id } => {
            registry.purge(request, &of(user_id)).await?;
            Ok(Reply::result(true))
        }
        Operation::SessionInfo => {
            // In another realm the token is worth nothing, not even its own name.
            let own = answering.session.filter(|session| session.realm == realm.as_str());
            Ok(Reply::session(own.ok_or(Denied::Forbidden)?))
        }
        Operation::Refresh(message) => {
            registry.refresh(&realm, &message, Some(answering.request_id)).await?;
            Ok(Reply::empty())
        }
    }
}
