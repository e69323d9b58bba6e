//! The folder of a store that owns its files: made, closed to others, and locked for one process.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The name of the file that is locked.
pub const LOCK: &str = "lock";

/// Only the owner may look in: the sets hold the users' secrets.
const FOLDER_MODE: u32 = 0o700;

const FILE_MODE: u32 = 0o600;

/// A folder that nobody else uses while this lives. The lock dies with its process.
#[derive(Debug)]
pub struct LockedFolder {
    path: PathBuf,
    lock: File,
}

/// Why a folder could not be taken. Nothing in it was touched.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// Somebody has it: another process, or this one.
    #[error("the store in `{}` is in use: one process at a time can open it", .0.display())]
    InUse(PathBuf),
    /// It holds files that are not a store's.
    #[error("`{}` holds files that are not this store's; name an empty folder or that of a store of this kind", .0.display())]
    Foreign(PathBuf),
    /// It could not be made, read, locked or synced.
    #[error("cannot use `{}` as the folder of a store: {error}", .folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
}

impl LockedFolder {
    /// Makes the folder if it is missing, closes it to others and locks it. A folder with files in it, of which `is_known` knows none, is somebody else's, named by
    /// mistake; [`LOCK`] is known.
    ///
    /// # Errors
    /// [`TakeError`].
    pub fn take(path: &Path, is_known: impl Fn(&str) -> bool) -> Result<Self, TakeError> {
        let failed = |error| TakeError::Io { folder: path.to_owned(), error };
        make(path).map_err(failed)?;
        if is_foreign(path, is_known).map_err(failed)? {
            return Err(TakeError::Foreign(path.to_owned()));
        }
        close_to_others(path).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TakeError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // From here on the folder is known as a store's, whichever names of its files a power loss leaves.
        File::open(path).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LockedFolder {
    fn drop(&mut self) {
        // Closing the file would do, but not while a process that another thread is starting still has a copy of the handle. If it fails, closing is what is left.
        let _unlocked = self.lock.unlock();
    }
}

/// Makes the folder, in which only its owner may look, and syncs its name, and those of all that had to be made above it. One that is there stays as it is.
///
/// # Errors
/// What the operating system says.
pub fn make(path: &Path) -> io::Result<()> {
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

fn is_foreign(path: &Path, is_known: impl Fn(&str) -> bool) -> io::Result<bool> {
    let mut foreign = false;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name == LOCK || is_known(name)) {
            return Ok(false);
        }
        // The root of a file system of its own.
        foreign |= name != "lost+found";
    }
    Ok(foreign)
}

fn close_to_others(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
}
