//! The floor: the HTTP library, set as devreg sets it, with the least behind it.

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use clap::Args;
use device_server::callers::Callers;
use device_server::http::serve;
use device_server::log;
use device_server::settings::{Flags, Settings};
use device_server::signing_key::SigningKey;
use device_server::status::Problem;
use device_wire::call::RawRequest;
use futures_util::FutureExt as _;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::Fallible;

/// What it always answers: a list of three, in 300 bytes.
const BODY: &str = concat!(
    r#"{"result":[{"_id":"a6b3ff06-8ff2-4a27-a1a4-9a1a6d4c0b1e","deviceName":"Phone 1"},"#,
    r#"{"_id":"01jd0z3n8k5v7w9x2y4z6a8b1c","deviceName":"Phone 2"},{"deviceName":"Phone 3, longer"}],"#,
    r#""resultCount":3,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#,
);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder with the key that signs tokens
    #[arg(long)]
    data: PathBuf,
    /// With devreg's layers and its token check
    #[arg(long)]
    layers: bool,
}

/// Serves until the process is ended.
///
/// # Errors
/// If nothing can be listened to, or the settings cannot be meant.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let settings = Settings::load(&Flags {
        data: Some(arguments.data.clone()),
        listen: Some("127.0.0.1:0".into()),
        ..Flags::default()
    })?;
    let _log = log::start(EnvFilter::try_new(&settings.log)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = match arguments.layers {
            true => layered(&settings)?,
            false => Router::new().fallback(async || fixed()),
        };
        let listener = TcpListener::bind(settings.listen).await?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{{\"listening\":\"{}\"}}", listener.local_addr()?)?;
        stdout.flush()?;
        serve(listener, router, std::future::pending()).await;
        Ok(())
    })
}

fn fixed() -> Response {
    ([(CONTENT_TYPE, "application/json")], BODY).into_response()
}

/// What comes before and after devreg's own work: panics are caught, the token is checked and remembered, the request is logged.
fn layered(settings: &Settings) -> Fallible<Router> {
    let key = SigningKey::open_or_create(&settings.data)?;
    let callers = Arc::new(Callers::new(settings, &settings.realms()?, Some(key))?);
    Ok(Router::new().fallback(checked).with_state(callers))
}

async fn checked(State(callers): State<Arc<Callers>>, request: Request) -> Response {
    let started = Instant::now();
    let (head, _) = request.into_parts();
    let headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect();
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let raw = RawRequest { method: head.method.as_str(), target, headers: &headers, body: b"" };
    let response = match AssertUnwindSafe(callers.identify(&raw)).catch_unwind().await {
        Ok(Ok(Some(_))) => fixed(),
        Ok(Ok(None)) => Problem::no_token().into_response(),
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::internal().into_response(),
    };
    tracing::info!(
        status = response.status().as_u16(),
        microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_300_bytes() {
        assert_eq!(BODY.len(), 300);
    }
}
