//! Every limit of the model, with its unit. Wire limits (body, target, headers) live in the server.

/// Devices in one device set (one user, one kind), whatever an enrolment limit says.
pub const DEVICES_MAX: usize = 64;

/// Characters (Unicode scalar values) of a device name, a username, a user id, a device id or a realm's own name.
pub const NAME_CHARS_MAX: usize = 255;

/// Names on the way from the top level realm to a realm.
pub const REALM_DEPTH_MAX: usize = 16;

/// Bytes of a push token (`deviceId` of a push device). Google's and Apple's tokens are below 4 KiB.
pub const PUSH_TOKEN_BYTES_MAX: usize = 4096;

/// Characters of `deviceType` and `communicationType` of a push device.
pub const PUSH_TYPE_CHARS_MAX: usize = 64;

/// Bytes of the smallest key a refresh message may be signed with (after Base64 decoding).
pub const PUSH_KEY_BYTES_MIN: usize = 16;

/// Digests of superseded refresh messages a push device remembers.
pub const RETIRED_DIGESTS_MAX: usize = 8;

/// Bytes of what one stored profile has beside its id, name, dates and facts, as JSON text without blanks.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;

/// Bytes of the JSON text of one member that rules read: a push token fits, however it is escaped.
pub const FACT_BYTES_MAX: usize = 2 * PUSH_TOKEN_BYTES_MAX + 2;

/// Bytes of one profile's JSON text that are read. Dates, a long name or a refreshed token make a stored profile larger than the one that was given; its
/// export must fit.
pub const PROFILE_TEXT_BYTES_MAX: usize = 2 * PROFILE_BYTES_MAX;

/// Levels of arrays and objects inside one stored profile.
pub const PROFILE_DEPTH_MAX: usize = 64;
