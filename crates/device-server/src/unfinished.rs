//! The mark of a copy that is not finished, for stores that live in files (a database has a row for it): a file in the data folder, `journal.unfinished`, as long as only a part of the store `journal` is there.
//!
//! It is durable before the store is made, and goes only when the copy was compared with its source. Without it a part of the users would pass for all of them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What the copy is made of, if the store is an unfinished one.
///
/// # Errors
/// What the operating system says.
pub fn source(name: &str, data: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path(name, data)) {
        Ok(source) => Ok(Some(source.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Marks the store as an unfinished copy of `source`. The data folder is made if it is missing.
///
/// # Errors
/// What the operating system says.
pub fn begin(name: &str, data: &Path, source: &str) -> io::Result<()> {
    device_store::folder::make(data)?;
    let mut options = File::options();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(path(name, data))?;
    writeln!(file, "{source}")?;
    file.sync_all()?;
    File::open(data)?.sync_all()
}

/// Takes the mark away.
///
/// # Errors
/// What the operating system says.
pub fn end(name: &str, data: &Path) -> io::Result<()> {
    match fs::remove_file(path(name, data)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::open(data)?.sync_all()
}

fn path(name: &str, data: &Path) -> PathBuf {
    data.join(format!("{name}.unfinished"))
}
