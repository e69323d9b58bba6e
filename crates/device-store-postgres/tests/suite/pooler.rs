//! The suite of all stores behind PgBouncer in transaction mode, where each transaction may have another connection of the database.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use device_core::Secret;
use device_store::conformance::{Place, random_histories};
use device_store_postgres::{Address, Options, PostgresStore};

use crate::server::{Server, Session};

fn server() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::start_pooled).as_ref()
}

fn options() -> Options {
    Options { prepared: false, read_connections: 2, ..Options::default() }
}

/// A database of its own: a pooler in that mode does not take a schema at the start of a connection.
#[derive(Debug)]
struct BehindPooler(Address);

impl Default for BehindPooler {
    fn default() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = &server().expect("there is a server").url;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Session::by(url).run(&format!("create database {name}"));
        let url = url.replace("/postgres?", &format!("/{name}?"));
        let address = Address::parse(&Secret::new(url)).unwrap();
        PostgresStore::migrate(&address, &options()).unwrap();
        Self(address)
    }
}

impl Place for BehindPooler {
    type Store = PostgresStore;
    const PERSISTS: bool = true;

    fn is_there() -> bool {
        server().is_some()
    }

    fn open(&self, changes_kept: u64) -> PostgresStore {
        PostgresStore::open(&self.0, &Options { changes_kept, ..options() }).unwrap()
    }
}

device_store::conformance_tests!(BehindPooler);

#[test]
fn histories() {
    random_histories::<BehindPooler>(10);
}
