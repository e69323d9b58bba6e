//! The stores a server can stand on: only this file, and what is below it, names them.

mod postgres;

use std::fmt;
use std::path::{Path, PathBuf};

use device_core::Secret;
use device_store::{MemoryStore, StoreError};
use device_store_journal::JournalStore;
use device_store_postgres::PostgresStore;
use device_store_sled::SledStore;
use serde::Deserialize;

pub use self::postgres::{distribute, migrate};
use crate::settings::PostgresSettings;
use crate::unfinished;

/// The store of those who name none.
pub const STORE_DEFAULT: &str = "sled";

/// The stores that live in files, each in the folder of its name in the data folder.
pub const EMBEDDED: [&str; 2] = ["journal", "sled"];

/// All names of stores, for messages.
pub const NAMES: &str = "journal, sled, memory, postgres://...";

/// Which store is meant: its name, or the URL of a database. A URL may hold a password, so this is not printed whole.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct StoreChoice(Secret);

impl StoreChoice {
    /// The name, or the URL with its password.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether a database is meant rather than a store in the data folder.
    #[must_use]
    pub fn is_database(&self) -> bool {
        postgres::is_meant_by(self.expose())
    }
}

impl<T: Into<String>> From<T> for StoreChoice {
    fn from(text: T) -> Self {
        Self(Secret::new(text.into()))
    }
}

/// For messages: a URL without its password.
impl fmt::Display for StoreChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expose().split_once("://") {
            None => formatter.write_str(self.expose()),
            Some((scheme, _)) => postgres::fmt(&self.0, scheme, formatter),
        }
    }
}

impl fmt::Debug for StoreChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A store that was opened.
#[derive(Debug)]
pub enum Opened {
    /// Everything in memory.
    Memory(MemoryStore),
    /// The journal, in the data folder.
    Journal(JournalStore),
    /// sled, in the data folder.
    Sled(SledStore),
    /// A database, which other processes may have open as well.
    Postgres(PostgresStore),
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such store.
    #[error("there is no store `{0}`; this version has {NAMES}")]
    NoSuchStore(String),
    /// Nobody said which store, and the default one would begin empty beside another.
    #[error(
        "`{data}` holds a store `{there}` and no `{default}`, which is the default: say `--store {there}` to go on with it, \
         or move it: `devreg copy --from {there}:{data} --to {default}:{data}`"
    )]
    OnlyAnother {
        /// The data folder.
        data: String,
        /// The store in it.
        there: &'static str,
        /// The store that would be new.
        default: &'static str,
    },
    /// Nobody said which store, and there are two, of which one is likely to be out of date.
    #[error(
        "`{data}` holds a store `{there}` and a store `{default}`: say with `--store` which of them is meant, \
         or move the folder of the one that is no longer needed away"
    )]
    Several {
        /// The data folder.
        data: String,
        /// A store in it.
        there: &'static str,
        /// Another one.
        default: &'static str,
    },
    /// Only a part of it is there.
    #[error(
        "the store `{name}` in `{data}` is an unfinished copy: repeat `devreg copy --from {from} --to {name}:{data}`, \
         which goes on where it ended"
    )]
    Unfinished {
        /// The store.
        name: String,
        /// The data folder.
        data: String,
        /// What is copied.
        from: String,
    },
    /// Only a part of it is there.
    #[error(
        "the store in {address} is an unfinished copy: repeat `devreg copy --from {from} --to ...`, which goes on where it ended"
    )]
    UnfinishedDatabase {
        /// The database, without a password.
        address: Box<str>,
        /// What is copied.
        from: String,
    },
    /// A database was to be used that has no tables of its own to bring up to date.
    #[error("`{0}` has no tables: only a database (`--store postgres://...`) is migrated")]
    NothingToMigrate(String),
    /// It cannot be seen whether it is whole.
    #[error("cannot look for an unfinished copy in the data folder: {0}")]
    Marker(std::io::Error),
    /// The store says no.
    #[error(transparent)]
    Sled(#[from] device_store_sled::OpenError),
    /// The store says no.
    #[error(transparent)]
    Journal(#[from] device_store_journal::OpenError),
    /// The store says no.
    #[error(transparent)]
    Postgres(#[from] device_store_postgres::OpenError),
    /// The URL of a database is none.
    #[error(transparent)]
    Address(#[from] device_store_postgres::AddressError),
    /// A database says no when it is asked whether it is whole.
    #[error(transparent)]
    Database(#[from] StoreError),
}

impl OpenError {
    /// Whether another process has the store, or a database does not answer: worth another try later.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        match self {
            Self::Sled(error) => matches!(error, device_store_sled::OpenError::InUse { .. }),
            Self::Journal(error) => error.is_in_use(),
            Self::Postgres(error) => {
                matches!(error, device_store_postgres::OpenError::Unreachable { .. })
            }
            Self::Database(_) => true,
            _ => false,
        }
    }
}

impl Opened {
    /// A store with nothing in it, which leaves nothing behind.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Memory(MemoryStore::default())
    }

    /// The name of the store.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Journal(_) => "journal",
            Self::Sled(_) => "sled",
            Self::Postgres(_) => "postgres",
        }
    }

    /// What the store finds wrong with its own files, if it has a check of its own for them, each in a line.
    #[must_use]
    pub fn file_problems(&self) -> Option<Vec<String>> {
        match self {
            Self::Journal(store) => Some(store.verify().problems),
            Self::Memory(_) | Self::Sled(_) | Self::Postgres(_) => None,
        }
    }
}

