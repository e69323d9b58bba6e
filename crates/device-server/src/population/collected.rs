//! The stored profiles of the two kinds that collect facts about a device: `profile` and `trusted`. Source: `am-behaviour.md` 2.7.

use device_core::DeviceKind;
use serde::Serialize;

use super::names::Person;
use super::profiles::dates;
use super::random::Random;

/// A device profile.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    identifier: String,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    last_selected_date: u64,
    alias: String,
    recovery_codes: [&'static str; 0],
}

#[derive(Debug, Serialize)]
struct Metadata {
    platform: Platform,
    hardware: Hardware,
    browser: Browser,
    bluetooth: Bluetooth,
    network: Network,
    telephony: Telephony,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Platform {
    platform: &'static str,
    version: u32,
    locale: &'static str,
    time_zone: &'static str,
    jail_break_score: u32,
}

#[derive(Debug, Serialize)]
struct Hardware {
    manufacturer: &'static str,
    memory: u32,
    cpu: u32,
    display: Display,
}

#[derive(Debug, Serialize)]
struct Display {
    width: u32,
    height: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Browser {
    user_agent: &'static str,
}

#[derive(Debug, Serialize)]
struct Bluetooth {
    supported: bool,
}

#[derive(Debug, Serialize)]
struct Network {
    connected: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Telephony {
    network_country_iso: &'static str,
    carrier_name: &'static str,
}

#[derive(Debug, Serialize)]
struct Location {
    latitude: i32,
    longitude: i32,
}

const TIME_ZONES: [&str; 4] = ["Europe/Oslo", "Asia/Tokyo", "Africa/Cairo", "America/New_York"];

const USER_AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (X11; Linux x86_64)",
];

impl Profile {
    pub(super) fn draw(person: &Person, random: &mut Random) -> Self {
        const CARRIERS: [&str; 3] = ["Demo Mobil", "デモ", "Démo Télécom"];
        let has_location = random.one_in(2);
        let location = Location { latitude: degrees(90, random), longitude: degrees(180, random) };
        Self {
            identifier: format!("{}-{}", random.hex(16), random.hex(40)),
            metadata: Metadata {
                platform: Platform {
                    platform: random.pick(&["Android", "iOS"]),
                    version: 12 + random.below(24),
                    locale: random.pick(&["en_US", "fr_FR", "ja_JP", "ar_EG", "uk_UA"]),
                    time_zone: random.pick(&TIME_ZONES),
                    jail_break_score: 0,
                },
                hardware: Hardware {
                    manufacturer: random.pick(&["Example", "Beispiel GmbH"]),
                    memory: 1_024 * (1 + random.below(12)),
                    cpu: 4 + random.below(5),
                    display: Display { width: 1_080, height: 1_920 + random.below(1_000) },
                },
                browser: Browser { user_agent: random.pick(&USER_AGENTS) },
                bluetooth: Bluetooth { supported: true },
                network: Network { connected: !random.one_in(20) },
                telephony: Telephony {
                    network_country_iso: random.pick(&["no", "jp", "eg", "us"]),
                    carrier_name: random.pick(&CARRIERS),
                },
            },
            location: has_location.then_some(location),
            last_selected_date: dates(random).1,
            alias: person.device_name(DeviceKind::Profile, random),
            recovery_codes: [],
        }
    }
}

/// Whole degrees: a fraction would be a number that is written otherwise elsewhere.
fn degrees(most: u32, random: &mut Random) -> i32 {
    random.below(2 * most + 1).cast_signed() - most.cast_signed()
}

/// A trusted browser.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trusted {
    uuid: String,
    name: String,
    selection_counter: u64,
    last_selected_date: u64,
    device_print: DevicePrint,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DevicePrint {
    screen: Screen,
    timezone: TimeZone,
    plugins: Plugins,
    fonts: Fonts,
    user_agent: &'static str,
    app_name: &'static str,
    geolocation: Nothing,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Screen {
    screen_width: u32,
    screen_height: u32,
    screen_colour_depth: u32,
}

#[derive(Debug, Serialize)]
struct TimeZone {
    timezone: i32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plugins {
    installed_plugins: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fonts {
    installed_fonts: &'static str,
}

#[derive(Debug, Serialize)]
struct Nothing {}

impl Trusted {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut number = |from: u32, to: u32| from + random.below(to - from + 1);
        let (day, month, year) = (number(1, 28), number(1, 12), number(2_019, 2_025));
        let (hour, minute) = (number(0, 23), number(0, 59));
        Self {
            uuid: random.uuid(),
            name: format!("Profile: {day:02}/{month:02}/{year} {hour:02}:{minute:02}"),
            selection_counter: random.between(1, 400),
            last_selected_date: dates(random).1,
            device_print: DevicePrint {
                screen: Screen {
                    screen_width: random.pick(&[1_280, 1_920, 2_560, 3_840]),
                    screen_height: random.pick(&[720, 1_080, 1_440, 2_160]),
                    screen_colour_depth: 24,
                },
                timezone: TimeZone { timezone: degrees(12, random) * 60 },
                plugins: Plugins { installed_plugins: "" },
                fonts: Fonts { installed_fonts: "cursive;monospace;serif;sans-serif;fantasy;" },
                user_agent: random.pick(&USER_AGENTS),
                app_name: "Netscape",
                geolocation: Nothing {},
            },
        }
    }
}
