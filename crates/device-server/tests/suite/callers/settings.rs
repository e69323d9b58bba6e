//! Combinations that cannot be meant: the server does not start, and says which setting it is.

use crate::place::Place;

const ISSUER: &str = "[[issuers]]\nissuer = \"https://idp.example.com\"\nrealm = \"/alpha\"\n";

#[test]
fn what_cannot_be_meant_is_refused_at_start() {
    let place = Place::empty();
    std::fs::write(place.path("short"), "short").unwrap();
    std::fs::write(place.path("long"), "a secret of thirty-two bytes ...").unwrap();
    std::fs::write(place.path("empty"), "\n").unwrap();
    std::fs::write(place.path("jwks"), r#"{"keys":[]}"#).unwrap();
    let issuer = |more: &str| format!("{ISSUER}audiences = [\"devreg\"]\n{more}");
    let introspection = |more: &str| {
        format!(
            "{ISSUER}{more}\nintrospection = {{ url = \"https://idp.example.com/i\", client_id = \"c\", client_secret_file = \"long\" }}"
        )
    };
    let sessions =
        |url: &str, realm: &str| format!("[[sessions]]\nurl = \"{url}\"\nrealm = \"{realm}\"\n");
    let fixed = |more: &str| format!("[[tokens.fixed]]\nrealm = \"/alpha\"\n{more}");
    let table: Vec<(String, &str)> = vec![
        (ISSUER.into(), "`audiences` is missing"),
        (issuer("").replace("/alpha", "/bravo"), "`/bravo` is not one of the `realms`"),
        (issuer("administers = [\"/bravo\"]"), "`/bravo` is not one of the `realms`"),
        (
            issuer("jwks_file = \"jwks\"\njwks_url = \"https://a\""),
            "`jwks_file` and `jwks_url` exclude",
        ),
        (issuer("jwks_file = \"nowhere\""), "`jwks_file` nowhere"),
        (issuer("jwks_file = \"long\""), "not a JWK Set"),
        (issuer("jwks_url = \"http://idp.example.com/keys\""), "plain_http = true"),
        (issuer("").replace("https:", "http:"), "plain_http = true"),
        (issuer("jwks_url = \"ftp://idp.example.com/keys\""), "neither https nor http"),
        (issuer("jwks_refresh_seconds = 0"), "`jwks_refresh_seconds` must be 1 to 3600"),
        (issuer("jwks_refresh_seconds = 3601"), "`jwks_refresh_seconds` must be 1 to 3600"),
        (issuer("algorithms = [\"HS256\"]"), "`HS256` needs `secret_file` or `secret_env`"),
        (issuer("algorithms = [\"none\"]"), "variant constructor none"),
        (issuer("algorithms = []"), "`algorithms` is empty"),
        (issuer("types = []"), "`types` is empty"),
        (issuer("secret_file = \"short\""), "less than 32 bytes"),
        (issuer("secret_file = \"empty\""), "`secret` is empty"),
        (issuer("secret_file = \"nowhere\""), "`secret_file` nowhere"),
        (issuer("secret_env = \"NOWHERE\""), "the variable `NOWHERE` is not set"),
        (
            issuer("secret_file = \"long\"\nsecret_env = \"X\""),
            "`secret_file` and `secret_env` exclude",
        ),
        (issuer("secret_file = \"long\"\njwks_file = \"jwks\""), "a secret and a JWK Set exclude"),
        (
            issuer("secret_file = \"long\"\nalgorithms = [\"HS256\", \"RS256\"]"),
            "can only be `HS256`",
        ),
        (issuer("secret = \"in the file\""), "unknown field `secret`"),
        (format!("{}{}", issuer(""), issuer("")), "configured twice"),
        (introspection("jwks_file = \"jwks\""), "`jwks_file` and `introspection` exclude"),
        (introspection("types = [\"JWT\"]"), "`types` and `introspection` exclude"),
        (
            introspection("").replace(", client_secret_file = \"long\"", ""),
            "needs `client_secret_file`",
        ),
        (
            introspection("").replace("https://idp.example.com/i", "http://idp.example.com/i"),
            "plain_http",
        ),
        (sessions("https://am.example.com/am", "/alpha"), "must end with `/sessions`"),
        (sessions("http://am.example.com/am/json/sessions", "/alpha"), "plain_http"),
        (sessions("https://am.example.com/am/json/sessions", "/bravo"), "not one of the `realms`"),
        (
            format!("sso_name = \"a b\"\n{}", sessions("https://a/sessions", "/alpha")),
            "name of a header",
        ),
        (fixed("token = \"\""), "`token` is empty"),
        (fixed("token = \"a b\""), "`token` is empty or has blanks"),
        (fixed("token = \"a\"\nuser = \" \""), "`user`"),
        (format!("{}{}", fixed("token = \"a\"\n"), fixed("token = \"a\"\n")), "another entry"),
        (format!("tokens.local = false\n{}", fixed("token = \"a\"")), "needs `tokens.local`"),
        (format!("[scopes]\nadministrator = \"\"\n{}", issuer("")), "`scopes` must not be empty"),
    ];
    for (settings, said) in table {
        std::fs::write(place.path("devreg.toml"), &settings).unwrap();
        eprintln!("{settings}");
        place
            .run(&["serve", "--listen", "127.0.0.1:0", "--store", "memory"])
            .assert_failed(1, said);
    }
}

/// With an issuer the local key is not needed, and off where others can reach the server.
#[test]
fn with_an_issuer_the_local_key_may_stay_away() {
    let place = Place::empty();
    std::fs::write(place.path("jwks"), r#"{"keys":[]}"#).unwrap();
    let settings = format!("{ISSUER}audiences = [\"devreg\"]\njwks_file = \"jwks\"\n");
    let place = place.configured(&settings);
    let server = place.serve(&[("DEVREG_TOKENS__LOCAL", "false")]);
    let answer = server.ask(&super::list().bearer(&place.administrator("/alpha")));
    answer.expect_error(401, "Access Denied");
}

/// The examples of `docs/callers.md` start as they stand, but for hosts and the file of the secret.
#[test]
fn documented_examples_start() {
    const DOCUMENT: &str = include_str!("../../../../../docs/callers.md");
    let examples: Vec<&str> =
        DOCUMENT.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let place = Place::empty();
        std::fs::write(place.path("client-secret"), "secret").unwrap();
        // Hosts that would be looked for elsewhere.
        let here = ["tenant.example.com:443", "tenant.example.com", "am.example.com"];
        let example = here.iter().fold(example.replace("/etc/devreg/", ""), |text, host| {
            text.replace(host, "127.0.0.1:9")
        });
        place.configured(&example).serve(&[]).stop();
    }
}
