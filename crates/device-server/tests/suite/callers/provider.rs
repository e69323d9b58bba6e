//! A real OpenID provider (npm `oidc-provider`): its keys are discovered, it signs the tokens, and it rotates its keys while the server runs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::Value;

use super::{list, rename, wait_for};
use crate::http::Request;
use crate::node::{self, Node};
use crate::place::Place;
use crate::tools::{curl, has};
use crate::users::USER;

const SECRET: &str = "the-secret-of-every-client";

/// The running provider; killed when it goes out of scope.
struct Provider {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    fn start(node: &Node) -> Self {
        // An administrator, one who may only look, a user, and one whose tokens have expired when they come.
        let clients = [SECRET, "helpdesk", "auditor", USER, "late"];
        let mut command = node.command("provider.mjs", &clients);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut provider = Self { child, stdin, stdout, issuer: String::new() };
        provider.issuer = provider.line()["issuer"].as_str().unwrap().into();
        provider
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.stdin, "{command}").unwrap();
        assert_eq!(self.line()["done"], command);
    }

    /// A token of a client from the token end point, by curl.
    fn token(&self, client: &str, scope: &str, resource: &str) -> String {
        let answers = curl(&format!(
            "curl -u '{client}:{SECRET}' -d 'grant_type=client_credentials&resource={resource}&scope={scope}' {}/token",
            self.issuer
        ));
        assert_eq!(answers[0].status, 200, "{answers:?}");
        let answer: Value = serde_json::from_str(&answers[0].body).unwrap();
        answer["access_token"].as_str().unwrap().into()
    }

    fn jwt(&self, client: &str, scope: &str) -> String {
        self.token(client, scope, "urn:devreg")
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn node() -> Option<Node> {
    node::with_packages("oidc").filter(|_| has("curl"))
}

#[test]
fn keys_are_discovered_rotated_and_removed() {
    let Some(node) = node() else { return };
    let (mut alpha, top) = (Provider::start(&node), Provider::start(&node));
    let stranger = Provider::start(&node);
    let issuer = |provider: &Provider, realm: &str| {
        format!(
            "[[issuers]]\nissuer = \"{}\"\nrealm = \"{realm}\"\naudiences = [\"devreg\"]\njwks_refresh_seconds = 1\n",
            provider.issuer
        )
    };
    let place = Place::with_users().configured(&format!(
        "scopes.read = \"devices:read\"\n{}{}",
        issuer(&alpha, "/alpha"),
        issuer(&top, "/")
    ));
    let server = place.serve(&[]);
    let administrator = alpha.jwt("helpdesk", "fr:am:*");
    let user = alpha.jwt(USER, "");
    let reader = alpha.jwt("auditor", "devices:read");
    for (token, listed, renamed) in [
        (&administrator, 200, 200),
        (&user, 200, 200),
        (&reader, 200, 403),
        // A user without devices, who is somebody else.
        (&alpha.jwt("auditor", ""), 403, 403),
        (&alpha.jwt("late", "fr:am:*"), 401, 401),
        (&top.jwt("helpdesk", "fr:am:*"), 403, 403),
        (&top.jwt(USER, ""), 403, 403),
        (&stranger.jwt("helpdesk", "fr:am:*"), 401, 401),
    ] {
        server.ask(&list().bearer(token)).expect(listed);
        server.ask(&rename().bearer(token)).expect(renamed);
    }

    alpha.tell("rotate");
    let new = alpha.jwt("helpdesk", "fr:am:*");
    assert_ne!(header(&new)["kid"], header(&administrator)["kid"]);
    // Found at once, by its name.
    server.ask(&list().bearer(&new)).expect(200);
    server.ask(&list().bearer(&administrator)).expect(200);

    alpha.tell("drop");
    for token in [&administrator, &user, &reader] {
        let answer = wait_for(&server, &list().bearer(token), 401);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer realm=\"devreg\", error=\"invalid_token\"")
        );
    }
    server.ask(&list().bearer(&new)).expect(200);

    // The provider goes away: whoever is known goes on, whoever is not may come again.
    let unseen = alpha.jwt("auditor", "devices:read");
    server.ask(&list().bearer(&unseen)).expect(200);
    drop(alpha);
    server.ask(&list().bearer(&new)).expect(200);
    place_log_has_no(&place, &[&administrator, &user, &new]);
}

#[test]
fn opaque_tokens_are_introspected() {
    let Some(node) = node() else { return };
    let provider = Provider::start(&node);
    let issuer = &provider.issuer;
    let place = Place::with_users().configured(&format!(
        r#"
        [[issuers]]
        issuer = "{issuer}"
        realm = "/alpha"
        audiences = ["devreg"]
        subject_claim = "client_id"
        introspection = {{ url = "{issuer}/token/introspection", client_id = "helpdesk", client_secret_env = "SECRET" }}
        "#
    ));
    let server = place.serve(&[("SECRET", SECRET)]);
    for (client, scope, status) in
        [("helpdesk", "fr:am:*", 200), (USER, "", 200), ("auditor", "", 403)]
    {
        let token = provider.token(client, scope, "urn:devreg/opaque");
        assert!(!token.contains('.'), "{token} is opaque");
        server.ask(&list().bearer(&token)).expect(status);
    }
    server
        .ask(&Request::get(&crate::server::alpha_list(USER, "profile")).bearer("made-up"))
        .expect(401);
    // Those credentials are not for anybody's eyes.
    assert!(!place.log().contains(SECRET));
}

fn header(token: &str) -> Value {
    use base64::Engine as _;
    let header = token.split('.').next().unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn place_log_has_no(place: &Place, tokens: &[&String]) {
    let log = place.log();
    assert!(tokens.iter().all(|token| !log.contains(token.as_str())));
}
