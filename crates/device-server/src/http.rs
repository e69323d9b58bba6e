//! Sockets, limits, the request log. What a request means is decided elsewhere.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use device_core::{Realm, Show};
use device_registry::{Caller, Registry, Surroundings as _, System};
use device_store::DeviceStore;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use smallvec::SmallVec;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tower_http::cors::CorsLayer;
use uuid::Uuid;

use crate::callers::Callers;
use crate::documentation;
use crate::handle::{Answering, handle};
use crate::limits::{
    BODY_BYTES_MAX, HEAD_BUFFER_BYTES, HEADERS_BYTES_MAX, HEADERS_MAX, REQUEST_ID_CHARS_MAX,
    SEND_TIME_MAX, STOP_TIME_MAX, TARGET_BYTES_MAX,
};
use crate::pretty::pretty;
use crate::refresh_limit::RefreshLimit;
use crate::reply::Reply;
use crate::source::{Peer, Proxies};
use crate::status::Problem;
use device_wire::call::{
    self, ACCEPT_API_VERSION, Operation, RawRequest, Reading, content_api_version,
    wants_pretty_print,
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static TRANSACTION_ID: HeaderName = HeaderName::from_static("x-forgerock-transactionid");
static CONTENT_API_VERSION: HeaderName = HeaderName::from_static("content-api-version");

/// What Common REST says to who does not say which version it means.
const VERSION_ADVICE: HeaderValue =
    HeaderValue::from_static("100 CREST \"Accept-API-Version should be included in the request.\"");

/// Headers of most requests; more cost an allocation.
const HEADERS_EXPECTED: usize = 16;

/// Everything a request needs.
#[derive(Debug)]
pub struct Service<S> {
    /// The registry.
    pub registry: Registry<S>,
    /// How requests are read.
    pub reading: Reading,
    /// How callers are known.
    pub callers: Callers,
    /// How much of a profile PUT and DELETE show.
    pub show: Show,
    /// How often one source may refresh for one username; `None` takes any number.
    pub refresh_limit: Option<RefreshLimit>,
    /// The proxies that are believed.
    pub proxies: Proxies,
    /// From which origins browsers may ask; `None` is from nowhere else.
    pub cors: Option<CorsLayer>,
}

/// The service as a router, ready to be served or nested.
pub fn router<S: DeviceStore>(service: Arc<Service<S>>) -> Router {
    let cors = service.cors.clone();
    let router = documentation::routes().fallback(answer::<S>).with_state(service);
    // Outside of everything: a script can read an error only if the answer to it says so too.
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Serves connections until `stop` is ready, then lets requests in flight end, for at most [`STOP_TIME_MAX`].
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut server = hyper::server::conn::http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(SEND_TIME_MAX)
        .max_buf_size(HEAD_BUFFER_BYTES)
        .max_headers(HEADERS_MAX);
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: others are served on, new ones a little later.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // An answer is one small write: waiting for more only delays it.
        let _ = stream.set_nodelay(true);
        let router = router.clone().map_request(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            request
        });
        let connection =
            server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests in flight were cut off");
    }
}

