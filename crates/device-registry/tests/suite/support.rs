//! What the modules share.

use device_core::{DeviceKind, Draft, Realm, UserId, Username};
use device_registry::{Caller, Policy, Registry, Request, User};
use device_store::MemoryStore;

pub(crate) fn registry(policy: Policy) -> Registry<MemoryStore> {
    Registry::new(MemoryStore::default(), policy)
}

pub(crate) fn operator() -> Caller {
    Caller::Operator { name: "test".into() }
}

pub(crate) fn user(name: &str) -> User {
    User { realm: Realm::parse("/alpha").unwrap(), user_id: UserId::parse(name).unwrap() }
}

pub(crate) fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub(crate) fn draft(kind: DeviceKind, profile: &str) -> Draft {
    Draft::parse(kind, profile).unwrap()
}

pub(crate) fn request(caller: &Caller) -> Request<'_> {
    Request { caller, id: Some("request-7"), reason: Some("ticket 12") }
}
