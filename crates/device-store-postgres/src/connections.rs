//! Connections: a few that many reads share, and a pool of those that carry one write at a time.
//!
//! Requests of one connection are answered in their order, and each commit waits for the disk: so reads share connections gladly, writes do not.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Trouble;
use crate::options::{Options, STATEMENT_TIME_MAX, WRITE_CONNECTIONS_MAX};
use crate::statements::Statement;

/// All connections of a store.
pub(crate) struct Connections {
    config: Config,
    tls: MakeRustlsConnect,
    prepared: bool,
    readers: Box<[Mutex<Option<Arc<ClientWrapper>>>]>,
    next_reader: AtomicUsize,
    writers: Pool,
}

impl Connections {
    pub(crate) fn new(config: Config, tls: MakeRustlsConnect, options: &Options) -> Self {
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), tls.clone(), manager_config);
        let connections = options.write_connections.clamp(1, WRITE_CONNECTIONS_MAX);
        let writers = Pool::builder(manager)
            .max_size(connections)
            .create_timeout(Some(STATEMENT_TIME_MAX))
            .runtime(Runtime::Tokio1)
            .build();
        Self {
            config,
            tls,
            prepared: options.prepared,
            readers: (0..options.read_connections.max(1)).map(|_| Mutex::default()).collect(),
            next_reader: AtomicUsize::new(0),
            // It fails only where it is to keep time and has no runtime to do so.
            writers: writers.unwrap_or_else(|error| unreachable!("{error}")),
        }
    }

    /// A new connection, which is not shared.
    pub(crate) async fn connect(&self) -> Result<ClientWrapper, Trouble> {
        // The configuration's own limit ends when a host answers at all.
        let connecting = self.config.connect(self.tls.clone());
        let connected = timeout(STATEMENT_TIME_MAX, connecting).await.map_err(|_| {
            Trouble::Again("the database did not complete a connection in time".into())
        })?;
        let (client, connection) = connected.map_err(|error| Trouble::unconnected(&error))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        Ok(ClientWrapper::new(client, task))
    }

    /// Runs one reading statement, again on another connection if one is lost, until `deadline`.
    pub(crate) async fn read(
        &self,
        statement: &'static Statement,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Instant,
    ) -> Result<Vec<Row>, Trouble> {
        let mut pause = Pause::default();
        loop {
            let trouble = match self.try_read(statement, parameters, deadline).await {
                Ok(rows) => return Ok(rows),
                Err(trouble @ (Trouble::Refused(_) | Trouble::Said(_))) => return Err(trouble),
                Err(trouble) => trouble,
            };
            if !pause.until(deadline).await {
                return Err(trouble);
            }
        }
    }

    async fn try_read(
        &self,
        statement: &'static Statement,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Instant,
    ) -> Result<Vec<Row>, Trouble> {
        let at = self.next_reader.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        let client = within(deadline, self.reader(at)).await??;
        let session = Session { client: &client, prepared: self.prepared };
        let read = within(statement_end(deadline), session.query(statement, parameters)).await;
        let trouble = match read {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(trouble)) | Err(trouble) => trouble,
        };
        // Whatever it was: the next one gets a connection that is known to work.
        let mut slot = self.readers[at].lock().await;
        slot.take_if(|current| Arc::ptr_eq(current, &client));
        Err(trouble)
    }

    async fn reader(&self, at: usize) -> Result<Arc<ClientWrapper>, Trouble> {
        let mut slot = self.readers[at].lock().await;
        if let Some(client) = slot.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.connect().await?);
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }

    /// A connection for a write.
    pub(crate) async fn writer(&self, deadline: Instant) -> Result<Writer, Trouble> {
        match within(deadline, self.writers.get()).await {
            Ok(Ok(object)) => Ok(Writer { object, prepared: self.prepared }),
            Ok(Err(PoolError::Backend(error))) => Err(Trouble::unconnected(&error)),
            Ok(Err(error)) => Err(Trouble::Again(error.to_string().into())),
            Err(_) => {
                let status = self.writers.status();
                let reason = format!(
                    "no connection for a write became free in time: {} of {} in use, {} waiting",
                    status.size - status.available.min(status.size),
                    status.max_size,
                    status.waiting
                );
                Err(Trouble::Again(reason.into()))
            }
        }
    }
}

/// A connection that carries one write. Dropped, it goes back to the pool, unless it was given up.
pub(crate) struct Writer {
    object: Object,
    prepared: bool,
}

impl Writer {
    pub(crate) fn session(&self) -> Session<'_> {
        Session { client: &self.object, prepared: self.prepared }
    }

    /// Closes the connection: nobody knows what it is in the middle of.
    pub(crate) fn give_up(self) {
        drop(Object::take(self.object));
    }
}

/// A connection with its statements.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) client: &'a ClientWrapper,
    pub(crate) prepared: bool,
}

impl Session<'_> {
    /// Runs a statement, prepared once a connection, or with its types said each time.
    pub(crate) async fn query(
        &self,
        statement: &'static Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        let Statement { sql, parameters: types, .. } = statement;
        if self.prepared {
            let prepared = self.client.prepare_typed_cached(sql, types).await?;
            return Ok(self.client.query(&prepared, parameters).await?);
        }
        let typed: Vec<(&(dyn ToSql + Sync), Type)> =
            parameters.iter().copied().zip(types.iter().cloned()).collect();
        Ok(self.client.query_typed(sql, &typed).await?)
    }

    /// Runs a statement without parameters and rows, such as `begin`.
    pub(crate) async fn run(&self, sql: &'static str) -> Result<(), Trouble> {
        Ok(self.client.deref().batch_execute(sql).await?)
    }
}

/// Pauses between attempts: short at first, since a conflict of transactions is over in a moment, longer while a server is away.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    attempts: u32,
}

impl Pause {
    /// Waits before another attempt. `false` if there is no time for one.
    pub(crate) async fn until(&mut self, deadline: Instant) -> bool {
        const FIRST: Duration = Duration::from_millis(5);
        const LONGEST: Duration = Duration::from_millis(200);
        let pause = LONGEST.min(FIRST * 2_u32.saturating_pow(self.attempts));
        self.attempts += 1;
        let end = Instant::now() + pause;
        if end >= deadline {
            return false;
        }
        tokio::time::sleep_until(end).await;
        true
    }
}

/// When a statement that begins now is given up.
pub(crate) fn statement_end(deadline: Instant) -> Instant {
    deadline.min(Instant::now() + STATEMENT_TIME_MAX)
}

/// Waits for something until a moment. What is given up then may still happen.
pub(crate) async fn within<T>(
    deadline: Instant,
    what: impl Future<Output = T>,
) -> Result<T, Trouble> {
    timeout_at(deadline, what)
        .await
        .map_err(|_| Trouble::Doubt("the database did not answer in time".into()))
}
