//! The store itself: operations are run by its own small runtime, and their futures wait for that.

use std::fmt;
use std::sync::{Arc, mpsc};

use device_core::{Change, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_store::{
    ChangePage, Cursor, DeviceStore, Page, Purged, StoreError, Swap, check_purge, check_swap,
};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use crate::address::Address;
use crate::connections::{Connections, Pause};
use crate::error::{OpenError, Trouble};
use crate::log;
use crate::migrate::{self, Migrated};
use crate::options::{OPERATION_TIME_MAX, Options, STATEMENT_TIME_MAX};
use crate::purge::PurgeRequest;
use crate::rows::column;
use crate::shared::Shared;
use crate::statements::{READ_NOTE, REMOVE_NOTE, WRITE_NOTE};
use crate::swap::SwapRequest;
use crate::tls;

/// Threads that wait for the database. They encode and decode nothing that is large, apart from the records themselves.
const THREADS: usize = 2;

/// How often numbers are given to changes that nobody reads, so that the log is kept short.
const UPKEEP_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// The note of an unfinished copy: what it is made of.
const UNFINISHED: &str = "unfinished copy of";

/// A store of device sets in a PostgreSQL database, which any number of processes may have open.
///
/// Every operation goes on by itself once it has begun, on threads of the store: its future may be dropped, and needs no runtime. Each has an answer within
/// [`OPERATION_TIME_MAX`].
pub struct PostgresStore {
    shared: Arc<Shared>,
    address: Address,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl PostgresStore {
    /// Connects to the database, whose tables must be there ([`migrate`](Self::migrate)). Waits for a server that does not answer yet, but not for one that refuses.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(address: &Address, options: &Options) -> Result<Self, OpenError> {
        let (runtime, shared) = start(address, options)?;
        let (to_check, database, time_max) =
            (Arc::clone(&shared), address.clone(), options.start_time_max);
        wait(&runtime, async move {
            let client = connect(&to_check.connections, &database, time_max).await?;
            migrate::check(&client, &database).await
        })?;
        let to_keep_up = Arc::downgrade(&shared);
        runtime.spawn(async move {
            let mut moments = interval(UPKEEP_INTERVAL);
            moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                moments.tick().await;
                let Some(shared) = to_keep_up.upgrade() else { break };
                log::keep_up(&shared).await;
            }
        });
        Ok(Self { shared, address: address.clone(), runtime: Some(runtime) })
    }

    /// Makes the tables or brings them up to date. Harmless where they are; several may do it at once.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn migrate(address: &Address, options: &Options) -> Result<Migrated, OpenError> {
        // A change of tables may take longer than any other statement, and is one connection's.
        let connections = connections(address, None, options)?;
        let runtime = runtime()?;
        let (database, time_max) = (address.clone(), options.start_time_max);
        wait(&runtime, async move {
            let mut client = connect(&connections, &database, time_max).await?;
            let migrated = migrate::migrate(&mut client, &database).await?;
            migrate::check(&client, &database).await.map(|()| migrated)
        })
    }

    /// Distributes the tables, which must be there, over the nodes of Citus: by shard key, the sets of a user and their queued changes on one node. Never run there yet. Returns whether they were not yet.
    ///
    /// # Errors
    /// [`OpenError::NoCitus`] if the database does not have that extension; the others.
    pub fn distribute(address: &Address, options: &Options) -> Result<bool, OpenError> {
        // Rows that are there already are moved, which may take long.
        let connections = connections(address, None, options)?;
        let runtime = runtime()?;
        let (database, time_max) = (address.clone(), options.start_time_max);
        wait(&runtime, async move {
            let client = connect(&connections, &database, time_max).await?;
            migrate::distribute(&client, &database).await
        })
    }

    /// Where the database is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What the store is an unfinished copy of, if it is one. Waits for the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub fn unfinished(&self) -> Result<Option<String>, StoreError> {
        let shared = Arc::clone(&self.shared);
        self.wait(async move {
            let deadline = Instant::now() + OPERATION_TIME_MAX;
            let rows = shared.connections.read(&READ_NOTE, &[&UNFINISHED], deadline).await;
            let rows = rows.map_err(Trouble::of_read)?;
            rows.first().map(|row| column(row, 0)).transpose()
        })
    }

    /// Marks the store as an unfinished copy of `source`, or as a whole store. Waits for the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also where it is not known whether it is marked.
    pub fn mark_unfinished(&self, source: Option<&str>) -> Result<(), StoreError> {
        let source = source.map(ToOwned::to_owned);
        let shared = Arc::clone(&self.shared);
        self.wait(async move {
            let deadline = Instant::now() + OPERATION_TIME_MAX;
            let connections = &shared.connections;
            // Either may be sent again, so they need no more care than a read.
            let noted = match &source {
                Some(source) => {
                    connections.read(&WRITE_NOTE, &[&UNFINISHED, source], deadline).await
                }
                None => connections.read(&REMOVE_NOTE, &[&UNFINISHED], deadline).await,
            };
            noted.map(|_| ()).map_err(Trouble::of_read)
        })
    }

    /// Runs an operation on the store's threads, and blocks until it is done.
    fn wait<T: Send + 'static>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(runtime) = &self.runtime else { return Err(closed()) };
        wait(runtime, operation)
    }

    /// Runs an operation on the store's threads. If these fail it, the answer is `lost`.
    async fn run<T, F>(&self, lost: StoreError, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else { return Err(closed()) };
        runtime.spawn(operation).await.unwrap_or(Err(lost))
    }
}

