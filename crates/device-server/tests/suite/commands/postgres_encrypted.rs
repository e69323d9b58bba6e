//! Encrypted connections to a database, with certificates of openssl.

use std::process::Command;

use crate::place::{Ended, Place};
use crate::postgres::{Server, start_encrypted};
use crate::tools::{self, bash};
use crate::users::{LINES, USER};

/// A server whose certificate, of the authority `ours.pem`, is for `localhost` and not for `127.0.0.1`; beside the authority another one, `other.pem`.
fn encrypted() -> Option<(Place, Server)> {
    if !tools::has("openssl") {
        return None;
    }
    let place = Place::empty();
    let script = format!(
        "cd '{}' && for name in ours other; do
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj \"/CN=$name\" -keyout $name.key -out $name.pem
        done
        openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
        printf 'subjectAltName=DNS:localhost' > extensions
        openssl x509 -req -in server.csr -CA ours.pem -CAkey ours.key -CAcreateserial -days 2 -extfile extensions -out server.pem",
        place.path("").display()
    );
    bash(&script).done();
    let server = start_encrypted(&place.path("server.pem"), &place.path("server.key"))?;
    Some((place, server))
}

/// Runs a command on the database of that URL, with certificates of that file if one is named.
fn run(place: &Place, url: &str, ca_file: Option<&str>, command: &str) -> Ended {
    let mut command = place.command(&[command]);
    command.env("DEVREG_STORE", url);
    command.envs(ca_file.map(|file| ("DEVREG_POSTGRES__CA_FILE", place.path(file))));
    Ended::of(command.output().unwrap())
}

#[test]
fn the_certificate_and_its_name_are_checked() {
    let Some((place, server)) = encrypted() else { return };
    // As the server says it: by its address, with `sslmode=require`.
    let by_address = &server.url;
    let by_name = by_address.replace("127.0.0.1", "localhost");
    let with = |mode: &str| by_name.replace("sslmode=require", &format!("sslmode={mode}"));
    run(&place, &with("disable"), Some("ours.pem"), "verify").assert_failed(1, "no encryption");
    for url in [by_name.clone(), with("prefer")] {
        for ca_file in [Some("other.pem"), None] {
            let ended = run(&place, &url, ca_file, "verify");
            ended.assert_failed(1, "invalid peer certificate: UnknownIssuer");
        }
        let ended = run(&place, &url, Some("ours.pem"), "verify");
        ended.assert_failed(1, "run `devreg migrate`");
    }
    let ended = run(&place, by_address, Some("ours.pem"), "verify");
    ended.assert_failed(1, "certificate not valid for name \"127.0.0.1\"");
    // Parameters of libpq that would say more than is done are refused rather than passed over.
    run(&place, &with("verify-full"), None, "verify").assert_failed(1, "sslmode");
    run(&place, &with("require&sslrootcert=ours.pem"), None, "verify")
        .assert_failed(1, "sslrootcert");
    let ended = run(&place, &by_name, Some("nowhere.pem"), "verify");
    ended.assert_failed(1, "nowhere.pem");
}

/// Every connection of a server is encrypted, for there are no others.
#[test]
fn commands_and_a_server() {
    let Some((place, server)) = encrypted() else { return };
    let url = server.url.replace("127.0.0.1", "localhost");
    let settings = format!("store = '{url}'\n[postgres]\nca_file = 'ours.pem'\n");
    let place = place.configured(&settings);
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_devreg"));
    migrate.env_clear().current_dir(place.path("")).arg("migrate");
    Ended::of(migrate.output().unwrap()).assert_failed(0, "now has version");
    place.run_on(LINES, &["import", "-"]).done();
    let token = place.administrator("/alpha");
    let server = place.serve(&[]);
    server.list(&token, USER, "2fa/push");
    server.stop();
    place.run(&["verify"]).done();
}
