//! `serve --demo`: a few users to try things on.

use std::net::SocketAddr;
use std::time::Duration;

use device_core::RefreshMessage;
use device_registry::{Caller, Error, Registry, Request, Restore};
use device_store::DeviceStore;

use crate::interchange;
use crate::signing_key::{SigningKey, Subject};

/// The users, as interchange lines.
const USERS: &str = include_str!("demo.jsonl");
/// A user in `/alpha` with a device of every kind.
const USER: &str = "014c54bd-6078-4639-8316-8ce0e7746fa4";
/// The demonstration's push message, signed by hand with the key in the demonstration's users.
pub const REFRESH_BODY: &str = include_str!("demo-refresh.json");

/// Brings the users into an empty store; a store that has users is left as it is.
///
/// # Errors
/// What the registry says.
pub async fn load<S: DeviceStore>(registry: &Registry<S>) -> Result<(), Error> {
    if !registry.store().scan(None, 1).await?.is_empty() {
        return Ok(());
    }
    debug_assert!(RefreshMessage::parse(REFRESH_BODY.as_bytes()).is_ok());
    let caller = Caller::Operator { name: "demo".into() };
    for line in USERS.lines() {
        // The lines are a part of this program, and a test reads them.
        let Ok(user) = interchange::read(line) else { continue };
        for set in user.sets {
            let restore = Restore {
                realm: user.realm.clone(),
                owner: user.owner.clone(),
                kind: set.kind,
                devices: set.devices,
                skip: set.skip,
                replace: false,
            };
            registry.restore(&Request::by(&caller), &restore).await?;
        }
    }
    Ok(())
}

/// Lines to paste, the administrator's token included.
///
/// # Errors
/// What signing the token says.
pub fn curl_lines(
    address: SocketAddr,
    key: &SigningKey,
) -> Result<String, jsonwebtoken::errors::Error> {
    let realm = device_core::Realm::parse("/alpha").unwrap_or_else(|_| device_core::Realm::top());
    let token =
        key.sign(&realm, &Subject::Administrator, &[], Duration::from_secs(12 * 60 * 60))?;
    let base = format!("http://{address}/am/json/realms/root/realms/alpha");
    let refresh = REFRESH_BODY.trim();
    Ok(format!(
        "\n# Paste these into another terminal; the token is an administrator's of /alpha, for 12 hours.\n\
         TOKEN={token}\n\
         DEVICES={base}/users/{USER}/devices/2fa\n\n\
         # the user's passkeys\n\
         curl -H \"Authorization: Bearer $TOKEN\" \"$DEVICES/webauthn?_queryFilter=true\"\n\n\
         # rename one\n\
         curl -X PUT -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' --data '{{\"deviceName\":\"Work Laptop\"}}' \
         \"$DEVICES/webauthn/ff1db8bf-d2d7-46e1-926a-568b877f87a5\"\n\n\
         # delete it\n\
         curl -X DELETE -H \"Authorization: Bearer $TOKEN\" \"$DEVICES/webauthn/ff1db8bf-d2d7-46e1-926a-568b877f87a5\"\n\n\
         # a phone reports its new push token: no bearer token, the message is signed\n\
         curl -X POST -H 'Content-Type: application/json' --data '{refresh}' \"{base}/push/sns/message?_action=refresh\"\n\n\
         # lost phone: reset\n\
         curl -X POST -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' --data '{{}}' \"$DEVICES/push?_action=reset\"\n"
    ))
}
