//! The limits of the wire, with their units. Those of the model are in `device_core::limits`.

use std::time::Duration;

/// Bytes of a request's body: 413 above.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a request's target (path and query): 414 above.
pub const TARGET_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a request's headers, names and values together: 431 above.
pub const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// Headers of a request: 431 above.
pub const HEADERS_MAX: usize = 100;

/// Bytes the HTTP library buffers of a request's head, above the limits here, so that those are the ones that answer.
pub const HEAD_BUFFER_BYTES: usize = 64 * 1024;

/// How long a client may take to send a request's head, and its body: 408 above.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a stop waits for requests in flight.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(15);

/// Characters of a request id that is taken over from the request.
pub const REQUEST_ID_CHARS_MAX: usize = 128;

/// Bytes of one interchange line: a user with all the devices all kinds may have.
pub const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of a file with private keys: a chain of certificates may stand beside them.
pub const KEY_FILE_BYTES_MAX: usize = 64 * 1024;

/// Pairs of username and source of which it is remembered how often they refresh; each takes some 150 bytes.
pub const REFRESHING_MAX: usize = 100_000;

/// How long a client is asked to wait after a 503.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
