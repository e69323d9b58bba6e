//! Documented answers, as JSON. Shapes and member order are those of the seed documents and of `am-behaviour.md` 2.2 to 2.5.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use device_core::profile::{push_text, write_listed, write_profile};
use device_core::{Device, DeviceKind, Devices, Revision, Show};
use device_wire::query::fields::Fields;
use device_wire::query::{Entry, Page};
use smallvec::SmallVec;

use crate::callers::known::Session;
use crate::status;

/// The content type of every answer.
pub const JSON: &str = "application/json;charset=UTF-8";

/// About as many bytes as an entry of a list has, and what stands around the entries: enough for most without a second allocation.
const ENTRY_BYTES: usize = 448;
const ENVELOPE_BYTES: usize = 192;

/// Headers of an answer.
const HEADERS: usize = 8;

/// An answer with an `ETag` if it has a revision.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    body: String,
    revision: Option<Revision>,
    location: Option<String>,
}

impl Reply {
    fn done(body: String, revision: Option<Revision>) -> Self {
        Self { status: status::DONE, body, revision, location: None }
    }

    /// `{}`
    #[must_use]
    pub fn empty() -> Self {
        Self::done("{}".into(), None)
    }

    /// `{"result":...}`
    #[must_use]
    pub fn result(result: bool) -> Self {
        Self::done(format!("{{\"result\":{result}}}"), None)
    }

    /// The caller's own session.
    #[must_use]
    pub fn session(session: &Session) -> Self {
        // Six strings, which always have a JSON form.
        Self::done(serde_json::to_string(session).unwrap_or_default(), None)
    }

    /// A list: oldest device first, then by id, so that two lists of one state are the same.
    #[must_use]
    pub fn list(devices: &Devices, kind: DeviceKind, may_manage: bool, revision: Revision) -> Self {
        let mut order: SmallVec<[&Device; 4]> = devices.iter().collect();
        order
            .sort_by(|left, right| (left.created_ms, &left.id).cmp(&(right.created_ms, &right.id)));
        let mut body = String::with_capacity(ENVELOPE_BYTES + ENTRY_BYTES * order.len());
        body.push_str("{\"result\":[");
        for (at, device) in order.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            push_entry(&mut body, device, kind, may_manage);
        }
        let _written = write!(
            body,
            "],\"resultCount\":{},\"pagedResultsCookie\":null,\"totalPagedResultsPolicy\":\"NONE\",\
             \"totalPagedResults\":-1,\"remainingPagedResults\":-1}}",
            order.len()
        );
        Self::done(body, Some(revision))
    }

    /// What a query chose of a list.
    #[must_use]
    pub fn page(page: &Page, revision: Revision) -> Self {
        // Base64 needs no escapes.
        let cookie = page.cookie.as_ref().map_or("null".into(), |cookie| format!("\"{cookie}\""));
        let (policy, total) = match page.total {
            Some(total) => ("EXACT", total.to_string()),
            None => ("NONE", "-1".into()),
        };
        let body = format!(
            "{{\"result\":[{}],\"resultCount\":{},\"pagedResultsCookie\":{cookie},\"totalPagedResultsPolicy\":\"{policy}\",\
             \"totalPagedResults\":{total},\"remainingPagedResults\":-1}}",
            page.entries.join(","),
            page.count,
        );
        Self::done(body, Some(revision))
    }

    /// Nothing but the revision, which the client has.
    #[must_use]
    pub fn not_modified(revision: Revision) -> Self {
        Self { status: status::NOT_MODIFIED, ..Self::done(String::new(), Some(revision)) }
    }

    /// This answer with some of its members only; with all of them for `None`.
    #[must_use]
    pub fn only(self, fields: Option<&Fields>) -> Self {
        match fields {
            Some(fields) => Self { body: fields.of(&self.body), ..self },
            None => self,
        }
    }

    /// One device as the list shows it.
    #[must_use]
    pub fn entry(device: &Device, kind: DeviceKind, may_manage: bool) -> Self {
        let mut body = String::with_capacity(ENTRY_BYTES);
        push_entry(&mut body, device, kind, may_manage);
        Self::done(body, Some(device.revision))
    }

    /// One device with its full stored profile, as PUT and DELETE answer.
    #[must_use]
    pub fn profile(device: &Device, kind: DeviceKind, show: Show) -> Self {
        let mut body = String::with_capacity(1024);
        push_head(&mut body, device);
        // The members' writer puts a comma where one is needed.
        write_profile(&mut body, kind, device, show);
        body.push('}');
        Self::done(body, Some(device.revision))
    }

    /// The profile of a device that was just registered, and where it is.
    #[must_use]
    pub fn created(device: &Device, kind: DeviceKind, show: Show, collection: &str) -> Self {
        let location = format!("{collection}/{}", percent_encode(device.id.as_str()));
        Self {
            status: status::CREATED,
            location: Some(location),
            ..Self::profile(device, kind, show)
        }
    }
}

/// The entries of a list, for a query to choose among.
#[must_use]
pub fn entries(devices: &Devices, kind: DeviceKind, may_manage: bool) -> Vec<Entry<'_>> {
    let entry = |device| {
        let Reply { body: json, .. } = Reply::entry(device, kind, may_manage);
        Entry { created_ms: device.created_ms, id: device.id.as_str(), json }
    };
    devices.iter().map(entry).collect()
}

/// A revision as an `ETag`: a strong one, in quotes (RFC 9110, 8.8.3).
fn etag(revision: Revision) -> String {
    // Twenty digits at most.
    let mut etag = String::with_capacity(22);
    etag.push('"');
    revision.push(&mut etag);
    etag.push('"');
    etag
}

fn push_head(body: &mut String, device: &Device) {
    body.push_str("{\"_id\":");
    push_text(body, device.id.as_str());
    body.push_str(",\"_rev\":\"");
    device.revision.push(body);
    body.push('"');
}

fn push_entry(body: &mut String, device: &Device, kind: DeviceKind, may_manage: bool) {
    push_head(body, device);
    write_listed(body, kind, device);
    if kind.row().managed {
        body.push_str(",\"deviceManagementStatus\":");
        body.push_str(if may_manage { "true" } else { "false" });
    }
    body.push('}');
}

/// Escapes everything but unreserved characters (RFC 3986, 2.3).
pub(crate) fn percent_encode(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        // With what every answer gets besides.
        headers.reserve(HEADERS);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        let text = |text: String| HeaderValue::try_from(text).ok();
        if let Some(etag) = self.revision.map(etag).and_then(text) {
            headers.insert(header::ETAG, etag);
        }
        if let Some(location) = self.location.and_then(text) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}
