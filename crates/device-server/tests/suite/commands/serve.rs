//! `devreg serve`: settings, one process at a time, and its end.

use std::io::Write as _;
use std::net::TcpStream;

use device_server::stores::STORE_DEFAULT;
use serde_json::json;

use crate::http::Request;
use crate::place::Place;
use crate::server::{alpha, alpha_list};
use crate::users::{DEVICE, LINES, USER};

/// Starts what must not start.
fn refused(place: &Place, settings: &[(&str, &str)], flags: &[&str], code: i32, said: &str) {
    let mut command = place.command(&[&["serve"], flags].concat());
    // Should it start after all, the test must not wait for ever.
    let mut child = command
        .envs(settings.iter().copied())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..2_000 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let _ = child.kill();
    let ended = crate::place::Ended::of(child.wait_with_output().unwrap());
    ended.assert_failed(code, said);
    assert_eq!(ended.stdout, "", "it never listened");
}

#[test]
fn settings_that_are_none() {
    let place = Place::empty();
    let listen = ["--listen", "127.0.0.1:0"];
    for (name, value, said) in [
        ("DEVREG_COMPATIBILTY", "am", "compatibilty"),
        ("DEVREG_REFRESH__ON_RETIERD", "accept", "on_retierd"),
        ("DEVREG_LIMITS__OAHT", "1", "oaht"),
        ("DEVREG_COMPATIBILITY", "openam", "openam"),
        ("DEVREG_REQUIRE_IF_MATCH", "perhaps", "perhaps"),
        ("DEVREG_LISTEN", "everywhere", "`listen`"),
        ("DEVREG_STORE", "paper", "there is no store `paper`"),
    ] {
        let flags = if name == "DEVREG_LISTEN" { &[][..] } else { &listen };
        refused(&place, &[(name, value)], flags, 1, said);
    }
    let place = Place::empty().configured("compatibility = \"aic\"\nno_such_setting = 1\n");
    refused(&place, &[], &listen, 1, "no_such_setting");
    refused(&place, &[], &["--config", "nothing.toml"], 1, "nothing.toml");
    refused(&place, &[], &["--no-such-flag"], 2, "--no-such-flag");
    let place = Place::empty().configured("[[realms]]\npath = \"/users\"\n");
    refused(&place, &[], &listen, 1, "`users` is the name of an endpoint");
}

/// A flag, else the environment, else the file, else the default.
#[test]
fn where_settings_come_from() {
    let place = Place::with_users()
        .configured("compatibility = \"am\"\nstore = \"paper\"\n[answers]\nsecrets = \"full\"\n");
    let settings = [("DEVREG_STORE", "rock"), ("DEVREG_COMPATIBILITY", "aic")];
    let server = place.serve_with(&settings, &["--store", STORE_DEFAULT]);
    let arguments = ["token", "--realm", "/alpha", "--admin"];
    let token = crate::place::last_line(&place.run(&arguments).done());
    let reset = Request::post(&alpha(USER, "2fa/binding?_action=reset"), &json!({})).bearer(&token);
    server.ask(&reset).expect_error(501, "");
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let deleted = server.ask(&Request::delete(&webauthn).bearer(&token)).expect(200);
    assert_eq!(
        deleted.json()["recoveryCodes"][0],
        "canary-code-web-a-1",
        "`answers.secrets` of the file"
    );
}

/// As the original shows them; what is shown by default is case 36.
#[test]
fn secrets_in_answers() {
    let place = Place::with_users();
    let server = place.serve(&[("DEVREG_ANSWERS__SECRETS", "full")]);
    let target = alpha(USER, &format!("2fa/oath/{}", crate::users::OATH));
    let token = place.user("/alpha", USER);
    let device = server.ask(&Request::delete(&target).bearer(&token)).expect(200).json();
    assert_eq!(device["sharedSecret"], "CA4A276F6174682D610000000000000000000000");
    assert_eq!(device["recoveryCodes"][0], "canary-code-oath-a-1");
    assert_eq!(device["recoveryCodes"].as_array().unwrap().len(), 3);
}

/// The key in the data folder is for whoever sits at this machine.
#[test]
fn local_tokens_on_the_network() {
    let place = Place::with_users();
    let token = place.administrator("/alpha");
    refused(&place, &[], &["--listen", "0.0.0.0:0"], 1, "tokens.local");
    refused(&place, &[], &["--listen", "[::]:0"], 1, "tokens.local");
    let list = Request::get(&alpha_list(USER, "2fa/oath")).bearer(&token);
    for (local, status) in [("true", 200), ("false", 401)] {
        let server = place.serve_with(&[("DEVREG_TOKENS__LOCAL", local)], &[]);
        server.ask(&list).expect(status);
        server.stop();
    }
}

#[test]
fn one_process_at_a_time() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    let before = server.list(&token, USER, "2fa/oath").body;
    place.run_on(LINES, &["import", "--replace", "-"]).assert_failed(75, "is in use");
    place.run(&["export"]).assert_failed(75, "is in use");
    place.run(&["purge", "--realm", "/alpha", "--user", USER]).assert_failed(75, "is in use");
    refused(&place, &[], &["--listen", "127.0.0.1:0"], 75, "one process at a time");
    assert_eq!(server.list(&token, USER, "2fa/oath").body, before);
    server.stop();
    place.run(&["export"]).done();
}

#[test]
fn stops_when_told() {
    let place = Place::with_users();
    let before = place.export();
    for signal in ["TERM", "INT"] {
        let server = place.serve(&[]);
        // Somebody who is connected and says nothing does not hold it up.
        let mut idle = TcpStream::connect(server.address).unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let started = std::time::Instant::now();
        server.stop_by(signal);
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(place.export(), before);
    }
}
