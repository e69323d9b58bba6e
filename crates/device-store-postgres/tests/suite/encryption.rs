//! What is not encrypted is not used where encryption is required. (Certificates: the server's tests, which have openssl.)

use std::time::Duration;

use device_core::Secret;
use device_store_postgres::{Address, OpenError, Options, PostgresStore};

use crate::server::{Schema, Server};

/// Opens the store of a schema with another `sslmode` than its URL has.
fn open(schema: &Schema, mode: &str) -> Result<PostgresStore, OpenError> {
    let url = schema.url().replace("sslmode=disable", &format!("sslmode={mode}"));
    let options = Options { start_time_max: Duration::from_secs(1), ..Options::default() };
    PostgresStore::open(&Address::parse(&Secret::new(url)).unwrap(), &options)
}

#[test]
fn a_server_without_encryption() {
    // Of its own: that of the environment may have encryption.
    let Some(server) = Server::start() else { return };
    let schema = Schema::on(&server.url);
    open(&schema, "prefer").unwrap();
    let error = open(&schema, "require").unwrap_err().to_string();
    assert!(error.contains("server does not support TLS"), "{error}");
}
