//! The locks of what readers and the writer share. One place, so that a model checker can put its own below them.

pub(crate) use parking_lot::{Mutex, RwLock};
