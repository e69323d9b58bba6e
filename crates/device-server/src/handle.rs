//! From a call to an answer: one arm an operation.

use device_core::{Realm, Refusal, Show, Skip};
use device_registry::{Caller, Denied, Error, Registry, Request, User};
use device_store::DeviceStore;

use crate::callers::known::Session;
use crate::reply::{Reply, entries};
use device_wire::call::{Fault, Operation};

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

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// The registry says so.
    #[error(transparent)]
    Registry(#[from] Error),
    /// What is stored makes the request one that nobody can fulfil.
    #[error("{0:?}")]
    Fault(Fault),
}

/// Hands an operation to the registry and writes the answer.
///
/// # Errors
/// [`NotDone`].
pub async fn handle<S: DeviceStore>(
    registry: &Registry<S>,
    caller: &Caller,
    realm: Realm,
    operation: Operation<'_>,
    answering: Answering<'_>,
) -> Result<Reply, NotDone> {
    let request = &Request { caller, id: Some(answering.request_id), reason: None };
    let show = answering.show;
    let of = |user_id| User { realm: realm.clone(), user_id };
    match operation {
        Operation::List { user_id, kind, query, none_match } => {
            let listing = registry.list(request, &of(user_id), kind).await?;
            let (set, may_manage) = (&listing.set, listing.may_manage);
            if none_match.names(set.revision) {
                return Ok(Reply::not_modified(set.revision));
            }
            Ok(match query {
                None => Reply::list(&set.devices, kind, may_manage, set.revision),
                Some(query) => {
                    let entries = entries(&set.devices, kind, may_manage);
                    Reply::page(&query.choose(entries).map_err(NotDone::Fault)?, set.revision)
                }
            })
        }
        Operation::Read { user_id, kind, id, fields, none_match } => {
            let (device, may_manage) = registry.read(request, &of(user_id), kind, &id).await?;
            if none_match.names(device.revision) {
                return Ok(Reply::not_modified(device.revision));
            }
            Ok(Reply::entry(&device, kind, may_manage).only(fields.as_ref()))
        }
        Operation::Put { user_id, kind, id } => {
            match registry.read(request, &of(user_id), kind, &id).await {
                Ok(_) => Err(NotDone::Fault(Fault::Condition(format!(
                    "The resource with ID '{id}' could not be created because it exists already"
                )))),
                Err(Error::Refused(Refusal::NotFound(_))) => {
                    Err(Error::Unsupported { kind, operation: "put" }.into())
                }
                Err(error) => Err(error.into()),
            }
        }
        Operation::Rename { user_id, kind, id, name, if_match, fields } => {
            let device = registry.rename(request, &of(user_id), kind, &id, name, if_match).await?;
            Ok(Reply::profile(&device, kind, show).only(fields.as_ref()))
        }
        Operation::Delete { user_id, kind, id, if_match, fields } => {
            let device = registry.delete(request, &of(user_id), kind, &id, if_match).await?;
            Ok(Reply::profile(&device, kind, show).only(fields.as_ref()))
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
            Ok(Reply::session(own.ok_or(Error::Denied(Denied::Forbidden))?))
        }
        Operation::Refresh(message) => {
            registry.refresh(&realm, &message, Some(answering.request_id)).await?;
            Ok(Reply::empty())
        }
    }
}
