//! Opening: the folder, sled, what the store says of itself, and one sync before anything is shown.

use std::fmt::Display;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use device_core::fold::UNICODE_VERSION;
use device_store::folder::LockedFolder;

use crate::durable::{SyncPoint, sync_point};
use crate::engine::Open;
use crate::error::OpenError;
use crate::folder;
use crate::keys;
use crate::options::{ENGINE_CACHE_BYTES_MIN, Options};

/// The layout of the tree that this version reads and writes.
const FORMAT: &str = "devreg sled 1";

/// Bytes of a segment of sled's log: the most that it takes.
///
/// sled gives a segment free when what replaced its content is written, even if that belongs to a batch that is not complete yet, and writes over it one segment later. So a batch
/// whose log is longer than a segment can destroy what is in force until it is complete. The log of the largest sets is almost 16 MiB long (`docs/power-loss.md`).
const SEGMENT_BYTES: usize = 16 * 1024 * 1024;

/// How long is waited for sled's own lock: its threads hold it a little beyond the end of the store that was open before.
const ENGINE_LOCK_WAIT: Duration = Duration::from_secs(5);

/// A folder with an open tree in which everything is durable.
pub(crate) struct Opened {
    pub(crate) folder: LockedFolder,
    pub(crate) open: Open,
    pub(crate) sync_point: Box<dyn SyncPoint>,
    /// The numbers of the changes that are kept.
    pub(crate) changes: Range<u64>,
}

pub(crate) fn open(path: &Path, options: &Options) -> Result<Opened, OpenError> {
    let folder = folder::take(path)?;
    let open = open_tree(path, options)?;
    match prepare(path, &open.tree, options) {
        Ok((changes, sync_point)) => Ok(Opened { folder, open, sync_point, changes }),
        Err(error) => {
            open.close();
            Err(error)
        }
    }
}

/// Checks what the tree is, and makes durable what is in it.
fn prepare(
    path: &Path,
    tree: &sled::Db,
    options: &Options,
) -> Result<(Range<u64>, Box<dyn SyncPoint>), OpenError> {
    check_format(path, tree)?;
    let changes = kept_changes(tree).map_err(|error| engine(path, &error))?;
    let sync_point = sync_point(path, tree, options.durability)
        .map_err(|error| OpenError::Folder { folder: path.to_owned(), error })?;
    Ok((changes, sync_point))
}

fn open_tree(path: &Path, options: &Options) -> Result<Open, OpenError> {
    let config = sled::Config::new()
        .path(path)
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(options.engine_cache_bytes.max(ENGINE_CACHE_BYTES_MIN))
        // Its own flusher would write the log before the blobs it points to are durable (`durable.rs`).
        .flush_every_ms(None);
    let started = Instant::now();
    loop {
        // sled panics over some damaged files that it could refuse.
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(tree)) => {
                return Open::new(config, tree)
                    .map_err(|error| OpenError::Folder { folder: path.to_owned(), error });
            }
            Ok(Err(error)) if !is_locked(&error) => return Err(engine(path, &error)),
            Ok(Err(_)) if started.elapsed() > ENGINE_LOCK_WAIT => {
                return Err(OpenError::InUse { folder: path.to_owned() });
            }
            Ok(Err(_)) => thread::sleep(Duration::from_millis(5)),
            Err(_) => return Err(engine(path, &"it panicked over its files")),
        }
    }
}

/// sled has no kind of error for this; the text is that of the pinned version, and a test opens a folder twice.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// A new tree gets the records by which it is known; another one must have them.
fn check_format(path: &Path, tree: &sled::Db) -> Result<(), OpenError> {
    let (major, minor, patch) = UNICODE_VERSION;
    let folding = format!("names folded with Unicode {major}.{minor}.{patch}");
    let expected = [(keys::FORMAT, FORMAT), (keys::FOLDING, folding.as_str())];
    if tree.is_empty() {
        let mut batch = sled::Batch::default();
        for (key, value) in expected {
            batch.insert(key, value);
        }
        return tree.apply_batch(batch).map_err(|error| engine(path, &error));
    }
    for (key, expected) in expected {
        let found = tree.get(key).map_err(|error| engine(path, &error))?;
        if found.as_deref() != Some(expected.as_bytes()) {
            let found = found.map_or_else(
                || "a sled tree of something else".into(),
                |found| String::from_utf8_lossy(&found).into(),
            );
            return Err(OpenError::OtherFormat {
                folder: path.to_owned(),
                found,
                expected: expected.into(),
            });
        }
    }
    Ok(())
}

fn kept_changes(tree: &sled::Db) -> sled::Result<Range<u64>> {
    let number = |record: Option<sled::Result<(sled::IVec, sled::IVec)>>| {
        record.transpose().map(|record| record.and_then(|(key, _)| keys::sequence_of(&key)))
    };
    let first = number(tree.scan_prefix(keys::CHANGES).next())?;
    let last = number(tree.scan_prefix(keys::CHANGES).next_back())?;
    if let (Some(first), Some(last)) = (first, last) {
        return Ok(first..last + 1);
    }
    let next = tree
        .get(keys::NEXT_CHANGE)?
        .and_then(|next| Some(u64::from_be_bytes((*next).try_into().ok()?)));
    let next = next.unwrap_or(1);
    Ok(next..next)
}

fn engine(path: &Path, reason: &impl Display) -> OpenError {
    OpenError::Engine { folder: path.to_owned(), reason: reason.to_string().into() }
}
