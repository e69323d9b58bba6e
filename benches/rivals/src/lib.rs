//! What a team would otherwise write or run: the three requests that `devreg-load` sends, on stores that everybody knows.
//!
//! HTTP, token check, rules and answers are those of devreg, so that what is compared is what lies below: [`store`] says what that must do, [`engines`] are
//! embedded and share one [`group`] committer, [`postgres`] and [`ldap`] are servers. `docs/rivals.md` says how each is set.

pub mod engines;
pub mod group;
pub mod ldap;
pub mod postgres;
pub mod server;
pub mod store;

use std::error::Error;

/// What may go wrong. A swap that was lost is a value.
pub type Failure = Box<dyn Error + Send + Sync>;
