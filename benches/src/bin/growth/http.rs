//! Servers of many users, driven by `devreg-load compare`.

use std::path::Path;
use std::process::{Command, Stdio};

use devreg_benches::spread::Spread;
use serde::Deserialize;

use super::Fallible;

/// Stores, one after the other: the users of one fill the memory.
const STORES: [&str; 2] = ["memory", "journal"];

/// What drives what.
pub(crate) struct Http<'a> {
    pub(crate) load: &'a Path,
    pub(crate) server: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) rounds: usize,
}

/// One server, one kind of request: medians of the rounds.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) users: usize,
    /// The request and the server.
    pub(crate) what: String,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// What the 99th percentile was of the floor that was driven by turns with it.
    pub(crate) floor_p99_us: f64,
    /// Of the processor, for a request.
    pub(crate) server_us: f64,
    /// Bytes from disks, for a request.
    pub(crate) read_bytes: f64,
}

/// What `devreg-load` prints.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    work: String,
    rounds: Vec<Figures>,
}

#[derive(Debug, Deserialize)]
struct Figures {
    p50_us: f64,
    p99_us: f64,
    server_us_per_request: f64,
    read_bytes_per_request: f64,
}

impl Http<'_> {
    /// Both stores with so many users.
    ///
    /// # Errors
    /// If a server does not answer as it should.
    pub(crate) fn drive(&self, users: usize) -> Fallible<Vec<Driven>> {
        let mut driven = Vec::new();
        for store in STORES {
            eprintln!("{users} users over HTTP, {store}");
            let mut command = Command::new(self.load);
            command.args(["compare", "--json", "--stores", store, "--server"]).arg(self.server);
            command.arg("--folder").arg(self.folder).args(["--users", &users.to_string()]);
            command.args(["--rounds", &self.rounds.to_string(), "--files-in-memory"]);
            let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
            if !output.status.success() {
                return Err(format!("devreg-load: {}", output.status).into());
            }
            driven.extend(read(users, &serde_json::from_slice::<Vec<Row>>(&output.stdout)?)?);
        }
        Ok(driven)
    }
}

/// The rows of devreg. The first row is the floor, in front of which nothing is checked or logged.
fn read(users: usize, rows: &[Row]) -> Fallible<Vec<Driven>> {
    let median = |row: &Row, figure: fn(&Figures) -> f64| {
        Spread::of(row.rounds.iter().map(figure)).map_or(f64::NAN, |spread| spread.median)
    };
    let floor = rows.first().ok_or("devreg-load has measured nothing")?;
    let devreg = rows.iter().filter(|row| row.name.starts_with("devreg,"));
    let driven = devreg.map(|row| Driven {
        users,
        what: format!("{}: {}", row.work, row.name),
        p50_us: median(row, |figures| figures.p50_us),
        p99_us: median(row, |figures| figures.p99_us),
        floor_p99_us: median(floor, |figures| figures.p99_us),
        server_us: median(row, |figures| figures.server_us_per_request),
        read_bytes: median(row, |figures| figures.read_bytes_per_request),
    });
    Ok(driven.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_beside_devreg() {
        let rows = r#"[
            {"name":"floor","work":"list","rounds":[{"p50_us":1,"p99_us":10,"server_us_per_request":5,"read_bytes_per_request":0}]},
            {"name":"floor with layers and token check, log info","work":"list","rounds":[]},
            {"name":"devreg, memory, log info","work":"list","rounds":[
                {"p50_us":2,"p99_us":20,"server_us_per_request":7,"read_bytes_per_request":0},
                {"p50_us":4,"p99_us":40,"server_us_per_request":9,"read_bytes_per_request":3}]}
        ]"#;
        let driven = read(5, &serde_json::from_str::<Vec<Row>>(rows).unwrap()).unwrap();
        assert_eq!(driven.len(), 1);
        let row = &driven[0];
        assert_eq!((row.users, row.what.as_str()), (5, "list: devreg, memory, log info"));
        assert_eq!((row.p50_us, row.p99_us, row.floor_p99_us), (3.0, 30.0, 10.0));
        assert_eq!((row.server_us, row.read_bytes), (8.0, 1.5));
        assert!(read(5, &[]).is_err());
    }
}
