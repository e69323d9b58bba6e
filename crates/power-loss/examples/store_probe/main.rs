//! A workload and a check for every store of devreg.
//!
//! `store_probe work [option=value]... FOLDER` lets several writers each run a sequence of
//! operations that is known from the options alone, and prints after each acknowledged one how
//! many of each writer's are acknowledged, and through which change the log was trimmed:
//! `ack 12,13,11,40`. A process that finds a store with a past goes on where that one ended.
//!
//! `store_probe check [option=value]... FOLDER ACK` judges a folder against that. It must be given
//! the same options. See `options.rs`; a further store is a further implementation in `stores.rs`.
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers and random choices, on the 64-bit Linux whose calls are recorded"
)]

mod ack;
mod careless;
mod check;
mod find;
mod options;
mod plan;
mod stores;
mod work;

use std::path::Path;
use std::process::ExitCode;

use careless::Careless;
use device_store_journal::JournalStore;
use device_store_sled::SledStore;
use options::{Options, Store, Sync};
use stores::Probed;

fn main() -> ExitCode {
    // A store's own threads would die alone and leave the others waiting.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("panic: {}", panic.to_string().replace('\n', " "));
        std::process::abort();
    }));
    let args: Vec<String> = std::env::args().skip(1).collect();
    // An acknowledgement has no `=`, and no option goes without.
    let (words, options): (Vec<_>, Vec<_>) = args.iter().partition(|arg| !arg.contains('='));
    let options = Options::parse(&options);
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    match (options.store, options.sync) {
        (Store::Sled, _) => run::<SledStore>(&words, &options),
        (Store::Journal, Sync::Disk) => run::<JournalStore>(&words, &options),
        (Store::Journal, _) => run::<JournalStore<Careless>>(&words, &options),
    }
}

fn run<S: Probed>(words: &[&str], options: &Options) -> ExitCode {
    match words {
        ["work", folder] => {
            work::work::<S>(Path::new(folder), options);
            ExitCode::SUCCESS
        }
        ["check", folder, ack] => {
            ExitCode::from(check::check::<S>(Path::new(folder), ack, options).exit_code())
        }
        _ => panic!("store_probe work|check [option=value]... FOLDER [ACK]"),
    }
}
