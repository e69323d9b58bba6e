//! Every command on a database, and copies from there and to there.

use std::path::Path;
use std::process::{Child, Command};
use std::thread;

use serde_json::json;

use super::copy::{content, counts, lines};
use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::{Ended, Place};
use crate::postgres::{PASSWORD, database, migrate, place, psql};
use crate::server::REFRESH;
use crate::users::{LINES, PHONE, USER};

/// What is in the database.
fn stored(url: &str) -> super::copy::Content {
    content(Path::new(""), url)
}

/// A new database is refused until its tables are made; made again they stay as they are.
#[test]
fn tables_are_made_by_migrate() {
    let Some(url) = database() else { return };
    let place = Place::on(url);
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["export"], &["verify"]] {
        let ended = place.run(command);
        ended.assert_failed(1, "has no tables of devreg");
        ended.assert_failed(1, "run `devreg migrate`");
    }
    migrate(url).assert_failed(0, "now has version 1 of the tables");
    migrate(url).assert_failed(0, "already has version 1 of the tables");
    assert_eq!(place.export(), "");
    migrate("journal").assert_failed(1, "`journal` has no tables");
    // Of another version of the program.
    psql(url, "insert into devreg_migrations values (99, 'later', '2026-01-01T00:00:00Z', '0')");
    place
        .run(&["export"])
        .assert_failed(1, "has version 99 of the tables; this version reads version 1");
}

/// A database that cannot distribute tables says what it would take, and has its tables all the same.
#[test]
fn tables_are_distributed_where_citus_is() {
    let Some(url) = database() else { return };
    let place = Place::on(url);
    let mut command = Command::new(env!("CARGO_BIN_EXE_devreg"));
    command.env_clear().current_dir(place.path("")).args([
        "migrate",
        "--distribute",
        "--store",
        url,
    ]);
    let ended = Ended::of(command.output().unwrap());
    ended.assert_failed(1, "has no extension `citus`");
    ended.assert_failed(1, "create extension citus");
    assert_eq!(place.export(), "");
}

/// Several make the tables at once.
#[test]
fn many_migrate_at_once() {
    let Some(url) = database() else { return };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| migrate(url).done());
        }
    });
    assert_eq!(psql(url, "select count(*) from devreg_migrations"), "1\n");
}

#[test]
fn every_command() {
    let Some(place) = place() else { return };
    let embedded = Place::on("sled").and_users();
    let place = place.and_users();
    assert_eq!(place.export(), embedded.export());
    place.run_on(LINES, &["import", "-"]).done();
    place.run(&["verify"]).assert_failed(0, "verified `postgres`: 5 users");
    let token = place.administrator("/alpha");
    let server = place.serve(&[]);
    server.ask(&Request::post(REFRESH, &refresh(&PHONE, &claims("new")))).expect(200);
    // Commands work beside a server.
    let export = place.export();
    assert!(export.contains("\"new\"") && export != embedded.export(), "{export}");
    place.run(&["purge", "--realm", "/alpha", "--user", "nobody"]).assert_failed(3, "no user");
    let listed = server.list(&token, USER, "2fa/push");
    place.run(&["purge", "--realm", "/alpha", "--user", USER]).done();
    assert_ne!(server.list(&token, USER, "2fa/push").body, listed.body, "the server sees it");
    place.run(&["verify"]).done();
    server.stop();
    assert!(!place.log().contains(PASSWORD));
}

/// What is said of a database never has its password, and a server that is not there is worth another try.
#[test]
fn a_password_is_said_nowhere() {
    let Some(url) = database() else { return };
    let place = Place::on(url).configured("nonsense = 1\n");
    for (store, command) in [
        (url.to_owned(), &["export"][..]),
        (url.replace("/test_", "/no_such_database_"), &["verify"]),
        (url.replace("sslmode", "no_such_parameter"), &["export"]),
        (url.replace("postgres:", "postgre:"), &["export"]),
        (url.replace("127.0.0.1", ""), &["serve"]),
    ] {
        for place in [&place, &Place::empty()] {
            let ended = place.run(&[command, &["--store", &store]].concat());
            assert!(ended.code != 0 && !format!("{ended:?}").contains(PASSWORD), "{ended:?}");
        }
        let ended = place.copy(&store, "journal:data");
        assert!(ended.code != 0 && !format!("{ended:?}").contains(PASSWORD), "{ended:?}");
    }
}

