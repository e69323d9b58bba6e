//! The other commands of `devreg`, and how `serve` starts, logs and stops.

mod copy;
mod demo_data;
mod export;
mod import;
mod kill_import;
mod ldif;
mod logs;
mod postgres;
mod postgres_encrypted;
mod serve;
mod stores;
mod token;
mod verify;
