//! What each kind can, under each profile and switch: every operation on every kind, its status and what is stored afterwards.
//!
//! Source: `am-behaviour.md` 2.1 with the changes of `decisions.md` (Compatibility profiles, Device kinds and operations).

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::place::Place;
use crate::server::{Server, alpha};

/// When a kind has an operation; where it has not, the answer is 501 and nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Never,
    /// Where `rename_oath_push` is set.
    RenameOathPush,
    /// Where `reset_binding` is set, or under `am` if it is not set at all.
    ResetBinding,
}

use When::{Always, Never, RenameOathPush, ResetBinding};

/// A kind's row: its collection, the members that name a device and identify it, what it has beside list, read, delete and enrol, which all have.
struct Row {
    collection: &'static str,
    id_member: &'static str,
    name_member: &'static str,
    rename: When,
    reset: When,
    /// `skip` and `check`.
    skip: When,
    /// Whether another device can be enrolled beside the first one.
    has_room: bool,
}

const fn row(
    collection: &'static str,
    (id_member, name_member): (&'static str, &'static str),
    [rename, reset, skip]: [When; 3],
    has_room: bool,
) -> Row {
    Row { collection, id_member, name_member, rename, reset, skip, has_room }
}

const TWO_FACTOR: (&str, &str) = ("uuid", "deviceName");

const ROWS: [Row; 7] = [
    row("2fa/oath", TWO_FACTOR, [RenameOathPush, Always, Always], false),
    row("2fa/push", TWO_FACTOR, [RenameOathPush, Always, Always], false),
    row("push", TWO_FACTOR, [RenameOathPush, Always, Always], false),
    row("2fa/webauthn", TWO_FACTOR, [Always, Never, Never], true),
    row("2fa/binding", TWO_FACTOR, [Always, ResetBinding, Never], true),
    row("profile", ("identifier", "alias"), [Always, Never, Never], true),
    row("trusted", ("uuid", "name"), [Never, Never, Never], true),
];

/// A profile with a switch, and what of [`When`] holds there.
struct Configured {
    settings: &'static [(&'static str, &'static str)],
    renames: bool,
    resets: bool,
}

const CONFIGURED: [Configured; 6] = [
    Configured { settings: &[], renames: false, resets: false },
    Configured { settings: &[("DEVREG_COMPATIBILITY", "am")], renames: false, resets: true },
    Configured { settings: &[("DEVREG_RENAME_OATH_PUSH", "true")], renames: true, resets: false },
    Configured {
        settings: &[("DEVREG_COMPATIBILITY", "am"), ("DEVREG_RENAME_OATH_PUSH", "true")],
        renames: true,
        resets: true,
    },
    Configured { settings: &[("DEVREG_RESET_BINDING", "true")], renames: false, resets: true },
    Configured {
        settings: &[("DEVREG_COMPATIBILITY", "am"), ("DEVREG_RESET_BINDING", "false")],
        renames: false,
        resets: false,
    },
];

impl Configured {
    fn has(&self, when: When) -> bool {
        match when {
            Always => true,
            Never => false,
            RenameOathPush => self.renames,
            ResetBinding => self.resets,
        }
    }
}

/// What is stored: ids with names, and what `check` says where a kind has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    devices: Vec<(String, String)>,
    may_skip: Option<bool>,
}

/// A user of one kind on a server.
struct User<'a> {
    server: &'a Server,
    token: &'a str,
    row: &'a Row,
    id: String,
}

impl User<'_> {
    fn ask(&self, request: Request) -> Answer {
        self.server.ask(&request.bearer(self.token))
    }

    fn path(&self, rest: &str) -> String {
        alpha(&self.id, &format!("{}{rest}", self.row.collection))
    }

    fn post(&self, action: &str, body: &Value) -> Answer {
        self.ask(Request::post(&self.path(&format!("?_action={action}")), body))
    }

    fn enrol(&self, id: &str) -> Answer {
        let mut profile = json!({"sharedSecret": "AB", "credentialId": format!("credential-{id}"), "deviceId": "x"});
        profile[self.row.id_member] = id.into();
        profile[self.row.name_member] = "given".into();
        self.post("create", &profile)
    }

    fn stored(&self) -> Stored {
        let list = self.ask(Request::get(&self.path("?_queryFilter=true"))).expect(200).json();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        let entries = list["result"].as_array().unwrap().iter();
        let devices = entries.map(|entry| (text(entry, "_id"), text(entry, self.row.name_member)));
        let check = self.post("check", &json!({}));
        let may_skip = (check.status == 200).then(|| check.json()["result"] == true);
        Stored { devices: devices.collect(), may_skip }
    }
}