async fn answer<S: DeviceStore>(
    State(service): State<Arc<Service<S>>>,
    request: Request,
) -> Result<Response, Infallible> {
    let started = Instant::now();
    let request_id = request_id(&request);
    let mut seen = Seen::default();
    let asked = request.headers().get(ACCEPT_API_VERSION);
    let api_version = content_api_version(asked.and_then(|value| value.to_str().ok()));
    let advised = asked.is_none();
    let pretty = request.uri().query().is_some_and(wants_pretty_print);
    let responding = AssertUnwindSafe(respond(&service, request, &request_id, &mut seen));
    let mut response = match responding.catch_unwind().await {
        Ok(Ok(reply)) => reply.into_response(),
        Ok(Err(problem)) => problem.into_response(),
        // Caught here and not outside, so that it has its id and its line in the log as every answer.
        Err(_) => {
            seen.reason = Some("panicked".into());
            Problem::internal().into_response()
        }
    };
    if pretty {
        response = pretty_print(response).await;
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let api_version = match api_version {
        Cow::Borrowed(text) => Ok(HeaderValue::from_static(text)),
        Cow::Owned(text) => HeaderValue::try_from(text),
    };
    if let Ok(value) = api_version {
        headers.insert(&CONTENT_API_VERSION, value);
    }
    if advised {
        headers.insert(header::WARNING, VERSION_ADVICE);
    }
    if let Ok(value) = HeaderValue::try_from(&request_id) {
        headers.insert(&REQUEST_ID, value);
    }
    tracing::info!(
        request_id,
        realm = seen.realm.as_ref().map(Realm::as_str),
        operation = seen.operation,
        actor = seen.actor,
        status = response.status().as_u16(),
        reason = seen.reason,
        microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    Ok(response)
}

/// The same answer, easy to read. Answers are in memory: there is nothing to wait for.
async fn pretty_print(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Response::from_parts(head, Body::from(pretty(&String::from_utf8_lossy(&bytes))))
}

/// What the log says of a request. Nothing of its body, and no header.
#[derive(Debug, Default)]
struct Seen {
    realm: Option<Realm>,
    operation: Option<&'static str>,
    actor: Option<String>,
    reason: Option<String>,
}

async fn respond<S: DeviceStore>(
    service: &Service<S>,
    request: Request,
    request_id: &str,
    seen: &mut Seen,
) -> Result<Reply, Problem> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > TARGET_BYTES_MAX {
        return Err(Problem::target_too_long());
    }
    if head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
        > HEADERS_BYTES_MAX
    {
        return Err(Problem::headers_too_large());
    }
    // A value that is not text becomes an empty one, which no header that counts may have: dropping it could drop a condition.
    let headers: SmallVec<[(&str, &str); HEADERS_EXPECTED]> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect();
    let body = collect(body).await?;
    let raw = RawRequest { method: head.method.as_str(), target, headers: &headers, body: &body };

    let call = call::read(&raw, &service.reading)?;
    seen.realm = Some(call.realm.clone());
    let known = match call.needs_caller {
        true => Some(service.callers.identify(&raw).await?.ok_or_else(Problem::no_token)?),
        false => None,
    };
    let caller = known.as_ref().map_or(&Caller::Anonymous, |known| &known.caller);
    seen.actor = Some(caller.actor().into());
    let operation = call.operation.inspect_err(|fault| seen.reason = Some(format!("{fault:?}")))?;
    seen.operation = Some(operation.name());
    if let (Operation::Refresh(message), Some(limit)) = (&operation, &service.refresh_limit) {
        let forwarded = headers.iter().filter(|(name, _)| *name == "x-forwarded-for");
        let source = service.proxies.source(peer(&head), forwarded.map(|(_, value)| *value));
        limit.count(&call.realm, message, source).map_err(Problem::too_many_requests)?;
    }
    let answering = Answering {
        show: service.show,
        session: known.as_ref().map(|known| &known.session),
        path: head.uri.path().trim_end_matches('/'),
        request_id,
    };
    handle(&service.registry, caller, call.realm, operation, answering).await.map_err(|error| {
        seen.reason = Some(error.to_string());
        Problem::from(error)
    })
}

/// Who holds the other end of the connection; nobody known where something else than [`serve`] serves the router and does not add a [`Peer`].
fn peer(head: &Parts) -> IpAddr {
    head.extensions.get().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |Peer(peer)| *peer)
}

/// The body, if it is small enough and comes in time.
async fn collect(body: Body) -> Result<axum::body::Bytes, Problem> {
    // Nothing to wait for, as with nearly every GET.
    if body.is_end_stream() {
        return Ok(axum::body::Bytes::new());
    }
    match tokio::time::timeout(SEND_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Err(_) => Err(Problem::too_slow()),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::body_too_large()),
        Ok(Err(_)) => Err(Problem::unreadable()),
    }
}

/// The request's own id if it has a decent one, else a new one.
fn request_id(request: &Request) -> String {
    let given = [&REQUEST_ID, &TRANSACTION_ID]
        .into_iter()
        .find_map(|name| request.headers().get(name)?.to_str().ok());
    let decent = |id: &&str| {
        !id.is_empty()
            && id.len() <= REQUEST_ID_CHARS_MAX
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/:".contains(&byte))
    };
    given.filter(decent).map_or_else(|| Uuid::from_u128(System.random()).to_string(), Into::into)
}
