//! Orders, pages and fields: against a plain implementation, over arbitrary devices, and while devices go.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use device_core::profile::write_listed;
use device_core::strategies::device_set;
use device_core::{Device, DeviceKind, DeviceSet, Devices};
use device_wire::call::{self, Fault, Operation, RawRequest};
use device_wire::fuzz_target::reading;
use device_wire::query::{Entry, Page, Query};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

fn read_at(path: &str, query: &str) -> Result<Option<Box<Query>>, Fault> {
    let target = format!("/json/{path}?{query}");
    let request = RawRequest { method: "GET", target: &target, headers: &[], body: b"" };
    match call::read(&request, &reading()).unwrap().operation? {
        Operation::List { query, .. } => Ok(query),
        other => panic!("{other:?}"),
    }
}

fn path(kind: DeviceKind) -> String {
    format!("alpha/users/bjensen/devices/{}", kind.row().collection)
}

fn read(kind: DeviceKind, query: &str) -> Result<Option<Box<Query>>, Fault> {
    read_at(&path(kind), &format!("_queryFilter=true&{query}"))
}

/// The message of a query that cannot be read.
fn refused(kind: DeviceKind, query: &str) -> String {
    match read(kind, query) {
        Err(Fault::Bad(message)) => message,
        other => panic!("{query}: {other:?}"),
    }
}

fn entry(device: &Device, kind: DeviceKind) -> Entry<'_> {
    let mut json =
        format!("{{\"_id\":{},\"_rev\":\"{}\"", Value::from(device.id.as_str()), device.revision);
    write_listed(&mut json, kind, device);
    json.push('}');
    Entry { created_ms: device.created_ms, id: device.id.as_str(), json }
}

fn choose(query: &Query, devices: &Devices, kind: DeviceKind) -> Page {
    query.choose(devices.iter().map(|device| entry(device, kind)).collect()).unwrap()
}

/// The members of an object with their text: numbers in them may be beyond all ranges.
fn members(json: &str) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

fn ids(page: &Page) -> Vec<String> {
    let id = |entry: &String| serde_json::from_str(&members(entry)["_id"]).unwrap();
    page.entries.iter().map(id).collect()
}

fn page_of(kind: DeviceKind, query: &str, devices: &Devices) -> Page {
    let query = read(kind, query).unwrap_or_else(|fault| panic!("{query}: {fault:?}"));
    choose(&query.expect("not the plain list"), devices, kind)
}

/// What a key sorts by, without any of the code that is tested: only for values that the kinds' lists have.
fn rank(entry: &BTreeMap<String, String>, name: &str) -> (u8, f64, String) {
    let text = entry.get(name).map_or("null", String::as_str);
    if text.starts_with(['{', '[']) {
        return (4, 0.0, String::new());
    }
    // Only a number can be what is no value: one beyond all ranges.
    let extreme = if text.starts_with('-') { f64::MIN } else { f64::MAX };
    match serde_json::from_str(text).unwrap_or_else(|_| extreme.into()) {
        Value::Null => (0, 0.0, String::new()),
        Value::Bool(value) => (1, f64::from(u8::from(value)), String::new()),
        Value::Number(number) => (2, number.as_f64().unwrap(), String::new()),
        Value::String(text) => {
            let folded = device_core::fold::fold(&text).into_owned();
            let end = (0..=folded.len().min(256)).rev().find(|end| folded.is_char_boundary(*end));
            (3, 0.0, folded[..end.unwrap()].to_owned())
        }
        other => panic!("{other}"),
    }
}