/// An operation: what is asked, and the status and the state that are expected.
type Operation = fn(&User<'_>, &Configured, Stored) -> (Answer, u16, Stored);

fn unless(has: bool, otherwise: (u16, Stored), before: Stored) -> (u16, Stored) {
    if has { otherwise } else { (501, before) }
}

fn gone(before: &Stored) -> Stored {
    Stored { devices: Vec::new(), may_skip: before.may_skip.map(|_| false) }
}

const OPERATIONS: [(&str, Operation); 12] = [
    ("list", |user, _, before| {
        let answer = user.ask(Request::get(&user.path("?_queryId=*")));
        assert_eq!(answer.json()["resultCount"], 1);
        (answer, 200, before)
    }),
    ("read", |user, _, before| {
        let answer = user.ask(Request::get(&user.path("/device")));
        assert_eq!(answer.json()["_id"], "device");
        (answer, 200, before)
    }),
    ("read by credential", |user, _, before| {
        let has = user.row.collection == "2fa/webauthn";
        let answer = user.ask(Request::get(&user.path("/credential-device")));
        (answer, if has { 200 } else { 404 }, before)
    }),
    ("rename", |user, configured, before| {
        let mut name = json!({});
        name[user.row.name_member] = "renamed".into();
        let answer = user.ask(Request::put(&user.path("/device"), &name));
        let devices = vec![("device".into(), "renamed".into())];
        let renamed = Stored { devices, may_skip: before.may_skip };
        let (status, after) = unless(configured.has(user.row.rename), (200, renamed), before);
        (answer, status, after)
    }),
    ("delete", |user, _, before| {
        (user.ask(Request::delete(&user.path("/device"))), 200, gone(&before))
    }),
    ("reset", |user, configured, before| {
        let answer = user.post("reset", &json!({}));
        let (status, after) = unless(configured.has(user.row.reset), (200, gone(&before)), before);
        (answer, status, after)
    }),
    ("skip", |user, configured, before| {
        let answer = user.post("skip", &json!({"value": false}));
        let skipped = Stored { may_skip: Some(false), ..before.clone() };
        let (status, after) = unless(configured.has(user.row.skip), (200, skipped), before);
        (answer, status, after)
    }),
    ("check", |user, configured, before| {
        let answer = user.post("check", &json!({}));
        (answer, if configured.has(user.row.skip) { 200 } else { 501 }, before)
    }),
    ("enrol", |user, _, before| {
        let answer = user.enrol("second");
        if !user.row.has_room {
            return (answer, 409, before);
        }
        let both = [before.devices, vec![("second".into(), "given".into())]].concat();
        (answer, 201, Stored { devices: both, may_skip: before.may_skip })
    }),
    ("record a use", |user, _, before| {
        (user.ask(Request::post(&user.path("/device?_action=recordUse"), &json!({}))), 200, before)
    }),
    ("purge", |user, _, before| {
        let target = alpha(&user.id, "?_action=purge").replace("/?", "?");
        (user.ask(Request::post(&target, &json!({}))), 200, gone(&before))
    }),
    ("patch", |user, _, before| {
        (user.ask(Request::new("PATCH", &user.path("/device"))), 501, before)
    }),
];

#[test]
fn every_operation_on_every_kind_under_every_profile() {
    let place = Place::on("memory");
    let token = place.administrator("/alpha");
    for configured in &CONFIGURED {
        let server = place.serve(configured.settings);
        for (number, row) in ROWS.iter().enumerate() {
            for (operation, run) in OPERATIONS {
                let cell = format!("{:?} {} {operation}", configured.settings, row.collection);
                let id = format!("user-{number}-{}", operation.replace(' ', "-"));
                let user = User { server: &server, token: &token, row, id };
                user.enrol("device").expect(201);
                user.post("skip", &json!({"value": true}));
                let before = user.stored();
                assert_eq!(before.devices, [("device".into(), "given".into())], "{cell}");
                assert_eq!(before.may_skip, configured.has(row.skip).then_some(true), "{cell}");
                let (answer, status, after) = run(&user, configured, before);
                assert_eq!(answer.status, status, "{cell}: {answer:?}");
                assert_eq!(user.stored(), after, "{cell}");
            }
        }
        server.stop();
    }
}
