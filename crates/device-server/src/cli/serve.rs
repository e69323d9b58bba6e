//! `devreg serve`.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use device_registry::Registry;
use device_store::DeviceStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Exit, Failure, open, store_help};
use crate::callers::Callers;
use crate::http::{Service, router, serve};
use crate::settings::{Flags, Settings};
use crate::signing_key::SigningKey;
use crate::source::Proxies;
use crate::stores::StoreChoice;
use crate::{cors, demo, log, on_store};
use device_wire::call::Reading;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The settings [default: devreg.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder [default: ./devreg-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    #[arg(long, value_name = "STORE", help = store_help())]
    store: Option<StoreChoice>,
    /// Load a few users into an empty store and print curl lines to try
    #[arg(long)]
    demo: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let flags = Flags {
        config: arguments.config.clone(),
        data: arguments.data.clone(),
        listen: arguments.listen.clone(),
        store: arguments.store.clone(),
    };
    let settings = Settings::load(&flags)?;
    // Last to go: the store has something to say when it closes.
    let _log = log::start(EnvFilter::try_new(&settings.log)?)?;
    let opened = open(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let name = opened.name();
    on_store!(opened, |store| runtime.block_on(run_on(store, name, &settings, arguments.demo)))
}

async fn run_on<S: DeviceStore>(
    store: S,
    store_name: &str,
    settings: &Settings,
    with_demo: bool,
) -> Result<Exit, Failure> {
    let local = if settings.accepts_local_tokens()? {
        Some(SigningKey::open_or_create(&settings.data)?)
    } else {
        None
    };
    let realms = settings.realms()?;
    let callers = Callers::new(settings, &realms, local)?;
    let service = Arc::new(Service {
        registry: Registry::new(store, settings.policy()?),
        reading: Reading {
            realms,
            contexts: settings.contexts(),
            require_if_match: settings.require_if_match,
        },
        callers,
        show: settings.show(),
        refresh_limit: settings.refresh_limit(),
        proxies: Proxies(settings.proxies.clone()),
        cors: cors::layer(&settings.cors.origins, &settings.sso_name)?,
    });
    // Handlers are in place before anybody is told that the server listens.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    if with_demo {
        demo::load(&service.registry).await?;
        if let Some(key) = &service.callers.local {
            eprintln!("{}", demo::curl_lines(address, key)?);
        }
    }
    tracing::info!(%address, store = store_name, "listening");
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{{\"listening\":\"{address}\"}}")?;
    stdout.flush()?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };
    serve(listener, router(Arc::clone(&service)), stop).await;
    // The store closes when its last holder goes: requests that were cut off may still hold it.
    drop(service);
    tracing::info!("stopped");
    Ok(Exit::Done)
}