fn sorted(devices: &Devices, kind: DeviceKind, keys: &[(&str, bool)]) -> Vec<String> {
    let mut all: Vec<(BTreeMap<String, String>, &Device)> =
        devices.iter().map(|device| (members(&entry(device, kind).json), device)).collect();
    all.sort_by(|(left, first), (right, second)| {
        for (name, descending) in keys {
            let order = rank(left, name).partial_cmp(&rank(right, name)).unwrap();
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        (first.created_ms, first.id.as_str()).cmp(&(second.created_ms, second.id.as_str()))
    });
    all.into_iter().map(|(_, device)| device.id.as_str().to_owned()).collect()
}

/// A set of some kind with sort keys over its lists, and which are descending.
fn set_and_keys() -> impl Strategy<Value = (DeviceKind, DeviceSet, Vec<(&'static str, bool)>)> {
    proptest::sample::select(&DeviceKind::ALL[..]).prop_flat_map(|kind| {
        let names: Vec<&'static str> =
            kind.row().listed.iter().copied().chain(["_id", "_rev"]).collect();
        let keys =
            proptest::collection::vec((proptest::sample::select(names), any::<bool>()), 0..4);
        (Just(kind), device_set(kind), keys)
    })
}

fn written(keys: &[(&str, bool)]) -> String {
    let key = |(name, descending): &(&str, bool)| {
        format!("{}{name}", if *descending { "-" } else { "%2B" })
    };
    format!("_sortKeys={}", keys.iter().map(key).collect::<Vec<_>>().join(","))
}

proptest! {
    /// One page of everything is everything, in the order of a plain sort; its parts are the parts of that.
    #[test]
    fn pages_are_slices_of_the_sorted_list((kind, set, keys) in set_and_keys(), size in 1..9_usize, offset in 0..9_usize) {
        let all = sorted(&set.devices, kind, &keys);
        let sort = written(&keys);
        let whole = page_of(kind, &format!("{sort}&_totalPagedResultsPolicy=EXACT"), &set.devices);
        prop_assert_eq!((&ids(&whole), whole.total, whole.count), (&all, Some(all.len()), all.len()));
        prop_assert_eq!(whole.cookie, None);

        let part = page_of(kind, &format!("{sort}&_pageSize={size}&_pagedResultsOffset={offset}"), &set.devices);
        let expected: Vec<String> = all.iter().skip(offset).take(size).cloned().collect();
        prop_assert_eq!((&ids(&part), part.total, part.count), (&expected, None, expected.len()));
        prop_assert_eq!(part.cookie.is_some(), offset + size < all.len());

        let counted = page_of(kind, &format!("{sort}&_countOnly=true"), &set.devices);
        prop_assert_eq!((counted.entries.len(), counted.count, counted.total), (0, all.len(), Some(all.len())));
    }

    /// A filter lets through what a plain one over the devices does, page by page.
    #[test]
    fn filtered_pages_are_slices_of_the_filtered_list(
        (kind, set, keys) in set_and_keys(), least in "[a-z0-9]", text in "[a-z]", size in 1..4_usize,
    ) {
        let filter = format!("_id ge \"{least}\" or !({} co \"{text}\")", kind.row().name_member);
        let passes = |id: &String| {
            let device = set.devices.iter().find(|device| device.id.as_str() == *id).unwrap();
            let (id, name) = (device_core::fold::fold(id), device_core::fold::fold(device.name.as_str()));
            *id >= *least || !name.contains(&text)
        };
        let expected: Vec<String> = sorted(&set.devices, kind, &keys).into_iter().filter(passes).collect();
        let query = format!("_queryFilter={}&{}&_pageSize={size}", filter.replace(' ', "+"), written(&keys));
        let (mut shown, mut cookie) = (Vec::new(), String::new());
        loop {
            let read = read_at(&path(kind), &format!("{query}&_pagedResultsCookie={cookie}"));
            let page = choose(&read.unwrap().unwrap(), &set.devices, kind);
            prop_assert!(page.count <= size);
            shown.extend(ids(&page));
            let Some(next) = page.cookie else { break };
            cookie = next;
        }
        prop_assert_eq!(shown, expected);
    }

    /// A walk while devices go: every device that survives is shown once, none twice, in order.
    #[test]
    fn a_walk_neither_repeats_nor_skips((kind, set, keys) in set_and_keys(), size in 1..4_usize, goes in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut devices = set.devices;
        let order = sorted(&devices, kind, &keys);
        let mut goes = goes.into_iter();
        let (mut shown, mut cookie) = (Vec::new(), String::new());
        for _ in 0..=devices.len() {
            let page = page_of(kind, &format!("{}&_pageSize={size}&_pagedResultsCookie={cookie}", written(&keys)), &devices);
            shown.extend(ids(&page));
            let Some(next) = page.cookie else { break };
            cookie = next;
            // Shown or not yet, even the one at which the next page begins.
            if let (Some(index), false) = (goes.next(), devices.is_empty()) {
                devices.remove(index.index(devices.len()));
            }
        }
        let places: Vec<usize> = shown.iter().map(|id| order.iter().position(|known| known == id).unwrap()).collect();
        prop_assert!(places.is_sorted_by(|left, right| left < right), "{:?}", places);
        let survivors: BTreeSet<&str> = devices.iter().map(|device| device.id.as_str()).collect();
        let shown: BTreeSet<&str> = shown.iter().map(String::as_str).collect();
        prop_assert!(survivors.is_subset(&shown));
    }

    /// A cookie that is not as it was given is refused, wherever it was changed.
    #[test]
    fn an_altered_cookie_is_refused(set in device_set(DeviceKind::WebAuthn), at in any::<prop::sample::Index>(), to in proptest::string::string_regex("[A-Za-z0-9_-]").unwrap()) {
        let query = "_sortKeys=deviceName&_pageSize=1";
        let page = page_of(DeviceKind::WebAuthn, query, &set.devices);
        prop_assert_eq!(page.cookie.is_some(), set.devices.len() > 1);
        let Some(cookie) = page.cookie else { return Ok(()) };
        let mut altered = cookie.clone();
        let at = at.index(cookie.len());
        altered.replace_range(at..=at, &to);
        let read = read(DeviceKind::WebAuthn, &format!("{query}&_pagedResultsCookie={altered}"));
        prop_assert_eq!(read.is_ok(), altered == cookie);
    }

    /// Any choice of fields shows those, `_id` and `_rev`, as they stand in the entry.
    #[test]
    fn fields_are_members_as_they_are((kind, set, keys) in set_and_keys()) {
        let chosen: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
        let page = page_of(kind, &format!("_fields=_id,{}", chosen.join(",")), &set.devices);
        let whole = page_of(kind, "_totalPagedResultsPolicy=EXACT", &set.devices);
        for (part, whole) in page.entries.iter().zip(&whole.entries) {
            let mut expected = members(whole);
            expected.retain(|name, _| chosen.contains(&name.as_str()) || matches!(name.as_str(), "_id" | "_rev"));
            prop_assert_eq!(members(part), expected);
        }
    }
}

#[test]
fn nested_fields_keep_their_place_and_their_text() {
    let json = r#"{"_id":"8","_rev":"1","identifier":"8","metadata":{"b":{"y":1.50,"x":9007199254740993123},"a":[{"x":1}],"c":2},"alias":"Pixel"}"#;
    let entries = || vec![Entry { created_ms: 0, id: "8", json: json.into() }];
    for (fields, expected) in [
        ("alias", r#"{"_id":"8","_rev":"1","alias":"Pixel"}"#),
        ("/alias,%20/_id", r#"{"_id":"8","_rev":"1","alias":"Pixel"}"#),
        ("metadata/b/x", r#"{"_id":"8","_rev":"1","metadata":{"b":{"x":9007199254740993123}}}"#),
        (
            "metadata/c&_fields=metadata/b/y",
            r#"{"_id":"8","_rev":"1","metadata":{"b":{"y":1.50},"c":2}}"#,
        ),
        (
            "metadata/b/x,metadata/b",
            r#"{"_id":"8","_rev":"1","metadata":{"b":{"y":1.50,"x":9007199254740993123}}}"#,
        ),
        ("metadata/a", r#"{"_id":"8","_rev":"1","metadata":{"a":[{"x":1}]}}"#),
        ("alias/x", r#"{"_id":"8","_rev":"1"}"#),
        ("", json),
    ] {
        let query = read(DeviceKind::Profile, &format!("_fields={fields}")).unwrap().unwrap();
        assert_eq!(query.choose(entries()).unwrap().entries, [expected], "{fields}");
    }
}

/// Devices collect anything: a number beyond all ranges is the greatest, and its neighbours are seen.
#[test]
fn numbers_beyond_all_ranges_are_the_greatest() {
    let json = r#"{"_id":"8","metadata":{"a":[-1e999,{"b":1e999}],"c":2}}"#;
    for filter in
        ["metadata/c eq 2", "metadata/a lt -1e300", "metadata/a/1/b gt 1e300", "metadata/a/1/b pr"]
    {
        let query = read_at(
            &path(DeviceKind::Profile),
            &format!("_queryFilter={}", filter.replace(' ', "%20")),
        );
        let entry = Entry { created_ms: 0, id: "8", json: json.into() };
        assert_eq!(
            query.unwrap().unwrap().choose(vec![entry]).unwrap().entries,
            [json],
            "{filter}"
        );
    }
}

/// What a filter costs is bounded by what it looks at, not by its own length alone.
#[test]
fn a_long_filter_over_a_large_list_is_refused() {
    let filter = vec!["metadata+eq+%22x%22"; 40].join("+or+");
    let query = read_at(&path(DeviceKind::Profile), &format!("_queryFilter={filter}"));
    let query = query.unwrap().unwrap();
    let list = |bytes: usize| {
        let json = format!("{{\"metadata\":\"{}\"}}", "y".repeat(bytes));
        vec![Entry { created_ms: 0, id: "8", json }; 64]
    };
    assert_eq!(query.choose(list(4_096)).unwrap().count, 0);
    assert!(matches!(query.choose(list(65_536)), Err(Fault::Bad(_))));
}

#[test]
fn the_plain_list_stays_plain() {
    for query in ["", "unknown=1", "_prettyPrint=true", "_mimeType=x"] {
        assert!(read(DeviceKind::Oath, query).unwrap().is_none(), "{query}");
    }
    assert!(read_at(&path(DeviceKind::Oath), "_queryId=*").unwrap().is_none());
    assert!(read_at(&path(DeviceKind::Oath), "_queryFilter=false").unwrap().is_some());
}

#[test]
fn what_cannot_be_read_is_named() {
    for (query, message) in [
        ("_pageSize=-1", "'_pageSize' could not be parsed as a valid integer"),
        ("_pageSize=x", "'_pageSize'"),
        ("_pageSize=", "'_pageSize'"),
        ("_pageSize=1.5", "'_pageSize'"),
        ("_pageSize=99999999999999999999", "'_pageSize'"),
        ("_pageSize=1001", "`_pageSize` is more than 1000"),
        ("_pageSize=1&_PAGESIZE=1", "'_pageSize'"),
        ("_pageSize=1&_pagedResultsOffset=-1", "'_pagedResultsOffset'"),
        ("_pagedResultsOffset=1", "`_pagedResultsOffset` needs a `_pageSize`"),
        ("_pageSize=0&_pagedResultsOffset=1", "`_pagedResultsOffset` needs a `_pageSize`"),
        ("_pagedResultsCookie=x", "`_pagedResultsCookie` needs a `_pageSize`"),
        ("_pageSize=1&_pagedResultsCookie=x", "`_pagedResultsCookie` is not one"),
        ("_pageSize=1&_pagedResultsCookie=x&_pagedResultsOffset=1", "mutually exclusive"),
        ("_totalPagedResultsPolicy=ALL", "`_totalPagedResultsPolicy` must be"),
        ("_countOnly=yes", "`_countOnly` must be"),
        ("_countOnly=true&_pageSize=1", "_countOnly and _pageSize are mutually exclusive"),
        ("_sortKeys=deviceName&_sortKeys=uuid", "'_sortKeys'"),
        ("_sortKeys=sharedSecret", "'sharedSecret' is not a field that the list shows"),
        ("_sortKeys=-nothing", "'nothing' is not a field that the list shows"),
        ("_sortKeys=uuid,uuid,uuid,uuid,uuid,uuid,uuid,uuid,uuid", "more than 8"),
        ("_fields=uuid,recoveryCodes", "'recoveryCodes' is not a field that the list shows"),
        ("_fields=a%0Ab", "'a?b' is not a field"),
        (&format!("_fields={}", ["uuid"; 65].join(",")), "more than 64"),
    ] {
        let said = refused(DeviceKind::Oath, query);
        assert!(said.contains(message), "{query}: {said}");
    }
}

/// A cookie of one list is none of any other's.
#[test]
fn cookies_belong_to_one_list() {
    let devices =
        |id: &'static str| Entry { created_ms: 7, id, json: format!("{{\"_id\":\"{id}\"}}") };
    let kind = DeviceKind::WebAuthn;
    let query = "_queryFilter=_id%20pr&_sortKeys=uuid&_pageSize=1";
    let first = read_at(&path(kind), query).unwrap().unwrap();
    let cookie = first.choose(vec![devices("a"), devices("b")]).unwrap().cookie.unwrap();
    let accepts = |path: &str, query: &str| {
        read_at(path, &format!("{query}&_pagedResultsCookie={cookie}")).is_ok()
    };
    assert!(accepts(&path(kind), query));
    assert!(accepts(&path(kind), &query.replace("Size=1", "Size=2")), "pages may differ in size");
    assert!(accepts(&path(kind), &format!("{query}&_fields=uuid")), "and in what they show");
    assert!(accepts(&path(kind).replace("bjensen", "BJensen"), query), "one user in two spellings");
    assert!(!accepts(&path(kind).replace("alpha", "customers"), query));
    assert!(!accepts(&path(kind).replace("bjensen", "scarter"), query));
    assert!(!accepts(&path(DeviceKind::Binding), query));
    for other in [
        query.replace("_id%20pr", "uuid%20pr"),
        query.replace("=uuid", "=-uuid"),
        query.replace("=uuid", "=deviceName"),
        query.replace("_sortKeys=uuid&", ""),
    ] {
        assert!(!accepts(&path(kind), &other), "{other}");
    }
}
