//! What verifying tokens may take, with units.

use std::time::Duration;

/// How far the clocks of issuers may differ from ours, in both directions.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// Tokens whose verification is remembered, all sources together. The least useful ones make room.
pub const VERIFIED_TOKENS_MAX: usize = 32_768;

/// How long a verified JWT is remembered at most; it is verified again after that. While an issuer does not answer, this is how long its callers go on.
pub const VERIFIED_TIME_MAX: Duration = Duration::from_secs(15 * 60);

/// How long an answer of an introspection end point is remembered: how long a revoked token goes on.
pub const INTROSPECTED_TIME_MAX: Duration = Duration::from_secs(60);

/// How long an answer of another AM is remembered: how long a session goes on here after its logout there.
pub const SESSION_TIME_MAX: Duration = Duration::from_secs(30);

/// How often the keys of an issuer are fetched by default, in seconds: how long a key goes on after it was removed.
pub const KEYS_REFRESH_SECONDS: u64 = 60;

/// The longest that can be set instead, in seconds.
pub const KEYS_REFRESH_SECONDS_MAX: u64 = 3600;

/// How long nobody asks for keys again after a fetch that failed, or that did not bring the key it was for: made-up key ids cause one fetch in this time.
pub const KEYS_BACK_OFF: Duration = Duration::from_secs(10);

/// Keys of one issuer; the first ones count.
pub const KEYS_MAX: usize = 64;

/// Bytes of an answer of an issuer, an introspection end point or another AM, and of a file of keys.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How long a connection may take to open.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// How long a connection is kept without a question.
pub const CONNECTION_IDLE_MAX: Duration = Duration::from_secs(30);

/// How long an answer may take, connection and body included.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// How long it may take to find out who asks, however many sources are asked and however many requests wait for one answer.
pub const IDENTIFY_TIME_MAX: Duration = Duration::from_secs(10);

/// Questions about tokens on the way at once; those above are not asked.
pub const LOOKUPS_IN_FLIGHT_MAX: usize = 128;

/// Bytes of a secret that is shared with an issuer, at least: as many as HS256's hash has (RFC 7518, 3.2).
pub const SHARED_SECRET_BYTES_MIN: usize = 32;

/// Bytes of a file with a secret.
pub const SECRET_FILE_BYTES_MAX: u64 = 4 * 1024;
