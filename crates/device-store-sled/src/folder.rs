//! The folder of a store: made, locked, and rid of what an interrupted start of sled left in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Only the owner may look in: the sets hold the users' secrets.
const FOLDER_MODE: u32 = 0o700;

const FILE_MODE: u32 = 0o600;

/// A folder that nobody else uses while this lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// sled has a lock of its own, but lets go of it some time after it is closed; this one says at once whether somebody else is there.
    lock: File,
}

impl Folder {
    /// Makes the folder if it is missing, closes it to others, locks it and cleans up.
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Folder { folder: path.to_owned(), error };
        make(path).map_err(failed)?;
        if is_foreign(path).map_err(failed)? {
            return Err(OpenError::OtherFormat {
                folder: path.to_owned(),
                found: "files that are not a store's".into(),
                expected: "a store, or an empty folder".into(),
            });
        }
        close_to_others(path).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { folder: path.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // From here on the folder is known as a store's, whichever names of sled's files a power loss leaves.
        File::open(path).and_then(|folder| folder.sync_all()).map_err(failed)?;
        if has_other_segments(path) {
            return Err(OpenError::OtherFormat {
                folder: path.to_owned(),
                found: "a store in small segments".into(),
                expected: "one in segments of 16 MiB; export it with the version that wrote it"
                    .into(),
            });
        }
        clean(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Closing the file would do, but not while a process that another thread is starting still has a copy of the handle. If it fails, closing is what is left.
        let _unlocked = self.lock.unlock();
    }
}

/// Makes the folder and syncs its name, and those of all that had to be made above it.
fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)?;
    for made in missing {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether the folder is somebody else's, by mistake: neither empty nor a store.
fn is_foreign(path: &Path) -> io::Result<bool> {
    let mut foreign = false;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name == "lock" || name == "db" {
            return Ok(false);
        }
        // The root of a file system of its own.
        foreign |= name != "lost+found";
    }
    Ok(foreign)
}

/// Whether the folder was written with sled's own size of segments: read as another one, it would be destroyed. A `conf` that is torn never says that.
fn has_other_segments(path: &Path) -> bool {
    // It ends in a checksum that is no text.
    let conf = fs::read(path.join("conf")).unwrap_or_default();
    String::from_utf8_lossy(&conf).lines().any(|line| line == "segment_size: 524288")
}

fn close_to_others(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
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