/// The store that is meant. Where nobody said so it is the default one, unless the data folder holds another: an empty store must not take the place of a full one.
///
/// # Errors
/// [`OpenError::OnlyAnother`], [`OpenError::Several`].
pub fn choose(said: Option<&StoreChoice>, data: &Path) -> Result<StoreChoice, OpenError> {
    match said {
        Some(said) => Ok(said.clone()),
        None => choose_default(STORE_DEFAULT, data).map(StoreChoice::from),
    }
}

fn choose_default(default: &'static str, data: &Path) -> Result<String, OpenError> {
    let another = EMBEDDED.into_iter().find(|name| *name != default && is_there(name, data));
    let Some(there) = another else { return Ok(default.to_owned()) };
    let holds_both = is_there(default, data);
    let data = data.display().to_string();
    Err(match holds_both {
        true => OpenError::Several { data, there, default },
        false => OpenError::OnlyAnother { data, there, default },
    })
}

/// The folder of an embedded store.
#[must_use]
pub fn folder(name: &str, data: &Path) -> PathBuf {
    data.join(name)
}

/// Whether the data folder holds an embedded store of that name. An empty folder is none.
#[must_use]
pub fn is_there(name: &str, data: &Path) -> bool {
    folder(name, data).read_dir().is_ok_and(|mut entries| entries.next().is_some())
}

/// Opens the store of that name, in `data` if it lives in files.
///
/// # Errors
/// [`OpenError`], with what to do.
pub fn open(name: &str, data: &Path) -> Result<Opened, OpenError> {
    open_with(name, data, &PostgresSettings::default())
}

/// As [`open`], with settings for a database.
///
/// # Errors
/// As [`open`].
pub fn open_with(
    name: &str,
    data: &Path,
    settings: &PostgresSettings,
) -> Result<Opened, OpenError> {
    if postgres::is_meant_by(name) {
        let store = postgres::open(name, settings)?;
        postgres::check_whole(&store)?;
        return Ok(Opened::Postgres(store));
    }
    if let Some(from) = unfinished::source(name, data).map_err(OpenError::Marker)? {
        let (name, data) = (name.to_owned(), data.display().to_string());
        return Err(OpenError::Unfinished { name, data, from });
    }
    open_unfinished_with(name, data, settings)
}

/// As [`open`], also if it is an unfinished copy: for the copy itself.
///
/// # Errors
/// As [`open`].
pub fn open_unfinished(name: &str, data: &Path) -> Result<Opened, OpenError> {
    open_unfinished_with(name, data, &PostgresSettings::default())
}

