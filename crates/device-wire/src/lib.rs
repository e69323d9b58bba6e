//! Reading requests of the device-management API: method, target, headers and body become a [`call::Call`], or a [`call::Fault`].
//!
//! What an attacker can send ends here, so all of it is pure functions of bytes, without I/O, sockets or status codes, and all of it is fuzzed.
//!
//! ```
//! use device_wire::call::{self, Operation, RawRequest, Reading};
//! use device_wire::realms::Realms;
//!
//! let mut realms = Realms::default();
//! realms.add("/", &[], &[])?;
//! realms.add("/alpha", &[], &[])?;
//! let reading = Reading { realms, contexts: vec!["am".into()], require_if_match: false };
//! let request = RawRequest {
//!     method: "GET",
//!     target: "/am/json/realms/root/realms/alpha/users/bjensen/devices/2fa/webauthn?_queryFilter=true",
//!     headers: &[],
//!     body: b"",
//! };
//! let call = call::read(&request, &reading).expect("the target names something");
//! assert_eq!(call.realm.as_str(), "/alpha");
//! assert!(matches!(call.operation, Ok(Operation::List { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ascii;
pub mod call;
#[cfg(feature = "fuzz")]
pub mod fuzz_target;
pub mod query;
pub mod realms;
