//! Every curl example of the vendor's four documents, as it stands there, run by curl: status and every documented member of the answer.
//!
//! | document | examples | as | under |
//! |---|---|---|---|
//! | [`reset_advanced_identity_cloud`] | 6 | administrator, user | `aic`, `am` |
//! | [`reset_advanced_identity_cloud_older`] | 5 | administrator, user | `aic`, `am` |
//! | [`reset_access_management`] | 5 | administrator, user | `aic`, `am` |
//! | [`rename_advanced_identity_cloud`] | 4 | administrator, user | `aic`, `am` |
//!
//! Only host, token and line ends are substituted. The users of [`crate::users`] have the devices that the documents show.

mod generations;
mod rename_advanced_identity_cloud;
mod reset_access_management;
mod reset_advanced_identity_cloud;
mod reset_advanced_identity_cloud_older;
mod texts;

use serde_json::Value;

use crate::json::{Differences, Json, assert_documented};
use crate::place::Place;
use crate::server::{Server, alpha_list};
use crate::tools::{curl, has};
use crate::users::{MY_USER, USER};

/// All documents.
const DOCUMENTS: [Document; 4] = [
    reset_advanced_identity_cloud::DOCUMENT,
    reset_advanced_identity_cloud_older::DOCUMENT,
    reset_access_management::DOCUMENT,
    rename_advanced_identity_cloud::DOCUMENT,
];

/// One of the vendor's pages.
#[derive(Debug)]
struct Document {
    title: &'static str,
    /// Of which product, and what is particular to it.
    of: &'static str,
    /// Whether its answers have all the members of today's; older pages lack [`ADDED`].
    shows_all_members: bool,
    examples: &'static [Example],
}

/// One curl command of a page with its answer.
#[derive(Debug)]
struct Example {
    /// Its place on the page.
    number: u8,
    /// What it shows: an operation and a kind.
    shows: &'static str,
    /// The expected status under the two compatibilities.
    under_aic: u16,
    under_am: u16,
    /// The command and the answer, as they stand on the page.
    text: &'static str,
}

/// Members that newer pages have added to the answers.
const ADDED: &[&str] = &["createdDate", "lastAccessDate", "credentialId", "signCount"];

/// Who runs the examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Administrator,
    User,
}

impl Example {
    /// The command and the documented answer. The command ends with its URL.
    fn parts(&self) -> (&'static str, &'static str) {
        let url = self.text.find("'https://").unwrap();
        let end = url + 1 + self.text[url + 1..].find('\'').unwrap() + 1;
        (&self.text[..end], &self.text[end..])
    }

    /// The command with the host of a test and a token.
    fn command(&self, server: &Server, token: &str) -> String {
        let (command, _) = self.parts();
        let command = command.trim().strip_prefix("$ ").unwrap();
        let host = format!("http://{}", server.address);
        let substituted = command
            .replace("https://<tenant-env-fqdn>", &host)
            .replace("https://am.example.com:8443", &host)
            .replace("access-token", token)
            .replace("AQIC5w…2NzEz*", token);
        // Some pages have lost the ends of lines.
        substituted.replace("\\ ", "\\\n")
    }

    fn user(&self) -> &'static str {
        if self.text.contains(MY_USER) { MY_USER } else { USER }
    }

    fn kind(&self) -> &'static str {
        self.shows.split_once(' ').unwrap().1
    }
}

fn run(document: &Document, who: As, compatibility: &str) {
    run_in(&Place::with_users(), document, who, compatibility);
}

fn run_on_each_store(document: &Document, who: As, compatibility: &str) {
    for place in Place::with_users_on_each() {
        run_in(&place, document, who, compatibility);
    }
}

fn run_in(place: &Place, document: &Document, who: As, compatibility: &str) {
    if !has("curl") {
        return;
    }
    let server = place.serve(&[("DEVREG_COMPATIBILITY", compatibility)]);
    let administrator = place.administrator("/alpha");
    for example in document.examples {
        let token = match who {
            As::Administrator => administrator.clone(),
            As::User => place.user("/alpha", example.user()),
        };
        let differences = Differences {
            added: if document.shows_all_members { &[] } else { ADDED },
            may_manage: who == As::User,
        };
        let status = if compatibility == "am" { example.under_am } else { example.under_aic };
        eprintln!("{} ({}), {}: {}", document.title, document.of, example.number, example.shows);
        let lists =
            || server.list(&administrator, example.user(), &format!("2fa/{}", example.kind())).body;
        let before = lists();
        let [answer] = &curl(&example.command(&server, &token))[..] else { panic!("one answer") };
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 200 {
            let documented = Json::documented(example.parts().1);
            assert_documented(&documented, &Json::parse(&answer.body), differences);
            assert_done(example, &server, &administrator);
        } else {
            let envelope = r#"{"code":501,"reason":"Not Implemented","message":"Operation is not supported."}"#;
            assert_eq!(answer.body, envelope);
            assert_eq!(lists(), before);
        }
    }
    server.stop();
}

/// Fails unless the list shows what the example did.
fn assert_done(example: &Example, server: &Server, administrator: &str) {
    let kind = format!("2fa/{}", example.kind());
    let list = server.list(administrator, example.user(), &kind).json();
    let entries = list["result"].as_array().unwrap();
    let is_there = |entry: &&Value| example.text.contains(entry["_id"].as_str().unwrap());
    match example.shows.split_once(' ').unwrap().0 {
        "list" => {}
        "reset" => assert!(entries.is_empty(), "{list}"),
        "delete" => assert!(entries.iter().find(is_there).is_none(), "{list}"),
        "rename" => {
            let name = entries.iter().find(is_there).unwrap()["deviceName"].as_str().unwrap();
            assert!(name.starts_with("Work ") && example.text.contains(name), "{list}");
        }
        other => panic!("{other}: {}", alpha_list(example.user(), &kind)),
    }
}

/// One test a document, caller and compatibility.
macro_rules! document_tests {
    ($($document:ident)*) => {$(
        mod $document {
            use super::super::*;

            #[test]
            fn as_administrator() {
                run_on_each_store(&super::super::$document::DOCUMENT, As::Administrator, "aic");
            }

            #[test]
            fn as_user() {
                run(&super::super::$document::DOCUMENT, As::User, "aic");
            }

            #[test]
            fn as_administrator_under_am() {
                run(&super::super::$document::DOCUMENT, As::Administrator, "am");
            }

            #[test]
            fn as_user_under_am() {
                run(&super::super::$document::DOCUMENT, As::User, "am");
            }
        }
    )*};
}

mod examples_of {
    document_tests! {
        reset_advanced_identity_cloud
        reset_advanced_identity_cloud_older
        reset_access_management
        rename_advanced_identity_cloud
    }
}
