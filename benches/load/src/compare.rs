//! Several servers by turns, beside the floor.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use devreg_benches::spread::Spread;
use serde::Serialize;

use crate::population::{Population, Work, seed};
use crate::processor::Processes;
use crate::report::Figures;
use crate::server::{Running, Start, is_database};
use crate::single::{measure, runtime};
use crate::{Fallible, Shape};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The devreg to compare
    #[arg(long, value_name = "PROGRAM")]
    server: PathBuf,
    /// Its stores: memory, journal, sled, or URLs of databases
    #[arg(long, value_delimiter = ',', default_value = "memory,journal")]
    stores: Vec<String>,
    /// Levels of logging, each of which is measured; `info` is a line a request
    #[arg(long, value_delimiter = ',', default_value = "info")]
    log: Vec<String>,
    /// Another server and the command that starts it: it gets `--data FOLDER`, with the key of tokens in it, and prints {"listening":"ADDRESS"}
    #[arg(long, value_name = "NAME=COMMAND", value_parser = rival)]
    rival: Vec<Rival>,
    /// Where a database is and its process, whose time, with that of all it has started, counts as that of every server with such a URL among its words
    #[arg(long, value_name = "URL=PROCESS", value_parser = database)]
    database: Vec<Database>,
    /// Rounds to take medians of
    #[arg(long, default_value_t = 7, value_parser = crate::at_least_one)]
    rounds: usize,
    /// Where data folders are made; durable stores need a real disk [default: the system's folder of temporary files]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Read the files of its stores before each measurement, so that the system has them in its memory
    #[arg(long)]
    files_in_memory: bool,
    /// Print JSON: all rounds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shape: Shape,
}

#[derive(Debug, Clone)]
struct Rival {
    name: String,
    words: String,
    start: Start,
}

fn rival(text: &str) -> Result<Rival, String> {
    let (name, words) = text.split_once('=').ok_or("must be NAME=COMMAND")?;
    let start = Start::command(words).map_err(|error| error.to_string())?;
    Ok(Rival { name: name.into(), words: words.into(), start })
}

/// A database that servers are on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Database {
    /// How its URLs begin, up to the host and its port.
    place: String,
    process: u32,
}

fn database(text: &str) -> Result<Database, String> {
    // A URL may have a `=` of its own.
    let (url, process) = text.rsplit_once('=').ok_or("must be URL=PROCESS")?;
    let place = place(url).ok_or_else(|| format!("`{url}` is no URL"))?.into();
    let process = process.parse().map_err(|_| format!("`{process}` is no process"))?;
    Ok(Database { place, process })
}

/// Scheme, user, host and port of a URL: servers on one database server may have databases of their own there.
fn place(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next().filter(|authority| !authority.is_empty())?;
    Some(&url[..scheme.len() + "://".len() + authority.len()])
}

/// The processes of the databases that these words name.
fn processes<'a>(databases: &'a [Database], words: &'a str) -> impl Iterator<Item = u32> + 'a {
    let named = |database: &&Database| {
        words.split_whitespace().any(|word| place(word) == Some(database.place.as_str()))
    };
    databases.iter().filter(named).map(|database| database.process)
}

/// Who is measured with what.
struct Contestant {
    name: String,
    works: &'static [Work],
    server: Running,
    population: Population,
}

/// What all rounds gave for one contestant and one kind of request.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    work: Work,
    rounds: Vec<Figures>,
}

const EVERYTHING: &[Work] = &[Work::List, Work::Refresh];

/// # Errors
/// If a server does not start or does not take the users.
pub(crate) fn run(arguments: &Arguments) -> Fallible<ExitCode> {
    let mut contestants = contestants(arguments)?;
    let runtime = runtime(&arguments.shape)?;
    // The floors answer the same to everybody.
    for contestant in contestants.iter().filter(|one| one.works == EVERYTHING) {
        eprintln!("storing {} users: {}", arguments.shape.users, contestant.name);
        let Running { address, tokens, .. } = &contestant.server;
        runtime.block_on(seed(*address, tokens, &arguments.shape))?;
    }
    let mut rows = Vec::new();
    for contestant in &contestants {
        for work in contestant.works {
            rows.push(Row { name: contestant.name.clone(), work: *work, rounds: vec![] });
        }
    }
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        let mut row = rows.iter_mut();
        for Contestant { works, server, population, .. } in &mut contestants {
            for (work, row) in works.iter().zip(&mut row) {
                if arguments.files_in_memory {
                    server.files_into_memory()?;
                }
                let measured = measure(server, population, *work, None, &arguments.shape);
                row.rounds.push(runtime.block_on(measured)?);
            }
        }
    }
    match arguments.json {
        true => println!("{}", serde_json::to_string(&rows)?),
        false => println!("{}", table(&rows)),
    }
    let mut good = ExitCode::SUCCESS;
    for row in &rows {
        let errors: u64 = row.rounds.iter().map(|figures| figures.errors).sum();
        if errors > 0 {
            let first = row.rounds.iter().find_map(|figures| figures.first_error.as_deref());
            let first = first.unwrap_or_default();
            eprintln!("{}, {}: {errors} errors, first: {first}", row.name, label(row.work));
            good = ExitCode::FAILURE;
        }
    }
    Ok(good)
}

