//! Which store a command works on: nobody gets an empty one in the place of a full one.

use std::fs;
use std::path::Path;

use device_server::stores::{EMBEDDED, STORE_DEFAULT};

use crate::place::Place;
use crate::users::LINES;

/// The embedded store that is not the default.
fn other() -> &'static str {
    EMBEDDED.into_iter().find(|store| *store != STORE_DEFAULT).unwrap()
}

/// Every command that works on a store, without one being named.
const COMMANDS: [&[&str]; 5] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["export"],
    &["verify"],
    &["import", "-"],
    &["purge", "--realm", "/alpha", "--user", "bjensen"],
];

#[test]
fn nobody_gets_an_empty_store_in_the_place_of_a_full_one() {
    let place = Place::empty();
    place.run_on(LINES, &["import", "--store", other(), "-"]).done();
    let (there, default) = (other(), STORE_DEFAULT);
    let said = format!(
        "`data` holds a store `{there}` and no `{default}`, which is the default: say `--store {there}` to go on with it, \
         or move it: `devreg copy --from {there}:data --to {default}:data`"
    );
    for command in COMMANDS {
        place.run_on(LINES, command).assert_failed(1, &said);
    }
    assert!(!place.path("data").join(default).exists(), "nothing is made");

    // Either way on works.
    let export = place.run(&["export", "--secrets", "--store", there]).done();
    assert_eq!(export.lines().count(), LINES.lines().count());
    place.copy(&format!("{there}:data"), &format!("{default}:data")).done();
    // Now there are two, and one of them will be out of date.
    for command in COMMANDS {
        place.run_on(LINES, command).assert_failed(1, "say with `--store` which of them is meant");
    }
    assert_eq!(place.run(&["export", "--secrets", "--store", default]).done(), export);
    fs::rename(place.path("data").join(there), place.path("old")).unwrap();
    assert_eq!(place.export(), export);
    place.serve(&[]).stop();
}

/// A setting is as good as a flag.
#[test]
fn a_store_that_is_named_is_taken() {
    let place = Place::empty().configured(&format!("store = \"{}\"\n", other()));
    place.run_on(LINES, &["import", "-"]).done();
    let export = place.export();
    assert!(place.path("data").join(other()).exists());
    assert!(!place.path("data").join(STORE_DEFAULT).exists());
    place.run_on(LINES, &["import", "--store", STORE_DEFAULT, "-"]).done();
    assert_eq!(place.export(), export);
    place.serve(&[]).stop();
}

/// What is one constant in the program is one word in each of these.
#[test]
fn the_documents_name_the_default() {
    let document = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
        fs::read_to_string(path).unwrap()
    };
    let row = format!("| `store` | `{STORE_DEFAULT}` |");
    assert!(document("docs/settings.md").contains(&row), "{row}");
    let sentence = format!("Without `--store` it is `{STORE_DEFAULT}`");
    assert!(document("docs/commands.md").contains(&sentence), "{sentence}");
    for command in ["serve", "export"] {
        let help = Place::empty().run(&[command, "--help"]).stdout;
        assert!(help.contains(&format!("[default: {STORE_DEFAULT}]")), "{help}");
    }
}
