//! `/openapi.json`, and `/docs/`: the document as a page to look at and to try things on.
//!
//! The page is Swagger UI. It asks nobody but this server, and a content-security policy keeps it so.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_swagger_ui::{Config, serve};

use crate::openapi::document;
use crate::reply::JSON;
use crate::status::Problem;

const DOCUMENT: &str = "/openapi.json";

/// Scripts, styles and requests of this server alone, and the one style that a script of the page brings with it, by its digest; pictures that are part of the styles; no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", document()));

/// The routes. They need no token: nothing here is of anybody.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(DOCUMENT, get(|| async { ([(header::CONTENT_TYPE, JSON)], TEXT.as_str()) }))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|| async { file("index.html") }))
        .route("/docs/{file}", get(|Path(name): Path<String>| async move { file(&name) }))
}

fn file(name: &str) -> Response {
    let config = Arc::new(Config::from(DOCUMENT).validator_url("none"));
    let Ok(Some(file)) = serve(name, config) else {
        return Problem::no_such_page().into_response();
    };
    let mut response = file.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    // Without it everything would be a download.
    if let Ok(content_type) = HeaderValue::try_from(file.content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
