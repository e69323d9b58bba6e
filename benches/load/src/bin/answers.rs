//! Whole requests without sockets, for a profiler: `answers list 20000` or `answers refresh 20000`. What is to be profiled runs inside `one_answer`, from a parsed head to the answer's bytes, the log's line
//! included; see `benches/README.md`, Where the time goes.

use std::error::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::{Router, body};
use device_core::Show;
use device_registry::{Policy, Registry};
use device_server::callers::Callers;
use device_server::http::{Service, router};
use device_server::log;
use device_server::settings::{Flags, Settings};
use device_server::signing_key::{SigningKey, Subject};
use device_server::source::Proxies;
use device_store::MemoryStore;
use device_wire::call::Reading;
use devreg_benches::messages::Phones;
use devreg_benches::population::{Population, realm, username};
use devreg_benches::ready;
use tower::ServiceExt as _;
use tracing_subscriber::EnvFilter;

const USERS: usize = 20_000;

/// More than any answer has.
const ANSWER_BYTES_MAX: usize = 1 << 20;

#[inline(never)]
fn one_answer(router: &Router, request: Request<Body>) -> usize {
    let answer = ready(router.clone().oneshot(request));
    let response = answer.unwrap_or_else(|never| match never {});
    assert!(response.status().is_success(), "{response:?}");
    let bytes = ready(body::to_bytes(response.into_body(), ANSWER_BYTES_MAX));
    bytes.map_or(0, |bytes| bytes.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, count] = arguments.as_slice() else {
        return Err("usage: answers list|refresh COUNT 2> /dev/null".into());
    };
    let count: usize = count.parse()?;
    let _log = log::start(EnvFilter::try_new("info")?)?;
    let folder = tempfile::tempdir()?;
    let key = SigningKey::open_or_create(folder.path())?;
    let hour = std::time::Duration::from_secs(3_600);
    let token = key.sign(&realm(), &Subject::Administrator, &[], hour)?;
    let store = MemoryStore::default();
    Population::of(USERS).store_in(&store);
    let settings = Settings::load(&Flags::default())?;
    let realms = settings.realms()?;
    let callers = Callers::new(&settings, &realms, Some(key))?;
    let router = router(Arc::new(Service {
        registry: Registry::new(store, Policy::default()),
        reading: Reading { realms, contexts: settings.contexts(), require_if_match: false },
        callers,
        show: Show::AnswerRedacted,
        refresh_limit: None,
        proxies: Proxies::default(),
        cors: None,
    }));
    let to = |method: &str, rest: String| {
        Request::builder()
            .method(method)
            .uri(format!("/json/realms/root/realms/alpha/{rest}"))
            .header("host", "localhost")
            .header("accept-api-version", "protocol=2.1,resource=1.0")
    };
    let mut requests = Vec::with_capacity(count);
    match what.as_str() {
        "list" => {
            for user in (0..USERS).cycle().take(count) {
                let rest = format!("users/{}/devices/2fa/push?_queryFilter=true", username(user));
                let request = to("GET", rest).header("authorization", format!("Bearer {token}"));
                requests.push(request.body(Body::empty())?);
            }
        }
        "refresh" => {
            for message in Phones::of(USERS).sign_many(count) {
                let request = to("POST", "push/sns/message?_action=refresh".into())
                    .header("content-type", "application/json");
                requests.push(request.body(Body::from(message.body))?);
            }
        }
        _ => return Err(format!("there is no `{what}`").into()),
    }
    let mut bytes = 0;
    for request in requests {
        bytes += one_answer(&router, request);
    }
    println!("{count} answers, {bytes} bytes");
    Ok(())
}