fn contestants(arguments: &Arguments) -> Fallible<Vec<Contestant>> {
    let folder = arguments.folder.clone().unwrap_or_else(std::env::temp_dir);
    let mut contestants = Vec::new();
    let mut add = |name: String, works, start: &Start, words: &str| -> Fallible<()> {
        let mut server = start.start(&folder)?;
        if let Some(Processes(counted)) = &mut server.processes {
            counted.extend(processes(&arguments.database, words));
        }
        let population = Population::of(&arguments.shape);
        contestants.push(Contestant { name, works, server, population });
        Ok(())
    };
    let this = std::env::current_exe()?;
    let floor = |log: &str, layers: bool| Start {
        program: this.clone(),
        arguments: ["floor", "--layers"]
            .into_iter()
            .take(1 + usize::from(layers))
            .map(Into::into)
            .collect(),
        environment: vec![("DEVREG_LOG", log.into())],
        before: vec![],
    };
    add("floor".into(), &[Work::List], &floor("off", false), "")?;
    for log in &arguments.log {
        let name = format!("floor with layers and token check, log {log}");
        add(name, &[Work::List], &floor(log, true), "")?;
        for store in &arguments.stores {
            // The URL may have a password.
            let shown = if is_database(store) { "PostgreSQL" } else { store };
            let start = Start::devreg(&arguments.server, store, log);
            add(format!("devreg, {shown}, log {log}"), EVERYTHING, &start, store)?;
        }
    }
    for Rival { name, words, start } in &arguments.rival {
        add(name.clone(), EVERYTHING, start, words)?;
    }
    Ok(contestants)
}

fn label(work: Work) -> &'static str {
    match work {
        Work::List => "list",
        Work::Refresh => "refresh",
    }
}

/// As Markdown; the first row is the floor, whose figures of the same round the others are divided by.
fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| what | requests/s | median | 99 % | 99.9 % | server's processor time a request | times the floor's (least .. most) | requests/s, times the floor's (least .. most) |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let Some(floor) = rows.first() else { return table };
    for row in rows {
        let median = |figure: fn(&Figures) -> f64| {
            Spread::of(row.rounds.iter().map(figure)).map_or(f64::NAN, |spread| spread.median)
        };
        let ratio = |figure: fn(&Figures) -> Option<f64>| {
            let rounds = row.rounds.iter().zip(&floor.rounds);
            let ratios = rounds.filter_map(|(one, floor)| Some(figure(one)? / figure(floor)?));
            Spread::of(ratios).map_or_else(String::new, |spread| {
                let Spread { least, median, most } = spread;
                format!("**{median:.2}** ({least:.2} .. {most:.2})")
            })
        };
        table.push_str(&format!(
            "| {}: {} | {:.0} | {:.0} us | {:.0} us | {:.0} us | {:.1} us | {} | {} |\n",
            label(row.work),
            row.name,
            median(|figures| figures.requests_per_second),
            median(|figures| figures.p50_us),
            median(|figures| figures.p99_us),
            median(|figures| figures.p999_us),
            median(|figures| figures.server_us_per_request.unwrap_or(f64::NAN)),
            ratio(|figures| figures.server_us_per_request),
            ratio(|figures| Some(figures.requests_per_second)),
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_database_counts_for_those_that_are_on_it() {
        let one = database("postgres://me@127.0.0.1:5432/postgres?sslmode=disable=7").unwrap();
        let other = database("ldap://127.0.0.1:389=8").unwrap();
        let databases = [one, other];
        let counted = |words: &str| processes(&databases, words).collect::<Vec<u32>>();
        assert_eq!(counted("postgres://me@127.0.0.1:5432/own?sslmode=disable"), [7]);
        assert_eq!(counted("rival ldap --url ldap://127.0.0.1:389"), [8]);
        assert!(counted("rival ldap --url ldap://127.0.0.1:3890").is_empty());
        assert!(counted("journal").is_empty());
    }

    #[test]
    fn what_is_no_database_is_named() {
        for (text, complaint) in [
            ("ldap://127.0.0.1:389", "must be URL=PROCESS"),
            ("127.0.0.1:389=8", "`127.0.0.1:389` is no URL"),
            ("ldap://127.0.0.1:389=slapd", "`slapd` is no process"),
        ] {
            assert_eq!(database(text).unwrap_err(), complaint);
        }
    }
}
