//! `docs/wire.md`: every test it names is there, every operation and every abuse case is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::place::Ended;

const TABLES: &str = include_str!("../../../../docs/wire.md");
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// Every test of this program, as it names them itself.
pub(crate) fn tests() -> BTreeSet<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let listed = Ended::of(command.args(["--list", "--format", "terse"]).output().unwrap()).done();
    listed.lines().filter_map(|line| line.strip_suffix(": test")).map(ToOwned::to_owned).collect()
}

/// The cells of the table below a heading, without its first two lines.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = TABLES.split_once(&format!("\n## {heading}\n")).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands between backticks.
fn code(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

/// The statuses that a cell mentions.
fn statuses(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|other: char| !other.is_ascii_digit()).filter(|number| number.len() == 3)
}

/// The statuses of each operation in the OpenAPI document.
fn operations() -> BTreeMap<String, BTreeSet<String>> {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let methods = document["paths"].as_object().unwrap().values();
    let operations = methods.flat_map(|methods| methods.as_object().unwrap().values().cloned());
    let described = |operation: Value| {
        let responses = operation["responses"].as_object().unwrap();
        let id = operation["operationId"].as_str().unwrap().to_owned();
        (id, responses.keys().cloned().collect())
    };
    operations.map(described).collect()
}

#[test]
fn every_test_that_is_named_is_there() {
    let tests = tests();
    let named: Vec<&str> = code(TABLES).filter(|name| name.contains("::")).collect();
    assert!(named.len() > 50, "{named:?}");
    for name in named {
        assert!(tests.contains(name), "docs/wire.md: there is no test `{name}`");
    }
}

#[test]
fn every_operation_has_its_answers() {
    let tests: BTreeMap<&str, &str> =
        table("The tests behind the letters").iter().map(|row| (row[0], row[1])).collect();
    let operations = operations();
    let (mut seen, mut used) = (BTreeSet::new(), BTreeSet::new());
    for row in table("Operations and clients") {
        let ids: Vec<&str> = code(row[1]).collect();
        for cell in &row[2..] {
            for id in &ids {
                let described = &operations[*id];
                let unknown = statuses(cell).find(|status| !described.contains(*status));
                assert_eq!(unknown, None, "{id}: `{cell}`");
            }
            let letters = cell.split([' ', ',']).filter(|word| tests.contains_key(word));
            let letters: Vec<&str> = letters.collect();
            assert!(*cell == "–" || !letters.is_empty(), "{ids:?}: `{cell}` has no test");
            used.extend(letters);
        }
        seen.extend(ids);
    }
    assert_eq!(seen, operations.keys().map(String::as_str).collect(), "the operations");
    assert_eq!(used, tests.keys().copied().collect(), "the letters");
}

#[test]
fn every_abuse_case_has_its_answer() {
    let rows = table("Refusals by number");
    let numbers: Vec<u8> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=41).chain(43..=44).collect::<Vec<u8>>());
    for (number, row) in numbers.iter().zip(&rows) {
        assert!(row[3].contains(&format!("::case_{number:02}_")), "{row:?}");
        assert!(statuses(row[2]).next().is_some(), "{row:?}");
    }
}
