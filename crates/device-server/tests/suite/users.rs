//! The users of the tests and what is known of them. Their secrets contain [`CANARIES`].

/// The users, as interchange lines.
pub(crate) const LINES: &str = include_str!("users.jsonl");

/// The user of the documents of Advanced Identity Cloud, in `/alpha`, with a device of every kind.
pub(crate) const USER: &str = "014c54bd-6078-4639-8316-8ce0e7746fa4";
/// The user of AM's documents, in `/alpha`.
pub(crate) const MY_USER: &str = "myUser";
/// A user in `/alpha` whose username is not the `_id`, with two push devices.
pub(crate) const BJENSEN: &str = "bjensen";
/// The `_id` of [`BJENSEN`].
pub(crate) const BJENSEN_ID: &str = "9c0fb6a5-2d0a-4c39-8f3e-0b1e5c6d7e8f";
/// A user in `/alpha` who chose to skip oath, and has a device all the same.
pub(crate) const SCARTER: &str = "scarter";
/// A user in `/`.
pub(crate) const DEMO: &str = "demo";

/// Every user: realm and `_id`.
pub(crate) const ALL: [(&str, &str); 5] = [
    ("/alpha", USER),
    ("/alpha", MY_USER),
    ("/alpha", BJENSEN_ID),
    ("/alpha", SCARTER),
    ("/", DEMO),
];

/// Every collection of a user, below `devices/`.
pub(crate) const COLLECTIONS: [&str; 6] =
    ["2fa/oath", "2fa/push", "2fa/webauthn", "2fa/binding", "profile", "trusted"];

/// The id of the documents' device: WebAuthn and bound at once.
pub(crate) const DEVICE: &str = "ff1db8bf-d2d7-46e1-926a-568b877f87a5";
/// The oath device of [`USER`].
pub(crate) const OATH: &str = "0a1d7c1e-5f0b-4a86-8a3c-6d3f2b1f0001";
/// The push device of [`USER`].
pub(crate) const PUSH: &str = "0a1d7c1e-5f0b-4a86-8a3c-6d3f2b1f0002";

/// A registered phone: what an authenticator app knows of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phone {
    /// The name of the user.
    pub(crate) username: &'static str,
    /// The id it gave itself.
    pub(crate) mechanism_uid: &'static str,
    /// Its key.
    pub(crate) key: &'static [u8; 32],
}

/// The push device of [`USER`].
pub(crate) const PHONE: Phone = Phone {
    username: USER,
    mechanism_uid: "7f3b1c52-0c63-4a37-8a52-5d0d63f1a001",
    key: b"canary-key-push-a---------------",
};
/// The push device of [`MY_USER`].
pub(crate) const MY_PHONE: Phone = Phone {
    username: MY_USER,
    mechanism_uid: "7f3b1c52-0c63-4a37-8a52-5d0d63f1a002",
    key: b"canary-key-push-b---------------",
};
/// The first push device of [`BJENSEN`].
pub(crate) const BJENSENS_PHONE: Phone = Phone {
    username: BJENSEN,
    mechanism_uid: "7f3b1c52-0c63-4a37-8a52-5d0d63f1a003",
    key: b"canary-key-push-c---------------",
};

/// What every recovery code, oath secret and push key (in Base64) of the users contains.
pub(crate) const CANARIES: [&str; 3] = ["canary-code", "CA4A27", "Y2FuYXJ5LWtleS"];
