//! A workload and a check for sled 0.34.7, used as the devreg store uses it.
//!
//! `sled_probe work [option=value]... FOLDER` runs the plan and prints `ack <batches>` after each
//! durable batch; `sled_probe check [option=value]... FOLDER ACK` judges a folder against it.
//! Both must be given the same options. See `options.rs`.
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers of system calls and random choices, on the 64-bit Linux whose calls are recorded"
)]

mod check;
mod log;
mod options;
mod plan;
mod store;

use std::path::Path;
use std::process::ExitCode;

use options::Options;
use plan::Plan;
use store::Store;

fn main() -> ExitCode {
    // sled's own threads would die alone and leave the others waiting.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("panic: {}", panic.to_string().replace('\n', " "));
        std::process::abort();
    }));
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (words, options): (Vec<_>, Vec<_>) = args.iter().partition(|arg| !arg.contains('='));
    let options = Options::parse(&options);
    match words.iter().map(|word| word.as_str()).collect::<Vec<_>>()[..] {
        ["work", folder] => work(Path::new(folder), &options),
        ["check", folder, ack] => {
            let verdict = check::check(Path::new(folder), ack, &options);
            return ExitCode::from(verdict.exit_code());
        }
        _ => panic!("sled_probe work|check [option=value]... FOLDER [ACK]"),
    }
    ExitCode::SUCCESS
}

/// Runs the batches `from..until`, closing and opening again `reopen` times on the way.
fn work(folder: &Path, options: &Options) {
    let plan = Plan::new(options);
    let until = options.until.min(plan.batches.len());
    let every = (until - options.from) / (options.reopen + 1) + 1;
    if options.from > 0 {
        // What an earlier process has promised holds while this one recovers.
        println!("ack {}", options.from);
    }
    let mut store = Store::open(folder, options).expect("the folder can be opened");
    for (number, batch) in plan.batches[..until].iter().enumerate().skip(options.from) {
        if number > options.from && (number - options.from).is_multiple_of(every) {
            drop(store);
            store = Store::open(folder, options).expect("the folder can be opened again");
        }
        store.commit(&plan.records(batch)).expect("the batch can be committed");
        println!("ack {}", number + 1);
    }
    if options.abort {
        let next = plan.records(&plan.batches[until]);
        store.apply(&next).expect("the batch can be applied");
        std::process::abort();
    }
}
