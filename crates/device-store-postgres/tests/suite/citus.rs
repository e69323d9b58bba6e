//! Where a database distributes the tables, it must ask one node for a user.

use std::io::Write as _;

use device_core::Secret;
use device_store_postgres::statements::{ALL, Reach};
use device_store_postgres::{Address, Options, PostgresStore};

use crate::server::Session;

/// A database with the extension `citus`, in which tables may be made. Nobody packages it for Debian, so the test is not run without.
const URL_VARIABLE: &str = "DEVREG_CITUS_URL";

/// A value of each type that statements have.
fn value(of_type: &str) -> &'static str {
    match of_type {
        "bytea" => r"\x6100",
        "int2" | "int8" => "1",
        "uuid" => "00000000-0000-0000-0000-000000000001",
        "_int2" => "{1,2}",
        "_bytea" => r#"{"\\x6101"}"#,
        other => panic!("no value of {other}"),
    }
}

#[test]
fn statements_of_one_user_are_one_task() {
    let Ok(url) = std::env::var(URL_VARIABLE) else {
        let line =
            format!("NOT RUN: statements on Citus, since {URL_VARIABLE} names no database\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let address = Address::parse(&Secret::new(&*url)).unwrap();
    PostgresStore::migrate(&address, &Options::default()).unwrap();
    PostgresStore::distribute(&address, &Options::default()).unwrap();
    assert!(!PostgresStore::distribute(&address, &Options::default()).unwrap());
    let session = Session::by(&url);
    let of_one_user = ALL.iter().filter(|statement| statement.reach == Reach::OneUser);
    for (number, statement) in of_one_user.enumerate() {
        let types: Vec<_> = statement.parameters.iter().map(|it| it.name()).collect();
        let values: Vec<_> = types.iter().map(|it| format!("'{}'", value(it))).collect();
        let (types, values) = (types.join(", "), values.join(", "));
        session.run(&format!("prepare it_{number} ({types}) as {}", statement.sql));
        let plan = session.lines(&format!("explain (costs off) execute it_{number} ({values})"));
        let tasks: Vec<_> =
            plan.iter().filter_map(|line| line.split_once("Task Count: ")).collect();
        assert!(!tasks.is_empty(), "{}: {plan:#?}", statement.sql);
        assert!(tasks.iter().all(|(_, count)| *count == "1"), "{}: {plan:#?}", statement.sql);
    }
}
