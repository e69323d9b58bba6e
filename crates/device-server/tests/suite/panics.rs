//! A fault of ours: whoever asked is told so, under the id that the log has. No devreg has such a store, so the router is asked in this process.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use device_core::{Change, DeviceSet, Realm, Revision, SetKey, UserId, Username};
use device_registry::{Policy, Registry};
use device_server::callers::Callers;
use device_server::http::{Service, router};
use device_server::settings::Settings;
use device_server::source::Proxies;
use device_store::{ChangePage, Cursor, DeviceStore, Page, Purged, StoreError, Swap};
use device_wire::call::Reading;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::jws::{claims, refresh};
use crate::server::REFRESH;
use crate::users::PHONE;

/// A store whose every call panics.
#[derive(Debug)]
struct Panicking;

#[expect(clippy::unimplemented, reason = "to panic is what it is for")]
impl DeviceStore for Panicking {
    async fn load(&self, _: &SetKey) -> Result<Arc<DeviceSet>, StoreError> {
        unimplemented!()
    }

    async fn swap(
        &self,
        _: &SetKey,
        _: Revision,
        _: Arc<DeviceSet>,
        _: Change,
    ) -> Result<Swap, StoreError> {
        unimplemented!()
    }

    async fn resolve(&self, _: &Realm, _: &UserId) -> Result<Option<Username>, StoreError> {
        unimplemented!()
    }

    async fn scan(&self, _: Option<&SetKey>, _: usize) -> Result<Page, StoreError> {
        unimplemented!()
    }

    async fn changes(&self, _: Option<Cursor>, _: usize) -> Result<ChangePage, StoreError> {
        unimplemented!()
    }

    async fn trim(&self, _: Cursor) -> Result<u64, StoreError> {
        unimplemented!()
    }

    async fn purge(&self, _: &Realm, _: &Username, _: Change) -> Result<Purged, StoreError> {
        unimplemented!()
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All of them, for what is read from the environment is not the same everywhere.
fn settings() -> Settings {
    let settings = json!({
        "listen": "127.0.0.1:0", "data": "", "store": null, "postgres": {}, "compatibility": "aic", "contexts": null, "sso_name": "sso",
        "rename_oath_push": false, "reset_binding": null, "require_if_match": false, "session_strength": "none", "log": "info",
        "answers": {"secrets": "redact"}, "cors": {"origins": []}, "refresh": {"on_retired": "reject", "burst": 1, "per_minute": 0},
        "proxies": [], "limits": {}, "tokens": {}, "issuers": [], "sessions": [], "scopes": {"administrator": "a"}, "plain_http": false,
        "realms": [{"path": "/alpha"}],
    });
    serde_json::from_value(settings).unwrap()
}

fn service() -> Service<Panicking> {
    let settings = settings();
    let realms = settings.realms().unwrap();
    Service {
        registry: Registry::new(Panicking, Policy::default()),
        callers: Callers::new(&settings, &realms, None).unwrap(),
        reading: Reading { realms, contexts: settings.contexts(), require_if_match: false },
        show: settings.show(),
        refresh_limit: settings.refresh_limit(),
        proxies: Proxies(settings.proxies.clone()),
        cors: None,
    }
}

#[test]
fn a_panic_is_an_answer_with_an_id_that_the_log_has() {
    let log = Log::default();
    let to = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || to.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let router = router(Arc::new(service()));
        let request = || {
            let body = refresh(&PHONE, &claims("a new push token")).to_string();
            Request::post(REFRESH)
                .header("content-type", "application/json")
                .header("x-request-id", "of-a-panic")
                .body(Body::from(body))
                .unwrap()
        };
        // What served the first one serves the next.
        for _ in 0..2 {
            let answer = router.clone().oneshot(request()).await.unwrap();
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.headers()["x-request-id"], "of-a-panic");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let body = to_bytes(answer.into_body(), 1024).await.unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (&body["code"], &body["reason"]),
                (&500.into(), &"Internal Server Error".into())
            );
        }
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("of-a-panic")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines.iter().all(|line| line.contains("panicked") && line.contains("500")), "{log}");
}
