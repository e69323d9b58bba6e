//! The folder of a store: made, locked, and rid of what an interrupted start of sled left in it.

use std::fs;
use std::io;
use std::path::Path;

use device_store::folder::{LockedFolder, TakeError};

use crate::error::OpenError;

/// Takes the folder and cleans up. sled has a lock of its own, but lets go of it some time after it is closed; this one says at once whether somebody else is there.
pub(crate) fn take(path: &Path) -> Result<LockedFolder, OpenError> {
    let folder = LockedFolder::take(path, |name| name == "db").map_err(|error| match error {
        TakeError::InUse(folder) => OpenError::InUse { folder },
        TakeError::Foreign(folder) => OpenError::OtherFormat {
            folder,
            found: "files that are not a store's".into(),
            expected: "a store, or an empty folder".into(),
        },
        TakeError::Io { folder, error } => OpenError::Folder { folder, error },
    })?;
    if has_other_segments(path) {
        return Err(OpenError::OtherFormat {
            folder: path.to_owned(),
            found: "a store in small segments".into(),
            expected: "one in segments of 16 MiB; export it with the version that wrote it".into(),
        });
    }
    clean(path).map_err(|error| OpenError::Folder { folder: path.to_owned(), error })?;
    Ok(folder)
}

/// Whether the folder was written with sled's own size of segments: read as another one, it would be destroyed. A `conf` that is torn never says that.
fn has_other_segments(path: &Path) -> bool {
    // It ends in a checksum that is no text.
    let conf = fs::read(path.join("conf")).unwrap_or_default();
    String::from_utf8_lossy(&conf).lines().any(|line| line == "segment_size: 524288")
}

/// Removes what sled 0.34.7 stumbles over after a start that was interrupted: an unfinished snapshot (`snap.*.generating`), which it would take for the newest one, and
/// `conf`, which it writes without a sync and which may be there in part. `conf` holds only constants of this version and is written anew; that the folder is one of
/// this version is checked by a record of the store's own.
fn clean(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "conf" || (name.starts_with("snap.") && name.ends_with(".generating")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
