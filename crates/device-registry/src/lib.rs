//! The service core of a registry of MFA devices: what a host server links.
//!
//! A [`Registry`] stands on a store and offers one public operation a rule. Each asks first whether the caller may ([`authorise`], a pure function), runs the
//! rule on the current set, and swaps the result in, again if somebody else was faster. It knows no HTTP and needs no runtime.
//!
//! ```
//! use device_core::{DeviceKind, Draft, IfMatch, Realm, UserId};
//! use device_registry::{Caller, Policy, Registry, Request, User};
//! use device_store::MemoryStore;
//!
//! # futures_executor::block_on(async {
//! let registry = Registry::new(MemoryStore::default(), Policy::default());
//! let user = User { realm: Realm::parse("/alpha")?, user_id: UserId::parse("bjensen")? };
//!
//! // A login journey beside it enrols what the user registered ...
//! let journey = Caller::Operator { name: "journey".into() };
//! let draft = Draft::parse(DeviceKind::WebAuthn, r#"{"credentialId":"XGJpYNYv4AHG9sHHgxFfTw","deviceName":"Laptop"}"#)?;
//! let device = registry.enrol(&Request::by(&journey), &user, None, DeviceKind::WebAuthn, draft, Default::default()).await?;
//!
//! // ... and the user renames it.
//! let caller = Caller::User { realm: user.realm.clone(), user_id: user.user_id.clone(), authenticated_with: vec![] };
//! let request = Request::by(&caller);
//! let name = device_core::DeviceName::parse("Work laptop")?;
//! let renamed = registry.rename(&request, &user, DeviceKind::WebAuthn, &device.id, name, IfMatch::Any).await?;
//! assert_eq!(renamed.name.as_str(), "Work laptop");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod authorise;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod locate;
mod operations;
mod policy;
mod registry;
mod stripes;
mod surroundings;

pub use authorise::{Caller, Denied, Operation, authorise, may_manage};
pub use error::Error;
pub use operations::{Listing, Restore};
pub use policy::{Limits, Policy, Strength};
pub use registry::{ATTEMPTS_MAX, Registry, Request, User};
pub use surroundings::{Surroundings, System};
