//! Populations of several sizes, imported and used: `populations DEVREG PICTURES STORES USERS...`, which `scripts/bench-populations` calls.
//!
//! For each number of users and each store: `DEVREG import` of what `DEVREG demo-data` writes, then, in the same run and with the same sets, the store's own batches as a bare loop; what
//! the files take; how long a server needs to its first answer; look-ups and refreshes; and at last whether `DEVREG verify` finds anything. Prints a table, and draws curves into the folder
//! `PICTURES` (`-` for none).

mod command;
mod floor;
mod usage;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use device_store_journal::JournalStore;
use device_store_sled::SledStore;
use devreg_benches::curve::{Curve, draw};
use devreg_benches::usage::disk_bytes;
use indicatif::HumanCount;

use self::command::Devreg;
use self::floor::Floor;
use self::usage::Usage;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What one import came to.
struct Row {
    store: String,
    users: u64,
    /// Users a second.
    rate: f64,
    peak_bytes: u64,
    disk_bytes: u64,
    first_answer_seconds: f64,
    floor: Floor,
    usage: Usage,
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [devreg, pictures, stores, sizes @ ..] = arguments.as_slice() else {
        return Err("usage: populations DEVREG PICTURES STORE,STORE USERS...".into());
    };
    println!("{HEAD}");
    let mut rows = Vec::new();
    for users in sizes {
        for store in stores.split(',') {
            let row = measure(devreg, store, users.parse()?)?;
            println!("{}", row.line());
            rows.push(row);
        }
    }
    if pictures != "-" {
        draw_all(Path::new(pictures), stores, &rows)?;
    }
    Ok(())
}

fn measure(devreg: &str, store: &str, users: u64) -> Fallible<Row> {
    let place = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR").to_owned() + "/../target")?;
    let devreg = Devreg::new(devreg, place.path(), store);
    let lines = place.path().join("users.jsonl");
    devreg.demo_data(users, &lines)?;
    let started = Instant::now();
    let peak_bytes = devreg.import(&lines)?;
    let rate = users as f64 / started.elapsed().as_secs_f64();
    let stored = devreg.store_folder();
    let disk_bytes = disk_bytes(&stored)?;
    let first_answer_seconds = devreg.first_answer(&lines)?.as_secs_f64();
    let bare = place.path().join("bare");
    let (floor, usage) = match store {
        "journal" => {
            let open = |folder: &Path| JournalStore::open(folder, &Default::default());
            let from = open(&stored)?;
            let floor = floor::run(&from, &open(&bare)?, &lines)?;
            (floor, usage::run(from, &lines)?)
        }
        "sled" => {
            let open = |folder: &Path| SledStore::open(folder, Default::default());
            let from = open(&stored)?;
            let floor = floor::run(&from, &open(&bare)?, &lines)?;
            (floor, usage::run(from, &lines)?)
        }
        _ => return Err(format!("no store `{store}` is measured here").into()),
    };
    devreg.verify()?;
    let store = store.to_owned();
    Ok(Row { store, users, rate, peak_bytes, disk_bytes, first_answer_seconds, floor, usage })
}

const HEAD: &str = "\
| store | users | sets | imported, users/s | bare loop, users/s | share of it | on the disk, bytes a user | keys and records, bytes a user | peak memory, MB | first answer, s | a list, us | a refresh, us |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

impl Row {
    fn line(&self) -> String {
        let Self { store, users, rate, peak_bytes, disk_bytes, first_answer_seconds, .. } = self;
        let bare = *users as f64 / self.floor.seconds;
        let each = |bytes: u64| bytes / users;
        format!(
            "| {store} | {} | {} | {rate:.0} | {bare:.0} | {:.2} | {} | {} | {} | {first_answer_seconds:.2} | {:.1} | {:.0} |",
            HumanCount(*users),
            HumanCount(self.floor.sets),
            rate / bare,
            each(*disk_bytes),
            each(self.floor.logical_bytes),
            peak_bytes >> 20,
            self.usage.list_seconds * 1e6,
            self.usage.refresh_seconds * 1e6,
        )
    }
}

/// Curves over the number of users, one a store.
fn draw_all(folder: &Path, stores: &str, rows: &[Row]) -> Fallible<()> {
    let curves = |what: &str, value: &dyn Fn(&Row) -> f64| {
        let curve = |store: &str| {
            let of_store = rows.iter().filter(|row| row.store == store);
            let points = of_store.map(|row| (row.users as f64, value(row))).collect();
            Curve { name: format!("{store}, {what}"), points }
        };
        stores.split(',').map(curve).collect::<Vec<_>>()
    };
    let users = |row: &Row| row.users as f64;
    let mut space = curves("files", &|row| row.disk_bytes as f64 / users(row));
    let records = curves("records", &|row| row.floor.logical_bytes as f64 / users(row)).pop();
    space.extend(records.map(|records| Curve { name: "keys and records".to_owned(), ..records }));
    let space = draw("bytes a user", "users", &space);
    fs::write(folder.join("bytes-a-user.svg"), space)?;
    let mut rate = curves("import", &|row| row.rate / 1e3);
    rate.extend(curves("bare", &|row| users(row) / row.floor.seconds / 1e3));
    let rate = draw("thousand users a second", "users", &rate);
    fs::write(folder.join("load-rate.svg"), rate)?;
    Ok(())
}
