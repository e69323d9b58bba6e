//! Who may call: tokens of issuers, introspection, sessions of another AM, and the table; a real OpenID provider in `provider`.

mod carriers;
mod introspection;
mod keys;
pub(crate) mod neighbour;
mod provider;
mod sessions;
mod settings;
pub(crate) mod signer;
mod tls;

use crate::http::{Answer, Request};
use crate::server::{Server, alpha, alpha_list};
use crate::users::{DEVICE, USER};

/// The issuer of tokens that the tests sign.
pub(crate) const ISSUER: &str = "https://idp.example.com";
/// Whom they are for.
const AUDIENCE: &str = "devreg";

/// What anybody known may do, to the user's own list.
pub(crate) fn list() -> Request {
    Request::get(&alpha_list(USER, "2fa/webauthn"))
}

/// A change that leaves the device's name as it is.
pub(crate) fn rename() -> Request {
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    Request::put(&target, &serde_json::json!({"deviceName": "New WebAuthn Device"}))
}

/// Asks until the answer has this status: for what happens in the background.
fn wait_for(server: &Server, request: &Request, status: u16) -> Answer {
    for _ in 0..400 {
        let answer = server.ask(request);
        if answer.status == status {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    server.ask(request).expect(status)
}
