//! Tables in Markdown.

use devreg_benches::document::time;
use devreg_benches::spread::Spread;
use devreg_benches::turns::Turns;
use indicatif::HumanCount;

use super::http::Driven;
use super::part::Measured;

/// The number of users beside whose figures all others stand.
const REFERENCE: usize = 100_000;

/// Above this share of the users in the cache it is said to have all of them.
const ALL: f64 = 0.99;

/// One operation beside its floor.
pub(crate) struct Compared<'a> {
    pub(crate) what: String,
    /// The curve that it is a point of.
    pub(crate) curve: &'static str,
    pub(crate) floor: &'static str,
    pub(crate) turns: &'a Turns,
}

/// The operations that grow.
pub(crate) fn compared(measured: &Measured) -> Vec<Compared<'_>> {
    let Measured { memory, cached, uncached, .. } = measured;
    let cached_curve = "look-up, journal, cached";
    let cached_what = match cached.share {
        ALL.. => cached_curve.to_owned(),
        share => format!("{cached_curve}, room for {:.0} % of the sets", share * 100.0),
    };
    let compared = |curve: &'static str, floor, turns| Compared {
        what: curve.to_owned(),
        curve,
        floor,
        turns,
    };
    let token = memory.token.as_ref();
    let token = token.map(|turns| compared("look-up, memory, token read", "bare map", turns));
    let look_up = compared("look-up, memory", "bare map", &memory.look_up);
    let others = [
        compared("a map by raw bytes", "bare map", &memory.raw),
        Compared { what: cached_what, ..compared(cached_curve, "bare map", &cached.turns) },
        compared("look-up, journal, uncached", "positioned read + decode", uncached),
        compared("refresh, whole, memory", "HMAC + JSON", &memory.refresh),
    ];
    [look_up].into_iter().chain(token).chain(others).collect()
}

/// All tables.
pub(crate) fn markdown(
    machine: &str,
    users: &[Measured],
    devices: &[Measured],
    driven: &[Driven],
) -> String {
    let mut parts = vec![machine.to_owned()];
    if !users.is_empty() {
        parts.push("### Beside the floor, more users".to_owned());
        parts.push(by_users(users));
        parts.push("### Memory and disk, more users".to_owned());
        parts.push(space(users));
    }
    if !devices.is_empty() {
        parts.push("### Beside the floor, more devices a set".to_owned());
        parts.push(by_devices(devices));
    }
    if !driven.is_empty() {
        parts.push("### Over HTTP, more users".to_owned());
        parts.push(over_http(driven));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// `beside` as a multiple of the figure of the reference, if that was measured.
fn beside(figure: f64, reference: Option<f64>) -> String {
    reference.map_or_else(|| "-".into(), |reference| format!("{:.2}", figure / reference))
}

/// The cells of one comparison; `None` of no rounds.
fn cells(compared: &Compared<'_>) -> Option<String> {
    let Compared { what, floor, turns, .. } = compared;
    let median = |times: &[f64]| Spread::of(times.iter().copied()).map(|spread| spread.median);
    let Spread { least, median: ratio, most } = turns.ratio()?;
    let (measured, floors) = (time(median(&turns.measured)?), time(median(&turns.floor)?));
    Some(format!(
        "{what} | {measured} | {floor} | {floors} | **{ratio:.2}** ({least:.2} .. {most:.2})"
    ))
}

fn by_users(users: &[Measured]) -> String {
    let mut table = String::from(
        "| users | what | time | floor | floor's time | times the floor (least .. most) | beside 100,000 users |\n|---:|---|---:|---|---:|---:|---:|",
    );
    let reference = users.iter().find(|row| row.users == REFERENCE).map(compared);
    for row in users {
        for (at, one) in compared(row).iter().enumerate() {
            let ratio = |of: &Compared<'_>| of.turns.ratio().map(|spread| spread.median);
            let reference = reference.as_ref().and_then(|all| ratio(&all[at]));
            if let (Some(cells), Some(ratio)) = (cells(one), ratio(one)) {
                let (users, beside) = (HumanCount(row.users as u64), beside(ratio, reference));
                table.push_str(&format!("\n| {users} | {cells} | {beside} |"));
            }
        }
    }
    table
}

fn by_devices(devices: &[Measured]) -> String {
    let mut table = String::from(
        "| users | devices a set | bytes a set | what | time | floor | floor's time | times the floor (least .. most) |\n|---:|---:|---:|---|---:|---|---:|---:|",
    );
    for row in devices {
        for cells in compared(row).iter().filter_map(cells) {
            let bytes = HumanCount(row.filled.logical_bytes / row.users as u64);
            let (users, devices) = (HumanCount(row.users as u64), row.devices);
            table.push_str(&format!("\n| {users} | {devices} | {bytes} | {cells} |"));
        }
    }
    table
}

fn space(users: &[Measured]) -> String {
    let mut table = String::from(
        "| users | keys and records, bytes a user | on the disk, times that | memory store, bytes a user | journal's memory: cache, MB | directory, MB | bytes of it a user | rest, MB | first answer with indexes, s | without, s |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    );
    for row in users {
        let Measured { users, memory, filled, reopened, served: Some(served), .. } = row else {
            continue;
        };
        let each = |bytes: u64| HumanCount(bytes / *users as u64);
        table.push_str(&format!(
            "\n| {} | {} | {:.2} | {} | {} | {} | {} | {} | {:.2} | {:.2} |",
            HumanCount(*users as u64),
            each(filled.logical_bytes),
            filled.times_the_logical(),
            each(memory.resident_bytes),
            served.cache >> 20,
            served.directory >> 20,
            each(served.directory),
            served.rest >> 20,
            reopened.with_indexes,
            reopened.without_indexes,
        ));
    }
    table
}

fn over_http(driven: &[Driven]) -> String {
    let mut table = String::from(
        "| users | what | median | 99 % | floor's 99 % | server's processor time a request | read from disks a request | 99 %, beside 100,000 users |\n|---:|---|---:|---:|---:|---:|---:|---:|",
    );
    for row in driven {
        let Driven { users, what, p50_us, p99_us, floor_p99_us, server_us, read_bytes } = row;
        let reference = driven.iter().find(|one| one.users == REFERENCE && one.what == *what);
        table.push_str(&format!(
            "\n| {} | {what} | {p50_us:.0} us | {p99_us:.0} us | {floor_p99_us:.0} us | {server_us:.1} us | {read_bytes:.0} bytes | {} |",
            HumanCount(*users as u64),
            beside(*p99_us, reference.map(|one| one.p99_us)),
        ));
    }
    table
}