/// As [`open_unfinished`], with settings for a database.
///
/// # Errors
/// As [`open`].
pub fn open_unfinished_with(
    name: &str,
    data: &Path,
    settings: &PostgresSettings,
) -> Result<Opened, OpenError> {
    let folder = folder(name, data);
    match name {
        "memory" => Ok(Opened::nothing()),
        "journal" => {
            let options = device_store_journal::Options::default();
            Ok(Opened::Journal(JournalStore::open(folder, &options)?))
        }
        "sled" => {
            let options = device_store_sled::Options::default();
            Ok(Opened::Sled(SledStore::open(folder, options)?))
        }
        _ if postgres::is_meant_by(name) => Ok(Opened::Postgres(postgres::open(name, settings)?)),
        _ => Err(OpenError::NoSuchStore(StoreChoice::from(name).to_string())),
    }
}

/// Marks a store as an unfinished copy of `source`: by a file beside a store in files, which need not be there yet, by a row in a database.
///
/// # Errors
/// [`OpenError`].
pub fn begin_copy(
    name: &str,
    data: &Path,
    opened: Option<&Opened>,
    source: &str,
) -> Result<(), OpenError> {
    match opened {
        Some(Opened::Postgres(store)) => Ok(store.mark_unfinished(Some(source))?),
        _ => unfinished::begin(name, data, source).map_err(OpenError::Marker),
    }
}

/// Takes the mark of [`begin_copy`] away.
///
/// # Errors
/// [`OpenError`].
pub fn end_copy(name: &str, data: &Path, opened: &Opened) -> Result<(), OpenError> {
    match opened {
        Opened::Postgres(store) => Ok(store.mark_unfinished(None)?),
        _ => unfinished::end(name, data).map_err(OpenError::Marker),
    }
}

/// Does the same with whichever store was opened: `on_store!(opened, |store| ...)`.
#[macro_export]
macro_rules! on_store {
    ($opened:expr, |$store:ident| $body:expr) => {
        match $opened {
            $crate::stores::Opened::Memory($store) => $body,
            $crate::stores::Opened::Journal($store) => $body,
            $crate::stores::Opened::Sled($store) => $body,
            $crate::stores::Opened::Postgres($store) => $body,
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen in a folder that holds these stores, with either default.
    fn chosen(default: &'static str, stores: &[&str]) -> Result<String, String> {
        let data = tempfile::tempdir().unwrap();
        for name in stores {
            std::fs::create_dir(data.path().join(name)).unwrap();
            std::fs::write(data.path().join(name).join("file"), "").unwrap();
        }
        std::fs::write(data.path().join("signing-key"), "").unwrap();
        choose_default(default, data.path())
            .map_err(|error| error.to_string().replace(&*data.path().to_string_lossy(), "DATA"))
    }

    #[test]
    fn an_empty_store_does_not_take_the_place_of_a_full_one() {
        for (default, other) in [("journal", "sled"), ("sled", "journal")] {
            assert_eq!(chosen(default, &[]).as_deref(), Ok(default));
            assert_eq!(chosen(default, &[default]).as_deref(), Ok(default));
            assert_eq!(
                chosen(default, &[other]).unwrap_err(),
                format!(
                    "`DATA` holds a store `{other}` and no `{default}`, which is the default: say `--store {other}` to go on with it, \
                     or move it: `devreg copy --from {other}:DATA --to {default}:DATA`"
                )
            );
            let several = chosen(default, &[default, other]).unwrap_err();
            assert!(several.contains("say with `--store` which of them is meant"), "{several}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        for url in
            ["postgres://u:canary@one,two/db", "postgres://u:canary@/", "postgre://u:canary@one/db"]
        {
            let choice = StoreChoice::from(url);
            let refused = OpenError::NoSuchStore(choice.to_string());
            assert!(!format!("{choice} {choice:?} {refused}").contains("canary"), "{choice}");
        }
    }

    #[test]
    fn an_empty_folder_is_no_store() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("journal")).unwrap();
        assert_eq!(choose_default("sled", data.path()).unwrap(), "sled");
    }
}
