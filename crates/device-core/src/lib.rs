//! The domain model of a registry of MFA devices: kinds, devices, device sets, revisions, and the rules on them.
//!
//! Everything here is a value or a pure function: no I/O, no clock, no randomness, no threads, no async. A rule takes a
//! [`DeviceSet`] and gives back a [`Step`]: the answer, and the next set if anything changes.
//!
//! ```
//! use device_core::{rules, DeviceKind, DeviceSet, Draft, IfMatch, Moment, Owner, Username};
//!
//! let draft = Draft::parse(DeviceKind::WebAuthn, r#"{"credentialId":"XGJpYNYv4AHG9sHHgxFfTw","deviceName":"Laptop"}"#)?;
//! let owner = Owner::named(Username::parse("bjensen")?);
//! let moment = Moment { now_ms: 1_749_572_704_744, random: 42 };
//! let step = rules::enrol(&DeviceSet::default(), DeviceKind::WebAuthn, &owner, draft, rules::Room::up_to(8), moment)?;
//! let set = step.write.expect("an enrolment always writes").next;
//! assert_eq!(set.devices[0].name.as_str(), "Laptop");
//!
//! let id = set.devices[0].id.clone();
//! let step = rules::delete(&set, DeviceKind::WebAuthn, &id, IfMatch::Any, moment)?;
//! assert!(step.write.unwrap().next.devices.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod change;
pub mod device;
pub mod devices;
mod facts;
pub mod fold;
mod json;
pub mod key;
pub mod kind;
pub mod limits;
pub mod names;
pub mod profile;
pub mod push;
pub mod realm;
pub mod revision;
pub mod rules;
pub mod secret;
pub mod set;
#[cfg(feature = "strategies")]
pub mod strategies;
pub mod text;

pub use change::{Action, Change, DeviceChange, DeviceChanges, What};
pub use device::{Cold, Device, Facts, OathFacts, PushFacts, Refreshes};
pub use devices::Devices;
pub use key::SetKey;
pub use kind::{DeviceKind, Support};
pub use names::{DeviceId, DeviceName, NameError, Owner, UserId, Username};
pub use profile::{Draft, ProfileError, Show};
pub use push::RefreshMessage;
pub use realm::{Realm, RealmError};
pub use revision::{IfMatch, Revision};
pub use rules::{Moment, Refusal, Step, Write};
pub use secret::Secret;
pub use set::{DeviceSet, Skip};
