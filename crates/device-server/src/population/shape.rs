//! What the population looks like: how many in a thousand are of which kind. The generator draws from these tables, [`document`] writes them down for people, and a test counts.

use std::fmt::Write as _;

use device_core::{DeviceKind, Skip};

use super::random::Random;

/// The shares of something: the value, what it is called, and how many in [`OF`] have it.
#[derive(Debug)]
pub struct Shares<T: 'static> {
    /// What is shared out.
    pub what: &'static str,
    /// The choices; their shares add up to [`OF`].
    pub choices: &'static [(T, &'static str, u32)],
}

/// Of how many shares are counted.
pub const OF: u32 = 1_000;

impl<T: Copy> Shares<T> {
    pub(super) fn draw(&self, random: &mut Random) -> T {
        let mut drawn = random.below(OF);
        let mut last = self.choices[0].0;
        for (value, _, share) in self.choices {
            last = *value;
            if drawn < *share {
                break;
            }
            drawn -= share;
        }
        last
    }

    fn document(&self, out: &mut String) {
        for (_, name, share) in self.choices {
            // Writing to a string does not fail.
            let _ = writeln!(out, "| {} | {name} | {share} |", self.what);
        }
    }
}

/// The tables as they stand in the documentation.
#[must_use]
pub fn document() -> String {
    let mut out = String::from("| of | are | per 1,000 |\n|---|---|--:|\n");
    NAMING.document(&mut out);
    LANGUAGE.document(&mut out);
    DEVICES.document(&mut out);
    FIRST.document(&mut out);
    FURTHER.document(&mut out);
    SKIP_WITH_DEVICE.document(&mut out);
    SKIP_WITHOUT_DEVICE.document(&mut out);
    CODES.document(&mut out);
    DEVICE_NAME.document(&mut out);
    PLATFORM.document(&mut out);
    KEY.document(&mut out);
    out
}

/// How a user is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By a UUID, which is the username and the `_id`, as in Advanced Identity Cloud.
    Id,
    /// By a login name, which is the `_id` too.
    Name,
    /// By a login name; the `_id` is a UUID.
    NameAndId,
}

/// Users by how they are called.
pub const NAMING: Shares<Naming> = Shares {
    what: "users",
    choices: &[
        (Naming::Id, "called by a UUID, username and `_id` alike", 600),
        (Naming::NameAndId, "called by a login name, the `_id` is a UUID", 300),
        (Naming::Name, "called by a login name, username and `_id` alike", 100),
    ],
};

/// The language of a user's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Latin letters of ASCII.
    Plain,
    /// Latin letters with accents.
    Accents,
    /// Kanji and kana.
    Japanese,
    /// Arabic letters, from right to left.
    Arabic,
    /// Cyrillic letters.
    Cyrillic,
}

/// Users by language.
pub const LANGUAGE: Shares<Language> = Shares {
    what: "users, by the letters of their names",
    choices: &[
        (Language::Plain, "ASCII", 600),
        (Language::Accents, "Latin with accents", 160),
        (Language::Japanese, "Japanese", 80),
        (Language::Arabic, "Arabic", 80),
        (Language::Cyrillic, "Cyrillic", 80),
    ],
};

/// Devices of a user, of all kinds together. After the export in the data of this project: 17.5 % none, 46.5 % one, 21.5 % two, 8.5 % three, 6 % four or more.
pub const DEVICES: Shares<usize> = Shares {
    what: "users, by their devices",
    choices: &[
        (0, "0", 175),
        (1, "1", 465),
        (2, "2", 215),
        (3, "3", 85),
        (4, "4", 35),
        (5, "5", 15),
        (6, "6", 6),
        (8, "8", 3),
        (12, "12", 1),
    ],
};

/// Kinds of a user's first device.
pub const FIRST: Shares<DeviceKind> = Shares {
    what: "a user's first devices",
    choices: &[
        (DeviceKind::Oath, "oath", 430),
        (DeviceKind::Push, "push", 250),
        (DeviceKind::WebAuthn, "webauthn", 220),
        (DeviceKind::Binding, "binding", 80),
        (DeviceKind::Profile, "profile", 10),
        (DeviceKind::Trusted, "trusted", 10),
    ],
};

