//! A PostgreSQL server for this test process, and a schema of its own for each test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use device_core::Secret;
use device_store::conformance::Place;
use device_store_postgres::{Address, Options, PostgresStore};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// A server to use rather than one of our own.
const URL_VARIABLE: &str = "DEVREG_PG_URL";

/// The script's exit code where no PostgreSQL is installed.
const NOT_INSTALLED: i32 = 77;

/// A server of our own, which ends when its stdin does: with this process at the latest.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    _child: Child,
    _stdin: ChildStdin,
}

impl Server {
    /// Starts one; `None`, and a word of it, where no PostgreSQL is installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[], "PostgreSQL")
    }

    /// Starts one behind a PgBouncer in transaction mode.
    pub(crate) fn start_pooled() -> Option<Self> {
        Self::start_with(&["--pooler"], "PostgreSQL or PgBouncer")
    }

    fn start_with(options: &[&str], tools: &str) -> Option<Self> {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/throw-away-postgres");
        let mut command = Command::new(script);
        command.args(options).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        if url.is_empty() {
            let code = child.wait().unwrap().code();
            assert_eq!(code, Some(NOT_INSTALLED), "the server does not start");
            skipped(&format!("{tools} is not installed"));
            return None;
        }
        Some(Self { url: url.trim().to_owned(), _child: child, _stdin: stdin })
    }

    /// Kills it, as the end of its machine would; the script starts it again.
    pub(crate) fn kill(schema: &Schema) {
        let sql = "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
        let id = Session::on(schema).text(sql);
        assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    }
}

/// The URL of the server that the tests share.
pub(crate) fn url() -> Option<&'static str> {
    static SHARED: OnceLock<Option<(String, Option<Server>)>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| match std::env::var(URL_VARIABLE) {
        Ok(url) => Some((url, None)),
        Err(_) => Server::start().map(|server| (server.url.clone(), Some(server))),
    });
    shared.as_ref().map(|(url, _)| url.as_str())
}

/// Says that a test was skipped, or fails if the environment asks for all of them.
fn skipped(why: &str) {
    const REQUIRE_VARIABLE: &str = "DEVREG_REQUIRE_TOOLS";
    let required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!required, "{why}, and {REQUIRE_VARIABLE} asks for it");
    // Past the test harness, which would keep it for itself.
    std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}

/// Schemas of the shared server that were used and have nothing in them: to make one takes longer than most tests.
static EMPTIED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A schema with the store's tables, empty.
#[derive(Debug)]
pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// A new one on that server.
    pub(crate) fn on(server: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let emptied = (url() == Some(server)).then(|| EMPTIED.lock().unwrap().pop()).flatten();
        if let Some(name) = emptied {
            return Self { server: server.to_owned(), name };
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("devreg_test_{}_{number}", std::process::id());
        let schema = Self { server: server.to_owned(), name };
        schema.run(&format!("create schema {}", schema.name));
        PostgresStore::migrate(&schema.address(), &Options::default()).unwrap();
        schema
    }

    /// Its URL on a server that may be reached by another way.
    pub(crate) fn url_by(&self, server: &str) -> String {
        let mark = if server.contains('?') { '&' } else { '?' };
        format!("{server}{mark}options=-csearch_path%3D{}", self.name)
    }

    pub(crate) fn url(&self) -> String {
        self.url_by(&self.server)
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&Secret::new(self.url())).unwrap()
    }

    /// Opens the store by another way to the server.
    pub(crate) fn open_by(&self, server: &str, options: &Options) -> PostgresStore {
        let address = Address::parse(&Secret::new(self.url_by(server))).unwrap();
        PostgresStore::open(&address, options).unwrap()
    }

    pub(crate) fn open(&self, options: &Options) -> PostgresStore {
        PostgresStore::open(&self.address(), options).unwrap()
    }

    /// Runs statements.
    pub(crate) fn run(&self, sql: &str) {
        Session::on(self).run(sql);
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if std::thread::panicking() || url() != Some(&self.server) {
            return;
        }
        // The log first, as the store does: one that was just dropped may be giving numbers yet.
        self.run(
            "update device_change_log set first = 1, next = 1; delete from device_change_queue; delete from device_change; \
             delete from device_set; delete from device_alias; delete from store_note where name not like 'names%'",
        );
        EMPTIED.lock().unwrap().push(self.name.clone());
    }
}

/// A connection of the test's own.
pub(crate) struct Session {
    client: tokio_postgres::Client,
    runtime: tokio::runtime::Runtime,
}

impl Session {
    pub(crate) fn on(schema: &Schema) -> Self {
        Self::by(&schema.url())
    }

    pub(crate) fn by(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        Self { client, runtime }
    }

    /// Runs statements.
    pub(crate) fn run(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap();
    }

    /// The text that a query gives.
    pub(crate) fn text(&self, sql: &str) -> String {
        self.runtime.block_on(self.client.query_one(sql, &[])).unwrap().get(0)
    }

    /// The lines of text that a statement gives.
    pub(crate) fn lines(&self, sql: &str) -> Vec<String> {
        let rows = self.runtime.block_on(self.client.simple_query(sql)).unwrap();
        let line = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
            _ => None,
        };
        rows.iter().filter_map(line).collect()
    }

    /// How many rows there are of what stands behind `from`.
    pub(crate) fn count(&self, from: &str) -> i64 {
        let sql = format!("select count(*) from {from}");
        self.runtime.block_on(self.client.query_one(&sql, &[])).unwrap().get(0)
    }
}

/// A place of the conformance suite.
#[derive(Debug)]
pub(crate) struct OnPostgres(Schema);

impl Default for OnPostgres {
    fn default() -> Self {
        Self(Schema::on(url().expect("there is a server")))
    }
}

impl Place for OnPostgres {
    type Store = PostgresStore;
    const PERSISTS: bool = true;

    fn is_there() -> bool {
        url().is_some()
    }

    fn open(&self, changes_kept: u64) -> PostgresStore {
        // Few connections: the histories open a store thousands of times, and each connection is a process of the server.
        self.0.open(&Options { changes_kept, read_connections: 2, ..Options::default() })
    }
}
