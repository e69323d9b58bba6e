//! The generator as people start it, in front of a real devreg and in front of a server that fails.

#![allow(clippy::unwrap_used, reason = "what is not as it should be must fail the test")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_devreg-load")).args(arguments).output().unwrap()
}

/// The figures that were printed.
fn figures(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// devreg is another package's program: with the whole workspace it is built already, with this package alone it may not be.
fn devreg() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_devreg-load")).with_file_name("devreg");
    if !program.exists() {
        let target = program.parent().and_then(|profile| profile.parent()).unwrap();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--package", "device-server", "--target-dir"])
            .arg(target)
            .status();
        assert!(built.unwrap().success());
    }
    program
}

#[test]
fn devreg_answers_everything() {
    let program = devreg();
    let started = ["run", "--server", program.to_str().unwrap(), "--json"];
    let small = ["--users", "20", "--requests", "200", "--connections", "4"];
    let ways: [&[&str]; 4] = [
        &["--work", "list"],
        &["--work", "list", "--callers", "users", "--rate", "2000"],
        &["--work", "refresh", "--store", "memory", "--skew", "zipf"],
        &["--work", "refresh", "--store", "journal"],
    ];
    for way in ways {
        let output = load(&[&started[..], &small, way].concat());
        assert!(output.status.success(), "{way:?}: {output:?}");
        let figures = figures(&output);
        assert_eq!(figures["answered"], 200, "{way:?}");
        assert_eq!(figures["errors"], 0, "{way:?}");
        let (median, most) = (figures["p50_us"].as_f64(), figures["p999_us"].as_f64());
        assert!(median.unwrap() > 0.0 && median <= most, "{figures}");
        assert!(figures["requests_per_second"].as_f64().unwrap() > 0.0, "{figures}");
        assert!(figures["server_us_per_request"].is_number(), "{figures}");
    }
}

#[test]
fn a_measurement_ends_when_its_time_is_over() {
    let program = devreg();
    // No server answers so many in a millisecond.
    let output = load(&[
        "run",
        "--server",
        program.to_str().unwrap(),
        "--json",
        "--users",
        "5",
        "--requests",
        "20000",
        "--seconds",
        "0.001",
    ]);
    assert!(output.status.success(), "{output:?}");
    let figures = figures(&output);
    assert!(figures["answered"].as_u64().unwrap() < 20_000, "{figures}");
}

#[test]
fn floors_and_stores_are_compared() {
    let program = devreg();
    let server = ["compare", "--server", program.to_str().unwrap(), "--rounds", "2"];
    let small = ["--users", "10", "--requests", "100", "--connections", "4", "--json"];
    let output = load(&[&server[..], &small, &["--files-in-memory"]].concat());
    assert!(output.status.success(), "{output:?}");
    let rows = figures(&output);
    let rows: Vec<&Value> = rows.as_array().unwrap().iter().collect();
    assert_eq!(rows[0]["name"], "floor");
    assert_eq!(rows.len(), 6, "two floors, two stores with two kinds of requests each");
    for row in rows {
        let rounds = row["rounds"].as_array().unwrap();
        assert_eq!(rounds.len(), 2, "{row}");
        assert!(rounds.iter().all(|figures| figures["answered"] == 100), "{row}");
        // Seldom zero: the system may read the program itself again.
        assert!(
            rounds.iter().all(|figures| figures["read_bytes_per_request"].is_number()),
            "{row}"
        );
    }
}

/// Answers everything alike.
fn answer(mut stream: TcpStream, answer: &[u8]) {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        head.extend_from_slice(&part[..read]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}

#[test]
fn an_answer_that_is_not_the_expected_one_is_an_error() {
    let token = tempfile::NamedTempFile::new().unwrap();
    let bad: [&'static [u8]; 3] = [
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"no HTTP\r\n\r\n",
    ];
    for bad in bad {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || answer(stream, bad));
            }
        });
        let output = load(&[
            "run",
            "--url",
            &url,
            "--token-file",
            token.path().to_str().unwrap(),
            "--seeded",
            "--json",
            "--users",
            "5",
            "--requests",
            "20",
            "--connections",
            "2",
        ]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let figures = figures(&output);
        assert_eq!((&figures["answered"], &figures["errors"]), (&0.into(), &20.into()));
        assert!(figures["first_error"].is_string(), "{figures}");
    }
}

#[test]
fn who_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let token = tempfile::NamedTempFile::new().unwrap();
    let output = load(&["run", "--url", &url, "--token-file", token.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("refused"), "{output:?}");
}
