//! `devreg-rival`: serves one of the rivals, for `devreg-load compare --rival`.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use device_server::http;
use device_server::signing_key::SigningKey;
use devreg_rivals::Failure;
use devreg_rivals::engines::{Fjall, Lmdb, Redb, Sled, Sqlite};
use devreg_rivals::group::{Embedded, Group};
use devreg_rivals::ldap::Directory;
use devreg_rivals::postgres::Postgres;
use devreg_rivals::server::router;
use devreg_rivals::store::Store;
use tokio::net::TcpListener;

/// Swaps that are committed as one, at most.
const TOGETHER_MAX: usize = 1024;

/// Serves enrolments, lists and refreshes of push devices from the store of somebody else.
#[derive(Debug, Parser)]
#[command(name = "devreg-rival")]
struct Arguments {
    /// What stores the devices
    engine: Engine,
    /// The folder of its files, and of the key that signs tokens
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// The server of `postgres` and `ldap`
    #[arg(long, required_if_eq_any([("engine", "postgres"), ("engine", "ldap")]))]
    url: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Engine {
    /// SQLite, each change a transaction of its own
    Sqlite,
    /// SQLite, all changes that wait in one transaction
    SqliteGroup,
    Redb,
    Fjall,
    Lmdb,
    Sled,
    Postgres,
    Ldap,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("devreg-rival: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let key = SigningKey::open_or_create(&arguments.data)?;
    let folder = arguments.data.join("records");
    fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = arguments.url.as_deref().unwrap_or_default();
        match arguments.engine {
            Engine::Sqlite => serve(Group::start(Sqlite::open(&folder)?, 1)?, key).await,
            Engine::SqliteGroup => serve(grouped(Sqlite::open(&folder)?)?, key).await,
            Engine::Redb => serve(grouped(Redb::open(&folder)?)?, key).await,
            Engine::Fjall => serve(grouped(Fjall::open(&folder)?)?, key).await,
            Engine::Lmdb => serve(grouped(Lmdb::open(&folder)?)?, key).await,
            Engine::Sled => serve(grouped(Sled::open(&folder)?)?, key).await,
            Engine::Postgres => serve(Postgres::open(url).await?, key).await,
            Engine::Ldap => serve(Directory::open(url).await?, key).await,
        }
    })
}

fn grouped<E: Embedded>(engine: E) -> Result<Group<E>, Failure> {
    Ok(Group::start(engine, TOGETHER_MAX)?)
}

/// Serves until the process is ended.
async fn serve(store: impl Store, key: SigningKey) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{{\"listening\":\"{}\"}}", listener.local_addr()?)?;
    stdout.flush()?;
    http::serve(listener, router(store, key), std::future::pending()).await;
    Ok(())
}
