//! Asking issuers, introspection end points and another AM over HTTP: bounded in time, size and number; no redirect is followed, no proxy is taken from the
//! environment.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::uri::Scheme;
use axum::http::{Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;

use super::limits::{
    ANSWER_BYTES_MAX, ANSWER_TIME_MAX, CONNECT_TIME_MAX, CONNECTION_IDLE_MAX, LOOKUPS_IN_FLIGHT_MAX,
};
use crate::status::Answered;

/// An address that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EndPoint(Uri);

impl EndPoint {
    /// Reads a URL. Plain http is for this machine only, unless `plain_http`: whoever listens or answers on the way would decide who is an administrator.
    pub(super) fn parse(url: &str, plain_http: bool) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err("is not a URL with a scheme and a host");
        };
        if authority.as_str().contains('@') {
            return Err("must not hold a name or a password");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let loopback =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match scheme {
            _ if *scheme == Scheme::HTTPS => Ok(Self(uri)),
            _ if *scheme == Scheme::HTTP && (loopback || plain_http) => Ok(Self(uri)),
            _ if *scheme == Scheme::HTTP => {
                Err("is plain http to another machine: use https, or set `plain_http = true`")
            }
            _ => Err("is neither https nor http"),
        }
    }

    pub(super) fn uri(&self) -> Uri {
        self.0.clone()
    }
}

impl fmt::Display for EndPoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why there is no answer that can be used. Says nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("{LOOKUPS_IN_FLIGHT_MAX} questions are on the way already")]
    TooMany,
    #[error("no answer within {} s", ANSWER_TIME_MAX.as_secs())]
    TooSlow,
    #[error("{0}")]
    Failed(String),
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes, or broke off")]
    Body,
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is not what it should be: {0}")]
    Content(&'static str),
}

/// Asks. Clones share connections and limits.
#[derive(Clone)]
pub(super) struct Client {
    http: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    in_flight: Arc<Semaphore>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Client")
    }
}

impl Client {
    /// A client that trusts the roots of the system (`SSL_CERT_FILE` names others).
    pub(super) fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|_| unreachable!("the provider has suites of TLS 1.2 and 1.3"))
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIME_MAX));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Self {
            http: hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(CONNECTION_IDLE_MAX)
                .build(connector),
            in_flight: Arc::new(Semaphore::new(LOOKUPS_IN_FLIGHT_MAX)),
        }
    }

    /// The body of a successful answer to a GET.
    pub(super) async fn get(&self, end_point: &EndPoint) -> Result<Bytes, AskError> {
        let request = Request::get(end_point.uri())
            .header("accept", "application/json")
            .body(Full::default())
            .map_err(|error| AskError::Failed(error.to_string()))?;
        // Not counted: keys are fetched by one at a time, and must come while others ask too much.
        match self.send(request).await? {
            (Answered::Done, body) => Ok(body),
            (answered, _) => Err(AskError::Status(answered.code())),
        }
    }

    /// What the answer to a question about a token is, and its body.
    pub(super) async fn ask(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Answered, Bytes), AskError> {
        let _permit = self.in_flight.try_acquire().map_err(|_| AskError::TooMany)?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(Answered, Bytes), AskError> {
        let answer = async {
            let failed = |error: hyper_util::client::legacy::Error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                AskError::Failed(cause.unwrap_or_else(|| error.to_string()))
            };
            let answer = self.http.request(request).await.map_err(failed)?;
            let answered = Answered::of(answer.status());
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok((answered, body.map_err(|_| AskError::Body)?.to_bytes()))
        };
        tokio::time::timeout(ANSWER_TIME_MAX, answer).await.map_err(|_| AskError::TooSlow)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (url, plain_http, accepted) in [
            ("https://idp.example.com/keys", false, true),
            ("http://127.0.0.1:8080/keys", false, true),
            ("http://[::1]:8080/keys", false, true),
            ("http://localhost/keys", false, true),
            ("http://idp.example.com/keys", false, false),
            ("http://idp.example.com/keys", true, true),
            ("http://127.0.0.1.example.com/keys", false, false),
            ("http://localhost.example.com/keys", false, false),
            ("http://10.0.0.1/keys", false, false),
            ("https://user:password@idp.example.com/keys", false, false),
            ("http://localhost@idp.example.com/keys", false, false),
            ("file:///etc/passwd", true, false),
            ("/keys", true, false),
            ("", true, false),
        ] {
            assert_eq!(EndPoint::parse(url, plain_http).is_ok(), accepted, "{url}");
        }
    }
}
