//! Case 34: a phone whose key is too short.

use super::refreshes::refuses;
use crate::jws::{HEADER, claims, refresh_with, sign};
use crate::place::Place;
use crate::users::{LINES, PHONE};
use crate::watched::Watched;

/// Kept, since nobody has another one, and reported; but no message is believed because of it.
#[test]
fn case_34_a_short_key() {
    const KEY: &str = "Y2FuYXJ5LWtleS1wdXNoLWEtLS0tLS0tLS0tLS0tLS0=";
    // 15 bytes, 9 bytes, no Base64.
    for (short, bytes) in [
        ("c2hvcnQta2V5LTE1LWIu", &b"short-key-15-b."[..]),
        ("c2hvcnQta2V5", b"short-key"),
        ("short key!", b"short key!"),
    ] {
        let lines = LINES.replace(KEY, short);
        assert_ne!(lines, LINES);
        let place = Place::empty();
        for flags in [&["--dry-run"][..], &[], &["--replace"]] {
            let ended = place.run_on(&lines, &[&["import"], flags, &["-"]].concat());
            assert_eq!(ended.code, 0, "{ended:?}");
            let said: Vec<&str> =
                ended.stderr.lines().filter(|line| line.starts_with("line ")).collect();
            let [said] = said[..] else { panic!("{ended:?}") };
            let (user, why) = (format!("push of `{}`", PHONE.username), "less than 16 bytes");
            assert!(said.contains(&user) && said.contains(why), "{said}");
            assert!(!said.contains(short), "{said}");
        }
        assert!(place.export().contains(short));
        let watched = Watched::on(place);
        let jwt = sign(HEADER, &claims("new-token").to_string(), bytes);
        refuses(&watched, vec![("a short key", refresh_with(&PHONE, &jwt))]);
        watched.end();
    }
}
