use std::path::Path;

use power_loss::Verdict;

use crate::ack::Ack;
use crate::find::{Judged, because, explain, read};
use crate::options::{Options, Sync};
use crate::stores::Probed;
use crate::work::perform;

/// Judges what a power loss left: `ack` is the last thing that the workload had said.
pub(crate) fn check<S: Probed>(folder: &Path, ack: &str, options: &Options) -> Verdict {
    // Until this process said something, what the one before it had said holds.
    let acked = match (ack, &options.acked) {
        ("none", Some(before)) => Ack::parse(before, options.writers),
        _ => Ack::parse(ack, options.writers),
    };
    // What is judged is the workload's sync, not the check's.
    let options = Options { sync: Sync::Disk, ..options.clone() };
    match judge::<S>(folder, &acked, &options) {
        Ok(()) => Verdict::Survived,
        Err((verdict, detail)) => {
            println!("{detail}");
            verdict
        }
    }
}

fn judge<S: Probed>(folder: &Path, acked: &Ack, options: &Options) -> Judged<()> {
    println!("phase open");
    let store = S::open(folder, options).map_err(because(Verdict::OpenFailed))?;
    println!("phase read");
    let mut writers = explain(&store, &read(&store)?, acked, options)?;
    println!("phase write");
    for writer in &mut writers {
        for _ in 0..OPERATIONS_MORE {
            perform(&store, writer.step()).map_err(because(Verdict::Unusable))?;
        }
    }
    println!("phase close");
    drop(store);
    println!("phase reopen");
    let store = S::open(folder, options).map_err(because(Verdict::Unusable))?;
    println!("phase reread");
    let operations = writers.iter().map(|writer| writer.done).collect();
    let written = Ack { operations, trimmed: acked.trimmed };
    explain(&store, &read(&store)?, &written, options)
        .map(drop)
        .map_err(|(_, text)| (Verdict::Unusable, format!("after writing on: {text}")))
}

/// What each writer writes after a recovery, to see that the store is of use.
const OPERATIONS_MORE: usize = 2;