fn runtime() -> Result<Runtime, OpenError> {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("device-store-pg")
        .enable_all()
        .build()
        .map_err(OpenError::Threads)
}

fn connections(
    address: &Address,
    time_max: Option<std::time::Duration>,
    options: &Options,
) -> Result<Connections, OpenError> {
    let tls = tls::connector(address, options.ca_file.as_deref())?;
    Ok(Connections::new(address.config(time_max), tls, options))
}

fn start(address: &Address, options: &Options) -> Result<(Runtime, Arc<Shared>), OpenError> {
    let time_max = options.prepared.then_some(STATEMENT_TIME_MAX);
    let connections = connections(address, time_max, options)?;
    Ok((runtime()?, Arc::new(Shared::new(connections, options.changes_kept))))
}

/// The first connection.
async fn connect(
    connections: &Connections,
    address: &Address,
    time_max: std::time::Duration,
) -> Result<deadpool_postgres::ClientWrapper, OpenError> {
    let deadline = Instant::now() + time_max;
    let mut pause = Pause::default();
    loop {
        let reason = match connections.connect().await {
            Ok(client) => return Ok(client),
            Err(Trouble::Refused(reason)) => {
                return Err(OpenError::Refused { address: address.to_string().into(), reason });
            }
            Err(trouble) => trouble.of_read().to_string(),
        };
        if !pause.until(deadline).await {
            return Err(OpenError::Unreachable {
                address: address.to_string().into(),
                reason: reason.into(),
                seconds: time_max.as_secs(),
            });
        }
    }
}

/// Blocks until the runtime has done something. Not `Runtime::block_on`, which panics in a caller that runs in a runtime itself.
fn wait<T: Send + 'static, E: From<Stopped> + Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    let (answer, answered) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        let _nobody_waits = answer.send(work.await);
    });
    answered.recv().unwrap_or_else(|_| Err(Stopped.into()))
}

/// The store's threads have failed an operation.
struct Stopped;

impl From<Stopped> for StoreError {
    fn from(_: Stopped) -> Self {
        closed()
    }
}

impl From<Stopped> for OpenError {
    fn from(_: Stopped) -> Self {
        Self::Threads(std::io::Error::other("one of them failed"))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("its threads have stopped".into())
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Does not wait, as a store may be dropped by a task of another runtime, where waiting is not allowed. What is on its way has an unknown outcome.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresStore")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl DeviceStore for PostgresStore {
    async fn load(&self, key: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        self.run(closed(), async move { shared.load(&key).await }).await
    }

    async fn swap(
        &self,
        key: &SetKey,
        expected: Revision,
        next: Arc<DeviceSet>,
        change: Change,
    ) -> Result<Swap, StoreError> {
        check_swap(key, expected, &next, &change)?;
        let lost = StoreError::Unknown { change: change.id };
        let request = SwapRequest { key: key.clone(), expected, next, change };
        let shared = Arc::clone(&self.shared);
        self.run(lost, async move { request.run(&shared).await }).await
    }

    async fn resolve(
        &self,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Username>, StoreError> {
        let (shared, realm, user_id) = (Arc::clone(&self.shared), realm.clone(), user_id.clone());
        self.run(closed(), async move { shared.resolve(&realm, &user_id).await }).await
    }

    async fn scan(&self, after: Option<&SetKey>, limit: usize) -> Result<Page, StoreError> {
        let (shared, after) = (Arc::clone(&self.shared), after.cloned());
        self.run(closed(), async move { shared.scan(after.as_ref(), limit).await }).await
    }

    async fn changes(&self, after: Option<Cursor>, limit: usize) -> Result<ChangePage, StoreError> {
        let shared = Arc::clone(&self.shared);
        self.run(closed(), async move { log::changes(&shared, after, limit).await }).await
    }

    async fn trim(&self, through: Cursor) -> Result<u64, StoreError> {
        let shared = Arc::clone(&self.shared);
        let lost = StoreError::Unknown { change: Uuid::nil() };
        self.run(lost, async move { log::trim(&shared, through).await }).await
    }

    async fn purge(
        &self,
        realm: &Realm,
        username: &Username,
        change: Change,
    ) -> Result<Purged, StoreError> {
        check_purge(realm, username, &change)?;
        let lost = StoreError::Unknown { change: change.id };
        let request = PurgeRequest { realm: realm.clone(), username: username.clone(), change };
        let shared = Arc::clone(&self.shared);
        self.run(lost, async move { request.run(&shared).await }).await
    }
}
