//! The other commands of `devreg`, and how `serve` starts, logs and stops.

mod copy;
mod export;
mod import;
mod ldif;
mod logs;
mod serve;
mod stores;
mod token;