/// Kinds of the others. Nobody has a second oath device, few have a second push device.
pub const FURTHER: Shares<DeviceKind> = Shares {
    what: "a user's further devices",
    choices: &[
        (DeviceKind::Push, "push", 110),
        (DeviceKind::WebAuthn, "webauthn", 330),
        (DeviceKind::Binding, "binding", 290),
        (DeviceKind::Profile, "profile", 130),
        (DeviceKind::Trusted, "trusted", 140),
    ],
};

/// Skip settings of oath and push where the user has such a device.
pub const SKIP_WITH_DEVICE: Shares<Skip> = Shares {
    what: "skip settings beside a device",
    choices: &[(Skip::NotSkippable, "not_skippable", 600), (Skip::NotSet, "not_set", 400)],
};

/// Skip settings of oath and push where the user has none.
pub const SKIP_WITHOUT_DEVICE: Shares<Skip> = Shares {
    what: "skip settings without a device",
    choices: &[(Skip::Skippable, "skippable", 100), (Skip::NotSet, "not_set", 900)],
};

/// The recovery codes of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes {
    /// Whether they are hashed, `{SCRYPT}...`.
    pub hashed: bool,
    /// At most how many there are.
    pub left: Left,
}

/// How many recovery codes are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// There are none.
    None,
    /// Some were used.
    Some,
    /// All ten.
    All,
}

/// Oath, push and webauthn devices by their recovery codes.
pub const CODES: Shares<Codes> = Shares {
    what: "oath, push and webauthn devices",
    choices: &[
        (Codes { hashed: false, left: Left::None }, "without recovery codes", 350),
        (Codes { hashed: false, left: Left::All }, "with 10 recovery codes in clear", 250),
        (Codes { hashed: true, left: Left::All }, "with 10 hashed recovery codes", 280),
        (Codes { hashed: false, left: Left::Some }, "with 1 to 9 in clear", 50),
        (Codes { hashed: true, left: Left::Some }, "with 1 to 9 hashed", 70),
    ],
};

/// How a device got its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceNaming {
    /// Nobody gave it one: the kind's.
    Default,
    /// That of its model.
    Model,
    /// With its owner's name, in the owner's language.
    Owner,
    /// With quotes, backslashes and other characters that JSON and HTML escape.
    Quoted,
    /// Of 64 to 255 characters.
    Long,
}

/// Devices by their names.
pub const DEVICE_NAME: Shares<DeviceNaming> = Shares {
    what: "devices but trusted ones, by their names",
    choices: &[
        (DeviceNaming::Default, "that of their kind", 450),
        (DeviceNaming::Model, "that of their model", 260),
        (DeviceNaming::Owner, "with the owner's name, in the owner's language", 250),
        (DeviceNaming::Quoted, "with quotes, backslashes, `<` and `&`", 30),
        (DeviceNaming::Long, "of 64 to 255 characters", 10),
    ],
};

/// The system of a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Its push token is one of Firebase.
    Android,
    /// Its push token is one of Apple.
    Ios,
}

/// Push devices by system.
pub const PLATFORM: Shares<Platform> = Shares {
    what: "push devices",
    choices: &[
        (Platform::Android, "android, `gcm`: a token of 163 characters with a colon", 550),
        (Platform::Ios, "ios, `apns`: a token of 64 hexadecimal digits", 450),
    ],
};

/// The key of a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// On the curve P-256.
    Elliptic,
    /// RSA of 2,048 bits.
    Rsa,
}

/// Webauthn devices by key.
pub const KEY: Shares<Key> = Shares {
    what: "webauthn devices",
    choices: &[
        (Key::Elliptic, "with a key on P-256", 800),
        (Key::Rsa, "with an RSA key of 2,048 bits", 200),
    ],
};
