//! The stored profiles of the four kinds below `2fa`: their members, in their order. Source: `am-behaviour.md` 2.7.

use device_core::DeviceKind;
use serde::Serialize;

use super::names::Person;
use super::random::Random;
use super::shape::{CODES, Codes, KEY, Key, Left, PLATFORM, Platform};

/// The years in which devices were registered and used, 2019 to the end of 2025, in milliseconds since 1970. Fixed, so that a population does not depend on the day.
const CREATED_MS: [u64; 2] = [1_546_300_800_000, 1_748_736_000_000];
const USED_MS_MAX: u64 = 1_767_225_600_000;

/// An oath device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Oath {
    uuid: String,
    recovery_codes: Vec<String>,
    created_date: u64,
    last_access_date: u64,
    shared_secret: String,
    device_name: String,
    last_login: u64,
    counter: u64,
    checksum_digit: bool,
    truncation_offset: u64,
    clock_drift_seconds: i64,
}

impl Oath {
    pub(super) fn draw(person: &Person, random: &mut Random) -> Self {
        let (created_date, last_access_date) = dates(random);
        // One counts logins (HOTP), the other knows the time (TOTP).
        let counts = random.one_in(4);
        Self {
            uuid: random.uuid(),
            recovery_codes: recovery_codes(random),
            created_date,
            last_access_date,
            shared_secret: {
                let digits = random.pick(&[20, 32, 40]);
                random.text(b"0123456789ABCDEF", digits)
            },
            device_name: person.device_name(DeviceKind::Oath, random),
            last_login: if counts { 0 } else { last_access_date / 1_000 },
            counter: if counts { random.between(0, 1_000) } else { 0 },
            checksum_digit: false,
            truncation_offset: 0,
            clock_drift_seconds: if counts { 0 } else { i64::from(random.below(5)) * 30 - 60 },
        }
    }
}

/// A push device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Push {
    uuid: String,
    recovery_codes: Vec<String>,
    created_date: u64,
    last_access_date: u64,
    shared_secret: String,
    device_name: String,
    communication_id: String,
    communication_type: &'static str,
    device_id: String,
    #[serde(rename = "deviceMechanismUID")]
    device_mechanism_uid: String,
    device_type: &'static str,
    issuer: &'static str,
}

impl Push {
    pub(super) fn draw(person: &Person, random: &mut Random) -> Self {
        const ISSUERS: [&str; 4] =
            ["Example Bank", "Example AG & Co", "Université d'Exemple", "例"];
        let (created_date, last_access_date) = dates(random);
        let (device_type, communication_type, service) = match PLATFORM.draw(random) {
            Platform::Android => ("android", "gcm", "GCM"),
            Platform::Ios => ("ios", "apns", "APNS"),
        };
        let account = random.between(100_000_000_000, 1_000_000_000_000);
        let end_point = random.uuid();
        let is_android = communication_type == "gcm";
        Self {
            uuid: random.uuid(),
            recovery_codes: recovery_codes(random),
            created_date,
            last_access_date,
            shared_secret: random.base64(32),
            device_name: person.device_name(DeviceKind::Push, random),
            communication_id: format!(
                "arn:aws:sns:eu-west-1:{account}:endpoint/{service}/demo-app/{end_point}"
            ),
            communication_type,
            device_id: if is_android { firebase_token(random) } else { random.hex(64) },
            device_mechanism_uid: if is_android {
                random.uuid()
            } else {
                random.uuid().to_uppercase()
            },
            device_type,
            issuer: random.pick(&ISSUERS),
        }
    }
}

/// 22 characters that name the installation, a colon, 140 of the token itself.
fn firebase_token(random: &mut Random) -> String {
    let mut installation = random.base64url(17);
    installation.truncate(22);
    let mut token = random.base64url(101);
    token.truncate(134);
    format!("{installation}:APA91b{token}")
}

/// A webauthn device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebAuthn {
    uuid: String,
    recovery_codes: Vec<String>,
    created_date: u64,
    last_access_date: u64,
    credential_id: String,
    algorithm: &'static str,
    device_name: String,
    sign_count: u64,
    key: Passkey,
}

/// The public key of a passkey.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Passkey {
    /// On a curve.
    Elliptic { kty: &'static str, x: String, y: String, crv: &'static str },
    /// RSA.
    Rsa { kty: &'static str, n: String, e: &'static str },
}

impl WebAuthn {
    pub(super) fn draw(person: &Person, random: &mut Random) -> Self {
        let (created_date, last_access_date) = dates(random);
        let (algorithm, key) = match KEY.draw(random) {
            Key::Elliptic => {
                let (x, y) = (random.base64url(32), random.base64url(32));
                ("SHA256withECDSA", Passkey::Elliptic { kty: "EC", x, y, crv: "P-256" })
            }
            Key::Rsa => {
                let n = random.base64url(256);
                ("SHA256withRSA", Passkey::Rsa { kty: "RSA", n, e: "AQAB" })
            }
        };
        let credential_bytes = random.pick(&[16, 20, 32, 64]);
        Self {
            uuid: random.uuid(),
            recovery_codes: recovery_codes(random),
            created_date,
            last_access_date,
            credential_id: random.base64url(credential_bytes),
            algorithm,
            device_name: person.device_name(DeviceKind::WebAuthn, random),
            // Passkeys that are copied between devices do not count.
            sign_count: if random.one_in(2) { 0 } else { random.between(1, 5_000) },
            key,
        }
    }
}

/// A binding device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Binding {
    uuid: String,
    recovery_codes: [&'static str; 0],
    created_date: u64,
    last_access_date: u64,
    device_id: String,
    device_name: String,
    key: Bound,
}

/// The public key of a bound device.
#[derive(Debug, Serialize)]
pub(super) struct Bound {
    kty: &'static str,
    kid: String,
    #[serde(rename = "use")]
    used_for: &'static str,
    alg: &'static str,
    n: String,
    e: &'static str,
}

impl Binding {
    pub(super) fn draw(person: &Person, random: &mut Random) -> Self {
        let (created_date, last_access_date) = dates(random);
        let uuid = random.uuid();
        let (kid, n) = (uuid.clone(), random.base64url(256));
        Self {
            uuid,
            recovery_codes: [],
            created_date,
            last_access_date,
            device_id: device_id(random),
            device_name: person.device_name(DeviceKind::Binding, random),
            key: Bound { kty: "RSA", kid, used_for: "sig", alg: "RS512", n, e: "AQAB" },
        }
    }
}

/// What the SDKs call a phone: on Android two hexadecimal numbers, on iOS one.
fn device_id(random: &mut Random) -> String {
    if random.one_in(2) { random.hex(40) } else { format!("{}-{}", random.hex(16), random.hex(40)) }
}

/// When a device was registered and last used.
pub(super) fn dates(random: &mut Random) -> (u64, u64) {
    let created = random.between(CREATED_MS[0], CREATED_MS[1]);
    (created, random.between(created, USED_MS_MAX))
}

fn recovery_codes(random: &mut Random) -> Vec<String> {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Codes { hashed, left } = CODES.draw(random);
    let count = match left {
        Left::None => 0,
        Left::Some => 1 + random.below(9),
        Left::All => 10,
    };
    let code = |_| match hashed {
        true => format!("{{SCRYPT}}{}", random.base64(48)),
        false => random.text(LETTERS, 10),
    };
    (0..count).map(code).collect()
}
