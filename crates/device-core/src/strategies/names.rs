//! Arbitrary names.

use proptest::prelude::*;
use proptest::sample::select;

use crate::{DeviceId, DeviceName, Owner, Realm, UserId, Username};

/// Names in which a store, a key or a query language could see more than a name, and names that fold in surprising ways.
pub const ODD_NAMES: [&str; 28] = [
    "*",
    "%",
    "_",
    "a b",
    " a",
    "a ",
    "a/b",
    "../a",
    "a\\b",
    "a'b",
    "a\"b",
    "(uid=*)",
    "%00",
    "a,b=c",
    "kelvin",
    "KELVIN",
    "\u{212a}elvin",
    "straße",
    "STRAẞE",
    "strasse",
    "\u{130}",
    "i\u{307}",
    "é",
    "e\u{301}",
    "σίσυφος",
    "ΣΊΣΥΦΟΣ",
    "\u{1f468}\u{200d}\u{1f469}",
    "\u{10ffff}",
];

/// A text that is a name: mostly short ones that meet, some odd ones, some arbitrary ones.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => "[a-cA-C]{1,2}",
        3 => select(&ODD_NAMES[..]).prop_map(str::to_owned),
        2 => "\\PC{1,12}",
    ]
}

/// A username.
pub fn username() -> impl Strategy<Value = Username> {
    name().prop_filter_map("a username", |text| Username::parse(&text).ok())
}

/// The `_id` of a user.
pub fn user_id() -> impl Strategy<Value = UserId> {
    name().prop_filter_map("a user's id", |text| UserId::parse(&text).ok())
}

/// A device's id.
pub fn device_id() -> impl Strategy<Value = DeviceId> {
    name().prop_filter_map("a device's id", |text| DeviceId::parse(&text).ok())
}

/// A device's name.
pub fn device_name() -> impl Strategy<Value = DeviceName> {
    name().prop_filter_map("a device's name", |text| DeviceName::parse(&text).ok())
}

/// A user with or without an id of their own.
pub fn owner() -> impl Strategy<Value = Owner> {
    (username(), proptest::option::of(user_id())).prop_map(|(username, user_id)| Owner {
        user_id: user_id.unwrap_or_else(|| (&username).into()),
        username,
    })
}

/// A realm of a small tree in which paths are prefixes of each other.
pub fn realm() -> impl Strategy<Value = Realm> {
    select(&["/", "/a", "/a/b", "/a-b", "/b"][..]).prop_map(|path| Realm::parse(path).unwrap())
}