/// From a store in files into a database and back: everything as it was.
#[test]
fn there_and_back() {
    let (Some(there), Some(again)) = (place(), place()) else { return };
    let (url, other) = (there.store(), again.store());
    let place = Place::on("journal").and_users();
    place.run_on(&lines(500), &["import", "-"]).done();
    let (original, export) = (content(&place.path("data"), "journal"), place.export());
    let sets = original.len();
    let ended = place.copy("journal:data", url);
    assert!(!format!("{ended:?}").contains(PASSWORD), "{ended:?}");
    assert_eq!(counts(ended)["written"], sets);
    assert!(stored(url) == original);
    assert_eq!(there.export(), export);
    let repeated = counts(place.copy("journal:data", url));
    assert_eq!((&repeated["written"], &repeated["unchanged"]), (&json!(0), &json!(sets)));

    place.copy(url, "journal:back").done();
    assert!(content(&place.path("back"), "journal") == original);
    place.copy(url, other).done();
    assert!(stored(other) == original);
    place.copy(url, url).assert_failed(1, "are one store");
}

/// Killed or ended by Ctrl-C in the middle, and repeated until it is whole. In between nobody takes the part for all of it.
#[test]
fn interrupted_and_repeated() {
    let Some(target) = place() else { return };
    let url = target.store();
    let place = Place::on("journal");
    place.run_on(&lines(1_600), &["import", "-"]).done();
    let original = content(&place.path("data"), "journal");
    let stored_sets =
        || psql(url, "select count(*) from device_set").trim().parse::<usize>().unwrap();
    let mut interrupted = 0;
    for (part, signal) in [(1, "KILL"), (3, "INT"), (5, "KILL"), (7, "INT")] {
        // One commit after the other, so that there is a middle.
        let mut copy = place.copy_command("journal:data", url);
        copy.env("DEVREG_POSTGRES__WRITE_CONNECTIONS", "1");
        let mut child = copy.spawn().unwrap();
        while stored_sets() < original.len() * part / 8 && child.try_wait().unwrap().is_none() {}
        interrupt(child, signal);
        if stored_sets() == original.len() {
            break;
        }
        interrupted += 1;
        for command in [&["serve"][..], &["export"], &["import", "-"]] {
            let ended = target.run(command);
            ended
                .assert_failed(1, "is an unfinished copy: repeat `devreg copy --from journal:data");
            assert!(!ended.stderr.contains(PASSWORD));
        }
        place.copy(url, "sled:elsewhere").assert_failed(1, "is an unfinished copy");
    }
    assert!(interrupted > 0, "nothing was interrupted");
    place.copy("journal:data", url).done();
    assert!(stored(url) == original);
    assert_eq!(target.export(), place.export());

    // And back.
    let segment = place.path("back/journal/segment-0000000001");
    for signal in ["KILL", "INT"] {
        let mut child = place.copy_command(url, "journal:back").spawn().unwrap();
        while !segment.exists() && child.try_wait().unwrap().is_none() {}
        interrupt(child, signal);
    }
    place.copy(url, "journal:back").done();
    assert!(content(&place.path("back"), "journal") == original);
}

/// Sends a signal to a command that may be gone, and waits for its end.
fn interrupt(mut child: Child, signal: &str) {
    if child.try_wait().unwrap().is_none() {
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }
    child.wait().unwrap();
}

/// Nothing of a database that is in use by others is touched, and nothing comes in.
#[test]
fn a_target_of_somebody_else() {
    let Some(target) = place() else { return };
    let target = target.and_users();
    let before = stored(target.store());
    let place = Place::on("journal").and_users();
    let ended = place.copy("journal:data", target.store());
    ended.assert_failed(1, "the target has another set, which is left as it is");
    ended.assert_failed(1, "nothing was written");
    assert!(stored(target.store()) == before);
}
