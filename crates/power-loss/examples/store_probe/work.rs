use std::path::Path;
use std::sync::Mutex;
use std::thread;

use device_store::{Cursor, DeviceStore, StoreError, Swap};
use futures_executor::block_on;

use crate::ack::Ack;
use crate::find::{explain, read};
use crate::options::Options;
use crate::plan::{Operation, realm};
use crate::stores::Probed;

/// Lets every writer go on to [`Options::operations`], closing and opening again on the way.
pub(crate) fn work<S: Probed>(folder: &Path, options: &Options) {
    let mut ack = Ack::none(options.writers);
    if let Some(acked) = &options.acked {
        // What an earlier process has promised holds while this one recovers.
        ack = Ack::parse(acked, options.writers);
        println!("{ack}");
    }
    let mut store = S::open(folder, options).expect("the folder can be opened");
    let found = read(&store).unwrap_or_else(|(_, text)| panic!("{text}"));
    let past = found.past(&ack, options);
    let mut writers = explain(&store, &found, &past, options)
        .unwrap_or_else(|(_, text)| panic!("the store is not as it was left: {text}"));
    ack = Ack { operations: writers.iter().map(|writer| writer.done).collect(), ..past };
    if ack != Ack::none(options.writers) {
        // What could be read is durable.
        println!("{ack}");
    }
    let from = ack.operations.iter().copied().min().unwrap_or(0);
    let said = Mutex::new(ack);
    let rounds = options.reopen + 1;
    for round in 1..=rounds {
        if round > 1 {
            drop(store);
            store = S::open(folder, options).expect("the folder can be opened again");
        }
        let until = from + options.operations.saturating_sub(from) * round / rounds;
        let is_last = round == rounds;
        thread::scope(|scope| {
            for (number, writer) in writers.iter_mut().enumerate() {
                let (store, said) = (&store, &said);
                scope.spawn(move || {
                    while writer.done < until {
                        perform(store, writer.step()).expect("the store can be written");
                        say(said, |ack| ack.operations[number] = writer.done);
                        if number == 0 && writer.done % TRIM_EVERY == 0 {
                            trim(store, said, options);
                        }
                    }
                    if is_last && options.abort {
                        std::process::abort();
                    }
                });
            }
        });
    }
}

/// Does one operation, which nobody else gets in the way of.
pub(crate) fn perform(store: &impl DeviceStore, operation: Operation) -> Result<(), StoreError> {
    match operation {
        Operation::Swap { key, expected, next, change } => {
            let swap = block_on(store.swap(&key, expected, next, change))?;
            assert_eq!(swap, Swap::Stored, "{key} has one writer");
        }
        Operation::Purge { username, sets, change } => {
            let purged = block_on(store.purge(&realm(), &username, change))?;
            assert_eq!(purged.sets, sets, "`{username:?}` has one writer");
        }
    }
    Ok(())
}

/// Forgets the older half of the changes that are kept.
fn trim(store: &impl DeviceStore, said: &Mutex<Ack>, options: &Options) {
    let page = block_on(store.changes(None, usize::MAX)).expect("the log can be read");
    let last = page.last().map_or(0, |change| change.cursor.sequence());
    let through = last.saturating_sub(options.kept / 2);
    block_on(store.trim(Cursor::from_sequence(through))).expect("the log can be trimmed");
    say(said, |ack| ack.trimmed = ack.trimmed.max(through));
}

/// Says what is acknowledged now, in one line and one write.
fn say(said: &Mutex<Ack>, acknowledge: impl FnOnce(&mut Ack)) {
    let mut ack = said.lock().expect("no writer panics with it");
    acknowledge(&mut ack);
    println!("{ack}");
}

const TRIM_EVERY: usize = 15;
