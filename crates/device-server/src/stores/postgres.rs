//! The store on PostgreSQL, by its URL and with the settings of `postgres.*`.

use std::fmt;

use device_core::Secret;
use device_store_postgres::{Address, Options, PostgresStore};

use super::{OpenError, StoreChoice};
use crate::settings::PostgresSettings;

/// Whether a text is the URL of a database.
pub(super) fn is_meant_by(text: &str) -> bool {
    Address::is_meant_by(text)
}

/// Writes a URL without its password; of one that cannot be read nothing but its scheme, since the password may be anywhere.
pub(super) fn fmt(url: &Secret, scheme: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match Address::parse(url) {
        Ok(address) => fmt::Display::fmt(&address, formatter),
        Err(_) => write!(formatter, "{scheme}://..."),
    }
}

/// Opens the store, also if it is an unfinished copy.
pub(super) fn open(url: &str, settings: &PostgresSettings) -> Result<PostgresStore, OpenError> {
    let address = Address::parse(&Secret::new(url))?;
    Ok(PostgresStore::open(&address, &options(settings))?)
}

/// Fails if the store is an unfinished copy.
pub(super) fn check_whole(store: &PostgresStore) -> Result<(), OpenError> {
    let Some(from) = store.unfinished()? else { return Ok(()) };
    let address = store.address().to_string().into();
    Err(OpenError::UnfinishedDatabase { address, from })
}

/// Makes the tables of a database or brings them up to date. Says in a line what was done.
///
/// # Errors
/// [`OpenError`].
pub fn migrate(choice: &StoreChoice, settings: &PostgresSettings) -> Result<String, OpenError> {
    if !choice.is_database() {
        return Err(OpenError::NothingToMigrate(choice.to_string()));
    }
    let address = Address::parse(&choice.0)?;
    let migrated = PostgresStore::migrate(&address, &options(settings))?;
    let done = if migrated.applied.is_empty() { "already has" } else { "now has" };
    Ok(format!("the database {address} {done} version {} of the tables", migrated.version))
}

/// Distributes the tables of a database, which were made by [`migrate`], over the nodes of Citus. Says in a line what was done.
///
/// # Errors
/// [`OpenError`].
pub fn distribute(choice: &StoreChoice, settings: &PostgresSettings) -> Result<String, OpenError> {
    let address = Address::parse(&choice.0)?;
    let done = match PostgresStore::distribute(&address, &options(settings))? {
        true => "are now",
        false => "were already",
    };
    Ok(format!("the tables in {address} {done} distributed"))
}

fn options(settings: &PostgresSettings) -> Options {
    let default = Options::default();
    Options {
        read_connections: settings.read_connections.map_or(default.read_connections, usize::from),
        write_connections: settings
            .write_connections
            .map_or(default.write_connections, usize::from),
        prepared: settings.prepared.unwrap_or(default.prepared),
        ca_file: settings.ca_file.clone(),
        changes_kept: settings.changes_kept.unwrap_or(default.changes_kept),
        ..default
    }
}
